"""CEL with the variables and functions of device selectors.

Source: dynamic-resource-allocation cel/compile.go.
"""

from collections.abc import Mapping
from typing import Any, Final

from mockapi.base.lazy import module
from mockapi.machinery.cel import library

_EXTENSIONS: Final = ("optional", "strings", "bindings")
_FUNCTIONS: Final = frozenset(
    (
        "add",
        "asApproximateFloat",
        "asInteger",
        "compareTo",
        "isGreaterThan",
        "isInteger",
        "isLessThan",
        "isQuantity",
        "isSemver",
        "major",
        "minor",
        "patch",
        "quantity",
        "semver",
        "sign",
        "sub",
    )
)


class Environment:
    """Raises ImportError when the optional package is not there."""

    def __init__(self) -> None:
        self._cel = module("cel_expr_python.cel")
        self._env = self._cel.NewEnv(
            descriptor_pool=library.pool(),
            variables=self._variables(),
            extensions=[_extension(name) for name in _EXTENSIONS],
            functions=library.declarations(_FUNCTIONS),
        )

    def compile(self, expression: str) -> Any:
        """RuntimeError when it is wrong."""
        return self._env.compile(expression)

    def activation(self, data: Mapping[str, Any]) -> Any:
        return self._env.Activation(data)

    @staticmethod
    def quantity(text: str) -> Any:
        return library.quantity_value(text)

    @staticmethod
    def semver(text: str) -> Any:
        return library.semver_value(text)

    def _variables(self) -> dict[str, Any]:
        types = self._cel.Type
        return {
            "device.driver": types.STRING,
            "device.allowMultipleAllocations": types.BOOL,
            "device.attributes": types.Map(types.STRING, types.Map(types.STRING, types.DYN)),
            "device.capacity": types.Map(
                types.STRING, types.Map(types.STRING, library.value_type())
            ),
        }


def _extension(name: str) -> Any:
    return getattr(module(f"cel_expr_python.ext.ext_{name}"), f"Ext{name.capitalize()}")()
