"""Records how a real server judges the cases of `validation.py`.

    MOCKAPI_ORACLE=<kubeconfig> python -m tests.contract.record_validation [file ...]

The objects are stored for the update cases, so the server must be one to play with.
"""

import http.client
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tests.contract.oracle import Oracle, Reply, _reply
from tests.contract.validation import (
    NAMESPACE,
    OBJECTS,
    RECORDINGS,
    Change,
    Obj,
    Subject,
    generated,
    message,
    subjects,
)

QUERY = "?dryRun=All&fieldValidation=Ignore"
KEPT = (200, 201, 422)
ASKED_AGAIN = 4
VERBS = ("create", "update", "status")


class Connected(Oracle):
    """The same on one connection: thousands of small requests."""

    _connection: http.client.HTTPSConnection | None = None

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        user_agent: str = "recorder/1.0",
    ) -> Reply:
        headers = {"Content-Type": content_type, "User-Agent": user_agent}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._connection is None:
            host = urlsplit(self.url).netloc
            self._connection = http.client.HTTPSConnection(host, context=self._ssl)
        text = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, text, headers)
        try:
            response = self._connection.getresponse()
        except http.client.RemoteDisconnected:  # the real server panicked
            self._connection = None
            return Reply(500, "", [])
        return _reply(response.status, response.read(), response.headers)


