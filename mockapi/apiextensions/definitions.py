"""CustomResourceDefinitions: their names are accepted, they are served, and when they are deleted
their objects go first. Source: apiextensions-apiserver pkg/controller/{status,establish,finalizer}.
"""

from collections.abc import Callable
from typing import Protocol

from mockapi.apiextensions import naming
from mockapi.base.clock import timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.meta.errors import ApiError, Conflict, NotFound
from mockapi.runtime.loop import Runtime

RESOURCE = "apiextensions.k8s.io/v1/customresourcedefinitions"
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
SERVER = "kube-apiserver"
# How often it is looked whether the objects of a deleted definition have gone.
_CHECK_SECONDS = 5.0


class Serving(Protocol):
    """Where definitions are put into service."""

    def put(self, definition: Obj) -> None: ...

    def remove(self, name: str) -> None: ...


class Definitions:
    """Serves what is established, and writes the conditions that say so."""

    name = "customresourcedefinitions"

    def __init__(self, serving: Serving, changed: Callable[[], None]) -> None:
        """`changed` is called after anything has come into or gone out of service."""
        self._serving = serving
        self._changed = changed

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = runtime.client(SERVER)
        self.definitions = runtime.informer(RESOURCE)
        self.queue = runtime.queue(self.name, self.sync, urgent=True)
        self.definitions.on_event(self._seen)

    def _seen(self, event: Event) -> None:
        self.queue.add(event.object["metadata"]["name"])
        if event.type == "DELETED" or _names_changed(event):
            for other in self._others(event.object):
                self.queue.add(other["metadata"]["name"])

    def _others(self, definition: Obj) -> list[Obj]:
        group, name = definition["spec"]["group"], definition["metadata"]["name"]
        return [
            other
            for other in self.definitions.list()
            if other["spec"]["group"] == group and other["metadata"]["name"] != name
        ]

    def sync(self, key: str) -> None:
        definition = self.definitions.get_key(key)
        if definition is None:
            self._serving.remove(key)
            self._changed()
            return
        try:
            definition = self._name(definition)
            if naming.is_true(definition, "NamesAccepted") or naming.is_true(
                definition, "Established"
            ):
                self._serving.put(definition)
                self._changed()
                definition = self._establish(definition)
            if definition["metadata"].get("deletionTimestamp"):
                self._clean_up(definition)
        except (Conflict, NotFound):
            return  # somebody else has written: its event brings the key back

    def _name(self, definition: Obj) -> Obj:
        if definition["spec"]["names"] == naming.status_of(definition).get("acceptedNames"):
            return definition
        names, condition = naming.accepted(definition, self._others(definition))
        status, known = naming.status_of(definition), naming.find(definition, "NamesAccepted")
        same = known is not None and all(known[k] == condition[k] for k in condition)
        if same and names == status.get("acceptedNames"):
            return definition
        established = naming.established(definition, condition)
        return self._write(definition, condition, established, names=names)

    def _establish(self, definition: Obj) -> Obj:
        if naming.is_true(definition, "Established"):
            return definition
        if not naming.is_true(definition, "NamesAccepted"):
            return definition
        text = "the initial names have been accepted"
        condition = naming.condition("Established", "True", "InitialNamesAccepted", text)
        return self._write(definition, condition)

    # -- deletion ------------------------------------------------------------------------------

    def _clean_up(self, definition: Obj) -> None:
        if FINALIZER not in (definition["metadata"].get("finalizers") or ()):
            return
        text = "CustomResource deletion is in progress"
        progress = naming.condition("Terminating", "True", "InstanceDeletionInProgress", text)
        definition = self._write(definition, progress)
        if naming.is_true(definition, "Established"):
            if self._delete_objects(definition):
                self.queue.add_after(definition["metadata"]["name"], _CHECK_SECONDS)
                return
            done = ("False", "InstanceDeletionCompleted", "removed all instances")
        else:
            done = ("False", "NeverEstablished", "resource was never established")
        left = [f for f in definition["metadata"]["finalizers"] if f != FINALIZER]
        self._write(definition, naming.condition("Terminating", *done), finalizers=left)

    def _delete_objects(self, definition: Obj) -> int:
        """How many are left."""
        resource = _resource(definition)
        items = self.client.list(resource).items
        for item in items:
            metadata = item["metadata"]
            try:
                self.client.delete(resource, metadata.get("namespace", ""), metadata["name"])
            except ApiError as error:
                if error.code != 404:
                    raise
        return len(self.client.list(resource).items) if items else 0

    # -- writing -------------------------------------------------------------------------------

    def _write(
        self,
        definition: Obj,
        *conditions: Obj,
        names: Obj | None = None,
        finalizers: list[str] | None = None,
    ) -> Obj:
        now = timestamp(self.clock.now())
        status = dict(naming.status_of(definition))
        known = status.get("conditions") or []
        for condition in conditions:
            known = naming.with_condition(known, condition, now)
        status["conditions"] = known
        if names is not None:
            status["acceptedNames"] = names
        new = {**definition, "status": status}
        if finalizers is not None:
            new["metadata"] = {**definition["metadata"], "finalizers": finalizers}
        if new == definition:
            return definition
        return self.client.update(RESOURCE, "", new, subresource="status")


def _names_changed(event: Event) -> bool:
    if event.old is None:
        return False
    key = "acceptedNames"
    return bool(naming.status_of(event.old).get(key) != naming.status_of(event.object).get(key))


def _resource(definition: Obj) -> str:
    """The storage version may not be served: any served one will do."""
    spec = definition["spec"]
    served = [version for version in spec["versions"] if version["served"]]
    chosen = next((v for v in served if v["storage"]), served[0] if served else None)
    if chosen is None:
        raise AssertionError("A definition that serves no version is not cleaned up this way.")
    return f"{spec['group']}/{chosen['name']}/{definition['status']['acceptedNames']['plural']}"
