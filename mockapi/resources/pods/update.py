"""What may change in a pod: by an ordinary update, by ephemeralcontainers, by resize."""

from collections.abc import Mapping, Sequence
from typing import Any

from mockapi.machinery.validation import formats, internal, rules
from mockapi.meta import fields
from mockapi.meta.fields import Path
from mockapi.resources.pods import placement, security
from mockapi.resources.pods.qos import qos_class
from mockapi.resources.pods.spec import MIRROR

Errors = rules.Errors

SPEC = Path("spec")
_UPDATABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)\n"
)
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def validate_annotations_update(
    new: Mapping[str, str], old: Mapping[str, str], path: Path
) -> Errors:
    errors: Errors = []
    for key, value in old.items():
        if new.get(key) == value:
            continue
        if key.startswith(security.APP_ARMOR):
            detail = "may not remove or update AppArmor annotations"
            errors.append(fields.forbidden(path.key(key), detail))
        if key == MIRROR:
            detail = "may not remove or update mirror pod annotation"
            errors.append(fields.forbidden(path.key(key), detail))
    for key in new:
        if key in old:
            continue
        if key.startswith(security.APP_ARMOR):
            errors.append(fields.forbidden(path.key(key), "may not add AppArmor annotations"))
        if key == MIRROR:
            errors.append(fields.forbidden(path.key(key), "may not add mirror pod annotation"))
    return errors


def validate_spec_update(new: Any, old: Any) -> Errors:
    """The rules of change; those of any spec come before."""
    errors: Errors = []
    for kind in ("containers", "initContainers"):
        own = _containers(new.get(kind) or (), old.get(kind) or (), SPEC.child(kind))
        errors += own
        if len(new.get(kind) or ()) != len(old.get(kind) or ()):
            return errors
    deadline, stop = _deadline(new, old)
    errors += deadline
    if stop:
        return errors
    errors += _tolerations(new, old)
    errors += _scheduling_gates(new, old)
    if new == old:
        return errors
    return errors + _rest(new, old)


def _containers(new: Sequence[Any], old: Sequence[Any], path: Path) -> Errors:
    if len(new) != len(old):
        return [fields.forbidden(path, "pod updates may not add or remove containers")]
    errors: Errors = []
    for index, container in enumerate(new):
        image = container.get("image", "")
        where = path.index(index).child("image")
        if not image:
            errors.append(fields.required(where))
        if image.strip() != image:
            detail = "must not have leading or trailing whitespace"
            errors.append(fields.invalid(where, image, detail))
    return errors


def _deadline(new: Any, old: Any) -> tuple[Errors, bool]:
    path = SPEC.child("activeDeadlineSeconds")
    value, before = new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds")
    if value is None:
        if before is None:
            return [], False
        detail = "must not update from a positive integer to nil value"
        return [fields.invalid(path, None, detail)], False
    if not 0 <= value < 2**31:
        return [fields.invalid(path, value, formats.out_of_range(0, 2**31 - 1))], True
    if before is not None and before < value:
        detail = "must be less than or equal to previous value"
        return [fields.invalid(path, value, detail)], True
    return [], False


def _tolerations(new: Any, old: Any) -> Errors:
    path = SPEC.child("tolerations")
    given = new.get("tolerations") or ()
    before = old.get("tolerations") or ()
    if given == before:
        return placement.validate_tolerations(given, path)
    kept = [_without_seconds(t) for t in given]
    if any(_without_seconds(t) not in kept for t in before):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        return [fields.forbidden(path, detail)]
    return placement.validate_tolerations(given, path)


def _without_seconds(toleration: Any) -> Any:
    return {k: v for k, v in toleration.items() if k != "tolerationSeconds"}


def _scheduling_gates(new: Any, old: Any) -> Errors:
    """Of gates of one name the last is named."""
    before = {gate.get("name", "") for gate in old.get("schedulingGates") or ()}
    gates = enumerate(new.get("schedulingGates") or ())
    last = {gate.get("name", ""): index for index, gate in gates}
    return [
        fields.forbidden(
            SPEC.child("schedulingGates").index(index).child("name"),
            f"only deletion is allowed, but found new scheduling gate '{name}'",
        )
        for name, index in last.items()
        if name not in before
    ]


