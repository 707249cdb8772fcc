"""What the HTTP face needs of a cluster, and nothing else of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mockapi.api.control.controls import Controls
from mockapi.api.security import Security
from mockapi.api.stream import Streams
from mockapi.base.clock import Clock
from mockapi.machinery.discovery import Served
from mockapi.machinery.extensions import Extensions
from mockapi.machinery.pipeline import Pipeline
from mockapi.machinery.registry import Registry


class OpenLog(Protocol):
    """A log that is being read: what is new, and the real seconds until there may be more."""

    @property
    def done(self) -> bool: ...

    def read(self) -> bytes: ...

    def pause(self) -> float | None: ...


class PodLogs(Protocol):
    """Opens the log that the query of a URL asks for; None for a pod without a node."""

    def open(
        self, namespace: str, name: str, query: Mapping[str, Sequence[str]]
    ) -> OpenLog | None: ...


class NodeAnswer(Protocol):
    @property
    def code(self) -> int: ...

    @property
    def media(self) -> str: ...

    @property
    def body(self) -> bytes: ...


class Nodes(Protocol):
    """What listens on nodes. `unreachable` is raised where nobody does."""

    @property
    def unreachable(self) -> type[Exception]: ...

    def get(
        self, node: str, port: str, path: str, query: Mapping[str, Sequence[str]]
    ) -> NodeAnswer: ...


def _nothing() -> Sequence[str]:
    return ()


@dataclass
class Kernel:
    """One cluster as the server sees it."""

    pipeline: Pipeline
    registry: Registry
    clock: Clock
    served: Callable[[], Served]
    """What discovery shows now; a new value when custom resources come or go."""
    security: Security
    extensions: Extensions
    """Groups that are answered without being stored."""
    failing: Callable[[], Sequence[str]] = _nothing
    """Health checks that fail now (`informer-sync`, `shutdown`)."""
    controls: Controls | None = None
    """What the control API steers; without it /mockapi is not served."""
    logs: PodLogs | None = None
    """The kubelet's side of `pods/log`."""
    nodes: Nodes | None = None
    """What `nodes/proxy` reaches."""
    streams: Streams = field(default_factory=Streams)
