"""CEL with the variables and functions of device selectors.

Quantities and versions are messages of one type (the runtime tells functions apart by the kinds of
their arguments only), so that the type checker knows them. Source:
dynamic-resource-allocation cel/compile.go, apiserver pkg/cel/library (quantity.go, semverlib.go).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from mockapi.base.lazy import module
from mockapi.meta import quantity

_VALUE: Final = "kubernetes.Value"
_SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\Z"
)
_EXTENSIONS: Final = ("optional", "strings", "bindings")

Implementation = Callable[..., Any]


class Environment:
    """Raises ImportError when the optional package is not there."""

    def __init__(self) -> None:
        self._cel = module("cel_expr_python.cel")
        pool, self._value = _message()
        self._env = self._cel.NewEnv(
            descriptor_pool=pool,
            variables=self._variables(),
            extensions=[_extension(name) for name in _EXTENSIONS],
            functions=self._functions(),
        )

    def compile(self, expression: str) -> Any:
        """RuntimeError when it is wrong."""
        return self._env.compile(expression)

    def activation(self, data: Mapping[str, Any]) -> Any:
        return self._env.Activation(data)

    def quantity(self, text: str) -> Any:
        return self._value(nanos=str(quantity.parse(text).scaled_value(quantity.NANO)))

    def semver(self, text: str) -> Any:
        if not _SEMVER.match(text):
            raise ValueError(f"{text!r} is no semantic version")
        return self._value(version=text)

    def _variables(self) -> dict[str, Any]:
        types = self._cel.Type
        amount = types(_VALUE)
        return {
            "device.driver": types.STRING,
            "device.allowMultipleAllocations": types.BOOL,
            "device.attributes": types.Map(types.STRING, types.Map(types.STRING, types.DYN)),
            "device.capacity": types.Map(types.STRING, types.Map(types.STRING, amount)),
        }

    def _functions(self) -> list[Any]:
        types = self._cel.Type
        value = types(_VALUE)
        declared: dict[str, list[Any]] = {}

        def declare(name: str, returned: Any, parameters: list[Any], impl: Implementation) -> None:
            overloads = declared.setdefault(name, [])
            made = self._cel.Overload(
                f"{name}_{len(overloads)}",
                return_type=returned,
                parameters=parameters,
                is_member=parameters[0] != types.STRING,
                impl=impl,
            )
            overloads.append(made)

        def sum_of(a: Any, nanos: int) -> Any:
            return self._value(nanos=str(_nanos(a) + nanos))

        declare("quantity", value, [types.STRING], self.quantity)
        declare("isQuantity", types.BOOL, [types.STRING], quantity.is_quantity)
        declare("semver", value, [types.STRING], self.semver)
        declare("isSemver", types.BOOL, [types.STRING], lambda t: bool(_SEMVER.match(t)))
        declare("sign", types.INT, [value], lambda a: (_nanos(a) > 0) - (_nanos(a) < 0))
        declare("isInteger", types.BOOL, [value], lambda a: _nanos(a) % 10**9 == 0)
        declare("asInteger", types.INT, [value], lambda a: _nanos(a) // 10**9)
        declare("asApproximateFloat", types.DOUBLE, [value], lambda a: _nanos(a) / 10**9)
        for name, sign in (("add", 1), ("sub", -1)):
            declare(name, value, [value, value], lambda a, b, s=sign: sum_of(a, s * _nanos(b)))
            declare(name, value, [value, types.INT], lambda a, b, s=sign: sum_of(a, s * b * 10**9))
        for index, name in enumerate(("major", "minor", "patch")):
            declare(name, types.INT, [value], lambda a, i=index: _precedence(a.version)[0][i])
        declare("compareTo", types.INT, [value, value], _compare)
        declare("isLessThan", types.BOOL, [value, value], lambda a, b: _compare(a, b) < 0)
        declare("isGreaterThan", types.BOOL, [value, value], lambda a, b: _compare(a, b) > 0)
        return [self._cel.FunctionDecl(name, made) for name, made in declared.items()]


def _extension(name: str) -> Any:
    return getattr(module(f"cel_expr_python.ext.ext_{name}"), f"Ext{name.capitalize()}")()


def _message() -> tuple[Any, Any]:
    """A descriptor pool and the class of its only message: a quantity or a version, as text."""
    package, _, name = _VALUE.partition(".")
    descriptors = module("google.protobuf.descriptor_pb2")
    file = descriptors.FileDescriptorProto(name="value.proto", package=package, syntax="proto3")
    message = file.message_type.add(name=name)
    for number, field in enumerate(("nanos", "version"), 1):
        message.field.add(name=field, number=number, type=9, label=1)
    pool = module("google.protobuf.descriptor_pool").DescriptorPool()
    pool.Add(file)
    classes = module("google.protobuf.message_factory")
    return pool, classes.GetMessageClass(pool.FindMessageTypeByName(_VALUE))


def _nanos(value: Any) -> int:
    return int(value.nanos)


def _precedence(version: str) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """Sorts as versions do: numbers first, a pre-release before its release."""
    found = _SEMVER.match(version)
    assert found is not None
    numbers = tuple(int(part) for part in found.groups()[:3])
    if found[4] is None:
        return numbers, ((2, 0, ""),)
    return numbers, tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in found[4].split(".")
    )


def _compare(a: Any, b: Any) -> int:
    if bool(a.version) != bool(b.version):
        raise ValueError("a quantity and a version cannot be compared")
    mine, theirs = (_comparable(value) for value in (a, b))
    return int(mine > theirs) - int(mine < theirs)


def _comparable(value: Any) -> Any:
    return _precedence(value.version) if value.version else _nanos(value)
