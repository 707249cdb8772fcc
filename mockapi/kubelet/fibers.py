"""Work of a pod that takes time: generators that say until when, or for what, they wait."""

from collections.abc import Callable, Generator
from typing import Any

Wait = tuple[float, Callable[[], bool] | None]
"""Until this moment, or until this becomes true."""
Process = Generator[Wait, None, Any]

FOREVER = float("inf")


class Fiber:
    """A process under way."""

    __slots__ = ("_condition", "_process", "done", "until")

    def __init__(self, process: Process) -> None:
        self._process = process
        self._condition: Callable[[], bool] | None = None
        self.until = 0.0
        self.done = False

    def due(self, now: float) -> bool:
        return self.until <= now or (self._condition is not None and self._condition())

    def resume(self) -> None:
        try:
            self.until, self._condition = next(self._process)
        except StopIteration:
            self.done = True
            self.until = FOREVER
            self._condition = None

    def cancel(self) -> None:
        self._process.close()
        self.done = True


def until(moment: float) -> Process:
    yield moment, None


def until_true(condition: Callable[[], bool], deadline: float = FOREVER) -> Process:
    if not condition():
        yield deadline, condition
