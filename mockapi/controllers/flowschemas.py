"""Every FlowSchema says whether its priority level exists. It is the API server that looks.

Source: apiserver pkg/util/flowcontrol/apf_controller.go.
"""

from mockapi.base.clock import timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.meta import gofmt
from mockapi.runtime.loop import Runtime

SCHEMAS = "flowcontrol.apiserver.k8s.io/v1/flowschemas"
LEVELS = "flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"
MANAGER = "api-priority-and-fairness-config-consumer-v1"


class FlowSchemaStatus:
    """Keeps the condition `Dangling`."""

    name = "priority-and-fairness-config-consumer"

    def start(self, runtime: Runtime) -> None:
        self.client = runtime.client("kube-apiserver", user="system:apiserver")
        self.clock = runtime.clock
        self.schemas = runtime.informer(SCHEMAS)
        self.levels = runtime.informer(LEVELS)
        self.queue = runtime.queue(self.name, self.sync)
        self.schemas.on_event(lambda event: self.queue.add(event.object["metadata"]["name"]))
        self.levels.on_event(self._level_changed)

    def _level_changed(self, event: Event) -> None:
        """Only its coming and going matters."""
        if event.type == "MODIFIED":
            return
        name = event.object["metadata"]["name"]
        for schema in self.schemas.list():
            if _level(schema) == name:
                self.queue.add(schema["metadata"]["name"])

    def sync(self, key: str) -> None:
        schema = self.schemas.get_key(key)
        if schema is None:
            return
        wanted = _condition(_level(schema), exists=self.levels.get("", _level(schema)) is not None)
        known = _known(schema)
        if all(known.get(field) == value for field, value in wanted.items()):
            return
        condition = {**wanted, "lastTransitionTime": timestamp(self.clock.now())}
        applied = {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "FlowSchema",
            "metadata": {"name": key},
            "status": {"conditions": [condition]},
        }
        self.client.apply(SCHEMAS, "", key, applied, manager=MANAGER, subresource="status")


def _level(schema: Obj) -> str:
    name: str = schema["spec"]["priorityLevelConfiguration"]["name"]
    return name


def _known(schema: Obj) -> Obj:
    conditions = (schema.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c["type"] == "Dangling"), {})


def _condition(level: str, *, exists: bool) -> Obj:
    there = "and it exists" if exists else "but there is no such object"
    what = f"the PriorityLevelConfiguration object named {gofmt.quote(level)}"
    return {
        "type": "Dangling",
        "status": "False" if exists else "True",
        "reason": "Found" if exists else "NotFound",
        "message": f"This FlowSchema references {what} {there}",
    }
