"""ResourceClaimTemplate."""

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.machinery.validation import declared, internal, rules
from mockapi.meta.errors import Invalid
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.dynamic import claims, declarations
from mockapi.resources.dynamic.resource_claim import namespace_labels
from mockapi.resources.pods.volumes import validate_template_metadata

Errors = list[FieldError]

_SPEC = Path("spec")
_INNER = _SPEC.child("spec")


def _devices(obj: Obj) -> Obj:
    return ((obj.get("spec") or {}).get("spec") or {}).get("devices") or {}


def _prepare_create(obj: Obj, context: Context) -> None:
    claims.drop_disabled(_devices(obj))
    if errors := claims.admin_access(_devices(obj), namespace_labels(obj, context)):
        name = obj["metadata"].get("name", "")
        all_errors = [*errors, *_validate(obj)]
        raise Invalid("resource.k8s.io", "ResourceClaimTemplate", name, all_errors)


def _written(obj: Obj) -> Errors:
    meta = (obj.get("spec") or {}).get("metadata") or {}
    errors = validate_template_metadata(meta, _SPEC.child("metadata"))
    return errors + claims.validate(_devices(obj), _INNER.child("devices"))


def _validate(obj: Obj) -> Errors:
    inner = (obj.get("spec") or {}).get("spec") or {}
    return declarations.TABLES.settle(_written(obj), "ResourceClaimSpec", inner, None, _INNER)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj.get("spec") or {}, old.get("spec") or {}
    errors = _written(obj)
    shown = internal.shown("resource.ResourceClaimTemplateSpec", spec)
    errors += rules.immutable(spec, before, _SPEC, shown=shown)
    inner, was = spec.get("spec") or {}, before.get("spec") or {}
    return declared.settle(
        errors, declarations.TABLES.check("ResourceClaimSpec", inner, was, _INNER)
    )


STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="ResourceClaimTemplate",
    prepare_create=_prepare_create,
    prepare_update=lambda obj, old, context: claims.drop_disabled(_devices(obj)),
    validate=_validate,
    validate_update=_validate_update,
)
