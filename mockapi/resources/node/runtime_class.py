"""RuntimeClass."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import declared, formats, internal, metadata, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import node_labels
from mockapi.resources.pods import placement, quantities

Errors = list[FieldError]

_HANDLER, _SCHEDULING = Path("handler"), Path("scheduling")
_SHORT_NAME = "format=k8s-short-name"
_SELECTOR = _SCHEDULING.child("nodeSelector")


def _check(obj: Obj) -> Errors:
    errors: Errors = []
    if (overhead := obj.get("overhead")) is not None:
        amounts = {"limits": overhead.get("podFixed") or {}}
        errors += quantities.validate_requirements(amounts, (), Path("overhead"))
    if (scheduling := obj.get("scheduling")) is not None:
        errors += metadata.validate_labels(scheduling.get("nodeSelector") or {}, _SELECTOR)
        tolerations = scheduling.get("tolerations") or ()
        errors += _tolerations(tolerations, _SCHEDULING.child("tolerations"))
    return errors


def _tolerations(tolerations: Sequence[Any], path: Path) -> Errors:
    errors = placement.validate_tolerations(tolerations, path)
    seen: set[tuple[str, ...]] = set()
    for index, toleration in enumerate(tolerations):
        key = tuple(toleration.get(k, "") for k in ("key", "operator", "value", "effect"))
        if key in seen:
            shown = internal.shown("core.Toleration", toleration)
            errors.append(fields.duplicate(path.index(index), shown))
        seen.add(key)
    return errors


def _handler(obj: Obj) -> Errors:
    name = obj.get("handler", "")
    if not name:
        return [fields.required(_HANDLER)]
    return declared.by(_SHORT_NAME, rules.each(formats.dns1123_label, name, _HANDLER))


def _validate(obj: Obj) -> Errors:
    name = obj.get("handler", "")
    said = declared.by(_SHORT_NAME, rules.each(formats.short_name, name, _HANDLER))
    written = declared.covered(_handler(obj)) + _check(obj)
    return declared.settle(written, said if name else [fields.required(_HANDLER)])


def _validate_update(obj: Obj, old: Obj) -> Errors:
    now = obj.get("handler", "")
    said = declared.immutable(now, old["handler"], _HANDLER)
    if not now:
        said.append(fields.required(_HANDLER))
    return declared.settle(declared.covered(_handler(obj)) + _check(obj), said)


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    selector = (obj.get("scheduling") or {}).get("nodeSelector") or ()
    return [
        f"{_SELECTOR}: {node_labels.DEPRECATED[key]}"
        for key in selector
        if key in node_labels.DEPRECATED
    ]


STRATEGY = Strategy(
    group="node.k8s.io",
    kind="RuntimeClass",
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    create_on_update=True,
    unconditional_update=False,
)
