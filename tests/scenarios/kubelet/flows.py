"""Transcripts: every write of a cluster with its time, its writer and what it changed."""

import re
from typing import Any

from mockapi.base.clock import ManualTime
from mockapi.composition import Cluster
from mockapi.machinery.request import Request, Result
from mockapi.settings import Settings

Obj = dict[str, Any]

START = 1_800_000_000.0
_RANDOM_ID = re.compile(r"\b([0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21})\b")
_RANDOM_NAME = re.compile(r"\b(kube-api-access-|sum-|endpointslices/web-)[b-df-hj-np-tv-z0-9]{5}\b")
_WRITES = frozenset(("create", "update", "patch", "delete"))
_QUIET = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "selfLink")


class Transcript:
    """A cluster whose writes are written down."""

    def __init__(self, *, nodes: int = 1) -> None:
        self.cluster = Cluster(Settings(port=0, clock="manual", seed=1, nodes=nodes))
        self.cluster.clock.source = ManualTime(START)
        self.lines: list[str] = []
        self._began = START
        self.cluster.start(listen=False)
        self.user = self.cluster.clients.client("kubectl", user="kubernetes-admin")
        self._handle = self.cluster.pipeline.handle
        self.cluster.pipeline.handle = self._record  # type: ignore[method-assign]

    def stop(self) -> str:
        self.cluster.stop()
        return _RANDOM_ID.sub("<id>", _RANDOM_NAME.sub("\\1<random>", "\n".join(self.lines))) + "\n"

    def note(self, text: str) -> None:
        self.lines.append(f"--- {text}")

    def _record(self, request: Request) -> Any:
        if request.verb not in _WRITES or request.resource.gvr.resource == "leases":
            return self._handle(request)
        before = self._current(request)
        result = self._handle(request)
        after = self._current(request)
        if request.verb == "create" and isinstance(result, Result):
            name = (result.obj.get("metadata") or {}).get("name") or request.name
            request.name = request.name or name
            after = self._current(request)
        self._write(request, before, after)
        return result

    def _current(self, request: Request) -> Obj:
        if not request.name:
            return {}
        bucket = request.resource.bucket
        return self.cluster.pipeline.reading.get(bucket, request.namespace, request.name) or {}

    def _write(self, request: Request, before: Obj, after: Obj) -> None:
        moment = self.cluster.clock.now() - self._began
        resource = request.resource.gvr.resource
        if resource == "events":
            self._write_event(moment, request, after)
            return
        what = f"{resource}/{request.name or '?'}"
        if request.subresource:
            what += f"/{request.subresource}"
        self.lines.append(f"{moment:6.1f}s  {request.user.name}  {request.verb} {what}")
        if not after:
            self.lines.append("         gone")
        for path, old, new in changes(before, after):
            self.lines.append(f"         {path}: {_shown(old)} -> {_shown(new)}")

    def _write_event(self, moment: float, request: Request, event: Obj) -> None:
        about = event.get("involvedObject") or event.get("regarding") or {}
        text = event.get("message") or event.get("note") or ""
        count = event.get("count") or 1
        self.lines.append(
            f"{moment:6.1f}s  {request.user.name}  event {about.get('kind', '').lower()}/"
            f"{about.get('name')} {event.get('type')} {event.get('reason')} x{count}: {text}"
        )


def changes(before: Any, after: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """What differs, by path; new objects only show their status and what is asked of them."""
    if before == after or not after:
        return []
    if isinstance(before, dict) and isinstance(after, dict) and before:
        found = []
        for key in [*before, *(k for k in after if k not in before)]:
            if key in _QUIET:
                continue
            where = f"{path}.{key}".lstrip(".")
            found += _below(before.get(key), after.get(key), where)
        return found
    return [] if not path else [(path, before, after)]


def _below(old: Any, new: Any, path: str) -> list[tuple[str, Any, Any]]:
    if old == new:
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        return changes(old, new, path)
    if _named(old) and _named(new):
        key = "type" if "type" in (old or new)[0] else "name"
        olds, news = ({i[key]: i for i in items} for items in (old, new))
        found = []
        for name in dict.fromkeys([*olds, *news]):
            found += _below(olds.get(name), news.get(name), f"{path}[{name}]")
        return found
    return [(path, old, new)]


def _named(items: Any) -> bool:
    return (
        isinstance(items, list)
        and bool(items)
        and all(isinstance(i, dict) and ("type" in i or "name" in i) for i in items)
    )


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{k}: {_shown(v)}" for k, v in value.items() if k not in _QUIET) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_shown(v) for v in value) + "]"
    return str(value)
