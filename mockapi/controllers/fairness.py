"""The FlowSchemas and priority levels of a new cluster are kept as they were made. It is the API
server that looks, once a minute.

Source: pkg/registry/flowcontrol/ensurer and rest/storage_flowcontrol.go.
"""

from collections.abc import Callable, Sequence
from typing import Final

from mockapi.client.protocol import Obj
from mockapi.controllers import base
from mockapi.controllers.flowschemas import LEVELS, SCHEMAS
from mockapi.meta.errors import ApiError
from mockapi.runtime.informer import Informer
from mockapi.runtime.loop import Runtime

_PERIOD = 60.0
_ANNOTATION: Final = "apf.kubernetes.io/autoupdate-spec"
_MANDATORY: Final = frozenset(("exempt", "catch-all"))
_MANAGER: Final = "api-priority-and-fairness-config-producer-v1"
_TRUE, _FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")


class FairnessConfiguration:
    """`initial` gives the objects of a new cluster; those of other kinds are passed over."""

    name = "priority-and-fairness-config-producer"

    def __init__(self, initial: Callable[[], Sequence[Obj]]) -> None:
        self._initial = initial
        self._boot: dict[str, list[Obj]] = {}

    def start(self, runtime: Runtime) -> None:
        self.client = runtime.client(_MANAGER, user="system:apiserver")
        self.informers = {LEVELS: runtime.informer(LEVELS), SCHEMAS: runtime.informer(SCHEMAS)}
        base.every(runtime, self.name, _PERIOD, self.ensure, first=_PERIOD)

    def ensure(self) -> None:
        """Suggested ones, then mandatory ones; last, those that no longer belong here go."""
        boot = self._bootstrap()
        for mandatory in (False, True):
            for resource, informer in self.informers.items():
                for wanted in boot[resource]:
                    if (wanted["metadata"]["name"] in _MANDATORY) is mandatory:
                        self._ensure(resource, informer, wanted, mandatory=mandatory)
        for resource in (SCHEMAS, LEVELS):
            self._remove_unwanted(resource, boot[resource])

    def _bootstrap(self) -> dict[str, list[Obj]]:
        if not self._boot:
            kinds = {"PriorityLevelConfiguration": LEVELS, "FlowSchema": SCHEMAS}
            self._boot = {resource: [] for resource in kinds.values()}
            for obj in self._initial():
                if obj["kind"] in kinds:
                    self._boot[kinds[obj["kind"]]].append(obj)
        return self._boot

    def _ensure(self, resource: str, informer: Informer, wanted: Obj, *, mandatory: bool) -> None:
        name = wanted["metadata"]["name"]
        known = informer.get("", name)
        if known is None:
            self._try(lambda: self.client.create(resource, "", _made(wanted)))
            return
        follows = mandatory or _follows(known)
        spec = _wanted_spec(wanted, known) if follows else known["spec"]
        annotations = known["metadata"].get("annotations") or {}
        said = _boolean(annotations.get(_ANNOTATION, ""))
        if said is follows and spec == known["spec"]:
            return
        if said is not follows:
            annotations = {**annotations, _ANNOTATION: "true" if follows else "false"}
        revised = {
            **known,
            "metadata": {**known["metadata"], "annotations": annotations},
            "spec": spec,
        }
        self._try(lambda: self.client.update(resource, "", revised))

    def _remove_unwanted(self, resource: str, boot: Sequence[Obj]) -> None:
        names = {obj["metadata"]["name"] for obj in boot}
        for known in self.informers[resource].list():
            annotations = known["metadata"].get("annotations") or {}
            follows = _boolean(annotations.get(_ANNOTATION, ""))
            if follows and known["metadata"]["name"] not in names:
                base.delete_if_there(self.client, resource, known)

    def _try(self, write: Callable[[], object]) -> None:
        """Whoever was faster is looked at in the next round."""
        try:
            write()
        except ApiError as error:
            if error.code != 409:
                raise


def _wanted_spec(wanted: Obj, known: Obj) -> Obj:
    """The numbers of an exempt level are anybody's to choose."""
    spec: Obj = wanted["spec"]
    if "exempt" in spec and "exempt" in known["spec"]:
        return {**spec, "exempt": known["spec"]["exempt"]}
    return spec


def _made(wanted: Obj) -> Obj:
    metadata = {key: wanted["metadata"][key] for key in ("name", "annotations")}
    return {
        "apiVersion": wanted["apiVersion"],
        "kind": wanted["kind"],
        "metadata": metadata,
        "spec": wanted["spec"],
    }


def _follows(known: Obj) -> bool:
    """What was never changed follows, unless it says otherwise."""
    annotations = known["metadata"].get("annotations") or {}
    said = _boolean(annotations.get(_ANNOTATION, ""))
    return known["metadata"].get("generation") == 1 if said is None else said


def _boolean(text: str) -> bool | None:
    """Go's strconv.ParseBool; None for what it refuses."""
    return True if text in _TRUE else False if text in _FALSE else None
