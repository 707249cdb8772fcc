"""Runs one sequence of steps on both servers and says where their replies differ."""

import http.client
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from typing import Any

from tests.contract import harness
from tests.contract.fuzz.comparing import Comparable
from tests.contract.harness import Step, Target, Tree

_SEEN = re.compile(r"\{(rv|uid):([^{}]*)\}")
# "services" in docs/deviations.md.
_DOCUMENTED = re.compile(
    r"^body\.(?:rows\.\d+\.object\.|items\.\d+\.)?"
    r"(?:metadata\.managedFields\..*f:|spec\.)internalTrafficPolicy: "
)
_OPEN_SECONDS = 10
_PANIC = {"status": 0, "headers": {}, "text": "hung up"}
"""The real server has given up on the request: there is nothing that could be the same."""


@dataclass(frozen=True)
class Difference:
    """`step` is the first one whose replies differ; `lines` are `path: real -> ours`."""

    steps: tuple[Step, ...]
    step: int
    lines: tuple[str, ...]

    @property
    def signature(self) -> str:
        """The same for differences of the same sort."""
        one = self.steps[self.step]
        path = re.sub(r"\?.*", "", one.path)
        shown = re.sub(r"\{[^}]*\}|[0-9]+|'[^']*'", "#", self.lines[0])[:100]
        return f"{one.method} {path.rpartition('/')[0]} {one.headers.get('Content-Type')} {shown}"

    def report(self) -> str:
        """The steps and where the replies differ, for people."""
        shown = [f"  {step.title} {step.body or ''}" for step in self.steps[: self.step + 1]]
        return "\n".join(("", *shown, *(f"    {line[:600]}" for line in self.lines[:8])))


class Side:
    """One server, by a connection that stays open."""

    def __init__(self, target: Target, normal: type[Comparable] = Comparable) -> None:
        self._target = target
        self._connection = target.connect()
        self.normal = normal

    def run(self, steps: Sequence[Step]) -> list[Tree]:
        """The normalised replies, in a namespace of the sequence's own."""
        token = secrets.token_hex(5)
        address = f"{int(token[:4], 16):x}:{int(token[4:8], 16):x}"
        names = {"{ns}": f"fuzz-{token}", "{id}": f"id-{token}", "{ip}": address}
        session = _Session(self, names)
        self._make_namespace(names["{ns}"], session)
        try:
            return [session.perform(step) for step in steps]
        finally:
            session.clean(steps)

    def _make_namespace(self, name: str, session: "_Session") -> None:
        made = self.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        while made["status"] in (0, 409):  # a server that is busy answers late
            made = self.send("GET", f"/api/v1/namespaces/{name}")
        session.start = json.loads(made["content"])["metadata"]["resourceVersion"]
        path = f"/api/v1/namespaces/{name}/serviceaccounts"
        self.send("POST", path, {"metadata": {"name": "default"}})

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Tree:
        said = {**self._target.headers, **(headers or {"Content-Type": "application/json"})}
        text = body if isinstance(body, str | None) else json.dumps(body)
        for again in (2, 1, 0):
            try:
                self._connection.request(
                    method, path, text and text.encode(errors="surrogateescape"), said
                )
                response = self._connection.getresponse()
                content = response.read()
                break
            except TimeoutError:
                self._connection.close()
                return {"status": 0, "headers": Message(), "content": b"no answer"}
            except (http.client.HTTPException, OSError):
                self._connection.close()
                if not again:
                    return {"status": 0, "headers": Message(), "content": b"hung up"}
        return {"status": response.status, "headers": response.headers, "content": content}

    def watch(self, path: str, headers: Mapping[str, str], end: tuple[str, str]) -> Tree:
        """The frames until the one about the object that is made when the watch is open."""
        connection = self._target.connect()
        connection.timeout = _OPEN_SECONDS
        try:
            connection.request("GET", path, None, {**self._target.headers, **headers})
            response = connection.getresponse()
            content = b""
            if response.status == 200:
                self.send("POST", end[0], end[1])
                last = f'"{json.loads(end[1])["metadata"]["name"]}"'.encode()
                while line := response.readline():
                    content += line
                    if last in line:
                        break
            else:
                content = response.read()
        except TimeoutError:
            content += b'{"type":"<timeout>","object":{"metadata":{}}}\n'
        finally:
            connection.close()
        return {"status": response.status, "headers": response.headers, "content": content}

    def close(self) -> None:
        self._connection.close()


