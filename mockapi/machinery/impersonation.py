"""Who may act as whom. Each way of it is tried in turn: narrow ones for nodes, service accounts and
users, which also ask what is to be done, and the old one, which does not.

Source: apiserver pkg/endpoints/filters/impersonation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from mockapi.machinery.authorization import MASTERS, Attributes, Authorizer, forbidden
from mockapi.machinery.resource import UserInfo
from mockapi.machinery.validation import formats, rules
from mockapi.meta import gofmt
from mockapi.meta.errors import ApiError
from mockapi.meta.fields import Path
from mockapi.meta.users import (
    ACCOUNT,
    ANONYMOUS,
    AUTHENTICATED,
    NODE,
    UNAUTHENTICATED,
    account_groups,
)

_NODE_NAME: Final = "authentication.kubernetes.io/node-name"
_GROUP: Final = "authentication.k8s.io"
_KNOWN: Final = 10_000
_MANY: Final = 4
"""From so many groups or extra values on, a permission for all of them is asked for first."""

Fits = Callable[[UserInfo, UserInfo], bool]
"""(wanted, requestor)"""


class Impersonators:
    """Remembers by which way each user last acted as another: that one is tried first."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._last: dict[str, int] = {}

    def user(self, requestor: UserInfo, wanted: UserInfo, asked: Attributes) -> UserInfo:
        """The user that a request is made as; raises what the first way that fits refuses."""
        refused: ApiError | None = None
        last = self._last.get(requestor.name)
        order = [*range(len(_WAYS))] if last is None else _with_first(last)
        for index in order:
            name, fits = _WAYS[index]
            if not fits(wanted, requestor):
                continue
            try:
                found = self._by(name, requestor, wanted, asked)
            except ApiError as error:
                refused = refused or error
                continue
            if len(self._last) >= _KNOWN:
                self._last.clear()
            self._last[requestor.name] = index
            return found
        assert refused is not None, "the old way is for everybody"
        raise refused

    def _by(self, name: str, requestor: UserInfo, wanted: UserInfo, asked: Attributes) -> UserInfo:
        if not name:
            return _Way(self._authorizer, requestor, "impersonate", narrow=False).user(wanted)
        way = _Way(self._authorizer, requestor, f"impersonate:{name}", narrow=True)
        way.require(replace(asked, verb=f"impersonate-on:{name}:{asked.verb}"))
        return way.user(wanted)


def _with_first(index: int) -> list[int]:
    return [index, *(other for other in range(len(_WAYS)) if other != index)]


@dataclass(frozen=True, slots=True)
class _Way:
    """`narrow` ways have rules of their own, and permissions in a group of their own."""

    authorizer: Authorizer
    requestor: UserInfo
    verb: str
    narrow: bool

    def user(self, wanted: UserInfo) -> UserInfo:
        groups = self._name(wanted)
        if wanted.uid:
            self._permit("uids", wanted.uid, group=_GROUP)
        self._groups(wanted.groups)
        self._extra(wanted)
        return replace(wanted, groups=_completed(wanted.name, groups))

    def require(self, attributes: Attributes) -> None:
        decision = self.authorizer.authorize(self.requestor, attributes)
        if not decision.allowed:
            raise forbidden(self.requestor, attributes, decision.reason)

    def _asked(self, resource: str, name: str, **more: str) -> Attributes:
        group = more.pop("group", _GROUP if self.narrow else "")
        return Attributes(self.verb, group=group, resource=resource, name=name, **more)

    def _permit(self, resource: str, name: str, **more: str) -> None:
        self.require(self._asked(resource, name, **more))

    def _refuse(self, resource: str, name: str, reason: str, **more: str) -> ApiError:
        return forbidden(self.requestor, self._asked(resource, name, **more), reason)

    def _name(self, wanted: UserInfo) -> tuple[str, ...]:
        """The groups that the user has by its name and those that were asked for."""
        node, account = _node_of(wanted.name), _account_of(wanted.name)
        if self.narrow and node:
            if wanted.groups:
                reason = f"when impersonating a node, cannot impersonate groups {_list(wanted)}"
                raise self._refuse("nodes", node, reason)
            self._permit("nodes", "*" if self.verb.endswith("associated-node") else node)
            return ("system:nodes",)
        if account is None:
            self._permit("users", wanted.name)
            return wanted.groups
        namespace, name = account
        if self.narrow and wanted.groups:
            what = "when impersonating a service account, cannot impersonate groups"
            reason = f"{what} {_list(wanted)}"
            raise self._refuse("serviceaccounts", name, reason, namespace=namespace)
        self._permit("serviceaccounts", name, namespace=namespace)
        return wanted.groups or account_groups(namespace)

    def _groups(self, groups: tuple[str, ...]) -> None:
        if self.narrow and "" in groups:
            reason = "impersonating the empty string group is not allowed"
            raise self._refuse("groups", "", reason)
        if self.narrow and MASTERS in groups:
            reason = "impersonating the system:masters group is not allowed"
            raise self._refuse("groups", MASTERS, reason)
        if self.narrow and len(groups) >= _MANY and self._may("groups", "*"):
            return
        for group in groups:
            self._permit("groups", group)

    def _extra(self, wanted: UserInfo) -> None:
        extra = wanted.extra or {}
        if self.narrow and (problem := _extra_problem(wanted)):
            raise self._refuse("userextras", "", problem, group=_GROUP)
        large = len(extra) >= _MANY or sum(map(len, extra.values())) >= _MANY
        if self.narrow and large and self._may("userextras", "*", subresource="*"):
            return
        for key, values in extra.items():
            for value in values:
                self._permit("userextras", value, group=_GROUP, subresource=key)

    def _may(self, resource: str, name: str, **more: str) -> bool:
        asked = self._asked(resource, name, **more)
        return self.authorizer.authorize(self.requestor, asked).allowed


