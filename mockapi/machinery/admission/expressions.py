"""The expressions of admission policies, asked with what a write is about.

Source: apiserver pkg/admission/plugin/cel, plugin/webhook/matchconditions.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from mockapi.machinery.authorization import Attributes, Decision
from mockapi.machinery.cel import authorizing, programs
from mockapi.machinery.cel.authorizing import Authorize
from mockapi.machinery.cel.programs import CelError, Program
from mockapi.machinery.resource import Obj, UserInfo

NAMES: Final = ("namespaceObject", "object", "oldObject", "params", "request", "variables")
_KEPT: Final = 2048
# pkg/apis/cel/config.go (PerCallLimit), pkg/cel/library/cost.go: no other costs are counted.
_MOST_COST: Final = 1_000_000
_COST_OF_CHECK: Final = 350_000
_MISSING: Final = "no such key: "


class Expressions:
    """Compiles each expression once, with the functions that ask one cluster's authorizer."""

    def __init__(self, authorize: Authorize) -> None:
        self._authorize = authorize
        self._cost = 0
        self._environment: Any = None
        self._program: Callable[[str], Program] = lru_cache(_KEPT)(self._compile)

    def _compile(self, text: str) -> Program:
        names = (*NAMES, *authorizing.NAMES)
        if self._environment is None:
            functions = authorizing.functions(self._check)
            self._environment = programs.environment_of(names, functions)
        return Program(text, names, environment=self._environment)

    def _check(self, user: UserInfo, attributes: Attributes) -> Decision:
        """What asking the authorizer costs is counted for each evaluation."""
        decision = self._authorize(user, attributes)
        self._cost += _COST_OF_CHECK
        if self._cost > _MOST_COST:
            raise ValueError("operation cancelled: actual cost limit exceeded")
        return decision

    def evaluate(self, text: str, values: Mapping[str, Any]) -> Any:
        """Raises CelError with the real server's text."""
        self._cost = 0
        try:
            return self._program(text).evaluate(values)
        except CelError as error:
            raise CelError(f"expression '{text}' resulted in error: {error}") from None

    def asking(self, spec: Obj, values: Obj) -> "Asking":
        return Asking(self, spec, values)


class Asking:
    """One policy's expressions on one state of an object. Variables are worked out when the first
    expression names them."""

    def __init__(self, expressions: Expressions, spec: Obj, values: Obj) -> None:
        self._expressions = expressions
        self._spec = spec
        self._values = values
        self._texts = {row["name"]: row["expression"] for row in spec.get("variables") or ()}
        self._known: dict[str, Any] = {}
        self._failed: dict[str, CelError] = {}

    def wanted(self) -> bool:
        """The matchConditions: one that is false decides, whatever others say. Raises CelError."""
        errors: list[CelError] = []
        seen = {**self._values, "namespaceObject": None}
        for condition in self._spec.get("matchConditions") or ():
            try:
                if self._asked(condition["expression"], seen) is False:
                    return False
            except CelError as error:
                errors.append(error)
        if errors:
            raise CelError(_joined([str(error) for error in errors]))
        return True

    def evaluate(self, text: str) -> Any:
        """Raises CelError."""
        return self._asked(text, self._values)

    def _asked(self, text: str, values: Obj) -> Any:
        named = self._named_in(text)
        try:
            return self._expressions.evaluate(text, {**values, "variables": named})
        except CelError as error:
            raise self._explained(text, error) from None

    def _named_in(self, text: str) -> Obj:
        """The variables that are named, without those that fail: a branch that is not taken needs
        none."""
        found = {}
        for name in self._texts:
            if f"variables.{name}" in text and self._work_out(name):
                found[name] = self._known[name]
        return found

    def _work_out(self, name: str) -> bool:
        if name not in self._known and name not in self._failed:
            text = self._texts[name]
            seen = {**self._values, "variables": self._named_in(text)}
            try:
                self._known[name] = self._expressions.evaluate(text, seen)
            except CelError as error:
                self._failed[name] = self._explained(text, error)
        return name in self._known

    def _explained(self, text: str, error: CelError) -> CelError:
        """What failed may be a variable that could not be worked out."""
        start = f"expression '{text}' resulted in error: "
        reason = str(error).removeprefix(start)
        cause = self._failed.get(reason.removeprefix(_MISSING))
        if not reason.startswith(_MISSING) or cause is None:
            return error
        name = reason.removeprefix(_MISSING)
        inner = str(cause).removeprefix(f"expression '{self._texts[name]}' resulted in error: ")
        return CelError(f'{start}composited variable "{name}" fails to evaluate: {inner}')


def _joined(texts: Sequence[str]) -> str:
    """As an aggregate of errors is printed."""
    once = list(dict.fromkeys(texts))
    return once[0] if len(once) == 1 else f"[{', '.join(once)}]"
