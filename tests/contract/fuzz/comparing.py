"""Replies in a form in which those of two servers are equal."""

import json
import re
from typing import Any

from tests.contract import harness
from tests.contract.harness import Step, Tree

_REVISION = re.compile(
    r'(resourceVersion(?:\\*)":(?:\\*)"|ResourceVersion in (?:object meta|precondition): '
    r"|in the precondition \("
    r"|map\[(?:[^\[\]]* )?resourceVersion:)"
    r"\d+(?![-\w])"
)


_SEVERAL, _BETWEEN = "errors:\n  ", "\n  "
_ISSUER = "https://kubernetes.default.svc.cluster.local"  # an option of the real server's
_CREDENTIAL = re.compile(
    r'(?:,(?=[^{}]*\{[^{}]*\}\}))?\\*"extra\\*":\{\\*"authentication\.kubernetes\.io/credential-id'
    r'\\*":\[[^\]]*\]\},?'
)
_USER = re.compile(r'(username\\*":\\*")(?:kubernetes-)?admin')
_USERS = ("admin", "kubernetes-admin")
_NODE_PORT = re.compile(r"^(\d+:)3\d{4}(?=/)")
_PORT_SHOWN = re.compile(r'((?:nodeP|healthCheckNodeP)ort\\*":)3\d{4}')
_KEYED = re.compile(r"\[[^\]\d][^\]]*\]")
_MANAGERS = re.compile(r'managedFields\\*":\[')


class Comparable(harness.Normal):
    """Also without what a run decides: managed fields in the order of their second, conflicts in
    that of Go's maps, and revisions inside texts."""

    def reply(self, reply: Tree, step: Step) -> Tree:
        found = super().reply(reply, step)
        body = found.get("body")
        if isinstance(body, dict) and found["status"] == 409:
            _sort_conflicts(body)
        if isinstance(body, dict) and found["status"] == 422:
            _sort_keyed(body)
        return found

    def _tree(self, value: Any, path: tuple[str, ...] = ()) -> Any:
        if isinstance(value, dict):
            value = dict(sorted(value.items()))
            if "signerName" in value and "username" in value:  # who asks for a certificate
                value = {k: v for k, v in value.items() if k not in ("username", "extra")}
        return super()._tree(value, path)

    def _field(self, key: str, value: Any, parent: Tree, path: tuple[str, ...]) -> Any:
        if key == "managedFields" and isinstance(value, list):
            value = sorted(value, key=_rank)
        if key == "cells" and parent.get("object"):
            value = ["admin" if cell == "kubernetes-admin" else cell for cell in value]
        if key == "columnDefinitions":  # "prose" in docs/deviations.md
            value = [{**column, "description": ""} for column in value]
        if key == "cells":
            value = ["<user>" if cell in _USERS else cell for cell in value]
        if key == "token" and isinstance(value, str) and value.count(".") == 2:
            return "<token>"
        return super()._field(key, value, parent, path)

    def _text(self, text: str) -> str:
        text = text.replace(_ISSUER, _ISSUER.partition(".cluster")[0])
        text = _USER.sub(r"\1<user>", _CREDENTIAL.sub("", _NODE_PORT.sub(r"\1<port>", text)))
        text = _PORT_SHOWN.sub(r"\1<port>", _in_order(_without_managers(text)))
        return super()._text(_REVISION.sub(r"\1<rv>", text))


def _in_order(text: str) -> str:
    """Where an apply configuration does not fit its type in several ways, they come in the order of
    Go's maps."""
    head, mark, errors = text.partition(_SEVERAL)
    return head + mark + _BETWEEN.join(sorted(errors.split(_BETWEEN))) if mark else text


def _without_managers(text: str) -> str:
    """Texts that show a whole object show its managed fields too, in an order by their seconds."""
    found = _MANAGERS.search(text)
    if found is None:
        return text
    depth, at = 1, found.end()
    while depth and at < len(text):
        depth += {"[": 1, "]": -1}.get(text[at], 0)
        at += 1
    return f"{text[: found.start()]}managedFields<...>{_without_managers(text[at:])}"


def _rank(entry: Any) -> list[str]:
    names = ("operation", "manager", "apiVersion", "subresource")
    return [str(entry.get(name, "")) for name in names] if isinstance(entry, dict) else []


def _sort_keyed(body: Tree) -> None:
    """Mistakes in the values of a map come in the order of Go's maps."""
    causes = (body.get("details") or {}).get("causes") or []
    if sum(bool(_KEYED.search(str(cause.get("field", "")))) for cause in causes) > 1:
        causes.sort(key=json.dumps)
        body["message"] = sorted(re.split(r", (?=[\w.]+[\[.:])|[\[\]]", body["message"]))


def _sort_conflicts(body: Tree) -> None:
    causes = (body.get("details") or {}).get("causes") or []
    if any(cause.get("reason") == "FieldManagerConflict" for cause in causes):
        causes.sort(key=json.dumps)
        body["message"] = sorted(body["message"].split("\n"))
