"""A watch on its way to one client: wait for the store, send everything that is pending at once.

A stream holds no events of its own; a slow reader blocks in `send` and, when it comes back, either
reads on from the log or is told that its revision has expired.
"""

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import gevent
from gevent.event import Event

from mockapi.base.clock import monotonic
from mockapi.meta.errors import ApiError

_CLOSE_ALERT_LENGTH = 64


class Source(Protocol):
    """What is streamed: the pipeline's watch."""

    def handle(self) -> Any: ...

    def poll(self) -> Any: ...

    def failure(self, error: ApiError) -> Any:
        """The event that tells the client why the stream ends."""

    def pause(self) -> float | None:
        """Real seconds after which it wants to be polled without being woken."""

    def close(self) -> None: ...


class Streams:
    """All open streams of a server, so that they can be ended together."""

    def __init__(self) -> None:
        self._open: set[Stream] = set()
        self.closing = False

    def __len__(self) -> int:
        return len(self._open)

    def add(self, stream: "Stream") -> None:
        self._open.add(stream)

    def discard(self, stream: "Stream") -> None:
        self._open.discard(stream)

    def close(self) -> None:
        """End every stream after what is pending has been sent."""
        self.closing = True
        for stream in list(self._open):
            stream.wake()

    def drop(self) -> None:
        """End every stream that is open now; new ones are welcome."""
        for stream in list(self._open):
            stream.end()


class Stream:
    """An iterator of frames. `seconds` are real ones: they belong to the protocol."""

    def __init__(
        self,
        source: Source,
        encode: Callable[[Any], bytes],
        *,
        seconds: float,
        streams: Streams,
        socket: Any = None,
    ) -> None:
        self._source = source
        self._encode = encode
        self._deadline = monotonic() + seconds
        self._streams = streams
        self._socket = socket
        self._wakeup = Event()
        self._ended = False
        streams.add(self)

    def wake(self, _: object = None) -> None:
        self._wakeup.set()

    def end(self) -> None:
        self._ended = True
        self._wakeup.set()

    def __iter__(self) -> Iterator[bytes]:
        return map(b"".join, self.batches())

    def batches(self) -> Iterator[list[bytes]]:
        """The frames of what was pending, each by itself."""
        watcher = self._watch_for_hangup()
        try:
            while not self._ended:
                handle = self._source.handle()
                try:
                    events = self._source.poll()
                except ApiError as error:
                    yield [self._encode(self._source.failure(error))]
                    return
                if events:
                    yield [self._encode(event) for event in events]
                elif self._streams.closing or not self._wait(handle):
                    return
        finally:
            self.close()
            if watcher is not None:
                watcher.stop()
                watcher.close()

    def close(self) -> None:
        self._streams.discard(self)
        self._source.close()

    def _wait(self, handle: Any) -> bool:
        """False when the time is over."""
        remaining = self._deadline - monotonic()
        if remaining <= 0:
            return False
        handle.rawlink(self.wake)
        try:
            self._wakeup.wait(min(remaining, self._pause()))
        finally:
            handle.unlink(self.wake)
            self._wakeup.clear()
        return True

    def _pause(self) -> float:
        """Real seconds after which the source wants to be asked again (for a bookmark)."""
        pause = self._source.pause()
        return 3600.0 if pause is None else pause

    def _watch_for_hangup(self) -> Any:
        """A client that has gone is noticed at once, not at the next event."""
        if self._socket is None:
            return None
        watcher = gevent.get_hub().loop.io(self._socket.fileno(), 1)
        watcher.start(self._on_readable, watcher)
        return watcher

    def _on_readable(self, watcher: Any) -> None:
        watcher.stop()
        if hung_up(self._socket):
            self.end()


def hung_up(sock: Any) -> bool:
    """Nothing to read but the end, or (under TLS) a short record, which is the closing alert."""
    try:
        peeked = _peek(sock.fileno(), _CLOSE_ALERT_LENGTH)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return len(peeked) < _CLOSE_ALERT_LENGTH


def _peek(fileno: int, length: int) -> bytes:
    """A look at what the kernel holds, below gevent and TLS, that leaves it there."""
    plain = socket.socket(fileno=os.dup(fileno))
    try:
        return plain.recv(length, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    finally:
        plain.close()