def _rest(new: Any, old: Any) -> Errors:
    """Everything else is put back to what it was; what then still differs may not change."""
    errors: Errors = []
    munged = dict(new)
    for kind in ("containers", "initContainers"):
        if new.get(kind):
            pairs = zip(new[kind], old[kind], strict=True)
            munged[kind] = [{**a, "image": b.get("image", "")} for a, b in pairs]
        else:  # made anew, an empty list is none
            munged.pop(kind, None)
    for name in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        _put_back(munged, old, name)
    period = old.get("terminationGracePeriodSeconds")
    if period is not None and period < 0 and new.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = period
    if old.get("schedulingGates"):
        errors += _gated(munged, old)
    if munged != old:
        detail = _UPDATABLE + internal.diff("core.PodSpec", old, munged)
        errors.append(fields.forbidden(SPEC, detail))
    return errors


def _put_back(munged: dict[str, Any], old: Any, name: str) -> None:
    if name in old:
        munged[name] = old[name]
    else:
        munged.pop(name, None)


def _gated(munged: dict[str, Any], old: Any) -> Errors:
    """While a pod is gated its node selector and node affinity may be tightened."""
    errors: Errors = []
    selector, before = munged.get("nodeSelector") or {}, old.get("nodeSelector") or {}
    if any(selector.get(key) != value for key, value in before.items()):
        detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        errors.append(
            fields.invalid(SPEC.child("nodeSelector"), munged.get("nodeSelector"), detail)
        )
    _put_back(munged, old, "nodeSelector")
    affinity = dict(munged.get("affinity") or {})
    was = (old.get("affinity") or {}).get("nodeAffinity")
    if affinity.get("nodeAffinity") != was:
        path = SPEC.child("affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms")
        errors += node_affinity_mutation(affinity.get("nodeAffinity"), was, path)
        _put_back(affinity, old.get("affinity") or {}, "nodeAffinity")
        if affinity or "affinity" in old:
            munged["affinity"] = affinity
        else:
            munged.pop("affinity", None)
    return errors


def node_affinity_mutation(new: Any, old: Any, path: Path) -> Errors:
    before = ((old or {}).get(_REQUIRED) or {}).get("nodeSelectorTerms") or []
    given = ((new or {}).get(_REQUIRED) or {}).get("nodeSelectorTerms")
    terms = given or []
    if before and len(before) != len(terms):
        detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        shown = internal.shown("[core.NodeSelectorTerm", given)
        return [fields.invalid(path, shown, detail)]
    errors: Errors = []
    for index, (term, was) in enumerate(zip(terms, before, strict=False)):
        if not _only_adds(term, was):
            detail = "only additions are allowed (no mutations or deletions)"
            shown = internal.shown("core.NodeSelectorTerm", term)
            errors.append(fields.invalid(path.index(index), shown, detail))
    return errors


def _only_adds(term: Any, was: Any) -> bool:
    parts = ("matchExpressions", "matchFields")
    if not any(was.get(part) for part in parts):
        return not any(term.get(part) for part in parts)
    return all((term.get(p) or [])[: len(was.get(p) or [])] == (was.get(p) or []) for p in parts)


def validate_ephemeral_update(new: Any, old: Any) -> Errors:
    if MIRROR in (old["metadata"].get("annotations") or {}):
        return [fields.forbidden("", "static pods do not support ephemeral containers")]
    path = SPEC.child("ephemeralContainers")
    now = {c.get("name", ""): c for c in new["spec"].get("ephemeralContainers") or ()}
    errors: Errors = []
    for was in old["spec"].get("ephemeralContainers") or ():
        name = was.get("name", "")
        if name not in now:
            detail = f'existing ephemeral containers "{name}" may not be removed\n'
            errors.append(fields.forbidden(path, detail))
        elif now[name] != was:
            changes = internal.diff("core.EphemeralContainer", was, now[name])
            detail = f'existing ephemeral containers "{name}" may not be changed\n{changes}'
            errors.append(fields.forbidden(path, detail))
    return errors


