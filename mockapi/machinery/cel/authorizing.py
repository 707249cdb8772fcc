"""The `authorizer` variable: what the user of a request, or a service account, may do.

Its values are messages of the library's one type whose text is JSON, to which each step of
`authorizer.group(...).resource(...).check(...)` adds. Source: apiserver pkg/cel/library/authz.go.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from mockapi.base.lazy import module
from mockapi.machinery.authorization import Attributes, Decision
from mockapi.machinery.cel import library
from mockapi.machinery.resource import UserInfo
from mockapi.machinery.validation import formats
from mockapi.meta import users

Authorize = Callable[[UserInfo, Attributes], Decision]

NAMES: Final = ("authorizer", "authorizer.requestResource")


def variables(user: UserInfo, asked: Attributes) -> dict[str, Any]:
    """The values of `NAMES`; `asked` is the resource of the request, its verb does not matter."""
    return {
        NAMES[0]: library.made("authorizer", _text({"user": _of(user)})),
        NAMES[1]: library.made("check", _text({"user": _of(user), **_said(asked)})),
    }


def functions(authorize: Authorize) -> Sequence[Any]:
    """Declarations for an environment."""
    cel = module("cel_expr_python.cel")
    rows = {**_STEPS, "check": ("vs", "v", lambda value, verb: _check(authorize, value, verb))}
    return [
        cel.FunctionDecl(name, [library.overload(name, 0, True, kinds, result, impl)])
        for name, (kinds, result, impl) in rows.items()
    ]


def _of(user: UserInfo) -> dict[str, Any]:
    said = asdict(user)
    return {**said, "extra": {key: list(value) for key, value in user.extra.items()}}


def _said(asked: Attributes) -> dict[str, str]:
    names = ("group", "resource", "subresource", "namespace", "name")
    return {name: getattr(asked, name) for name in names}


def _text(value: Any) -> str:
    return json.dumps(value)


def _step(before: str, after: str, name: str, *, needed: str = "") -> library.Impl:
    """A function that notes one more name of what is asked about."""

    def run(value: Any, text: str) -> Any:
        _expect(value, before)
        if needed and not text.strip():
            raise ValueError(f"{needed} must not be empty")
        return library.made(after, _text({**json.loads(value.text), name: text}))

    return run


def _expect(value: Any, kind: str) -> None:
    if value.kind != kind:
        raise ValueError("no such overload")


def _service_account(value: Any, namespace: str, name: str) -> Any:
    _expect(value, "authorizer")
    if formats.dns1123_subdomain(name):
        raise ValueError("Invalid service account name")
    if formats.dns1123_label(namespace):
        raise ValueError("Invalid service account namespace")
    groups = users.account_groups(namespace)
    user = UserInfo(users.account_name(namespace, name), groups=groups)
    return library.made("authorizer", _text({"user": _of(user)}))


def _check(authorize: Authorize, value: Any, verb: str) -> Any:
    if value.kind not in ("path", "check"):
        raise ValueError("no such overload")
    said = json.loads(value.text)
    user = said.pop("user")
    user = UserInfo(user["name"], user["uid"], tuple(user["groups"]), user["extra"])
    said = {key: text for key, text in said.items() if not key.endswith("Selector")}
    return library.made("decision", _text(asdict(authorize(user, Attributes(verb, **said)))))


def _decided(read: Callable[[dict[str, Any]], Any]) -> library.Impl:
    def run(value: Any) -> Any:
        _expect(value, "decision")
        return read(json.loads(value.text))

    return run


_STEPS: Final[dict[str, tuple[str, str, library.Impl]]] = {
    "path": ("vs", "v", _step("authorizer", "path", "path", needed="path")),
    "group": ("vs", "v", _step("authorizer", "group", "group")),
    "serviceAccount": ("vss", "v", _service_account),
    "resource": ("vs", "v", _step("group", "check", "resource", needed="resource")),
    "subresource": ("vs", "v", _step("check", "check", "subresource")),
    "namespace": ("vs", "v", _step("check", "check", "namespace")),
    "name": ("vs", "v", _step("check", "check", "name")),
    "fieldSelector": ("vs", "v", _step("check", "check", "fieldSelector")),
    "labelSelector": ("vs", "v", _step("check", "check", "labelSelector")),
    "allowed": ("v", "b", _decided(lambda decision: decision["allowed"])),
    "reason": ("v", "s", _decided(lambda decision: decision["reason"])),
    "errored": ("v", "b", _decided(lambda decision: bool(decision.get("error")))),
    "error": ("v", "s", _decided(lambda decision: decision.get("error", ""))),
}
