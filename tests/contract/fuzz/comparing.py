"""Replies in a form in which those of two servers are equal."""

import json
import re
from typing import Any

from tests.contract import harness
from tests.contract.harness import Step, Tree

_REVISION = re.compile(
    r'(resourceVersion(?:\\*)":(?:\\*)"|ResourceVersion in object meta: |in the precondition \()\d+'
)


# Storage does not tell an empty list or map from none, and so does not decoding here: messages may
# show one for the other. See "validation" in docs/deviations.md.
_EMPTY = re.compile(r"(?<=[ :])(?:\[\]|\{\}|null)(?=[,:}\]\n])")


_MANAGERS = re.compile(r'managedFields\\*":\[')


class Comparable(harness.Normal):
    """Also without what a run decides: managed fields in the order of their second, conflicts in
    that of Go's maps, and revisions inside texts."""

    def reply(self, reply: Tree, step: Step) -> Tree:
        found = super().reply(reply, step)
        body = found.get("body")
        if isinstance(body, dict) and found["status"] == 409:
            _sort_conflicts(body)
        return found

    def _tree(self, value: Any, path: tuple[str, ...] = ()) -> Any:
        if isinstance(value, dict):
            value = dict(sorted(value.items()))
        return super()._tree(value, path)

    def _field(self, key: str, value: Any, parent: Tree, path: tuple[str, ...]) -> Any:
        if key == "managedFields" and isinstance(value, list):
            value = sorted(value, key=_rank)
        if key == "columnDefinitions":  # "prose" in docs/deviations.md
            value = [{**column, "description": ""} for column in value]
        return super()._field(key, value, parent, path)

    def _text(self, text: str) -> str:
        if ": errors:\n" in text:  # Go walks the maps of an applied object in any order
            head, *lines = text.split("\n")
            text = "\n".join((head, *sorted(lines)))
        text = _without_managers(text)
        if "value: " in text or "Forbidden: " in text:
            text = _EMPTY.sub("<none>", text)
        return super()._text(_REVISION.sub(r"\1<rv>", text))


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


def _sort_conflicts(body: Tree) -> None:
    causes = (body.get("details") or {}).get("causes") or []
    if any(cause.get("reason") == "FieldManagerConflict" for cause in causes):
        causes.sort(key=json.dumps)
        body["message"] = sorted(body["message"].split("\n"))
