"""Admission policies, validating and mutating: which ones a write is shown to, with which
parameters, and what their expressions see. Source: apiserver pkg/admission/plugin/policy/generic.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mockapi.machinery.admission import matching
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.admission.hooks import Kept, bucket
from mockapi.machinery.admission.matching import Equivalents, Matching
from mockapi.machinery.admission.reviews import asked_of, request_of, shown
from mockapi.machinery.cel import authorizing
from mockapi.machinery.objects import Objects
from mockapi.machinery.registry import Registry
from mockapi.machinery.resource import Obj, Reader, Resource
from mockapi.meta import selectors
from mockapi.meta.names import GroupVersionKind, split_api_version
from mockapi.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Binding:
    said: Obj
    matching: Matching | None

    @property
    def name(self) -> str:
        return str(self.said["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class Policy:
    said: Obj
    matching: Matching
    bindings: Sequence[Binding]

    @property
    def name(self) -> str:
        return str(self.said["metadata"]["name"])

    @property
    def spec(self) -> Obj:
        found: Obj = self.said["spec"]
        return found

    @property
    def may_fail(self) -> bool:
        return bool(self.spec.get("failurePolicy") == "Ignore")


@dataclass(frozen=True, slots=True)
class Invocation:
    """A policy to be asked about a write, shown in the version of `resource`."""

    policy: Policy
    binding: Binding
    resource: Resource
    params: Obj | None


@dataclass(frozen=True, slots=True)
class Misfit:
    """A policy (or a binding of it) that cannot be asked about a write."""

    policy: Policy
    binding: Binding | None
    why: str

    @property
    def message(self) -> str:
        what = "policy" if self.binding is None else "binding"
        return f"failed to configure {what}: {self.why}"


class _Misconfigured(Exception):
    """str() says why."""


class Policies:
    """Those of one sort, `validating` or `mutating`."""

    def __init__(
        self, sort: str, *, reader: Reader, store: Store, objects: Objects, registry: Registry
    ) -> None:
        self._policies = f"{sort}admissionpolicies"
        self._bindings = f"{sort}admissionpolicybindings"
        self._reader = reader
        self._objects = objects
        self._registry = registry
        self._equivalents: Equivalents = registry.equivalents
        self.known = Kept(store, (self._policies, self._bindings), self._read)

    def _read(self) -> list[Policy]:
        bindings: dict[str, list[Binding]] = {}
        for said in self._reader.list(bucket(self._bindings)):
            where = said["spec"].get("matchResources")
            wanted = None if where is None else _constraints(where)
            bindings.setdefault(said["spec"]["policyName"], []).append(Binding(said, wanted))
        return [
            Policy(said, _constraints(said["spec"].get("matchConstraints") or {}), known)
            for said in self._reader.list(bucket(self._policies))
            if (known := bindings.get(said["metadata"]["name"]))
        ]

    def concerning(self, attributes: Attributes) -> Sequence[Invocation | Misfit]:
        """In the order of the policies' names."""
        return [
            found
            for policy in self.known()
            if (resource := matching.match(policy.matching, attributes, self._equivalents))
            for found in self._invocations(policy, resource, attributes)
        ]

    def _invocations(
        self, policy: Policy, resource: Resource, attributes: Attributes
    ) -> list[Invocation | Misfit]:
        try:
            kind = self._param_resource(policy)
        except _Misconfigured as error:
            return [Misfit(policy, None, str(error))]
        found: list[Invocation | Misfit] = []
        for binding in policy.bindings:
            if not self._is_bound(binding, attributes):
                continue
            try:
                parameters = self._parameters(kind, binding, attributes)
            except _Misconfigured as error:
                found.append(Misfit(policy, binding, str(error)))
                continue
            found += [Invocation(policy, binding, resource, params) for params in parameters]
        return found

    def _is_bound(self, binding: Binding, attributes: Attributes) -> bool:
        """Without rules of its own a binding only selects."""
        wanted = binding.matching
        if wanted is None:
            return True
        return matching.match(wanted, attributes, self._equivalents) is not None

    # -- what expressions see ----------------------------------------------------------------

    def values(self, invocation: Invocation, attributes: Attributes) -> Obj:
        """The variables of an invocation, `variables` left out."""
        resource = invocation.resource
        return {
            "object": shown(attributes.obj, attributes, resource, self._objects),
            "oldObject": shown(attributes.old, attributes, resource, self._objects),
            "request": request_of(attributes, resource),
            "params": invocation.params,
            "namespaceObject": self._namespace(attributes),
            **authorizing.variables(attributes.user, asked_of(attributes)),
        }

    def _namespace(self, attributes: Attributes) -> Obj | None:
        if not attributes.namespace or attributes.resource.bucket == "namespaces":
            return None
        return self._reader.get("namespaces", "", attributes.namespace)

    # -- parameters --------------------------------------------------------------------------

    def _param_resource(self, policy: Policy) -> Resource | None:
        kind = policy.spec.get("paramKind")
        if not kind:
            return None
        gvk = GroupVersionKind(*split_api_version(kind["apiVersion"]), kind["kind"])
        resource = self._registry.find_kind(gvk)
        if resource is None:
            shown = f"{kind['apiVersion']}, Kind={kind['kind']}"
            raise _Misconfigured(f"failed to find resource referenced by paramKind: '{shown}'")
        return resource

    def _parameters(
        self, resource: Resource | None, binding: Binding, attributes: Attributes
    ) -> Sequence[Obj | None]:
        where = binding.said["spec"].get("paramRef")
        if resource is None or not where:
            return (None,)
        namespace = _param_namespace(resource, where, attributes)
        found = self._found(resource, namespace, where)
        if not found and where.get("parameterNotFoundAction") == "Deny":
            raise _Misconfigured(
                "no params found for policy binding with `Deny` parameterNotFoundAction"
            )
        return found

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
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        )
    return said or attributes.namespace


def _constraints(said: Obj) -> Matching:
    found = matching.matching(said, rules="resourceRules", excluded="excludeResourceRules")
    return found if found.rules else matching.of_anything(found)