def _extra_problem(wanted: UserInfo) -> str:
    for key, values in (wanted.extra or {}).items():
        if not key:
            return "impersonating the empty string key in extra is not allowed"
        errors = [str(error) for error in rules.domain_prefixed_path(key, Path("extra", "key"))]
        if errors:
            shown = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
            return f"impersonating an invalid key in extra is not allowed: {shown}"
        if key != key.lower():
            what = "impersonating a non-lowercase key in extra is not allowed"
            return f"{what}: {gofmt.quote(key)}"
        if "" in values:
            return "impersonating the empty string value in extra is not allowed"
    return ""


def _completed(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    if name == ANONYMOUS:
        return groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    known = AUTHENTICATED in groups or UNAUTHENTICATED in groups
    return groups if known else (*groups, AUTHENTICATED)


def _list(user: UserInfo) -> str:
    """Go's %q of the groups."""
    return f"[{' '.join(map(gofmt.quote, user.groups))}]"


def _node_of(name: str) -> str:
    """The node of a user's name, "" if it is none."""
    node = name.removeprefix(NODE)
    return "" if node == name or formats.dns1123_subdomain(node) else node


def _account_of(name: str) -> tuple[str, str] | None:
    """Namespace and name of a service account's user."""
    namespace, colon, account = name.removeprefix(ACCOUNT).partition(":")
    if not name.startswith(ACCOUNT) or not colon or ":" in account:
        return None
    if formats.dns1123_label(namespace) or formats.dns1123_subdomain(account):
        return None
    return namespace, account


def _only_named(wanted: UserInfo) -> bool:
    return not (wanted.uid or wanted.groups or wanted.extra)


def _is_own_node(wanted: UserInfo, requestor: UserInfo) -> bool:
    """The node that the requestor's token was made for."""
    node = _node_of(wanted.name)
    told = list((requestor.extra or {}).get(_NODE_NAME) or ())
    return bool(node) and _account_of(requestor.name) is not None and told == [node]


_WAYS: Final[tuple[tuple[str, Fits], ...]] = (
    ("associated-node", lambda wanted, by: _only_named(wanted) and _is_own_node(wanted, by)),
    ("arbitrary-node", lambda wanted, by: _only_named(wanted) and bool(_node_of(wanted.name))),
    (
        "serviceaccount",
        lambda wanted, by: _only_named(wanted) and _account_of(wanted.name) is not None,
    ),
    (
        "user-info",
        lambda wanted, by: not _node_of(wanted.name) and _account_of(wanted.name) is None,
    ),
    ("", lambda wanted, by: True),
)
"""The last one is the old one."""
