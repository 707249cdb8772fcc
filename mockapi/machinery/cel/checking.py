"""Expressions checked against the types of kinds, in the words of the Go checker.

Source: apiserver pkg/admission/plugin/policy/validating/typechecking.go.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from mockapi.base.lazy import module
from mockapi.machinery.cel import compiling, declarations
from mockapi.machinery.cel.messages import NAMESPACE, REQUEST, Messages

Obj = dict[str, Any]

_ISSUE: Final = re.compile(r"ERROR: <input>:\d+:\d+: .*\n \| .*\n \| \.*\^")
_REWORDED: Final = (
    (re.compile(r"(undefined field '[^']*') not found in struct '[^']*'"), r"\1"),
    (
        re.compile(r"expression of type '(.*)' cannot be the operand of a select operation"),
        r"type '\1' does not support field selection",
    ),
    (re.compile("cannot be the range of a comprehension"), "cannot be range of a comprehension"),
    (re.compile(r"\bnull_type\b"), "null"),
    (re.compile(r"google\.protobuf\.Timestamp"), "timestamp"),
    (re.compile(r"google\.protobuf\.Duration"), "duration"),
    (re.compile(r"google\.protobuf\.Value"), "dyn"),
    (re.compile(r"(list\([^()]*\)), list\(T%\d+\)"), r"\1, \1"),
)
_FOLLOWS: Final = "'*error*'"


class Checker:
    """Judges the expressions of one policy about one kind."""

    def __init__(
        self,
        resolve: Callable[[str], Obj],
        *,
        kind: str,
        schema: Obj | None,
        has_params: bool,
        params: tuple[str, Obj] | None,
    ) -> None:
        """`kind` is how the type is called, `params` the name and schema of the parameters' one;
        what has no schema may be anything."""
        cel = module("cel_expr_python.cel")
        self._messages = Messages(resolve)
        self._types: dict[str, Any] = {}
        known = {
            "namespaceObject": ("kubernetes.Namespace", NAMESPACE),
            "request": ("kubernetes.AdmissionRequest", REQUEST),
        }
        if schema is not None:
            known["object"] = (kind, schema)
        if params is not None:
            known["params"] = params
        for name, (title, inner) in known.items():
            self._types[name] = cel.Type(self._messages.add(inner, title))
        for name in ("object", *(("params",) if has_params else ())):
            self._types.setdefault(name, cel.Type.DYN)
        self._types["oldObject"] = self._types["object"]
        self._types["authorizer"] = compiling.type_of(declarations.AUTHORIZER)
        self._types["authorizer.requestResource"] = compiling.type_of(declarations.RESOURCE_CHECK)
        self._pool = self._messages.pool()
        self._made: Any = None

    def declare(self, name: str, expression: str) -> None:
        """A variable has the type of its expression; any, where that has none."""
        compiled, _ = self._compiled(expression)
        anything = module("cel_expr_python.cel").Type.DYN
        self._types[f"variables.{name}"] = anything if compiled is None else compiled.return_type()
        self._made = None

    def issues(self, expression: str) -> str:
        """Empty when nothing is wrong."""
        return self._compiled(expression)[1]

    def _compiled(self, expression: str) -> tuple[Any, str]:
        if self._made is None:
            self._made = compiling.environment_of(self._types, self._pool)
        compiled, error = compiling.compiled(self._made, expression)
        return compiled, "" if compiled is not None else self._as_go_says(error, expression)

    def _as_go_says(self, error: str, expression: str) -> str:
        """What follows from another issue is left out, and so is what Go allows."""
        found = _ISSUE.findall(error)
        told = [one for one in found if _FOLLOWS not in one and not compiling.compares_numbers(one)]
        text = "\n".join(compiling.with_receivers(one, expression) for one in told)
        for pattern, replacement in _REWORDED:
            text = pattern.sub(replacement, text)
        for name, title in self._messages.names.items():
            text = text.replace(name, title)
        return text


def warning(gvk: Sequence[str], issues: str) -> str:
    """A line of a policy's status; `gvk` are group, version and kind."""
    group, version, kind = gvk
    return f"{group}/{version}, Kind={kind}: {issues}\n"
