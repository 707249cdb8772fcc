"""Container logs: what a behaviour has written by now, and why there may be nothing to read.

Pure: a log follows from the pod's status, its behaviour and the time. Source: registry/core/pod
(LogLocation, ValidatePodLogOptions), kubelet_pods.go validateContainerLogStatus, cri-client logs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.kubelet.behaviour import ContainerBehaviour
from mockapi.kubelet.behaviours import Behaviours
from mockapi.meta import fields
from mockapi.meta.errors import BadRequest, Invalid
from mockapi.meta.fields import FieldError

Obj = dict[str, Any]

_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
FALLBACK_LINES, FALLBACK_BYTES = 80, 2048
"""What FallbackToLogsOnError takes from the end of a log."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """PodLogOptions; `since` is the moment of sinceTime."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    since_seconds: int | None = None
    since: float | None = None
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    stream: str | None = None
    """Not to be named while the feature gate PodLogsQuerySplitStreams is off."""

    def problems(self) -> list[FieldError]:
        found = []
        if self.tail_lines is not None and self.tail_lines < 0:
            text = "must be greater than or equal to 0"
            found.append(fields.invalid("tailLines", self.tail_lines, text))
        if self.limit_bytes is not None and self.limit_bytes < 1:
            found.append(fields.invalid("limitBytes", self.limit_bytes, "must be greater than 0"))
        if self.since_seconds is not None and self.since is not None:
            text = "at most one of `sinceTime` or `sinceSeconds` may be specified"
            found.append(fields.forbidden("[]", text))
        elif self.since_seconds is not None and self.since_seconds < 1:
            found.append(
                fields.invalid("sinceSeconds", self.since_seconds, "must be greater than 0")
            )
        if self.stream is not None:
            found.append(fields.forbidden("stream", "may not be specified"))
        return found


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log; `text` without its end."""

    at: float
    text: str
    stream: str


def container_name(pod: Obj, asked: str) -> str:
    """The container whose log is meant. Raises BadRequest."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = [
        c["name"]
        for kind in ("initContainers", "containers", "ephemeralContainers")
        for c in spec.get(kind) or ()
    ]
    if asked:
        if asked not in names:
            raise BadRequest(f"container {asked} is not valid for pod {name}")
        return asked
    if len(spec["containers"]) == 1:
        return str(spec["containers"][0]["name"])
    listed = " ".join(names)
    raise BadRequest(
        f"a container name must be specified for pod {name}, choose one of: [{listed}]"
    )


@dataclass(frozen=True, slots=True)
class Life:
    """The life of a container whose log is read."""

    attempt: int
    started_at: float
    finished_at: float | None


def life(pod: Obj, container: str, *, previous: bool) -> Life:
    """Raises BadRequest with the kubelet's text when there is none to read from."""
    name = pod["metadata"]["name"]
    status = next(
        (
            s
            for kind in _STATUSES
            for s in (pod.get("status") or {}).get(kind) or ()
            if s["name"] == container
        ),
        None,
    )
    if status is None:
        raise BadRequest(f'container "{container}" in pod "{name}" is not available')
    state, last = status["state"], (status.get("lastState") or {}).get("terminated")
    if previous:
        if not last or not last.get("containerID"):
            text = f'previous terminated container "{container}" in pod "{name}" not found'
            raise BadRequest(text)
        return _life(last, status["restartCount"] - 1)
    if "running" in state:
        return _life(state["running"], status["restartCount"])
    ended = state.get("terminated")
    if ended and ended.get("containerID"):
        return _life(ended, status["restartCount"])
    if last and last.get("containerID"):
        count = status["restartCount"]
        return _life(last, count if "waiting" in state else count - 1)
    if ended or last:
        raise BadRequest(f'container "{container}" in pod "{name}" is terminated')
    raise BadRequest(_waiting_text(container, name, state.get("waiting")))


def _waiting_text(container: str, pod: str, waiting: Obj | None) -> str:
    if waiting is None:
        return f'container "{container}" in pod "{pod}" is waiting to start - no logs yet'
    reason = waiting.get("reason", "")
    why = {
        "ErrImagePull": "image can't be pulled",
        "ImagePullBackOff": "trying and failing to pull image",
    }.get(reason, reason)
    return f'container "{container}" in pod "{pod}" is waiting to start: {why}'


def _life(state: Obj, attempt: int) -> Life:
    ended = state.get("finishedAt")
    return Life(
        max(attempt, 0),
        parse_timestamp(state["startedAt"]),
        parse_timestamp(ended) if ended else None,
    )


def lines(behaviour: ContainerBehaviour, started_at: float, until: float) -> Iterator[Line]:
    """What was written from the start on, until a moment (inclusive)."""
    logs = behaviour.logs
    ordered = sorted(logs.lines, key=lambda line: line.after)
    cycle = 0
    while ordered:
        begin = started_at + cycle * logs.every
        for line in ordered:
            if begin + line.after > until:
                return
            for text in line.text.split("\n"):
                yield Line(begin + line.after, text.replace("{n}", str(cycle)), line.stream)
        cycle += 1
        if not logs.every:
            return


