"""What the HTTP face needs of a cluster, and nothing else of it."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from mockapi.api.stream import Streams
from mockapi.base.clock import Clock
from mockapi.machinery.registry import Registry
from mockapi.machinery.request import ListResult, Request, Result


class Pipeline(Protocol):
    """The request path below HTTP."""

    def handle(self, request: Request) -> Result: ...

    def list(self, request: Request) -> ListResult: ...

    def watch(self, request: Request) -> Any: ...


@dataclass
class Kernel:
    """One cluster as the server sees it."""

    pipeline: Pipeline
    registry: Registry
    clock: Clock
    streams: Streams = field(default_factory=Streams)
