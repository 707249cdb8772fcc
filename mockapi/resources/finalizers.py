"""Most kinds allow only finalizers that are well known or have a domain."""

from collections.abc import Sequence
from dataclasses import replace

from mockapi.machinery.resource import Obj, Strategy
from mockapi.meta import fields
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


def with_known_finalizers(strategy: Strategy) -> Strategy:
    """The same strategy, with this rule before its own."""

    def validate(obj: Obj) -> list[FieldError]:
        finalizers = obj["metadata"].get("finalizers")
        own = strategy.validate(obj)
        return _errors(finalizers) + own if finalizers else own

    def validate_update(obj: Obj, old: Obj) -> list[FieldError]:
        finalizers = obj["metadata"].get("finalizers")
        own = strategy.validate_update(obj, old)
        if not finalizers or finalizers == old["metadata"].get("finalizers"):
            return own
        return _errors(finalizers) + own

    return replace(strategy, validate=validate, validate_update=validate_update)
