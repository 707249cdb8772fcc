"""Most kinds allow only finalizers that are well known or have a domain."""

from collections.abc import Sequence
from dataclasses import replace

from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy, no_update_errors
from mockapi.machinery.validation import formats
from mockapi.meta import fields, gofmt
from mockapi.meta.fields import FieldError, Path

STANDARD = ("kubernetes", "orphan", "foregroundDeletion")
_PATH = Path("metadata", "finalizers")


def validate_known(finalizer: str, path: Path) -> list[FieldError]:
    if "/" in finalizer or finalizer in STANDARD:
        return []
    detail = "name is neither a standard finalizer name nor is it fully qualified"
    return [fields.invalid(path, finalizer, detail)]


def _errors(finalizers: Sequence[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, finalizer in enumerate(finalizers):
        errors += validate_known(finalizer, _PATH.index(index))
    return errors


def warnings(finalizer: str) -> list[str]:
    """What custom resources are only warned of. Source: registry/customresource/validator.go."""
    start = f"{_PATH}: {gofmt.quote(finalizer)}: "
    found = [start + detail for detail in formats.qualified_name(finalizer)]
    if "/" not in finalizer and finalizer not in STANDARD:
        path = " including a path (/)" if "." in finalizer else ""
        found.append(
            f"{start}prefer a domain-qualified finalizer name{path} to avoid accidental conflicts "
            "with other finalizer writers"
        )
    return found


def with_known_finalizers(strategy: Strategy) -> Strategy:
    """The same strategy, with this rule before its own."""

    def validate(obj: Obj) -> list[FieldError]:
        finalizers = obj["metadata"].get("finalizers")
        own = strategy.validate(obj)
        return _errors(finalizers) + own if finalizers else own

    def validate_update(obj: Obj, old: Obj) -> list[FieldError]:
        finalizers = obj["metadata"].get("finalizers")
        own = strategy.validate_update(obj, old)
        return _errors(finalizers) + own if finalizers else own

    return replace(
        strategy,
        validate=validate,
        validate_update=validate_update,
        status=_part(strategy.status),
        parts={name: (key, _part(part)) for name, (key, part) in strategy.parts.items()},
    )


def _part(part: StatusStrategy) -> StatusStrategy:
    judge = part.judge_update
    if judge is None and part.validate_update is no_update_errors:
        return part  # nothing is judged there, not even finalizers

    def own(obj: Obj, old: Obj, context: Context) -> list[FieldError]:
        return judge(obj, old, context) if judge is not None else part.validate_update(obj, old)

    def judge_update(obj: Obj, old: Obj, context: Context) -> list[FieldError]:
        finalizers = obj["metadata"].get("finalizers")
        found = own(obj, old, context)
        return _errors(finalizers) + found if finalizers else found

    return replace(part, judge_update=judge_update)
