"""PodTemplate."""

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.pods import gates
from mockapi.resources.pods.spec import validate_template
from mockapi.resources.pods.warnings import template_warnings

TEMPLATE = Path("template")


def _prepare(obj: Obj, context: Context) -> None:
    gates.drop_disabled((obj.get("template") or {}).get("spec") or {})


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    _prepare(obj, context)


def _validate(obj: Obj) -> list[FieldError]:
    return validate_template(obj.get("template") or {}, TEMPLATE)


def _validate_update(obj: Obj, old: Obj) -> list[FieldError]:
    return _validate(obj)


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    if old is not None and obj.get("template") == old.get("template"):
        return []
    return template_warnings(obj.get("template") or {}, TEMPLATE)


STRATEGY = Strategy(
    group="",
    kind="PodTemplate",
    prepare_create=_prepare,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    has_generation=True,
)
