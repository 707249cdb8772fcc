"""A watch on its way to one client: wait for the store, send everything that is pending at once.

A stream holds no events of its own; a slow reader blocks in `send` and, when it comes back, either
reads on from the log or is told that its revision has expired. While it waits, `push` sends for it.
"""

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import gevent
from gevent.event import Event

from mockapi.api.fanout import Fanout, Listen
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


class Line(Protocol):
    """The connection under a stream."""

    def send_now(self, data: bytes) -> bytes | None:
        """Send as much as goes without waiting; returns what is left, None when the connection
        cannot do that and nothing was sent."""

    def send_rest(self, rest: bytes) -> None:
        """Send what was left, waiting as long as it takes."""


class Streams:
    """All open streams of a server, so that they can be ended together."""

    def __init__(self) -> None:
        self._open: set[Stream] = set()
        self._fanouts: dict[str, Fanout] = {}
        self.closing = False

    def fanout(self, bucket: str, listen: Listen) -> Fanout:
        """Where the watchers of a bucket wait."""
        found = self._fanouts.get(bucket)
        if found is None:
            found = self._fanouts[bucket] = Fanout(listen)
        return found

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> "Iterator[Stream]":
        return iter(list(self._open))

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
        fanout: Fanout | None = None,
        line: Line | None = None,
    ) -> None:
        """With a `fanout` the stream waits there, and not for its source's handle; with a `line`
        it is sent to from there."""
        self._source = source
        self._encode = encode
        self._deadline = monotonic() + seconds
        self._streams = streams
        self._socket = socket
        self._fanout = fanout
        self._line = line
        self._rest = b""
        self._unsent: Any = ()
        self._wakeup = Event()
        self._ended = False
        self.route: Any = None
        """What it is about, for those who count."""
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
                handle = None if self._fanout is not None else self._source.handle()
                try:
                    events = self._left_over() or self._source.poll()
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
        if self._fanout is not None:
            self._fanout.join(self)
        else:
            handle.rawlink(self.wake)
        try:
            self._wakeup.wait(min(remaining, self._pause()))
        finally:
            if self._fanout is not None:
                self._fanout.leave(self)
            else:
                handle.unlink(self.wake)
            self._wakeup.clear()
        return True

    def push(self) -> None:
        """Send what is pending while the stream's greenlet waits, or wake that to do it."""
        if self._line is None or self._rest or self._unsent:
            self.wake()
            return
        try:
            events = self._source.poll()
        except ApiError:  # which the greenlet will meet again
            self.wake()
            return
        if not events:
            return
        rest = self._line.send_now(b"".join([self._encode(event) for event in events]))
        if rest is None:
            self._unsent = events
        elif rest:
            self._rest = rest
        else:
            return
        self.wake()

    def _left_over(self) -> Any:
        """What `push` could not send: the end of a frame is sent here, whole events returned."""
        if self._rest:
            rest, self._rest = self._rest, b""
            assert self._line is not None
            self._line.send_rest(rest)
        events, self._unsent = self._unsent, ()
        return events

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
