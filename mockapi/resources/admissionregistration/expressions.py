"""CEL expressions of webhooks and policies: whether they compile, and to which type."""

from collections.abc import Sequence
from dataclasses import dataclass

from mockapi.machinery.cel import compiling
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_SPACE = "\t\n\v\f\r \x85\xa0"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name besides `object`, `oldObject`, `request` and
    `namespaceObject`.
    """

    has_params: bool = False
    has_authorizer: bool = True
    variables: tuple[str, ...] | None = None
    """The fields of `variables`; None: there is no such name."""
    has_patches: bool = False
    """`Object` and `JSONPatch` can be made."""


def trimmed(text: str) -> str:
    """Go's TrimSpace."""
    return text.strip(_SPACE)


def judge(
    text: str, scope: Scope, path: Path, *, results: Sequence[str] = ("bool",), shown: str = ""
) -> Errors:
    """`results` are the types that the expression may have; empty: any."""
    names = ["object", "oldObject", "namespaceObject", "request"]
    if scope.has_params:
        names.append("params")
    error = compiling.compile_error(
        text,
        compiling.Names(
            free=tuple(names),
            variables=scope.variables,
            has_authorizer=scope.has_authorizer,
            has_patches=scope.has_patches,
        ),
        results,
    )
    return [fields.invalid(path, shown or text, error)] if error else []
