"""Expressions, compiled once and evaluated with the errors' texts of cel-go."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from mockapi.base.lazy import module
from mockapi.machinery.cel.construction import rewritten


class CelError(Exception):
    """An evaluation that has failed; str() is what cel-go says."""


class CompileError(CelError):
    """An expression that cannot be compiled."""


@cache
def available() -> bool:
    """Whether the runtime is installed."""
    try:
        module("cel_expr_python.cel")
    except ImportError:
        return False
    return True


class Program:
    """One expression over dynamically typed variables."""

    __slots__ = ("_expression", "text")

    def __init__(self, text: str, variables: tuple[str, ...], *, environment: Any = None) -> None:
        """`environment` is one of `environment_of`, to be used again. Raises CompileError."""
        self.text = text
        known = _environment(variables) if environment is None else environment
        try:
            self._expression = known.compile(rewritten(text))
        except RuntimeError as error:
            raise CompileError(_compile_text(str(error))) from None

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The value as plain Python; raises CelError."""
        result = self._expression.eval(data=values)
        if result.type().name() == "*error*" or result.type() == _error_type():
            raise CelError(_runtime_text(str(result.value())))
        return result.plain_value()


@cache
def _error_type() -> Any:
    return module("cel_expr_python.cel").Type.ERROR


@cache
def _environment(variables: tuple[str, ...]) -> Any:
    return environment_of(variables)


def environment_of(variables: tuple[str, ...], functions: Sequence[Any] = ()) -> Any:
    """What expressions are compiled in: `functions` are there besides the library's."""
    cel = module("cel_expr_python.cel")
    strings = module("cel_expr_python.ext.ext_strings").ExtStrings()
    optional = module("cel_expr_python.ext.ext_optional").ExtOptional()
    bindings = module("cel_expr_python.ext.ext_bindings").ExtBindings()
    math = module("cel_expr_python.ext.ext_math").ExtMath()
    encoders = module("cel_expr_python.ext.ext_encoders").ExtEncoders()
    library = module("mockapi.machinery.cel.library")
    return cel.NewEnv(
        descriptor_pool=library.pool(),
        variables=dict.fromkeys(variables, cel.Type.DYN),
        extensions=[strings, optional, bindings, math, encoders],
        functions=[*library.declarations(), *functions],
    )


_STATUS_WORD = re.compile(r"^[A-Z_]+: ")
_SIGNATURE = re.compile(r"No matching overloads found : ")
_REWORDED = (
    (re.compile(r'Key not found in map : "?(.*?)"?$'), r"no such key: \1"),
    (re.compile(r"Index error: index=(-?\d+) size=\d+"), r"index out of bounds: \1"),
    (re.compile(r"divide by zero"), "division by zero"),
    (re.compile(r"modulus by zero"), "modulus by zero"),
    (re.compile(r"No matching overloads found.*"), "no such overload"),
)


def _runtime_text(text: str) -> str:
    text = _STATUS_WORD.sub("", text)
    for pattern, replacement in _REWORDED:
        if pattern.search(text):
            return pattern.sub(replacement, text)
    return text


def _compile_text(text: str) -> str:
    text = _STATUS_WORD.sub("", text).removesuffix(" [INVALID_ARGUMENT]")
    return f"compilation failed: {text}"
