"""One write to many watchers: whoever has had everything waits here, a bucket's together.

A thousand greenlets woken for one event, each to send a few hundred bytes, cost most of what the
event costs. So nobody is woken: the first write after a while has one callback called on the hub,
which gives every waiting stream the chance to send what is pending straight to its socket. What
many writes have left by then goes out together.
"""

from collections.abc import Callable
from typing import Protocol

import gevent

Listen = Callable[[Callable[[], None]], Callable[[], None]]
"""(what to call at each write) -> what ends it."""


class Waiting(Protocol):
    def push(self) -> None:
        """Something was written: send it now or wake up. Never waits."""


class Fanout:
    """The waiting watchers of one bucket."""

    def __init__(self, listen: Listen) -> None:
        self._listen = listen
        self._end: Callable[[], None] | None = None
        self._waiting: dict[Waiting, None] = {}
        self._due = False

    def join(self, stream: Waiting) -> None:
        self._waiting[stream] = None
        if self._end is None:
            self._end = self._listen(self._written)

    def leave(self, stream: Waiting) -> None:
        self._waiting.pop(stream, None)
        if not self._waiting and self._end is not None:
            self._end()
            self._end = None

    def _written(self) -> None:
        if not self._due:
            self._due = True
            gevent.get_hub().loop.run_callback(self._push)

    def _push(self) -> None:
        self._due = False
        for stream in list(self._waiting):
            stream.push()
