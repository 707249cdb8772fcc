"""Waking up greenlets: take the handle, look, then wait on the handle, and no change is missed."""

from collections.abc import Callable

from gevent.event import Event


class Notifier:
    """Wakes every waiter at once. One set() whatever the number of waiters."""

    __slots__ = ("_event", "_listeners")

    def __init__(self) -> None:
        self._event: Event | None = None
        self._listeners: list[Callable[[], None]] = []

    def handle(self) -> Event:
        """What to wait on; take it before looking at the state."""
        if self._event is None:
            self._event = Event()
        return self._event

    def notify(self) -> None:
        event, self._event = self._event, None
        if event is not None:
            event.set()
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back synchronously at each notify; returns what ends it. Must be quick."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
