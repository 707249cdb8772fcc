"""What the container runtime knows: sandboxes and the containers that were made in them."""

from dataclasses import dataclass, field
from typing import Any

from mockapi.kubelet.behaviour import DEFAULT, ContainerBehaviour

Obj = dict[str, Any]

CREATED, RUNNING, EXITED = "created", "running", "exited"
KEPT = 2
"""Of each container, the lives that are remembered."""


@dataclass(slots=True, eq=False)
class Container:
    """One life of a container."""

    name: str
    id: str
    attempt: int
    image: str
    image_id: str
    asked_image: str
    """As the pod names it."""
    created_at: float
    behaviour: ContainerBehaviour = DEFAULT
    state: str = CREATED
    started_at: float = 0.0
    finished_at: float = 0.0
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    resources: Obj = field(default_factory=dict)
    """As they were given to the runtime."""
    ends_at: float | None = None
    """When it will exit by itself, or because of a signal."""
    ends_with: tuple[int, str, str] = (0, "Completed", "")
    """Exit code, reason, message."""
    signalled: bool = False
    probed: dict[str, str] = field(default_factory=dict)
    """Probe kind -> Success, Failure, Unknown."""

    @property
    def full_id(self) -> str:
        return f"containerd://{self.id}"

    def begin(self, now: float) -> None:
        self.state = RUNNING
        self.started_at = now
        run = self.behaviour.run(self.attempt)
        if run.seconds is not None:
            self.ends_at = now + run.seconds
            self.ends_with = (run.exit_code, run.ended_reason, run.message)

    def terminate(self, now: float) -> None:
        """SIGTERM: it ends in its own time, if it listens. Another one changes nothing."""
        stop = self.behaviour.stop
        if self.signalled or stop.ignores:
            return
        self.signalled = True
        self.end_by(now + stop.seconds, stop.exit_code)

    def end_by(self, moment: float, exit_code: int) -> None:
        if self.ends_at is None or moment < self.ends_at:
            self.ends_at = moment
            self.ends_with = (exit_code, "Error" if exit_code else "Completed", "")

    def kill(self, now: float) -> None:
        """SIGKILL."""
        self.end_by(now, 137)

    def end(self) -> None:
        self.state = EXITED
        self.finished_at = self.ends_at or self.started_at
        self.exit_code, self.reason, self.message = self.ends_with
        self.ends_at = None


@dataclass(slots=True)
class Sandboxed:
    """A pod as the runtime sees it."""

    sandbox: str = ""
    """Empty before there is one, then `ready`, at the end `stopped`."""
    attempt: int = 0
    ips: list[str] = field(default_factory=list)
    lives: dict[str, list[Container]] = field(default_factory=dict)
    """By container name, newest first."""

    def latest(self, name: str) -> Container | None:
        lives = self.lives.get(name)
        return lives[0] if lives else None

    def add(self, container: Container) -> None:
        lives = self.lives.setdefault(container.name, [])
        lives.insert(0, container)
        del lives[KEPT:]

    def running(self) -> list[Container]:
        return [c for lives in self.lives.values() for c in lives if c.state == RUNNING]

    def next_end(self) -> float | None:
        ends = [c.ends_at for c in self.running() if c.ends_at is not None]
        return min(ends) if ends else None
