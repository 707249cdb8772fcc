"""DeviceClass."""

from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.dynamic import claims, declarations
from mockapi.resources.dynamic import formats as own
from mockapi.resources.pods import quantities

Errors = list[FieldError]

_SPEC = Path("spec")


def _check(obj: Obj, old: Obj | None) -> Errors:
    spec, before = obj.get("spec") or {}, (old or {}).get("spec") or {}
    same = old is not None and (spec.get("selectors") or []) == (before.get("selectors") or [])

    def selector(given: Any, path: Path) -> Errors:
        if same and given.get("cel") is not None:
            return []
        return claims.selector(given, path)

    errors = own.items(spec.get("selectors"), claims.MOST, selector, _SPEC.child("selectors"))
    stored = old is not None and (spec.get("config") or []) == (before.get("config") or [])
    errors += own.items(
        spec.get("config"),
        claims.MOST,
        lambda config, path: claims.configuration(config, path, is_stored=stored),
        _SPEC.child("config"),
    )
    if (name := spec.get("extendedResourceName")) is not None:
        errors += own.covered_extended_resource_name(
            name, _SPEC.child("extendedResourceName"), is_valid=quantities.is_extended(name)
        )
    return declarations.TABLES.settle(
        errors, "DeviceClassSpec", spec, before if old is not None else None, _SPEC
    )


STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="DeviceClass",
    validate=lambda obj: _check(obj, None),
    validate_update=_check,
    has_generation=True,
)
