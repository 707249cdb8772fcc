"""MutatingAdmissionPolicy: expressions say what an object is to become.

Source: apiserver pkg/admission/plugin/policy/mutating (dispatcher.go, patch/).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from mockapi.base import tree
from mockapi.machinery.admission import matching
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.admission.expressions import Expressions
from mockapi.machinery.admission.policies import Invocation, Misfit, Policies
from mockapi.machinery.admission.validating_policies import NO_RUNTIME
from mockapi.machinery.cel import construction, programs
from mockapi.machinery.cel.construction import WrongType
from mockapi.machinery.cel.programs import CelError
from mockapi.machinery.managedfields import typed
from mockapi.machinery.managedfields.managers import Managers
from mockapi.machinery.managedfields.nodes import ListNode, MapNode, Node, TypedError
from mockapi.machinery.objects import Objects
from mockapi.machinery.patch import json_patch
from mockapi.machinery.patch.failures import Rejected
from mockapi.machinery.patch.json_patch import TestFailed
from mockapi.machinery.resource import Obj, Resource
from mockapi.machinery.schema.strict import DecodeError
from mockapi.meta.errors import ApiError, InternalError

Key = tuple[str, str, str]
"""Names of a policy, a binding and the parameters."""


class _Unmutated(Exception):
    """A mutation that cannot be done; str() says why."""


class MutatingAdmissionPolicy:
    name = "MutatingAdmissionPolicy"

    def __init__(
        self, policies: Policies, expressions: Expressions, *, objects: Objects, managers: Managers
    ) -> None:
        self._policies = policies
        self._expressions = expressions
        self._objects = objects
        self._managers = managers

    @property
    def is_active(self) -> bool:
        return bool(self._policies.known())

    def handles(self, attributes: Attributes) -> bool:
        return attributes.operation != "DELETE" and not matching.is_exempt(attributes)

    def validate(self, attributes: Attributes) -> None:
        return None

    def admit(self, attributes: Attributes) -> None:
        found = self._policies.concerning(attributes)
        if not found:
            return
        if attributes.again:
            attributes.rounds_of(self.name).begin_again(attributes)
        refusals: list[tuple[Invocation | Misfit, str]] = []
        for one in found:
            refusals += [(one, text) for text in self._failures(one, attributes)]
        if attributes.changed_by_hooks:
            attributes.rounds_of(self.name).changed()
        attributes.rounds_of(self.name).end(attributes)
        if refusals:
            raise _refusal(attributes, refusals)

    def _failures(self, one: Invocation | Misfit, attributes: Attributes) -> list[str]:
        if isinstance(one, Misfit):
            failures = [one.message]
        elif not programs.available():
            failures = [f"failed to configure binding: {NO_RUNTIME}"]
        else:
            failures = list(self._run(one, attributes))
        return [] if one.policy.may_fail else failures

    def _run(self, invocation: Invocation, attributes: Attributes) -> Iterator[str]:
        """Mutate `attributes.obj` in place; yields what could not be done."""
        rounds, spec, key = (
            attributes.rounds_of(self.name),
            invocation.policy.spec,
            _key(invocation),
        )
        values = self._policies.values(invocation, attributes)
        try:
            if not self._expressions.asking(spec, values).wanted():
                return
        except CelError as error:
            if not invocation.policy.may_fail:
                yield str(error)
            return
        if attributes.again and key not in rounds.due:
            return
        before = tree.copy(attributes.obj)
        for mutation in spec.get("mutations") or () if attributes.obj is not None else ():
            try:
                self._mutate(mutation, invocation, attributes)
                attributes.changed_by_hooks = True
            except (_Unmutated, CelError) as error:
                yield str(error)
        if attributes.obj != before:
            rounds.changed()
        if spec.get("reinvocationPolicy") == "IfNeeded":
            rounds.called.add(key)

    def _mutate(self, mutation: Obj, invocation: Invocation, attributes: Attributes) -> None:
        values = self._policies.values(invocation, attributes)
        asking = self._expressions.asking(invocation.policy.spec, values)
        resource, asked, before = invocation.resource, attributes.resource, values["object"]
        type_name = attributes.own_type or resource.type_name
        if mutation["patchType"] == "JSONPatch":
            operations = _operations(asking.evaluate(mutation["jsonPatch"]["expression"]))
            after = self._patched(operations, resource, type_name, before)
        else:
            made = asking.evaluate(mutation["applyConfiguration"]["expression"])
            after = self._applied(made, resource, before)
        if after is None:
            return
        if resource.custom is None and resource.gvk != asked.gvk:
            one, other = (f"{row.gvr.version}.{row.kind}" for row in (resource, asked))
            raise _Unmutated(f"converting ({one}) to ({other}): unknown conversion")
        self._objects.complete(type_name, after)
        assert attributes.obj is not None
        new = after
        if attributes.own_kind is None:
            new = self._objects.admitted(asked, resource, after)
        attributes.obj.clear()
        attributes.obj.update(new)

    # -- apply configurations ------------------------------------------------------------------

    def _applied(self, made: Any, resource: Resource, before: Obj) -> Obj:
        start = "error applying patch: "
        try:
            construction.check_names(made)
        except WrongType as error:
            raise _Unmutated(f"type mismatch: {error}") from None
        try:
            patch = construction.plain(made, null=construction.NULL)
        except WrongType as error:
            raise _Unmutated(str(error)) from None
        patch |= {key: before[key] for key in ("apiVersion", "kind") if key in before}
        untyped = f"{start}failed to convert patch object to typed object: "
        if before.get("kind") != resource.kind:
            shown = f"{before.get('apiVersion')}, Kind={before.get('kind')}"
            raise _Unmutated(f"{untyped}no corresponding type for {shown}")
        node, _ = self._managers.nodes(resource)
        try:
            typed.check(node, patch)
        except TypedError as error:
            raise _Unmutated(untyped + str(error)) from None
        if atomics := list(_atomics(node, patch, "")):
            text = "may not mutate atomic arrays, maps or structs: " + ", ".join(atomics)
            raise _Unmutated(f"{start}invalid ApplyConfiguration: {text}")
        merged = typed.merge(node, before, patch)
        return self._objects.schemas.decode(resource.type_name, merged, validation="Ignore").obj

    # -- JSON patches --------------------------------------------------------------------------

    def _patched(
        self, operations: Sequence[Obj], resource: Resource, type_name: str, before: Obj
    ) -> Obj | None:
        """None when a test of the patch fails: nothing is changed then."""
        try:
            patched = json_patch.apply(operations, before)
        except TestFailed:
            return None
        except Rejected as error:
            raise _Unmutated(f"JSON Patch: {error.cause}") from None
        try:
            decoded = self._objects.schemas.decode(type_name, patched)
        except DecodeError as error:
            raise InternalError(str(error)) from None
        if decoded.problems and resource.custom is None:
            raise InternalError(f"strict decoding error: {', '.join(decoded.problems)}")
        return decoded.obj


def _key(invocation: Invocation) -> Key:
    metadata = (invocation.params or {}).get("metadata") or {}
    param = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    return invocation.policy.name, invocation.binding.name, param


def _operations(made: Any) -> list[Obj]:
    """The JSON patch that a list of JSONPatch is."""
    return [_operation(one) for one in made]


def _operation(made: Obj) -> Obj:
    value = made.get("value")
    if construction.type_of(value):
        try:
            construction.check_names(value)
        except WrongType as error:
            raise _Unmutated(f"type mismatch: {error}") from None
    said = construction.plain(made)
    operation = {"op": said.get("op", ""), "path": said.get("path", "")}
    return operation | {key: said[key] for key in ("from", "value") if key in said}


def _atomics(node: Node | None, value: Any, path: str) -> Iterator[str]:
    """Paths of what would be replaced as a whole."""
    if isinstance(value, dict) and isinstance(node, MapNode):
        if node.leaf:
            yield path
        for key, item in value.items():
            yield from _atomics(node.fields.get(key), item, f"{path}.{key}")
    elif isinstance(value, list) and isinstance(node, ListNode):
        if node.leaf:
            yield path
        for index, item in enumerate(value):
            yield from _atomics(node.element, item, f"{path}[{index}]")


def _refusal(
    attributes: Attributes, refusals: Sequence[tuple[Invocation | Misfit, str]]
) -> ApiError:
    texts = [_text(source, text) for source, text in refusals]
    refusal = attributes.forbidden("")
    details = {**(refusal.details or {}), "causes": [{"message": text} for text in texts]}
    reason = "Invalid" if isinstance(refusals[0][0], Invocation) else "Forbidden"
    return ApiError(403, reason, texts[0], details=details)


def _text(source: Invocation | Misfit, text: str) -> str:
    name = source.policy.name
    if source.binding is None:
        return f'policy "{name}" denied request: {text}'
    return f"policy '{name}' with binding '{source.binding.name}' denied request: {text}"