class _Session:
    """What one run of a sequence has seen of its server."""

    def __init__(self, side: Side, names: dict[str, str]) -> None:
        self._side = side
        self._names = names
        self._seen: dict[tuple[str, str], str] = {}
        self._continue = ""
        self.start = ""
        self._normal = side.normal({value: key for key, value in names.items()}, ())

    def perform(self, step: Step) -> Tree:
        path = self._filled(step.path)
        if step.during:
            ending = step.during[0]
            end = (self._filled(ending.path), self._filled(ending.body or ""))
            reply = self._side.watch(path, step.headers, end)
        else:
            body = None if step.body is None else self._filled(step.body)
            reply = self._side.send(step.method, path, body, step.headers)
        self._remember(reply["content"])
        return self._normal.reply(reply, step)

    def _filled(self, text: str) -> str:
        for placeholder, value in self._names.items():
            text = text.replace(placeholder, value)
        text = text.replace("{start}", self.start).replace("{continue}", self._continue)
        return _SEEN.sub(lambda match: self._seen.get((match[1], match[2]), "1"), text)

    def _remember(self, content: bytes) -> None:
        try:
            metadata = json.loads(content).get("metadata") or {}
        except (ValueError, AttributeError):
            return
        name = str(metadata.get("name", ""))
        if metadata.get("continue"):
            self._continue = metadata["continue"]
        if name and metadata.get("uid"):
            letter = name.replace(":", "-").rpartition("-")[2]
            self._seen["rv", letter] = metadata.get("resourceVersion", "")
            self._seen["uid", letter] = metadata["uid"]

    def clean(self, steps: Sequence[Step]) -> None:
        """Remove what the sequence has left outside its namespace."""
        plain = {step.path.partition("?")[0] for step in steps if "{ns}" not in step.path}
        made = {_object_of(path, step) for step in steps for path in plain if path in step.path}
        for path in sorted(filter(None, made)):
            where = self._filled(path)
            body = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}
            reply = self._side.send("DELETE", where, body)
            if "/api/v1/namespaces/" in where:
                free = {"metadata": {"name": where.rpartition("/")[2]}, "spec": {"finalizers": []}}
                self._side.send("PUT", f"{where}/finalize", free)
            if b'"finalizers"' in reply["content"]:
                empty = '{"metadata":{"finalizers":null}}'
                kind = {"Content-Type": "application/merge-patch+json"}
                self._side.send("PATCH", where, empty, kind)


def _object_of(path: str, step: Step) -> str:
    """The path of the object that a step is about, without subresource."""
    for own in ("{id}", "{ip}"):
        if own in path:
            head, _, tail = path.partition(own)
            return f"{head}{own}{tail.partition('/')[0]}"
    body = step.during[0].body if step.during else step.body
    found = re.search(r'"name": ?"([^"]*\{i[dp]\}[-:][^"]*)"', body or "")
    return f"{path}/{found[1]}" if found and found[1].isascii() else ""


class Pair:
    """Both servers."""

    def __init__(self, ours: Target, real: Target) -> None:
        self._sides = (Side(real), Side(ours))
        self._pool = ThreadPoolExecutor(2)

    def compare(self, steps: Sequence[Step]) -> Difference | None:
        real, ours = self._pool.map(lambda side: side.run(steps), self._sides)
        for index, (expected, actual) in enumerate(zip(real, ours, strict=True)):
            if expected == _PANIC:
                return None
            if "strategic" in steps[index].headers.get("Content-Type", ""):
                for reply in (expected, actual):  # what is unknown is told in the order of a map
                    reply["headers"].get("Warning", []).sort()
            lines = harness.differences(expected, actual)
            lines = [line for line in lines if not _DOCUMENTED.search(line)]
            if lines:
                return Difference(tuple(steps), index, tuple(lines))
        return None

    def confirmed(self, found: Difference) -> Difference | None:
        """The same steps differ again: else it was where two writes fell into one second."""
        again = self.compare(found.steps)
        return again and self.compare(found.steps)

    def shortest(self, found: Difference) -> Difference:
        """The same difference by fewer steps: each one is left out that is not needed."""
        steps = list(found.steps[: found.step + 1])
        best = found
        for index in range(len(steps) - 2, -1, -1):
            fewer = steps[:index] + steps[index + 1 :]
            again = self.compare(fewer)
            if again is not None and again.step == len(fewer) - 1:
                steps, best = fewer, again
        return best

    def close(self) -> None:
        for side in self._sides:
            side.close()
        self._pool.shutdown()