def validate_resize(new: Any, old: Any) -> Errors:
    """The rules of change of the resize subresource."""
    if MIRROR in (old["metadata"].get("annotations") or {}):
        return [fields.forbidden("", "static pods cannot be resized")]
    spec, before = new["spec"], old["spec"]
    if (before.get("os") or {}).get("name") == "windows":
        return [fields.forbidden("", "windows pods cannot be resized")]
    errors: Errors = []
    status = old.get("status") or {}
    if (status.get("qosClass") or qos_class(before)) != qos_class(spec):
        shown = (new.get("status") or {}).get("qosClass", "")
        detail = "Pod QOS Class may not change as a result of resizing"
        errors.append(fields.invalid(SPEC, shown, detail))
    if not _node_can_resize(status):
        detail = "Pod running on node without support for resize"
        errors.append(fields.forbidden(SPEC, detail))
    errors += _pod_level(spec, before)
    order = _same_containers(spec, before)
    if order:
        return errors + order
    for kind in ("initContainers", "containers"):
        for index, was in enumerate(before.get(kind) or ()):
            path = SPEC.child(kind).index(index).child("resources")
            errors += _nothing_removed(spec[kind][index], was, path)
    errors += _only_cpu_and_memory(spec, before)
    if spec.get("volumes") != before.get("volumes"):
        detail = (
            "volumes are immutable on resize when InPlacePodVerticalScalingMemoryBackedVolumes "
            "feature gate is disabled"
        )
        errors.append(fields.forbidden(SPEC.child("volumes"), detail))
    return errors


def _node_can_resize(status: Any) -> bool:
    for container in status.get("containerStatuses") or ():
        if "running" in (container.get("state") or {}):
            return container.get("resources") is not None
    return True


def _pod_level(spec: Any, before: Any) -> Errors:
    now, was = spec.get("resources"), before.get("resources")
    path = SPEC.child("resources")
    if was is not None and now is None:
        return [fields.forbidden(path, "pod-level resources cannot be removed")]
    errors: Errors = []
    if was is not None:
        for part in ("requests", "limits"):
            if set(was.get(part) or ()) - set((now or {}).get(part) or ()):
                detail = f"pod-level resource {part} cannot be removed"
                errors.append(fields.forbidden(path.child(part), detail))
    munged = _without_compute(now or {}, was or {}, keep_claims=True)
    if now is not None and munged != (was or {}):
        detail = "only cpu and memory resources are mutable at pod-level"
        errors.append(fields.forbidden(SPEC, detail))
    return errors


def _same_containers(spec: Any, before: Any) -> Errors:
    errors: Errors = []
    for kind in ("containers", "initContainers"):
        new, old = spec.get(kind) or (), before.get(kind) or ()
        path = SPEC.child(kind)
        if len(new) != len(old):
            detail = f"{kind} may not be added or removed on resize"
            errors.append(fields.forbidden(path, detail))
            continue
        for index, was in enumerate(old):
            if new[index].get("name") != was.get("name"):
                detail = f"{kind} may not be renamed or reordered on resize"
                errors.append(fields.forbidden(path.index(index).child("name"), detail))
    return errors


def _nothing_removed(container: Any, was: Any, path: Path) -> Errors:
    errors: Errors = []
    now, before = container.get("resources") or {}, was.get("resources") or {}
    for part in ("requests", "limits"):
        if set(before.get(part) or ()) - set(now.get(part) or ()):
            detail = f"resource {part} cannot be removed"
            errors.append(fields.forbidden(path.child(part), detail))
    return errors


def _without_compute(now: Any, was: Any, *, keep_claims: bool) -> dict[str, Any]:
    """`now` with its cpu and memory as they were."""
    munged: dict[str, Any] = {}
    for part in ("limits", "requests"):
        before = was.get(part) or {}
        amounts = {k: v for k, v in (now.get(part) or {}).items() if k not in ("cpu", "memory")}
        amounts.update({k: v for k, v in before.items() if k in ("cpu", "memory")})
        if amounts:
            munged[part] = amounts
    if keep_claims and now.get("claims"):
        munged["claims"] = now["claims"]
    return munged


def _only_cpu_and_memory(spec: Any, before: Any) -> Errors:
    errors: Errors = []
    for kind in ("containers", "initContainers"):
        for index, was in enumerate(before.get(kind) or ()):
            now = spec[kind][index]
            own = _without_compute(
                now.get("resources") or {}, was.get("resources") or {}, keep_claims=True
            )
            where = SPEC.child(kind).index(index)
            if {**now, "resources": own} != {**was, "resources": was.get("resources") or {}}:
                errors.append(
                    fields.forbidden(SPEC, "only cpu and memory resources are mutable")
                    if kind == "containers"
                    else fields.forbidden(
                        where,
                        "only cpu and memory resources for init or sidecar containers are mutable",
                    )
                )
            if kind == "initContainers" and now != was and now.get("restartPolicy") != "Always":
                for policy in now.get("resizePolicy") or ():
                    if policy.get("restartPolicy") == "RestartContainer":
                        detail = (
                            "non-sidecar init containers with a resize policy of "
                            "RestartContainer cannot be resized"
                        )
                        errors.append(fields.forbidden(where, detail))
    return errors
