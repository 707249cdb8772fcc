"""How fast nodes of a zone may be tainted for eviction. Source: nodelifecycle's zone states.

One node each ten seconds; slower where most of a large zone is down, not at all where most of a
small one is, and not at all while everything is down: then it is the network, not the nodes.
"""

from collections.abc import Mapping, Sequence

from mockapi.base.clock import Clock
from mockapi.client.protocol import Obj
from mockapi.controllers import objects

RATE = 0.1
SLOW_RATE = 0.01
LARGE = 50
UNHEALTHY = 0.55

NORMAL, PARTIAL, FULL = "Normal", "PartialDisruption", "FullDisruption"


def zone_of(node: Obj) -> str:
    labels = objects.labels(node)
    region = labels.get("topology.kubernetes.io/region", "")
    zone = labels.get("topology.kubernetes.io/zone", "")
    return f"{region}:\0:{zone}" if region or zone else ""


def state(ready: Sequence[bool]) -> str:
    """The state of a zone by the readiness of its nodes."""
    down = sum(not one for one in ready)
    if down and down == len(ready):
        return FULL
    if down > 2 and down / len(ready) >= UNHEALTHY:
        return PARTIAL
    return NORMAL


def rate(zone_state: str, size: int) -> float:
    """Taints per second in a zone while the cluster is not wholly down."""
    if zone_state == PARTIAL:
        return SLOW_RATE if size > LARGE else 0.0
    return RATE


class Zones:
    """Nodes that wait for their taint, by zone, each zone with its own rate."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, dict[str, None]] = {}
        self._rates: dict[str, float] = {}
        self._next: dict[str, float] = {}

    def wait_for_taint(self, zone: str, node: str) -> None:
        self._waiting.setdefault(zone, {})[node] = None

    def forget(self, node: str) -> None:
        for waiting in self._waiting.values():
            waiting.pop(node, None)

    def next_node(self, zone: str) -> str | None:
        return next(iter(self._waiting.get(zone, ())), None)

    def take(self, zone: str) -> float | None:
        """Seconds until a taint is allowed, 0: now, None: not while the zone is as it is."""
        allowed = self._rates.get(zone, RATE)
        if not allowed:
            return None
        now = self._clock.now()
        wait = self._next.get(zone, now) - now
        if wait > 0:
            return wait
        self._next[zone] = now + 1 / allowed
        return 0.0

    def done(self, zone: str, node: str) -> None:
        self._waiting.get(zone, {}).pop(node, None)

    def judge(self, zones: Mapping[str, Sequence[bool]]) -> list[str]:
        """Set the rates by the states of all zones; returns zones that have nodes waiting."""
        states = {zone: state(ready) for zone, ready in zones.items()}
        all_down = bool(states) and all(one == FULL for one in states.values())
        for zone, one in states.items():
            self._rates[zone] = 0.0 if all_down else rate(one, len(zones[zone]))
        return [zone for zone in states if self._waiting.get(zone) and self._rates[zone]]
