"""ValidatingAdmissionPolicy: expressions decide. Source: apiserver pkg/admission/plugin/policy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mockapi.machinery.admission import matching
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.admission.hooks import Kept, bucket
from mockapi.machinery.admission.matching import Equivalents, Matching
from mockapi.machinery.admission.reviews import request_of
from mockapi.machinery.cel import programs
from mockapi.machinery.cel.programs import CelError, Program
from mockapi.machinery.objects import Objects
from mockapi.machinery.registry import Registry
from mockapi.machinery.resource import Obj, Reader, Resource
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError
from mockapi.meta.names import GroupVersionKind, split_api_version
from mockapi.store.protocol import Store

_POLICIES, _BINDINGS = "validatingadmissionpolicies", "validatingadmissionpolicybindings"
_NAMES = ("namespaceObject", "object", "oldObject", "params", "request", "variables")
_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}
_MAX_MESSAGE = 5 * 1024
_NO_RUNTIME = "expressions need mockapi[cel]"


@dataclass(frozen=True, slots=True)
class _Binding:
    said: Obj
    matching: Matching | None

    @property
    def name(self) -> str:
        return str(self.said["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class _Policy:
    said: Obj
    matching: Matching
    bindings: Sequence[_Binding]

    @property
    def name(self) -> str:
        return str(self.said["metadata"]["name"])

    @property
    def spec(self) -> Obj:
        found: Obj = self.said["spec"]
        return found


@dataclass(frozen=True, slots=True)
class _Failure:
    """One rule that does not hold, or cannot be asked."""

    policy: _Policy
    binding: _Binding
    message: str
    reason: str = "Invalid"

    @property
    def text(self) -> str:
        return (
            f"ValidatingAdmissionPolicy '{self.policy.name}' with binding '{self.binding.name}' "
            f"denied request: {self.message}"
        )


class _Misconfigured(Exception):
    """A binding cannot be used for this request; str() says why."""


class ValidatingAdmissionPolicy:
    name = "ValidatingAdmissionPolicy"

    def __init__(self, *, reader: Reader, store: Store, objects: Objects, registry: Registry):
        self._reader = reader
        self._objects = objects
        self._registry = registry
        self._equivalents: Equivalents = registry.equivalents
        self._policies = Kept(store, (_POLICIES, _BINDINGS), self._read)

    def _read(self) -> list[_Policy]:
        bindings: dict[str, list[_Binding]] = {}
        for said in self._reader.list(bucket(_BINDINGS)):
            where = said["spec"].get("matchResources")
            wanted = None if where is None else _constraints(where)
            bindings.setdefault(said["spec"]["policyName"], []).append(_Binding(said, wanted))
        return [
            _Policy(said, _constraints(said["spec"].get("matchConstraints") or {}), known)
            for said in self._reader.list(bucket(_POLICIES))
            if (known := bindings.get(said["metadata"]["name"]))
        ]

    def handles(self, attributes: Attributes) -> bool:
        return not matching.is_exempt(attributes)

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        """All rules are asked; the first that denies is the answer."""
        denied: list[_Failure] = []
        for failure in self._failures(attributes):
            actions = failure.binding.said["spec"].get("validationActions") or ()
            if "Deny" in actions:
                denied.append(failure)
            if "Warn" in actions:
                attributes.warnings.append(
                    f"Validation failed for ValidatingAdmissionPolicy '{failure.policy.name}' "
                    f"with binding '{failure.binding.name}': {failure.message}"
                )
        if denied:
            raise _refusal(attributes, denied[0])

    def _failures(self, attributes: Attributes) -> Iterator[_Failure]:
        for policy in self._policies():
            resource = matching.match(policy.matching, attributes, self._equivalents)
            if resource is None:
                continue
            for binding in policy.bindings:
                if self._is_bound(binding, attributes):
                    yield from self._ask(policy, binding, resource, attributes)

    def _is_bound(self, binding: _Binding, attributes: Attributes) -> bool:
        """Without rules of its own a binding only selects."""
        wanted = binding.matching
        if wanted is None:
            return True
        return matching.match(wanted, attributes, self._equivalents) is not None

    def _ask(
        self, policy: _Policy, binding: _Binding, resource: Resource, attributes: Attributes
    ) -> Iterator[_Failure]:
        may_fail = policy.spec.get("failurePolicy") == "Ignore"
        try:
            if not programs.available():
                raise _Misconfigured(_NO_RUNTIME)
            parameters = self._parameters(policy, binding, attributes)
        except _Misconfigured as error:
            if not may_fail:
                yield _Failure(policy, binding, f"failed to configure binding: {error}")
            return
        for params in parameters:
            values = self._values(resource, attributes, params)
            for message, reason, is_error in _decisions(policy.spec, values):
                if not (is_error and may_fail):
                    yield _Failure(policy, binding, message, reason)

    def _values(self, resource: Resource, attributes: Attributes, params: Obj | None) -> Obj:
        request = request_of(attributes, resource)
        namespace = None
        if attributes.namespace and attributes.resource.bucket != "namespaces":
            namespace = self._reader.get("namespaces", "", attributes.namespace)
        return {
            "object": _versioned(self._objects, resource, attributes.obj),
            "oldObject": _versioned(self._objects, resource, attributes.old),
            "request": request,
            "params": params,
            "namespaceObject": namespace,
        }

    # -- parameters ----------------------------------------------------------------------------

    def _parameters(
        self, policy: _Policy, binding: _Binding, attributes: Attributes
    ) -> Sequence[Obj | None]:
        kind, where = policy.spec.get("paramKind"), binding.said["spec"].get("paramRef")
        if not kind or not where:
            return (None,)
        resource = self._param_resource(kind)
        namespace = self._param_namespace(resource, where, attributes)
        found = self._found(resource, namespace, where)
        if not found and where.get("parameterNotFoundAction") == "Deny":
            raise _Misconfigured(
                "no params found for policy binding with `Deny` parameterNotFoundAction"
            )
        return found

    def _param_resource(self, kind: Obj) -> Resource:
        gvk = GroupVersionKind(*split_api_version(kind["apiVersion"]), kind["kind"])
        resource = self._registry.find_kind(gvk)
        if resource is None:
            shown = f"&ParamKind{{APIVersion:{kind['apiVersion']},Kind:{kind['kind']},}}"
            raise _Misconfigured(f"paramKind kind `{shown}` not known")
        return resource

    @staticmethod
    def _param_namespace(resource: Resource, where: Obj, attributes: Attributes) -> str:
        said = str(where.get("namespace") or "")
        if not resource.namespaced:
            if said:
                raise _Misconfigured(
                    "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
                )
            return ""
        if not said and not attributes.namespace:
            raise _Misconfigured(
                "cannot use namespaced paramRef in policy binding that matches "
                "cluster-scoped resources"
            )
        return said or attributes.namespace

    def _found(self, resource: Resource, namespace: str, where: Obj) -> list[Obj]:
        if where.get("name"):
            stored = self._reader.get(resource.bucket, namespace, where["name"])
            rows = [] if stored is None else [stored]
        else:
            selector = selectors.from_object(where.get("selector") or {})
            rows = [
                row
                for row in self._reader.list(resource.bucket, namespace or None)
                if selector.matches(row["metadata"].get("labels"))
            ]
        return [self._objects.from_storage(resource, row) for row in rows]


def _constraints(said: Obj) -> Matching:
    found = matching.matching(said, rules="resourceRules", excluded="excludeResourceRules")
    return found if found.rules else matching.of_anything(found)


def _versioned(objects: Objects, resource: Resource, obj: Obj | None) -> Obj | None:
    return None if obj is None else objects.in_version(resource, obj)


# -- expressions -----------------------------------------------------------------------------


@cache
def _program(text: str) -> Program:
    return Program(text, _NAMES)


def _evaluated(text: str, values: Mapping[str, Any]) -> Any:
    """Raises CelError with the real server's text."""
    try:
        return _program(text).evaluate(values)
    except CelError as error:
        raise CelError(f"expression '{text}' resulted in error: {error}") from None


