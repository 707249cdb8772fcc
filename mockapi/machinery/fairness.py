"""Priority and fairness: which FlowSchema and which priority level a request belongs to.

Source: apiserver pkg/util/flowcontrol rule.go and apf_controller.go.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mockapi.machinery.authorization import Attributes
from mockapi.machinery.resource import Obj, UserInfo
from mockapi.meta import users

CATCH_ALL = "catch-all"
EXEMPT = "exempt"
_EVERY = ["*"]


@dataclass(frozen=True, slots=True)
class Flow:
    """A FlowSchema and its PriorityLevelConfiguration, by uid."""

    schema: str
    level: str


_NOWHERE = Flow("", "")


@dataclass(frozen=True, slots=True)
class _Schema:
    flow: Flow
    rules: Sequence[Obj]


class Flows:
    """All FlowSchemas in the order in which they are tried. A change needs a new one."""

    def __init__(self, schemas: Iterable[Obj], levels: Iterable[Obj]) -> None:
        uids = {level["metadata"]["name"]: level["metadata"]["uid"] for level in levels}
        known = [schema for schema in schemas if _level(schema) in uids]
        known.sort(key=lambda s: (s["spec"]["matchingPrecedence"], s["metadata"]["name"]))
        self._schemas = [
            _Schema(Flow(s["metadata"]["uid"], uids[_level(s)]), s["spec"].get("rules") or ())
            for s in known
        ]
        names = [schema["metadata"]["name"] for schema in known]
        self._fallback = next(
            (s.flow for name, s in zip(names, self._schemas, strict=True) if name == CATCH_ALL),
            _NOWHERE,
        )

    def always(self, user: UserInfo) -> Flow | None:
        """The flow of a user whose first schema takes whatever is asked; None for all others."""
        for schema in self._schemas:
            rules = [rule for rule in schema.rules if _has_subject(rule, user)]
            if rules:
                return schema.flow if any(map(_is_total, rules)) else None
        return self._fallback

    def flow_of(self, user: UserInfo, asked: Attributes) -> Flow:
        for schema in self._schemas:
            if any(_has_subject(rule, user) and _covers(rule, asked) for rule in schema.rules):
                return schema.flow
        return self._fallback


def _level(schema: Obj) -> str:
    name: str = schema["spec"]["priorityLevelConfiguration"]["name"]
    return name


def _has_subject(rule: Obj, user: UserInfo) -> bool:
    return any(_is_subject(subject, user) for subject in rule.get("subjects") or ())


def _is_subject(subject: Obj, user: UserInfo) -> bool:
    match subject:
        case {"kind": "User", "user": {"name": name}}:
            return name in ("*", user.name)
        case {"kind": "Group", "group": {"name": name}}:
            return name == "*" or name in user.groups
        case {"kind": "ServiceAccount", "serviceAccount": {"name": name, "namespace": namespace}}:
            prefix = users.account_name(namespace, "")
            return user.name.startswith(prefix) if name == "*" else user.name == prefix + name
    return False


def _is_total(rule: Obj) -> bool:
    resources = any(
        each["verbs"] == each["apiGroups"] == each["resources"] == each.get("namespaces") == _EVERY
        and each.get("clusterScope")
        for each in rule.get("resourceRules") or ()
    )
    paths = any(
        each["verbs"] == _EVERY and "*" in each["nonResourceURLs"]
        for each in rule.get("nonResourceRules") or ()
    )
    return resources and paths


def _covers(rule: Obj, asked: Attributes) -> bool:
    if asked.resource:
        return any(_covers_resource(each, asked) for each in rule.get("resourceRules") or ())
    return any(_covers_path(each, asked) for each in rule.get("nonResourceRules") or ())


def _covers_resource(rule: Obj, asked: Attributes) -> bool:
    if not (
        _holds(rule["verbs"], asked.verb)
        and _holds(rule["resources"], asked.combined)
        and _holds(rule["apiGroups"], asked.group)
    ):
        return False
    if not asked.namespace:
        return bool(rule.get("clusterScope"))
    return _holds(rule.get("namespaces") or (), asked.namespace)


def _covers_path(rule: Obj, asked: Attributes) -> bool:
    return _holds(rule["verbs"], asked.verb) and any(
        url in ("*", asked.path)
        or asked.path.startswith(url.removesuffix("*").removesuffix("/") + "/")
        for url in rule["nonResourceURLs"]
    )


def _holds(listed: Sequence[str], value: str) -> bool:
    return value in listed or list(listed) == _EVERY
