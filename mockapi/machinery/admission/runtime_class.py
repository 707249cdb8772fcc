"""RuntimeClass: what a class costs and where its pods may run. Source: plugin/.../runtimeclass."""

from mockapi.machinery.admission import amounts
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj
from mockapi.meta import gofmt

_REJECTED = "pod rejected: "
_MISMATCH = _REJECTED + "Pod's Overhead doesn't match RuntimeClass's defined Overhead"


class RuntimeClass:
    name = "RuntimeClass"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.resource.bucket == "pods"
            and attributes.operation == "CREATE"
            and not attributes.subresource
        )

    def admit(self, attributes: Attributes) -> None:
        found = _class_of(attributes)
        if found is None:
            return
        assert attributes.obj is not None
        spec = attributes.obj["spec"]
        overhead = _overhead(found)
        if overhead is not None:
            if spec.get("overhead") and not _equal(spec["overhead"], overhead):
                raise attributes.forbidden(_MISMATCH)
            if overhead:
                spec["overhead"] = dict(overhead)
        if found.get("scheduling"):
            _schedule(attributes, spec, found["scheduling"])

    def validate(self, attributes: Attributes) -> None:
        found = _class_of(attributes)
        assert attributes.obj is not None
        said = attributes.obj["spec"].get("overhead")
        overhead = _overhead(found) if found is not None else None
        if overhead is not None:
            if not _equal(said or {}, overhead):
                raise attributes.forbidden(_MISMATCH)
        elif said:
            raise attributes.forbidden(
                _REJECTED + "Pod Overhead set without corresponding RuntimeClass defined Overhead"
            )


def _class_of(attributes: Attributes) -> Obj | None:
    assert attributes.obj is not None
    name = attributes.obj["spec"].get("runtimeClassName")
    if name is None:
        return None
    found = attributes.reader.get("runtimeclasses.node.k8s.io", "", name)
    if found is None:
        text = f"{_REJECTED}RuntimeClass {gofmt.quote(name)} not found"
        raise attributes.forbidden(text)
    return found


def _overhead(found: Obj) -> Obj | None:
    if found.get("overhead") is None:
        return None
    return found["overhead"].get("podFixed") or {}


def _equal(one: Obj, other: Obj) -> bool:
    return amounts.parsed(one) == amounts.parsed(other)


def _schedule(attributes: Attributes, spec: Obj, scheduling: Obj) -> None:
    wanted = scheduling.get("nodeSelector") or {}
    selector = spec.get("nodeSelector") or {}
    for key, value in wanted.items():
        if selector.get(key, value) != value:
            raise attributes.forbidden(
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                f"pod.spec.nodeSelector[{key}] = {selector[key]}"
            )
    if wanted:
        spec["nodeSelector"] = {**selector, **wanted}
    if scheduling.get("tolerations"):
        both = [*(spec.get("tolerations") or ()), *scheduling["tolerations"]]
        spec["tolerations"] = _merged(both)


def _merged(tolerations: list[Obj]) -> list[Obj]:
    """Without those that another one covers."""
    merged: list[Obj] = []
    for index, one in enumerate(tolerations):
        later = tolerations[index + 1 :]
        if any(_covers(kept, one) for kept in merged):
            continue
        if any(other != one and _covers(other, one) for other in later):
            continue
        merged.append(one)
    return merged


def _covers(wide: Obj, one: Obj) -> bool:
    if wide == one:
        return True
    exists = wide.get("operator") == "Exists"
    if one.get("key", "") != wide.get("key", "") and (wide.get("key") or not exists):
        return False
    if wide.get("effect") and one.get("effect") != wide["effect"]:
        return False
    if wide.get("effect") == "NoExecute" and wide.get("tolerationSeconds") is not None:
        seconds = one.get("tolerationSeconds")
        if seconds is None or seconds > wide["tolerationSeconds"]:
            return False
    if exists:
        return True
    return one.get("operator") == "Equal" and one.get("value", "") == wide.get("value", "")
