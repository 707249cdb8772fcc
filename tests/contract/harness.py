"""One test, two servers: cases in YAML, replies of the real server as recordings in JSON.

A case is a list of steps against one server; what differs between two runs of the same server
(uids, times, revisions, the namespace) is named by order of appearance. See `cases/README.md`.
"""

import gzip
import http.client
import json
import re
import secrets
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

HERE = Path(__file__).parent
CASES = HERE / "cases"
RECORDINGS = HERE / "recordings" / "http"
SHOWN_HEADERS = (
    "Allow",
    "Cache-Control",
    "Content-Encoding",
    "Content-Type",
    "Location",
    "Retry-After",
    "Vary",
    "Warning",
    "X-Content-Type-Options",
)
_TIMEOUT = 60
_TRIES, _PAUSE = 100, 0.1
_LATER = 3.0

Tree = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One request. `during` are requests made while this one (a watch) is open; `until` is the
    status code that it is sent again for, where the real server takes a moment."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    during: tuple["Step", ...] = ()
    until: int = 0
    later: bool = False
    """A real server gets a moment before: it hears of webhooks by watching."""

    @property
    def title(self) -> str:
        return f"{self.method} {self.path}"

    def bytes(self, fill: Callable[[str], str]) -> bytes | None:
        """The body with its placeholders filled in."""
        return None if self.body is None else fill(self.body).encode(errors="surrogateescape")


@dataclass(frozen=True)
class Case:
    """`deviation` is an id of docs/deviations.md; `differs` are patterns of the paths in a reply
    that it excuses (`2.body.message`: step, then keys)."""

    file: str
    name: str
    steps: tuple[Step, ...]
    deviation: str = ""
    differs: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.file}: {self.name}"


@dataclass(frozen=True)
class Target:
    """A server to talk to."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None

    def connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port
        if parts.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=self.context)
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT)


def target_of(kubeconfig: Path) -> Target:
    """The server that a kubeconfig names."""
    config = yaml.safe_load(kubeconfig.read_text())
    user = config["users"][0].get("user") or {}
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
    return Target(config["clusters"][0]["cluster"]["server"], headers, context)


# -- cases -----------------------------------------------------------------------------------


def load(file: Path) -> list[Case]:
    """The cases of one YAML file. An entry without steps is a case of one step."""
    return [_case(file.stem, entry) for entry in yaml.safe_load(file.read_text()) or ()]


def all_cases(only: str = "") -> list[Case]:
    files = sorted(CASES.glob("*.yaml"))
    return [case for file in files if only in ("", file.stem) for case in load(file)]


def _case(file: str, entry: Any) -> Case:
    if isinstance(entry, dict) and "steps" in entry:
        return Case(
            file,
            entry["name"],
            tuple(map(step, entry["steps"])),
            entry.get("deviation", ""),
            tuple(entry.get("differs", ())),
        )
    only = step(entry)
    fields = entry if isinstance(entry, dict) else {}
    name = fields.get("name") or only.title
    return Case(file, name, (only,), fields.get("deviation", ""), tuple(fields.get("differs", ())))


def step(entry: Any) -> Step:
    """One entry of a case's steps."""
    fields: Tree = {"do": entry} if isinstance(entry, str) else entry
    method, _, path = fields["do"].partition(" ")
    body = _body(fields)
    headers = {"User-Agent": "contract/1.0", "Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    headers.update(fields.get("headers", {}))
    kept = {name: value for name, value in headers.items() if value is not None}
    during = tuple(step(inner) for inner in fields.get("during", ()))
    return Step(
        method,
        path.strip(),
        kept,
        body,
        during,
        int(fields.get("until", 0)),
        bool(fields.get("later")),
    )


def _body(fields: Tree) -> str | None:
    """Bytes that are no text are surrogates in it, as `Step.bytes` takes them."""
    if "bytes" in fields:  # each character is one
        text = str(fields["bytes"]).encode("latin-1").decode(errors="surrogateescape")
    elif "text" in fields:
        text = str(fields["text"]) * int(fields.get("times", 1))
    else:
        text = json.dumps(fields["body"]) if "body" in fields else ""
    for name, (before, depth, after) in (fields.get("nested") or {}).items():
        text = text.replace(name, f"{before * depth}1{after * depth}")
    if fields.get("gzip"):
        packed = gzip.compress(text.encode(errors="surrogateescape"), mtime=0)
        text = packed.decode(errors="surrogateescape")
    return text if {"bytes", "text", "body"} & fields.keys() else None


# -- running ---------------------------------------------------------------------------------


def run(case: Case, target: Target, more: Mapping[str, str] | None = None) -> list[Tree]:
    """The normalised replies of a case's steps, each case in a namespace of its own. `more` are
    placeholders besides {ns} and {id}."""
    token = secrets.token_hex(5)
    names = {"{ns}": f"contract-{token}", "{id}": f"id-{token}", **(more or {})}
    if any("{ns}" in text for step in case.steps for text in (step.path, step.body or "")):
        _make_namespace(names["{ns}"], target)
    prefixes = [prefix for step in case.steps for prefix in _GENERATED.findall(step.body or "")]
    normal = Normal({value: key for key, value in names.items()}, prefixes)
    return [normal.reply(_perform_until(step, target, names), step) for step in case.steps]


def _make_namespace(name: str, target: Target) -> None:
    for path, body in (
        ("/api/v1/namespaces", {"metadata": {"name": name}}),
        (f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}}),
    ):
        step = Step("POST", path, {"Content-Type": "application/json"}, json.dumps(body))
        reply = _perform(step, target, {})
        assert reply["status"] in (201, 409), reply


