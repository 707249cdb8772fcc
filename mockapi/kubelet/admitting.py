"""Behaviours are checked when pods, what makes pods, and nodes are written: a bad one is a 422.

It is mockapi's own rule, so nothing else about the object is judged here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from mockapi.kubelet import nodelife
from mockapi.kubelet.behaviour_schema import BadBehaviour, nearest
from mockapi.kubelet.behaviours import ANNOTATION, Behaviours, state_of_image
from mockapi.kubelet.states import IMAGE_PREFIX, STATES
from mockapi.machinery.admission.chain import Attributes
from mockapi.meta import fields
from mockapi.meta.errors import Invalid
from mockapi.meta.fields import FieldError

Obj = dict[str, Any]

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "pods": (),
    "podtemplates": ("template",),
    "replicationcontrollers": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "replicasets.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}
"""Where the pod is in objects of each bucket."""
NODES = "nodes"

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_CONTAINERS = ("initContainers", "containers")


class BehaviourAdmission:
    """An admission plugin."""

    name = "MockapiBehaviours"

    def __init__(self, behaviours: Behaviours) -> None:
        self._behaviours = behaviours

    def handles(self, attributes: Attributes) -> bool:
        return (
            (attributes.resource.bucket in TEMPLATES or attributes.resource.bucket == NODES)
            and not attributes.subresource
            and attributes.operation in ("CREATE", "UPDATE")
        )

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        if attributes.resource.bucket == NODES:
            self._validate_node(attributes)
        else:
            self._validate_pod(attributes)

    def _validate_node(self, attributes: Attributes) -> None:
        obj, old = attributes.obj or {}, attributes.old
        text = _annotation(obj)
        if not text or (old is not None and _annotation(old) == text):
            return
        try:
            nodelife.read(text)
        except BadBehaviour as error:
            where = f"metadata.annotations[{ANNOTATION}]"
            raise Invalid(
                "", "Node", obj["metadata"]["name"], _errors(error, text, where)
            ) from None

    def _validate_pod(self, attributes: Attributes) -> None:
        path = TEMPLATES[attributes.resource.bucket]
        pod = _at(attributes.obj, path)
        old = _at(attributes.old, path)
        if pod is None:
            return
        text = _annotation(pod)
        errors: list[FieldError] = []
        if text and (old is None or _annotation(old) != text):
            errors = self._annotated(text, path, pod, attributes.warnings)
        if old is None or old["spec"] is not pod["spec"]:
            errors += _images(pod, path, old)
        if errors:
            gvk, name = attributes.resource.gvk, attributes.name
            name = name or str((attributes.obj or {})["metadata"].get("name", ""))
            raise Invalid(gvk.group, gvk.kind, name, errors)

    def _annotated(
        self, text: str, path: Sequence[str], pod: Obj, warnings: list[str]
    ) -> list[FieldError]:
        where = ".".join((*path, f"metadata.annotations[{ANNOTATION}]"))
        try:
            tree = self._behaviours.annotation(text)
        except BadBehaviour as error:
            return _errors(error, text, where)
        warnings.extend(f"{where}.{warning}" for warning in _strangers(tree, pod))
        return []


def _errors(error: BadBehaviour, text: str, where: str) -> list[FieldError]:
    return [
        fields.invalid(f"{where}.{inner}" if inner else where, bad, detail)
        for inner, detail, bad in _problems(error, text)
    ]


def _at(obj: Obj | None, path: Sequence[str]) -> Obj | None:
    """The pod (or template) in an object."""
    for step in path:
        obj = (obj or {}).get(step)
    return obj if obj and obj.get("spec") else None


def _annotation(pod: Obj) -> str:
    return str(((pod.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION, ""))


def _problems(error: BadBehaviour, text: str) -> Iterator[tuple[str, str, Any]]:
    """Path, what is wrong, and the value there."""
    for path, detail in error.problems:
        yield path, detail, _value(error.tree, path) if path else text


def _value(tree: Any, path: str) -> Any:
    """What is at a path; what is above it where there is no such thing."""
    for name, index in _STEP.findall(path):
        if isinstance(tree, Mapping) and name in tree:
            tree = tree[name]
        elif isinstance(tree, list) and index and int(index) < len(tree):
            tree = tree[int(index)]
        else:
            break
    return tree if isinstance(tree, str | int | float | bool) else ""


def _strangers(tree: Obj, pod: Obj) -> Iterator[str]:
    """Names in a behaviour that nothing in the pod has. Sidecars may still be added later."""
    spec = pod["spec"]
    named = {
        "containers": [c["name"] for kind in _CONTAINERS for c in spec.get(kind) or ()],
        "volumes": [volume["name"] for volume in spec.get("volumes") or ()],
    }
    for kind, names in named.items():
        for pattern in tree.get(kind) or ():
            if not any(fnmatchcase(name, pattern) for name in names):
                singular = kind.removesuffix("s")
                hint = nearest(pattern, names) if names else ""
                yield f"{kind}.{pattern}: the pod has no such {singular}{hint}"


def _images(pod: Obj, path: Sequence[str], old: Obj | None) -> list[FieldError]:
    """Images that begin as ours do and show no state."""
    before = {image for _, image in _built_in(old)} if old is not None else set()
    errors = []
    for place, image in _built_in(pod):
        name = state_of_image(image)
        if name not in STATES and image not in before:
            where = ".".join((*path, place))
            detail = f"unknown state {name}{nearest(name, list(STATES))}"
            errors.append(fields.invalid(where, image, detail))
    return errors


def _built_in(pod: Obj) -> Iterator[tuple[str, str]]:
    for kind in _CONTAINERS:
        for index, container in enumerate(pod["spec"].get(kind) or ()):
            image = container.get("image", "")
            if image.startswith(IMAGE_PREFIX):
                yield f"spec.{kind}[{index}].image", image
