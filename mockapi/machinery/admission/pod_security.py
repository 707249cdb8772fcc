"""PodSecurity: pods keep to what their namespace's labels ask for.

Source: plugin/pkg/admission/security/podsecurity, pod-security-admission admission/admission.go.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.podsecurity import levels, standards
from mockapi.machinery.podsecurity.levels import PRIVILEGED, Level
from mockapi.machinery.podsecurity.pods import pod_of
from mockapi.machinery.resource import Obj
from mockapi.meta.errors import Forbidden, Invalid

_MOST_PODS = 3000
"""So many of a namespace's pods are looked at when its level is raised."""
_PARTS: Final = frozenset(("ephemeralcontainers", "resize"))
"""Of a pod's subresources, those that can change its spec."""
_TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "replicationcontrollers": ("spec", "template"),
    "podtemplates": ("template",),
    "replicasets.apps": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}


class PodSecurity:
    name = "PodSecurity"

    def handles(self, attributes: Attributes) -> bool:
        if attributes.operation not in ("CREATE", "UPDATE") or attributes.obj is None:
            return False
        if attributes.resource.bucket == "pods" and attributes.subresource in _PARTS:
            return True
        bucket = attributes.resource.bucket
        known = bucket in ("pods", "namespaces") or bucket in _TEMPLATES
        return known and not attributes.subresource

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        bucket = attributes.resource.bucket
        if bucket == "namespaces":
            _validate_namespace(attributes)
        elif bucket == "pods":
            _validate_pod(attributes)
        else:
            _validate_template(attributes, _TEMPLATES[bucket])


def _validate_pod(attributes: Attributes) -> None:
    namespace = attributes.reader.get("namespaces", "", attributes.namespace)
    policy, _ = levels.policy(_labels(namespace))
    pod = attributes.obj
    assert pod is not None
    if policy is levels.PRIVILEGED_POLICY:
        return
    if attributes.operation == "UPDATE" and not _is_significant(pod, attributes.old or {}):
        return
    found = standards.refusals(policy.enforce, pod_of(pod))
    if found:
        text = f'violates PodSecurity "{policy.enforce}": {standards.detail(found)}'
        raise Forbidden("", "pods", attributes.name, text)
    _warn(attributes, policy.warn, pod)


def _validate_template(attributes: Attributes, path: Sequence[str]) -> None:
    """Only pods are refused; what makes pods is warned about."""
    namespace = attributes.reader.get("namespaces", "", attributes.namespace)
    policy, _ = levels.policy(_labels(namespace))
    if policy.warn.name == PRIVILEGED:
        return
    template = attributes.obj
    for step in path:
        template = (template or {}).get(step)
    if template is not None:
        _warn(attributes, policy.warn, template)


def _warn(attributes: Attributes, level: Level, obj: Obj) -> None:
    found = standards.refusals(level, pod_of(obj))
    if found:
        text = f'would violate PodSecurity "{level}": {standards.detail(found)}'
        attributes.warnings.append(text)


def _is_significant(pod: Obj, old: Obj) -> bool:
    """Something has changed that a level may forbid: what runs in it."""
    spec, before = pod["spec"], old.get("spec") or {}
    for kind in ("containers", "initContainers"):
        now, then = spec.get(kind) or (), before.get(kind) or ()
        if [c.get("image") for c in now] != [c.get("image") for c in then]:
            return True
    known = {c["name"]: c.get("image") for c in before.get("ephemeralContainers") or ()}
    return any(
        c["name"] not in known or known[c["name"]] != c.get("image")
        for c in spec.get("ephemeralContainers") or ()
    )


# -- namespaces ------------------------------------------------------------------------------


def _validate_namespace(attributes: Attributes) -> None:
    policy, errors = levels.policy(_labels(attributes.obj))
    old, old_errors = levels.policy(_labels(attributes.old))
    if errors and (attributes.operation == "CREATE" or errors != old_errors):
        raise Invalid("", "Namespace", attributes.name, errors)
    if attributes.operation == "CREATE" or policy.enforce == old.enforce:
        return
    new = policy.enforce
    relaxed = new.version == old.enforce.version and new.strictness <= old.enforce.strictness
    if new.name != PRIVILEGED and not relaxed:
        attributes.warnings.extend(_about_pods(attributes, new))


def _about_pods(attributes: Attributes, level: Level) -> list[str]:
    """Which pods of the namespace would be refused now, told by their reasons."""
    pods = _one_of_each_first(attributes.reader.list("pods", attributes.name))
    names: dict[str, list[str]] = {}
    for pod in pods[:_MOST_PODS]:
        found = standards.refusals(level, pod_of(pod))
        if found:
            names.setdefault(standards.reasons(found), []).append(pod["metadata"]["name"])
    warnings = []
    if len(pods) > _MOST_PODS:
        warnings.append(
            f"new PodSecurity enforce level only checked against the first {_MOST_PODS} of "
            f"{len(pods)} existing pods"
        )
    if names:
        warnings.append(
            f'existing pods in namespace "{attributes.name}" violate the new PodSecurity enforce '
            f'level "{level}"'
        )
    lines = [f"{_counted(sorted(pods))}: {text}" for text, pods in names.items()]
    return [*warnings, *sorted(lines)]


def _counted(names: list[str]) -> str:
    others = len(names) - 1
    if not others:
        return names[0]
    return f"{names[0]} (and {others} other pod{'s' if others > 1 else ''})"


def _one_of_each_first(pods: Sequence[Obj]) -> list[Obj]:
    """Of pods that one controller has made, the others come last: they are alike."""
    first: list[Obj] = []
    others: list[Obj] = []
    seen: set[str] = set()
    for pod in pods:
        owners = pod["metadata"].get("ownerReferences") or ()
        owner = next((o["uid"] for o in owners if o.get("controller")), "")
        (others if owner and owner in seen else first).append(pod)
        seen.add(owner)
    return first + others


def _labels(obj: Obj | None) -> Mapping[str, str] | None:
    return obj["metadata"].get("labels") if obj is not None else None
