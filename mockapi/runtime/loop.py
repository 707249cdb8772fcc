"""The one loop of a control plane: deliver events, sync one key, again, until nothing is due.

Everything that runs here runs in one greenlet and never waits, so a cycle is deterministic: with a
manual clock and a seed a cluster does the same on every run.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from mockapi.base.clock import Clock
from mockapi.base.ids import Ids
from mockapi.base.waiting import Notifier
from mockapi.client.protocol import Client, Clients
from mockapi.meta.errors import ApiError
from mockapi.runtime.informer import Handler, Informer
from mockapi.runtime.queue import FIRST_BACK_OFF, LAST_BACK_OFF, Queue
from mockapi.runtime.recorder import Recorder

URGENT_IN_A_ROW = 200
# How long an informer waits that could not reach the server.
RETRY_SECONDS = 1.0

logger = logging.getLogger("mockapi.runtime")


class Component(Protocol):
    """A controller, the scheduler, the kubelet."""

    name: str

    def start(self, runtime: "Runtime") -> None:
        """Take informers, register handlers and queues."""


@dataclass(slots=True)
class _Part:
    """A component, with what it has registered."""

    component: Component
    queues: list[Queue]
    handlers: list[tuple[Informer, Handler]]


class Runtime:
    """What components run on. See `step` for the order of things."""

    def __init__(
        self,
        clients: Clients,
        *,
        clock: Clock,
        ids: Ids,
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.clock = clock
        self.ids = ids
        self.names = names
        """The name of a component by each name it is known by."""
        self.changed = Notifier()
        """Notified when there may be work for the loop."""
        self._clients = clients
        self._client_cache: dict[tuple[str, str], Client] = {}
        self._informers: dict[str, Informer] = {}
        self._dirty: dict[Informer, None] = {}
        self._ready: deque[tuple[Queue, str]] = deque()
        self._urgent: deque[tuple[Queue, str]] = deque()
        self._in_a_row = 0
        self._queues: list[Queue] = []
        self._components: list[Component] = []
        self._recorders: dict[tuple[str, str], Recorder] = {}
        self._parts: dict[str, _Part] = {}
        self.synced = 0
        """How many keys have been synced, for metrics and for tests."""
        clock.on_earlier_timer(self.changed.notify)

    def client(self, component: str, *, user: str = "") -> Client:
        client = self._client_cache.get((component, user))
        if client is None:
            client = self._clients.client(component, user=user)
            self._client_cache[component, user] = client
        return client

    def informer(self, resource: str) -> Informer:
        """The shared informer of `v1/pods`, `apps/v1/deployments`, ..."""
        informer = self._informers.get(resource)
        if informer is None:
            client = self.client("kube-controller-manager")
            informer = Informer(client, resource, dirty=self._mark, lost=self._later)
            informer.start()
            self._informers[resource] = informer
        return informer

    def queue(
        self,
        name: str,
        sync: Callable[[str], None],
        *,
        urgent: bool = False,
        back_off: tuple[float, float] = (FIRST_BACK_OFF, LAST_BACK_OFF),
    ) -> Queue:
        """Register a worker; `back_off` is the first and the longest, in seconds.

        An urgent queue is served first, within `URGENT_IN_A_ROW`: for keys that are one object's
        own small step (a pod to bind or to start). Otherwise whoever sums up many objects (a
        ReplicaSet) would do so again after each of those steps, and the work would grow with the
        square of their number.
        """
        ready = self._enqueue_urgent if urgent else self._enqueue
        queue = Queue(name, sync, clock=self.clock, ready=ready, back_off=back_off)
        self._queues.append(queue)
        return queue

    def recorder(self, component: str, host: str = "") -> Recorder:
        recorder = self._recorders.get((component, host))
        if recorder is None:
            # A kubelet speaks in its node's name.
            user = f"system:node:{host}" if component == "kubelet" and host else ""
            client = self.client(component, user=user)
            recorder = Recorder(
                client, clock=self.clock, ids=self.ids, component=component, host=host
            )
            self._recorders[component, host] = recorder
        return recorder

    def interpose(self, wrap: Callable[[Clients], Clients]) -> None:
        """Put something between the components and their clients, before the first is added."""
        if self._client_cache:
            raise RuntimeError("clients are in use already")
        self._clients = wrap(self._clients)

    def add(self, component: Component) -> None:
        queues = len(self._queues)
        handlers = {i: i.handlers for i in self._informers.values()}
        component.start(self)
        self._components.append(component)
        mine = [
            (informer, handler)
            for informer in self._informers.values()
            for handler in informer.handlers[len(handlers.get(informer, ())) :]
        ]
        self._parts[component.name] = _Part(component, self._queues[queues:], mine)

    def remove(self, name: str) -> None:
        """Stop one component: it hears of nothing more, and what it had queued is forgotten.
        Raises KeyError for one that there is not. Another may be added in its place."""
        part = self._parts.pop(name)
        for queue in part.queues:
            queue.close()
        for informer, handler in part.handlers:
            informer.off_event(handler)
        self._queues = [queue for queue in self._queues if queue not in part.queues]
        self._components.remove(part.component)

    def _later(self, informer: Informer) -> None:
        """Try an informer again that could not reach the server."""
        self.clock.call_later(RETRY_SECONDS, lambda: self._mark(informer))

    def _mark(self, informer: Informer) -> None:
        if informer not in self._dirty:
            self._dirty[informer] = None
            self.changed.notify()

    def _enqueue(self, queue: Queue, key: str) -> None:
        self._ready.append((queue, key))
        self.changed.notify()

    def _enqueue_urgent(self, queue: Queue, key: str) -> None:
        self._urgent.append((queue, key))
        self.changed.notify()

    def _next(self) -> tuple[Queue, str] | None:
        """The key whose turn it is."""
        if self._urgent and (self._in_a_row < URGENT_IN_A_ROW or not self._ready):
            self._in_a_row += 1
            return self._urgent.popleft()
        self._in_a_row = 0
        return self._ready.popleft() if self._ready else None

    def step(self) -> bool:
        """Fire due timers, deliver all events, sync one key. False when there was nothing."""
        progressed = self.clock.run_due() > 0
        while self._dirty:
            dirty, self._dirty = self._dirty, {}
            for informer in dirty:
                progressed = informer.deliver() or progressed
        turn = self._next()
        if turn is not None:
            self._sync(*turn)
            return True
        return progressed

    def _sync(self, queue: Queue, key: str) -> None:
        if queue.closed:
            return
        queue.taken(key)
        self.synced += 1
        retries = queue.retries(key)
        try:
            queue.sync(key)
        except ApiError as error:
            logger.debug("%s: %s: %s", queue.name, key, error)
        except Exception:
            logger.exception("%s could not sync %s", queue.name, key)
        else:
            # A sync that asked for its own back-off has failed in its own way.
            if queue.retries(key) == retries:
                queue.forget(key)
            return
        queue.add_rate_limited(key)

    def run_until_idle(self, *, limit: int = 10_000_000) -> int:
        """Step until nothing is due; returns the number of steps."""
        steps = 0
        while self.step():
            steps += 1
            if steps >= limit:
                raise RuntimeError(
                    f"the control plane did not come to rest within {limit} steps; "
                    f"next in line: {[(q.name, k) for q, k in list(self._ready)[:5]]}"
                )
        return steps

    @property
    def idle(self) -> bool:
        due = self.clock.next_due()
        busy = self._ready or self._urgent or self._dirty
        return not busy and (due is None or due > self.clock.now())

    def close(self) -> None:
        for queue in self._queues:
            queue.close()
        for informer in self._informers.values():
            informer.close()
        self._ready.clear()
        self._urgent.clear()
        self._dirty.clear()
