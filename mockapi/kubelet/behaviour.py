"""What a container does, as data: the values that behaviours are parsed into.

All times are seconds of the cluster's clock, counted from the moment the step begins. See
`behaviour_schema` for how they are written and `behaviours` for where they come from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

ALWAYS = -1
"""`fails`: every try fails."""

SIGNALS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "ABRT": 6,
    "BUS": 7,
    "FPE": 8,
    "KILL": 9,
    "USR1": 10,
    "SEGV": 11,
    "USR2": 12,
    "PIPE": 13,
    "ALRM": 14,
    "TERM": 15,
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step that takes time and may fail: `fails` tries do, ALWAYS all of them."""

    seconds: float = 0.0
    error: str = ""
    reason: str = ""
    fails: int = ALWAYS

    def failure(self, tries: int) -> bool:
        """Whether the try after `tries` earlier ones fails."""
        if not self.error and not self.reason:
            return False
        return self.fails == ALWAYS or tries < self.fails


@dataclass(frozen=True, slots=True)
class Pull:
    """How an image comes to the node."""

    seconds: float = 0.0
    error: str = ""
    reason: str = ""
    fails: int = 0
    present: bool = False
    """The image is on the node already."""
    inspect_error: str = ""
    size: int | None = None

    def failure(self, tries: int) -> bool:
        return self.fails == ALWAYS or tries < self.fails


@dataclass(frozen=True, slots=True)
class Run:
    """One life of a container; without `seconds` it runs until it is stopped."""

    seconds: float | None = None
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    signal: int = 0

    @property
    def ended_reason(self) -> str:
        return self.reason or ("Completed" if self.exit_code == 0 else "Error")


@dataclass(frozen=True, slots=True)
class Stop:
    """What a container does on SIGTERM."""

    seconds: float = 0.0
    exit_code: int = 0
    ignores: bool = False
    """It has to be killed when the grace period is over."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe finds from `after` seconds of the container's life on."""

    after: float = 0.0
    result: str = "pass"
    """pass, fail, warn or error (the probe itself could not be made)."""
    output: str = ""
    status: int = 0
    """The HTTP status of an httpGet probe."""
    timeout: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    after: float
    text: str
    stream: str = "stdout"


@dataclass(frozen=True, slots=True)
class Logs:
    """Lines at moments of the container's life; the last ones repeat `every` so many seconds."""

    lines: Sequence[LogLine] = ()
    every: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    after: float
    value: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A figure over the container's life: steps, or straight lines between the points."""

    points: Sequence[Point] = ()
    ramp: bool = False
    repeat: float = 0.0

    def at(self, age: float) -> float:
        return self.once(age % self.repeat if self.repeat else age)

    def total(self, age: float) -> float:
        """The figure added up over the container's life, in figure seconds."""
        if not self.repeat:
            return _area(self, 0.0, age)
        turns, rest = divmod(age, self.repeat)
        return turns * _area(self, 0.0, self.repeat) + _area(self, 0.0, rest)

    def once(self, age: float) -> float:
        """Without repeating."""
        if not self.points:
            return 0.0
        before = self.points[0]
        for point in self.points:
            if point.after > age:
                return _between(before, point, age) if self.ramp else before.value
            before = point
        return before.value


def _area(curve: "Curve", begin: float, end: float) -> float:
    """Between two moments of the first turn, straight line by straight line."""
    edges = sorted({begin, end, *(p.after for p in curve.points if begin < p.after < end)})
    total = 0.0
    for left, right in pairwise(edges):
        # At the right edge the next step may begin: what holds is what holds just before.
        middle = (left + right) / 2
        total += curve.once(middle) * (right - left)
    return total


def _between(left: Point, right: Point, age: float) -> float:
    if age <= left.after or right.after == left.after:
        return left.value
    share = (age - left.after) / (right.after - left.after)
    return left.value + (right.value - left.value) * share


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU in cores, memory in bytes."""

    cpu: Curve = field(default_factory=lambda: Curve((Point(0, 0.001),)))
    memory: Curve = field(default_factory=lambda: Curve((Point(0, 10 * 1024 * 1024),)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """The container is held back with this reason instead of being started."""

    reason: str
    message: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ContainerBehaviour:
    pull: Pull = Pull()
    create: Step = Step()
    start: Step = Step()
    runs: Sequence[Run] = (Run(),)
    """One for each attempt; the last one holds for all later ones."""
    stop: Stop = Stop()
    post_start: Step = Step()
    pre_stop: Step = Step()
    wait: Waiting | None = None
    startup: Sequence[Finding] = ()
    liveness: Sequence[Finding] = ()
    readiness: Sequence[Finding] = ()
    logs: Logs = Logs()
    usage: Usage = field(default_factory=Usage)

    def run(self, attempt: int) -> Run:
        return self.runs[min(attempt, len(self.runs) - 1)]

    def findings(self, probe: str) -> Sequence[Finding]:
        """Of `Startup`, `Liveness` or `Readiness`."""
        if probe == "Readiness":
            return self.readiness
        return self.liveness if probe == "Liveness" else self.startup


@dataclass(frozen=True, slots=True)
class VolumeTrouble:
    """Mounting (or attaching) this volume fails."""

    error: str
    reason: str = "FailedMount"
    fails: int = ALWAYS


@dataclass(frozen=True, slots=True)
class Rejection:
    """The kubelet refuses the pod."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Eviction:
    """The kubelet ends the pod so many seconds after it has started."""

    after: float
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class PodBehaviour:
    sandbox: Step = Step()
    volumes: Mapping[str, VolumeTrouble] = field(default_factory=dict)
    reject: Rejection | None = None
    evict: Eviction | None = None
    lost: bool = False
    """The node has stopped reporting the pod: its phase becomes Unknown."""


DEFAULT = ContainerBehaviour()
DEFAULT_POD = PodBehaviour()
FINISHES = ContainerBehaviour(runs=(Run(seconds=0.0),))
"""What the pods of Jobs do when nobody says otherwise."""


def finding_at(findings: Sequence[Finding], age: float) -> Finding | None:
    """The one that holds at this age of the container; None: nothing is said, so it passes."""
    current = None
    for finding in findings:
        if finding.after > age:
            break
        current = finding
    return current
