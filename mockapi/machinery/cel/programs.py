"""Expressions, compiled once and evaluated with the errors' texts of cel-go."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from mockapi.base.lazy import module


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

    def __init__(self, text: str, variables: tuple[str, ...]) -> None:
        """Raises CompileError."""
        self.text = text
        try:
            self._expression = _environment(variables).compile(text)
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
        functions=library.declarations(),
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
