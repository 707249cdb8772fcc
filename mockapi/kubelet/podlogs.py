"""The log endpoint's questions, from the query of a URL to an open log."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockapi.base.clock import Clock, parse_timestamp
from mockapi.kubelet.behaviours import Behaviours
from mockapi.kubelet.logs import Log, LogOptions, open_log
from mockapi.meta import gofmt
from mockapi.meta.errors import BadRequest, NotFound

Obj = dict[str, Any]
Query = Mapping[str, Sequence[str]]
Find = Callable[[str, str, str], Obj | None]
"""(resource, namespace, name) -> object."""

_GO_TIME = "2006-01-02T15:04:05Z07:00"


class OpenLog:
    """One request's log. `pause` is in real seconds."""

    def __init__(self, logs: "PodLogs", pod: Obj, log: Log) -> None:
        self._logs = logs
        self._pod = pod
        self._log = log

    @property
    def done(self) -> bool:
        return self._log.done

    def read(self) -> bytes:
        """What is new. Raises ApiError at the first call only."""
        metadata = self._pod["metadata"]
        now = self._logs.clock.now()
        found = self._logs.find("pods", metadata["namespace"], metadata["name"])
        if found is None or found["metadata"]["uid"] != metadata["uid"]:
            self._log.done = True
            return b""
        self._pod = found
        return self._log.read(found, now)

    def pause(self) -> float | None:
        """How long there will be nothing new, unless the pod changes."""
        if self._log.next_at is None:
            return None
        seconds = max(0.0, self._log.next_at - self._logs.clock.now())
        return self._logs.clock.source.real_seconds(seconds)


class PodLogs:
    """Opens logs. `find` reads objects as they are now."""

    def __init__(self, find: Find, behaviours: Behaviours, clock: Clock) -> None:
        self.find = find
        self.clock = clock
        self._behaviours = behaviours

    def open(self, namespace: str, name: str, query: Query) -> OpenLog | None:
        """None when the pod has no node yet: then there is nothing to say. Raises ApiError."""
        options = options_of(query)
        problems = options.problems()
        pod = self.find("pods", namespace, name)
        if pod is None and not problems:
            raise NotFound("", "pods", name)
        log = open_log(pod or {"metadata": {"name": name}}, options, self._behaviours)
        if log is None or pod is None:
            return None
        node = pod["spec"]["nodeName"]
        if self.find("nodes", "", node) is None:
            # The real server looks the node up on the way to a pod, and says so.
            raise NotFound("", "pods", node)
        return OpenLog(self, pod, log)


def options_of(query: Query) -> LogOptions:
    """PodLogOptions of a URL. Raises BadRequest in the words of Go's parsers."""
    return LogOptions(
        container=_first(query, "container") or "",
        follow=_flag(query, "follow"),
        previous=_flag(query, "previous"),
        since_seconds=_number(query, "sinceSeconds"),
        since=_time(query, "sinceTime"),
        timestamps=_flag(query, "timestamps"),
        tail_lines=_number(query, "tailLines"),
        limit_bytes=_number(query, "limitBytes"),
        stream=_first(query, "stream"),
    )


def _first(query: Query, name: str) -> str | None:
    values = query.get(name)
    return values[0] if values else None


def _flag(query: Query, name: str) -> bool:
    """Everything but false and 0 is true, also nothing at all."""
    text = _first(query, name)
    return text is not None and text.lower() not in ("false", "0")


def _number(query: Query, name: str) -> int | None:
    text = _first(query, name)
    if text is None:
        return None
    if not text.lstrip("+-").isascii() or not text.lstrip("+-").isdigit():
        raise BadRequest(f"strconv.ParseInt: parsing {gofmt.quote(text)}: invalid syntax")
    if not -(2**63) <= int(text) < 2**63:
        raise BadRequest(f"strconv.ParseInt: parsing {gofmt.quote(text)}: value out of range")
    return int(text)


def _time(query: Query, name: str) -> float | None:
    text = _first(query, name)
    if not text:
        return None
    try:
        return parse_timestamp(text)
    except ValueError:
        quoted = gofmt.quote(text)
        raise BadRequest(
            f'parsing time {quoted} as "{_GO_TIME}": cannot parse {quoted} as "2006"'
        ) from None