def main() -> None:
    oracle = Connected.from_environment()
    _make(oracle, "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    account = {"metadata": {"name": "default"}}
    _make(oracle, f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", account)
    files = [Path(name) for name in sys.argv[1:]] or sorted(OBJECTS.glob("*.yaml"))
    for file in files:
        recorded = [_record(oracle, subject) for subject in subjects(file)]
        target = RECORDINGS / f"{file.stem}.json"
        target.write_text(_text(recorded))
        count = sum(len(r.get(verb, ())) for r in recorded for verb in VERBS)
        print(f"{target.name}: {count} cases")


def _text(recorded: list[Any]) -> str:
    """One case a line."""
    parts = []
    for subject in recorded:
        head = {k: v for k, v in subject.items() if k not in VERBS}
        lines = [json.dumps(head, ensure_ascii=False)[:-1]]
        for verb in (verb for verb in VERBS if verb in subject):
            rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in subject[verb])
            lines.append(f'"{verb}": [\n{rows}\n]')
        parts.append(",\n".join(lines) + "}")
    return "[\n" + ",\n".join(parts) + "\n]\n"


def _make(oracle: Oracle, collection: str, obj: Obj) -> Reply:
    reply = oracle.call("POST", f"{collection}?fieldValidation=Ignore", obj)
    assert reply.code in (201, 409), (collection, reply.body)
    return reply


def _record(oracle: Oracle, subject: Subject) -> Any:
    _remove(oracle, subject)
    base = oracle.call("POST", subject.collection + QUERY, subject.obj)
    assert base.code == 201, (subject.name, base.body)
    own = list(generated(subject.obj)) if subject.generated else []
    changes = _distinct([*subject.changes, *own])
    create = [
        _judged(oracle, "POST", subject.collection, change, change.apply(subject.obj))
        for change in changes
    ]
    update: list[Any] = []
    if subject.update:
        more = changes if subject.generated_updates else []
        update = _updates(oracle, subject, _distinct([*subject.updates, *more]))
    recorded: dict[str, Any] = {
        "name": subject.name,
        "resource": subject.resource,
        "namespaced": subject.namespaced,
        "object": subject.obj,
        "warnings": base.warnings,
        "create": [row for row in create if row["code"] in KEPT],
        "update": [row for row in update if row["code"] in KEPT],
    }
    if subject.status is not None:
        recorded["given"] = subject.status
        rows = _statuses(oracle, subject)
        recorded["status"] = [row for row in rows if row["code"] in KEPT]
    return recorded


def _distinct(changes: list[Change]) -> list[Change]:
    known: dict[str, Change] = {}
    for change in changes:
        known.setdefault(json.dumps(change.row()), change)
    return list(known.values())


def _updates(oracle: Oracle, subject: Subject, changes: list[Change]) -> list[Any]:
    live, path = _stored(oracle, subject)
    changes = [c for c in changes if c.path[:2] not in _NEVER_UPDATED]
    rows = _varied(oracle, path, changes, live)
    _remove(oracle, subject)
    return rows


def _stored(oracle: Oracle, subject: Subject) -> tuple[Obj, str]:
    """The object, with its status if it is given, and its path."""
    live: Obj = _make(oracle, subject.collection, subject.obj).body
    path = f"{subject.collection}/{quote(live['metadata']['name'])}"
    if subject.status is None:
        return live, path
    stored = _put(oracle, f"{path}/status", {**live, "status": subject.status})
    assert stored.code == 200, (subject.name, stored.body)
    return stored.body, path


_NEVER_UPDATED = (("metadata", "name"), ("metadata", "namespace"))


def _statuses(oracle: Oracle, subject: Subject) -> list[Any]:
    live, path = _stored(oracle, subject)
    made = generated({"status": subject.status})
    changes = _distinct([*subject.statuses, *made])
    rows = _varied(oracle, f"{path}/status", changes, live)
    _remove(oracle, subject)
    return rows


def _put(oracle: Oracle, path: str, body: Obj) -> Reply:
    """Again when a controller was faster."""
    reply = oracle.call("PUT", path, body)
    while reply.code == 409 and "object has been modified" in reply.body["message"]:
        live = oracle.call("GET", path.partition("?")[0]).body
        version = live["metadata"]["resourceVersion"]
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
        reply = oracle.call("PUT", path, body)
    return reply


def _varied(oracle: Oracle, path: str, changes: list[Change], live: Obj) -> list[Any]:
    rows = []
    for change in changes:
        try:
            body = change.apply(live)
        except (KeyError, IndexError, TypeError):
            continue
        rows.append(_judged(oracle, "PUT", path, change, body))
    return rows


def _remove(oracle: Oracle, subject: Subject) -> None:
    path = f"{subject.collection}/{quote(subject.obj['metadata']['name'])}"
    if oracle.call("GET", path).code == 404:
        return
    unblock = {"metadata": {"finalizers": None}}
    oracle.call("PATCH", path, unblock, content_type="application/merge-patch+json")
    oracle.call("DELETE", f"{path}?gracePeriodSeconds=0")
    oracle.call("PATCH", path, unblock, content_type="application/merge-patch+json")


def _judged(oracle: Oracle, method: str, path: str, change: Change, body: Obj) -> Any:
    reply = _asked(oracle, method, path, body)
    row: dict[str, Any] = {**change.row(), "code": reply.code}
    if reply.code == 422:
        details = reply.body["details"]
        causes = [[c["reason"], c["message"], c["field"]] for c in details.get("causes", [])]
        row["causes"] = causes
        name, group = details.get("name", ""), details.get("group", "")
        if reply.body["message"] != message(group, details.get("kind", ""), name, causes):
            row["message"] = reply.body["message"]
        if _is_unordered(oracle, method, path, body, reply):
            row["unordered"] = True
    if reply.warnings:
        row["warnings"] = reply.warnings
    return row


def _asked(oracle: Oracle, method: str, path: str, body: Obj) -> Reply:
    if method == "PUT":
        return _put(oracle, path + QUERY, body)
    return oracle.call(method, path + QUERY, body)


def _is_unordered(oracle: Oracle, method: str, path: str, body: Obj, reply: Reply) -> bool:
    """Whether Go's order of maps shows: it is another one each time, nearly."""
    if len(reply.body["details"].get("causes", ())) < 2:
        return False
    again = (_asked(oracle, method, path, body) for _ in range(ASKED_AGAIN))
    return any(other.body["message"] != reply.body["message"] for other in again)


if __name__ == "__main__":
    main()
