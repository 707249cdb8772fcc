"""Who may do what: attributes of a request, and the authorizers that decide on them.

Source: apiserver pkg/endpoints/request/requestinfo.go, kubernetes plugin/pkg/auth/authorizer/rbac
and pkg/registry/rbac/validation/rule.go.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mockapi.machinery.resource import Obj, Reader, UserInfo
from mockapi.meta import gofmt, selectors
from mockapi.meta.errors import ApiError, Forbidden
from mockapi.meta.names import qualified

MASTERS = "system:masters"
_METHODS = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_EVERYTHING: tuple[Obj, ...] = (
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
)
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is asked: a resource request, or a path when `resource` is empty."""

    verb: str
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def combined(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    reason: str = ""


class Authorizer(Protocol):
    def authorize(self, user: UserInfo, attributes: Attributes) -> Decision: ...

    def rules_for(self, user: UserInfo, namespace: str) -> Iterable[Obj]:
        """All rules that hold for a user in a namespace."""


class AlwaysAllow:
    """Everybody may do everything."""

    def authorize(self, user: UserInfo, attributes: Attributes) -> Decision:
        return Decision(True)

    def rules_for(self, user: UserInfo, namespace: str) -> Iterable[Obj]:
        return _EVERYTHING


def review(spec: Obj, user: UserInfo, authorizer: Authorizer) -> Obj:
    """The status of an access review."""
    decision = authorizer.authorize(user, _asked(spec))
    status: Obj = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    if problems := _unread(spec.get("resourceAttributes") or {}):
        status["evaluationError"] = "; ".join(problems)
    return status


def _unread(asked: Obj) -> list[str]:
    """Which selectors of a review could not be read, in whole or in part: they are ignored."""
    found = []
    for name, reads in (("fieldSelector", _reads_field), ("labelSelector", _reads_label)):
        selector = asked.get(name) or {}
        requirements = selector.get("requirements") or ()
        readable = [reads(one) for one in requirements]
        if requirements and all(readable):
            continue
        if requirements or not _reads_text(name, selector.get("rawSelector", "")):
            how = "partially ignored" if any(readable) else "ignored"
            found.append(f"spec.resourceAttributes.{name} {how} due to parse error")
    return found


def _reads_field(requirement: Obj) -> bool:
    one = len(requirement.get("values") or ()) == 1
    return one and requirement.get("operator") in ("In", "NotIn")


def _reads_label(requirement: Obj) -> bool:
    return requirement.get("operator") in ("In", "NotIn", "Exists", "DoesNotExist")


def _reads_text(name: str, text: str) -> bool:
    parse = selectors.parse_fields if name == "fieldSelector" else selectors.parse_labels
    try:
        parse(text)
    except ApiError:
        return False
    return True


def subject_of(spec: Obj) -> UserInfo:
    """Whom a SubjectAccessReview is about."""
    return UserInfo(
        spec.get("user", ""),
        uid=spec.get("uid", ""),
        groups=tuple(spec.get("groups") or ()),
        extra=spec.get("extra") or {},
    )


def _asked(spec: Obj) -> Attributes:
    asked = spec.get("resourceAttributes")
    if asked is None:
        path = spec["nonResourceAttributes"]
        return Attributes(path.get("verb", ""), path=path.get("path", ""))
    return Attributes(
        asked.get("verb", ""),
        group=asked.get("group", ""),
        resource=asked.get("resource", ""),
        subresource=asked.get("subresource", ""),
        namespace=asked.get("namespace", ""),
        name=asked.get("name", ""),
    )


def attributes_of(
    method: str, path: str, query: Mapping[str, Sequence[str]], *, watch: bool
) -> Attributes:
    """The reading of a URL that does not ask whether it is served."""
    parts = path.strip("/").split("/")
    start = {"api": 2, "apis": 3}.get(parts[0], 0)
    if not start or len(parts) <= start:
        return Attributes(method.lower(), path=path)
    group = parts[1] if start == 3 else ""
    steps = parts[start:]
    verb = _METHODS.get(method, "")
    if steps[0] in ("proxy", "watch") and len(steps) > 1:
        verb, *steps = steps
    namespace, steps = _namespace(steps)
    resource, name, subresource = (*steps, "", "", "")[:3]
    if not name and verb == "get":
        verb = "watch" if watch else "list"
        name = _name_selected(query)
    elif not name and verb == "delete":
        verb = "deletecollection"
    return Attributes(verb, path, group, resource, subresource, namespace, name)


def _namespace(steps: list[str]) -> tuple[str, list[str]]:
    if steps[0] != "namespaces" or len(steps) < 2:
        return "", steps
    if len(steps) > 2 and steps[2] not in ("status", "finalize"):
        return steps[1], steps[2:]
    return steps[1], steps


def _name_selected(query: Mapping[str, Sequence[str]]) -> str:
    selector = (query.get("fieldSelector") or [""])[0]
    name, equals, value = selector.partition("=")
    return value.lstrip("=") if equals and name == "metadata.name" and "," not in value else ""


def forbidden(user: UserInfo, attributes: Attributes, reason: str) -> ApiError:
    """The 403 of a request that is not allowed."""
    what = f"User {gofmt.quote(user.name)} cannot {attributes.verb}"
    if not attributes.resource:
        text = f"{what} path {gofmt.quote(attributes.path)}"
    else:
        place = "at the cluster scope"
        if attributes.namespace:
            place = f"in the namespace {gofmt.quote(attributes.namespace)}"
        resource, group = gofmt.quote(attributes.combined), gofmt.quote(attributes.group)
        text = f"{what} resource {resource} in API group {group} {place}"
    text = text.translate(_HTML)
    error = Forbidden(
        attributes.group,
        attributes.resource,
        attributes.name,
        f"{text}: {reason}" if reason else text,
    )
    if not attributes.resource:
        error.details = {}
    error.headers["X-Content-Type-Options"] = "nosniff"
    return error


class Rbac:
    """Roles and bindings as they are stored; `system:masters` may do everything."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def authorize(self, user: UserInfo, attributes: Attributes) -> Decision:
        if MASTERS in user.groups:
            return Decision(True)
        problems: list[str] = []
        for source, rule in self._rules(user, attributes.namespace, problems):
            if _allows(rule, attributes):
                return Decision(True, f"RBAC: allowed by {source}")
        texts = list(dict.fromkeys(problems))
        if not texts:
            return Decision(False)
        joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        # Denials name the authorizer, as in a chain of them.
        return Decision(False, f"rbac: RBAC: {joined}")

    def rules_for(self, user: UserInfo, namespace: str) -> Iterator[Obj]:
        """All rules that hold for a user in a namespace."""
        for _, rule in self._rules(user, namespace, []):
            yield rule

    def _rules(
        self, user: UserInfo, namespace: str, problems: list[str]
    ) -> Iterator[tuple[str, Obj]]:
        bindings = [("", one) for one in self._list("clusterrolebindings")]
        if namespace:
            bindings += [(namespace, one) for one in self._list("rolebindings", namespace)]
        for scope, binding in bindings:
            subject = _applying(user, binding, scope)
            if subject is None:
                continue
            role = self._role(binding["roleRef"], scope)
            if role is None:
                problems.append(_missing(binding["roleRef"]))
                continue
            source = _describe(binding, subject, scope)
            for rule in role.get("rules") or ():
                yield source, rule

    def _list(self, resource: str, namespace: str | None = None) -> Sequence[Obj]:
        return self._reader.list(f"{resource}.rbac.authorization.k8s.io", namespace)

    def _role(self, ref: Obj, namespace: str) -> Obj | None:
        scoped = ref["kind"] == "Role"
        resource = "roles" if scoped else "clusterroles"
        return self._reader.get(
            f"{resource}.rbac.authorization.k8s.io", namespace if scoped else "", ref["name"]
        )


def _missing(ref: Obj) -> str:
    kind = qualified(ref["kind"].lower(), "rbac.authorization.k8s.io")
    return f"{kind} {gofmt.quote(ref['name'])} not found"


def _applying(user: UserInfo, binding: Obj, namespace: str) -> Obj | None:
    """The subject of a binding that the user is."""
    for subject in binding.get("subjects") or ():
        if _is(user, subject, namespace):
            found: Obj = subject
            return found
    return None


def _is(user: UserInfo, subject: Obj, namespace: str) -> bool:
    match subject["kind"]:
        case "User":
            return bool(user.name == subject["name"])
        case "Group":
            return subject["name"] in user.groups
        case "ServiceAccount":
            home = subject.get("namespace") or namespace
            return user.name == f"system:serviceaccount:{home}:{subject['name']}"
    return False


def _describe(binding: Obj, subject: Obj, namespace: str) -> str:
    name = binding["metadata"]["name"]
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    shown = gofmt.quote(f"{name}/{namespace}" if namespace else name)
    who = subject["name"]
    if subject["kind"] == "ServiceAccount":
        who = f"{who}/{subject.get('namespace') or namespace}"
    ref = binding["roleRef"]
    role = f"{ref['kind']} {gofmt.quote(ref['name'])}"
    return f"{kind} {shown} of {role} to {subject['kind']} {gofmt.quote(who)}"


def _allows(rule: Obj, asked: Attributes) -> bool:
    if not _has(rule, "verbs", asked.verb):
        return False
    if not asked.resource:
        return any(_path_matches(url, asked.path) for url in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames")
    return (
        _has(rule, "apiGroups", asked.group)
        and _resource_matches(rule.get("resources") or (), asked)
        and (not names or asked.name in names)
    )


def _has(rule: Obj, key: str, value: str) -> bool:
    values: Any = rule.get(key) or ()
    return "*" in values or value in values


def _resource_matches(resources: Sequence[str], asked: Attributes) -> bool:
    if "*" in resources or asked.combined in resources:
        return True
    return bool(asked.subresource) and f"*/{asked.subresource}" in resources


def _path_matches(url: str, path: str) -> bool:
    return url in ("*", path) or (url.endswith("*") and path.startswith(url.rstrip("*")))
