"""ValidatingAdmissionPolicy: expressions decide.

Source: apiserver pkg/admission/plugin/policy/validating.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mockapi.machinery.admission import matching
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.admission.expressions import Asking, Expressions
from mockapi.machinery.admission.policies import Invocation, Misfit, Policies
from mockapi.machinery.cel import programs
from mockapi.machinery.cel.programs import CelError
from mockapi.machinery.resource import Obj
from mockapi.meta.errors import ApiError

_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}
_MAX_MESSAGE = 5 * 1024
NO_RUNTIME = "expressions need mockapi[cel]"


@dataclass(frozen=True, slots=True)
class _Failure:
    """One rule that does not hold, or cannot be asked. `denies` whatever the binding's actions."""

    source: Invocation | Misfit
    message: str
    reason: str = "Invalid"
    denies: bool = False

    @property
    def actions(self) -> tuple[str, ...]:
        if self.denies or self.source.binding is None:
            return ("Deny",)
        return tuple(self.source.binding.said["spec"].get("validationActions") or ())

    @property
    def text(self) -> str:
        start = f"ValidatingAdmissionPolicy '{self.source.policy.name}'"
        if self.source.binding is not None:
            start += f" with binding '{self.source.binding.name}'"
        return f"{start} denied request: {self.message}"


class ValidatingAdmissionPolicy:
    name = "ValidatingAdmissionPolicy"

    def __init__(self, policies: Policies, expressions: Expressions) -> None:
        self._policies = policies
        self._expressions = expressions

    @property
    def is_active(self) -> bool:
        return bool(self._policies.known())

    def handles(self, attributes: Attributes) -> bool:
        return not matching.is_exempt(attributes)

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        """All rules are asked; the first that denies is the answer."""
        denied: list[_Failure] = []
        for failure in self._failures(attributes):
            if "Deny" in failure.actions:
                denied.append(failure)
            if "Warn" in failure.actions and isinstance(failure.source, Invocation):
                source = failure.source
                attributes.warnings.append(
                    f"Validation failed for ValidatingAdmissionPolicy '{source.policy.name}' "
                    f"with binding '{source.binding.name}': {failure.message}"
                )
        if denied:
            raise _refusal(attributes, denied[0])

    def _failures(self, attributes: Attributes) -> Iterator[_Failure]:
        for found in self._policies.concerning(attributes):
            if isinstance(found, Misfit):
                if not found.policy.may_fail:
                    yield _Failure(found, found.message, denies=True)
            elif programs.available():
                yield from self._ask(found, attributes)
            elif not found.policy.may_fail:
                yield _Failure(found, f"failed to configure binding: {NO_RUNTIME}", denies=True)

    def _ask(self, invocation: Invocation, attributes: Attributes) -> Iterator[_Failure]:
        policy = invocation.policy
        values = self._policies.values(invocation, attributes)
        asking = self._expressions.asking(policy.spec, values)
        try:
            if not asking.wanted():
                return
        except CelError as error:
            if not policy.may_fail:
                yield _Failure(invocation, str(error))
            return
        for rule in policy.spec.get("validations") or ():
            yield from _judged(rule, invocation, asking)
        for annotation in policy.spec.get("auditAnnotations") or ():
            yield from _annotated(annotation, invocation, asking)


def _judged(rule: Obj, invocation: Invocation, asking: Asking) -> Iterator[_Failure]:
    try:
        if asking.evaluate(rule["expression"]) is True:
            return
    except CelError as error:
        if not invocation.policy.may_fail:
            yield _Failure(invocation, str(error))
        return
    yield _Failure(invocation, _message(rule, asking), rule.get("reason") or "Invalid")


def _annotated(annotation: Obj, invocation: Invocation, asking: Asking) -> Iterator[_Failure]:
    """A value that cannot be worked out denies, whatever the binding says."""
    try:
        asking.evaluate(annotation["valueExpression"])
    except CelError as error:
        if not invocation.policy.may_fail:
            yield _Failure(invocation, str(error), denies=True)


def _message(rule: Obj, asking: Asking) -> str:
    """The message expression's line, else the message, else the expression."""
    text = rule.get("messageExpression")
    if text:
        try:
            said = asking.evaluate(text)
        except CelError:
            said = None
        line = said.strip() if isinstance(said, str) else ""
        if line and "\n" not in line and len(line.encode()) <= _MAX_MESSAGE:
            return line
    message = str(rule.get("message") or "").strip()
    return message or f"failed expression: {rule['expression'].strip()}"


def _refusal(attributes: Attributes, failure: _Failure) -> ApiError:
    refusal = attributes.forbidden(failure.text)
    details = {**(refusal.details or {}), "causes": [{"message": failure.text}]}
    code = _CODES.get(failure.reason, 422)
    return ApiError(code, failure.reason, refusal.message, details=details)
