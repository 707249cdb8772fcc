"""What a policy's status says of its expressions: checked against the kinds that it is about.

Source: pkg/controller/validatingadmissionpolicystatus, and the type checker of apiserver
pkg/admission/plugin/policy/validating.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.controllers.served import definitions_of
from mockapi.machinery import catalogue
from mockapi.machinery.cel import checking, compiling
from mockapi.machinery.cel.checking import Checker
from mockapi.machinery.openapi import custom
from mockapi.machinery.openapi.descriptions import NoDescriptions
from mockapi.machinery.openapi.schemas import Schemas
from mockapi.meta.names import GroupVersionKind, split_api_version
from mockapi.runtime.loop import Runtime

POLICIES = "admissionregistration.k8s.io/v1/validatingadmissionpolicies"
MANAGER = "validatingadmissionpolicy-status"
_MOST_KINDS = 10
"""Of one rule."""


class PolicyStatusController:
    name = "validatingadmissionpolicy-status-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.policies = runtime.informer(POLICIES)
        self.kinds = Kinds(runtime)
        self.queue = base.queue(runtime, self.name, self.sync, self.policies)
        self.policies.on_event(self._changed)

    def _changed(self, event: Event) -> None:
        if event.type != "DELETED":
            self.queue.add(objects.name(event.object))

    def sync(self, key: str) -> None:
        policy = self.policies.get("", key)
        generation = policy["metadata"].get("generation", 0) if policy is not None else 0
        if policy is None or generation <= objects.status(policy).get("observedGeneration", 0):
            return
        found = list(self._warnings(policy["spec"])) if compiling.is_available() else []
        checked = {"expressionWarnings": found} if found else {}
        applied = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": key},
            "status": {"observedGeneration": generation, "typeChecking": checked},
        }
        self.client.apply(POLICIES, "", key, applied, manager=MANAGER, subresource="status")

    def _warnings(self, spec: Obj) -> Iterator[Obj]:
        checkers = [(gvk, self._checker(gvk, spec)) for gvk in self.kinds.named_by(spec)]
        for index, rule in enumerate(spec.get("validations") or ()):
            for field in ("expression", "messageExpression"):
                issues = [
                    checking.warning(gvk, found)
                    for gvk, checker in checkers
                    if rule.get(field) and (found := checker.issues(rule[field]))
                ]
                if issues:
                    where = f"spec.validations[{index}].{field}"
                    yield {"fieldRef": where, "warning": "\n".join(issues)}

    def _checker(self, gvk: GroupVersionKind, spec: Obj) -> Checker:
        # Types are named by the nanosecond, so that they are told apart.
        stamp = int(self.clock.now() * 1_000_000_000) % 1_000_000_000
        kind, params = spec.get("paramKind"), None
        if kind is not None:
            of_params = GroupVersionKind(*split_api_version(kind["apiVersion"]), kind["kind"])
            schema = self.kinds.schema(of_params)
            params = None if schema is None else (f"{kind['kind']}{stamp}", schema)
        checker = Checker(
            self.kinds.resolve,
            kind=f"{gvk.kind}{stamp}",
            schema=self.kinds.schema(gvk),
            has_params=kind is not None,
            params=params,
        )
        for variable in spec.get("variables") or ():
            checker.declare(variable["name"], variable["expression"])
        return checker


class Kinds:
    """The kinds that are served, with their schemas."""

    def __init__(self, runtime: Runtime) -> None:
        self._tables = catalogue.load()
        self._schemas = Schemas(self._tables.types, NoDescriptions())
        self._definitions = definitions_of(runtime)

    def resolve(self, name: str) -> Obj:
        """The schema of a type that another schema refers to."""
        return self._schemas.schema(name)

    def schema(self, gvk: GroupVersionKind) -> Obj | None:
        name = self._tables.types.kinds.get(gvk)
        if name is not None:
            return self.resolve(name)
        for definition in self._custom():
            if definition["spec"]["names"]["kind"] == gvk.kind:
                found = custom.schemas(definition, gvk.group, gvk.version)
                return next(iter(found.values()), None)
        return None

    def named_by(self, spec: Obj) -> list[GroupVersionKind]:
        """The kinds that the rules of a policy name, without those behind an asterisk."""
        found: set[GroupVersionKind] = set()
        for rule in (spec.get("matchConstraints") or {}).get("resourceRules") or ():
            kinds = list(islice(self._of_rule(rule), _MOST_KINDS))
            found.update(gvk for gvk in kinds if self.schema(gvk) is not None)
            if len(kinds) == _MOST_KINDS:
                break
        return sorted(found)

    def _of_rule(self, rule: Mapping[str, Any]) -> Iterator[GroupVersionKind]:
        groups, versions = rule.get("apiGroups") or (), rule.get("apiVersions") or ()
        if any("*" in word for word in (*groups, *versions)):
            return
        resources = [word for word in rule.get("resources") or () if not {"*", "/"} & set(word)]
        for group in sorted(groups):
            for version in sorted(versions):
                for resource in sorted(resources):
                    yield from self._find(group, version, resource)

    def _find(self, group: str, version: str, resource: str) -> Iterator[GroupVersionKind]:
        """A rule's empty group stands for any."""
        for gvr, row in self._tables.resources.items():
            names = (gvr.resource, row.singular)
            if gvr.version == version and group in ("", gvr.group) and resource in names:
                yield row.gvk
        for definition in self._custom():
            spec = definition["spec"]
            names = (spec["names"]["plural"], spec["names"].get("singular"))
            served = any(row["name"] == version and row["served"] for row in spec["versions"])
            if served and group in ("", spec["group"]) and resource in names:
                yield GroupVersionKind(spec["group"], version, spec["names"]["kind"])

    def _custom(self) -> list[Obj]:
        return list(self._definitions.list()) if self._definitions is not None else []