def _perform_until(step: Step, target: Target, names: Mapping[str, str]) -> Tree:
    if step.later and target.context is not None:
        threading.Event().wait(_LATER)
    for _ in range(_TRIES if step.until else 1):
        reply = _perform(step, target, names)
        if reply["status"] == step.until:
            break
        if step.until:
            threading.Event().wait(_PAUSE)
    return reply


def _perform(step: Step, target: Target, names: Mapping[str, str]) -> Tree:
    connection = target.connect()
    body = step.bytes(lambda text: _filled(text, names))
    try:
        connection.request(
            step.method,
            _filled(step.path, names),
            body,
            {**target.headers, **{k: _filled(v, names) for k, v in step.headers.items()}},
        )
        response = connection.getresponse()
        if step.during:
            threading.Thread(target=_all, args=(step.during, target, names)).start()
        content = response.read()
    finally:
        connection.close()
    return {"status": response.status, "headers": response.headers, "content": content}


def _all(steps: Iterable[Step], target: Target, names: Mapping[str, str]) -> None:
    for step in steps:
        _perform(step, target, names)


def _filled(text: str, names: Mapping[str, str]) -> str:
    for placeholder, name in names.items():
        text = text.replace(placeholder, name)
    return text


# -- normal form -----------------------------------------------------------------------------

_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_GENERATED = re.compile(r'"generateName": "([^"]*)"')
_SUFFIX = "[bcdfghjklmnpqrstvwxz2456789]{5}"
_AGE = re.compile(r"\d+s|\d+y(\d+d)?")
"""Of what has just been made, or is dated years ago."""
_CLUSTER_IP = re.compile(r"10\.96\.\d+\.\d+")
_COUNTERS = (
    (re.compile(r"too old resource version: (\d+) \(\d+\)"), r"too old resource version: \1 (<n>)"),
    (re.compile("X509SHA256=[0-9a-f]{64}"), "X509SHA256=<sha256>"),
    (re.compile(r"in record \(\d+\)"), "in record (<n>)"),
    (re.compile(r'resourceVersion: "\d+"'), 'resourceVersion: "<rv>"'),
    (re.compile(r'(resourceVersion\\*":\\*")\d+'), r"\1<rv>"),
    (re.compile(f"kube-api-access-{_SUFFIX}"), "kube-api-access-<suffix>"),
    (
        re.compile(r"Too large resource version: (\d+), current: \d+"),
        r"Too large resource version: \1, current: <n>",
    ),
)