def render(found: Sequence[Line], options: LogOptions, now: float) -> bytes:
    """As the log endpoint sends them."""
    if options.tail_lines is not None:
        found = found[len(found) - min(options.tail_lines, len(found)) :]
    since = options.since
    if options.since_seconds is not None:
        since = now - options.since_seconds
    out = []
    for line in found:
        if since is not None and line.at < since:
            continue
        prefix = f"{_nanos(line.at)} " if options.timestamps else ""
        out.append(f"{prefix}{line.text}\n")
    data = "".join(out).encode()
    return data if options.limit_bytes is None else data[: options.limit_bytes]


def _nanos(moment: float) -> str:
    nanos = round((moment - int(moment)) * 1_000_000) * 1000
    return f"{timestamp(moment)[:-1]}.{nanos:09d}Z"


class Log:
    """A log that is being read: `read` gives what is new, `next_at` when there will be more."""

    def __init__(self, name: str, options: LogOptions, behaviours: Behaviours) -> None:
        self._name = name
        self._options = options
        self._behaviours = behaviours
        self._begun: tuple[float, int] | None = None
        self._sent = 0
        self._lines = 0
        self.done = False
        self.next_at: float | None = None

    def read(self, pod: Obj, now: float) -> bytes:
        """What has been written since the last call. Raises ApiError at the first one."""
        container = container_name(pod, self._options.container)
        one = life(pod, container, previous=self._options.previous)
        if self._begun is None:
            self._begun = (one.started_at, one.attempt)
        elif (one.started_at, one.attempt) != self._begun:
            self.done = True
            return b""
        found, behaviour = self._written(pod, container, one, now)
        fresh, first = found[self._lines :], self._lines == 0
        self._lines = len(found)
        self.done = one.finished_at is not None or not self._options.follow
        self.next_at = _next_line(behaviour, one, now)
        options = self._options if first else _following(self._options, self._sent)
        data = render(fresh, options, now)
        self._sent += len(data)
        if self._options.limit_bytes is not None and self._sent >= self._options.limit_bytes:
            self.done = True
        return data

    def _written(
        self, pod: Obj, container: str, one: Life, now: float
    ) -> tuple[list[Line], ContainerBehaviour]:
        spec = _spec(pod, container)
        behaviour = self._behaviours.of_container(pod, spec, one.attempt)
        until = now if one.finished_at is None else min(now, one.finished_at)
        return list(lines(behaviour, one.started_at, until)), behaviour


def _following(options: LogOptions, sent: int) -> LogOptions:
    """After the first answer, only the limit and the form still count."""
    limit = None if options.limit_bytes is None else max(options.limit_bytes - sent, 0)
    return LogOptions(timestamps=options.timestamps, limit_bytes=limit)


def _next_line(behaviour: ContainerBehaviour, one: Life, now: float) -> float | None:
    """The moment of the next line, None when there will be none."""
    logs = behaviour.logs
    if one.finished_at is not None or not logs.lines:
        return None
    cycle = int((now - one.started_at) // logs.every) if logs.every else 0
    later = [
        one.started_at + (cycle + extra) * logs.every + line.after
        for extra in ((0, 1) if logs.every else (0,))
        for line in logs.lines
    ]
    return min((moment for moment in later if moment > now), default=None)


def _spec(pod: Obj, container: str) -> Obj:
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for one in pod["spec"].get(kind) or ():
            if one["name"] == container:
                found: Obj = one
                return found
    raise RuntimeError(f"pod {pod['metadata']['name']} has a status for no container {container}")


def open_log(pod: Obj, options: LogOptions, behaviours: Behaviours) -> Log | None:
    """Checks the request; None when the pod has no node yet (the answer is then empty).

    Raises Invalid for bad options and BadRequest for a container that is not there.
    """
    name = pod["metadata"]["name"]
    problems = options.problems()
    if problems:
        raise Invalid("", "PodLogOptions", name, problems)
    container_name(pod, options.container)
    if not pod["spec"].get("nodeName"):
        return None
    return Log(name, options, behaviours)


def read_log(pod: Obj, options: LogOptions, behaviours: Behaviours, now: float) -> bytes:
    """The whole answer of a log request that does not follow. Raises ApiError."""
    log = open_log(pod, options, behaviours)
    return b"" if log is None else log.read(pod, now)


def last_words(behaviour: ContainerBehaviour, started_at: float, ended_at: float) -> str:
    """The end of a log, as a termination message that falls back to it has it."""
    found = list(lines(behaviour, started_at, ended_at))[-FALLBACK_LINES:]
    text = "".join(f"{line.text}\n" for line in found)
    return text[-FALLBACK_BYTES:]