def _decisions(spec: Obj, values: Obj) -> Iterator[tuple[str, str, bool]]:
    """(message, reason, whether it is an error) of each rule that does not hold."""
    known = {**values, "variables": _Variables(spec.get("variables") or (), values)}
    try:
        for condition in spec.get("matchConditions") or ():
            if _evaluated(condition["expression"], known | {"variables": {}}) is False:
                return
    except CelError as error:
        yield str(error), "Invalid", True
        return
    for rule in spec.get("validations") or ():
        try:
            seen = values | {"variables": known["variables"].named_in(rule)}
            if _evaluated(rule["expression"], seen) is True:
                continue
        except CelError as error:
            yield str(error), "Invalid", True
            continue
        yield _message(rule, seen), rule.get("reason") or "Invalid", False


class _Variables:
    """The policy's variables, each worked out when the first rule names it."""

    def __init__(self, declared: Sequence[Obj], values: Obj) -> None:
        self._texts = {row["name"]: row["expression"] for row in declared}
        self._values = values
        self._known: dict[str, Any] = {}

    def named_in(self, rule: Obj) -> dict[str, Any]:
        texts = " ".join(str(rule.get(key) or "") for key in ("expression", "messageExpression"))
        return {name: self._value(name) for name in self._texts if f"variables.{name}" in texts}

    def _value(self, name: str) -> Any:
        if name not in self._known:
            text = self._texts[name]
            inner = {n: self._value(n) for n in self._texts if f"variables.{n}" in text}
            self._known[name] = _evaluated(text, self._values | {"variables": inner})
        return self._known[name]


def _message(rule: Obj, values: Obj) -> str:
    """The message expression's line, else the message, else the expression."""
    text = rule.get("messageExpression")
    if text:
        try:
            said = _evaluated(text, values)
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
