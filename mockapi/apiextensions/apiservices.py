"""Every served version of a custom group has an APIService, as long as it is served.

Source: kube-aggregator pkg/controllers/autoregister and kubernetes
pkg/controlplane/controller/crdregistration.
"""

from mockapi.apiextensions.definitions import RESOURCE as DEFINITIONS
from mockapi.apiextensions.definitions import SERVER
from mockapi.client.protocol import Event, Obj
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

RESOURCE = "apiregistration.k8s.io/v1/apiservices"
MANAGED = "kube-aggregator.kubernetes.io/automanaged"


class APIServices:
    """Registers and withdraws the group versions of custom resources."""

    name = "apiservice-registration"

    def start(self, runtime: Runtime) -> None:
        self.client = runtime.client(SERVER)
        self.definitions = runtime.informer(DEFINITIONS)
        self.services = runtime.informer(RESOURCE)
        self.queue = runtime.queue(self.name, self.sync)
        self.definitions.on_event(self._definition_seen)
        self.services.on_event(lambda event: self.queue.add(event.object["metadata"]["name"]))

    def _definition_seen(self, event: Event) -> None:
        definitions = [event.object, *([event.old] if event.old is not None else [])]
        for definition in definitions:
            for version in definition["spec"]["versions"]:
                self.queue.add(f"{version['name']}.{definition['spec']['group']}")

    def sync(self, key: str) -> None:
        version, _, group = key.partition(".")
        known = self.services.get_key(key)
        wanted = any(_serves(definition, group, version) for definition in self.definitions.list())
        if wanted and known is None:
            self.client.create(RESOURCE, "", self._service(group, version))
        elif known is not None and not wanted and _is_ours(known):
            try:
                self.client.delete(RESOURCE, "", key)
            except ApiError as error:
                if error.code != 404:
                    raise

    @staticmethod
    def _service(group: str, version: str) -> Obj:
        return {
            "metadata": {"name": f"{version}.{group}", "labels": {MANAGED: "true"}},
            "spec": {
                "group": group,
                "version": version,
                "groupPriorityMinimum": 1000,
                "versionPriority": 100,
            },
        }


def _serves(definition: Obj, group: str, version: str) -> bool:
    if definition["spec"]["group"] != group:
        return False
    return any(v["name"] == version and v["served"] for v in definition["spec"]["versions"])


def _is_ours(service: Obj) -> bool:
    """Made here, for a custom group: the built-in ones are marked `onstart`."""
    return (service["metadata"].get("labels") or {}).get(MANAGED) == "true"