class Normal:
    """Names what differs from run to run by the order in which it appears in a case."""

    def __init__(self, names: Mapping[str, str], prefixes: Iterable[str]) -> None:
        self._names = names
        self._replaced = [
            *_COUNTERS,
            *((re.compile(re.escape(p) + _SUFFIX), f"{p}<suffix>") for p in prefixes if p),
        ]
        self._seen: dict[str, dict[str, str]] = {}
        self._own_group = False

    def reply(self, reply: Tree, step: Step) -> Tree:
        headers = reply["headers"]
        shown = {n: headers.get_all(n) for n in SHOWN_HEADERS if headers.get_all(n)}
        flat = {n: v[0] if n != "Warning" else v for n, v in shown.items()}
        self._own_group = "{id}" in step.path
        found: Tree = {"status": reply["status"], "headers": self._tree(self._headers(flat))}
        stream = reply["status"] == 200 and "watch" in step.path and step.method != "HEAD"
        brief = "sendInitialEvents" in step.path
        kind = headers.get("Content-Type", "")
        return found | self._content(reply["content"], kind, stream=stream, brief=brief)

    def _headers(self, headers: Mapping[str, Any]) -> Tree:
        return {
            name: [*map(self._renamed, value)] if isinstance(value, list) else self._renamed(value)
            for name, value in headers.items()
        }

    def _content(self, content: bytes, kind: str, *, stream: bool, brief: bool) -> Tree:
        if kind.startswith("application/vnd.kubernetes.protobuf"):
            return {"protobuf": "frames" if stream else content[:4].decode("latin-1")}
        text = self._renamed(content.decode("utf-8", "replace"))
        if not kind.startswith("application/json"):
            return {"text": self._text(text)} if text else {}
        if stream and not text.startswith(('{"kind"', "{\n")):
            frames = [self._tree(json.loads(line)) for line in text.splitlines()]
            brief = brief or any(_is_first(frame) for frame in frames)
            return {"frames": [frame for frame in frames if not (brief and _is_late(frame))]}
        return {"body": self._tree(json.loads(text)), "layout": _layout(text)} if text else {}

    def _renamed(self, text: str) -> str:
        for name, placeholder in self._names.items():
            text = text.replace(name, placeholder)
        return text

    def tree(self, text: str) -> Any:
        """A JSON text, parsed."""
        return self._tree(json.loads(self._renamed(text)))

    def text(self, text: str) -> str:
        return self._text(self._renamed(text))

    def _tree(self, value: Any, path: tuple[str, ...] = ()) -> Any:
        if isinstance(value, dict):
            return {key: self._field(key, inner, value, path) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._tree(inner, (*path, "[]")) for inner in value]
        return self._text(value) if isinstance(value, str) else value

    def _field(self, key: str, value: Any, parent: Tree, path: tuple[str, ...]) -> Any:
        if key == "resourceVersion" and isinstance(value, str) and value.isdigit():
            return self._revision(value, parent)
        if key == "storageVersionHash" and self._own_group:
            return "<hash>"  # of a group that is named anew in each run
        if key == "continue" and value:
            return "<continue>"
        if key == "cells":
            return [
                "<age>" if _AGE.fullmatch(str(cell)) else self._tree(cell, path) for cell in value
            ]
        if key in ("nodePort", "healthCheckNodePort") and value:
            return f"<{key}>"
        return self._tree(value, (*path, key))

    def _revision(self, value: str, metadata: Tree) -> str:
        """A list's or a bookmark's own revision counts everybody's writes."""
        if value == "0":
            return value
        return self._named("rv", value) if "uid" in metadata or "name" in metadata else "<rv>"

    def _text(self, text: str) -> str:
        text = _UID.sub(lambda match: self._named("uid", match[0]), text)
        text = _TIME.sub("<time>", text)
        text = _CLUSTER_IP.sub(lambda match: self._named("ip", match[0]), text)
        for pattern, replacement in self._replaced:
            text = pattern.sub(replacement, text)
        return text

    def _named(self, kind: str, value: str) -> str:
        seen = self._seen.setdefault(kind, {})
        return seen.setdefault(value, f"<{kind}-{len(seen) + 1}>")


def _is_first(frame: Tree) -> bool:
    """The bookmark that ends the initial events, which a watch from now may get unasked."""
    return frame["type"] == "BOOKMARK" and not _is_late(frame)


def _is_late(frame: Tree) -> bool:
    """A bookmark that comes or not, as time allows, after the one that ends the initial events."""
    return frame["type"] == "BOOKMARK" and "annotations" not in frame["object"]["metadata"]


def _layout(text: str) -> str:
    """compact (with a line break at its end) or indented (without)."""
    if text.startswith(("{\n", "[\n")):
        return "indented" if not text.endswith("\n") else "indented+newline"
    return "compact" if text.endswith("\n") else "compact-newline"


# -- recordings ------------------------------------------------------------------------------


def recording(file: str) -> dict[str, list[Tree]]:
    path = RECORDINGS / f"{file}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def write_recording(file: str, replies: Mapping[str, list[Tree]]) -> None:
    RECORDINGS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(replies, indent=1, ensure_ascii=False)
    (RECORDINGS / f"{file}.json").write_text(text + "\n")


def differences(expected: Any, actual: Any, path: str = "") -> list[str]:
    """Where two replies differ, as `path: expected -> actual`."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = [*expected, *(key for key in actual if key not in expected)]
        return [
            line
            for key in keys
            for line in differences(
                expected.get(key, "<absent>"), actual.get(key, "<absent>"), f"{path}.{key}"
            )
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [
            line
            for index, (one, other) in enumerate(zip(expected, actual, strict=True))
            for line in differences(one, other, f"{path}.{index}")
        ]
    return [] if expected == actual else [f"{path.lstrip('.')}: {expected!r} -> {actual!r}"]


def _timeless(tree: Any) -> Any:
    """Managers by name: their order depends on whether two writes fall into one second."""
    if isinstance(tree, list):
        return [_timeless(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    found = {key: _timeless(value) for key, value in tree.items()}
    if isinstance(found.get("managedFields"), list):
        found["managedFields"].sort(key=lambda entry: json.dumps(entry, sort_keys=True))
    return found


def unexcused(case: Case, expected: list[Tree], actual: list[Tree]) -> list[str]:
    """The differences that the case's deviation does not name."""
    found = differences(_timeless(expected), _timeless(actual))
    excused = [re.compile(pattern) for pattern in case.differs]
    return [line for line in found if not any(pattern.match(line) for pattern in excused)]
