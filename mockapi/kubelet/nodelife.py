"""What happens to nodes: silence, pressure, a broken network or runtime, shutdown.

A node's behaviour is its annotation `mockapi.dev/behaviour`:

    heartbeat: false                 the kubelet is dead: no lease, no status, no work on pods
    pressure: memory                 memory, disk, pid: the condition, and pods evicted one by one
    pressure: {memory: 80Mi}         the same, until evictions have freed enough
    network: false                   or a text: the network plugin is not ready
    runtime: false                   or a text: the container runtime is down
    notReady: text                   any other error of the Ready condition
    shutdown: {seconds: 30, criticalSeconds: 10}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from mockapi.kubelet import nodes, pressure, usage
from mockapi.kubelet.agent import NodeAgent
from mockapi.kubelet.behaviour_schema import Amount, BadBehaviour, Duration, check, parsed
from mockapi.kubelet.behaviours import ANNOTATION
from mockapi.kubelet.conditions import disruption
from mockapi.kubelet.heartbeat import node_reference
from mockapi.kubelet.worker import SYNCING, TERMINATED

if TYPE_CHECKING:
    from mockapi.kubelet.kubelet import Kubelet

Obj = dict[str, Any]

EVICTION_SECONDS = 10.0
"""At most one pod is evicted in this time."""
TRANSITION_SECONDS = 300.0
"""A pressure condition stays for so long after the pressure has gone."""
HARD_GRACE = 1
NETWORK = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)
RUNTIME = "container runtime is down"
SHUTDOWN = "node is shutting down"
SHUTDOWN_REASON = "Terminated"
SHUTDOWN_MESSAGE = "Pod was terminated in response to imminent node shutdown."
_CONDITIONS = {"memory": "MemoryPressure", "disk": "DiskPressure", "pid": "PIDPressure"}


@dataclass(frozen=True, slots=True)
class Shutdown:
    seconds: float = 30.0
    critical_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class NodeBehaviour:
    heartbeat: bool = True
    pressures: Mapping[str, float | None] = field(default_factory=dict)
    """Kind -> what is available at the outset, None: the pressure stays."""
    network: str = ""
    runtime: str = ""
    not_ready: str = ""
    shutdown: Shutdown | None = None


WELL = NodeBehaviour()


class _Switch(fields.Field[str]):
    """true: works; false or a text: does not."""

    json_type = {"type": ["boolean", "string"]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value is True:
            return ""
        if value is False or isinstance(value, str):
            return value or "-"
        raise ValidationError("must be true, false or a text")


class _Pressures(fields.Field[dict[str, float | None]]):
    """A kind, a list of kinds, or kinds with what is still available."""

    json_type = {"type": ["string", "array", "object"]}

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, float | None]:
        if isinstance(value, str):
            value = [value]
        if isinstance(value, list):
            value = dict.fromkeys(value)
        if not isinstance(value, dict):
            raise ValidationError("must be a kind of pressure, a list or an object of them")
        one_of = validate.OneOf(sorted(_CONDITIONS))
        out: dict[str, float | None] = {}
        for kind, available in value.items():
            one_of(kind)
            out[kind] = None if available is None else Amount().deserialize(available)
        return out


class _ShutdownSchema(Schema):
    class Meta:
        unknown = RAISE

    seconds = Duration()
    criticalSeconds = Duration()


class NodeSchema(Schema):
    class Meta:
        unknown = RAISE

    heartbeat = fields.Boolean()
    pressure = _Pressures()
    network = _Switch()
    runtime = _Switch()
    notReady = fields.String()
    shutdown = fields.Nested(_ShutdownSchema)


_SCHEMA = NodeSchema()


def read(text: str) -> NodeBehaviour:
    """Raises BadBehaviour."""
    tree = parsed(text)
    if not isinstance(tree, dict):
        raise BadBehaviour([("", "must be an object of node behaviour fields")])
    check(tree, _SCHEMA)
    loaded: Obj = _SCHEMA.load(tree)
    shutdown = loaded.get("shutdown")
    return NodeBehaviour(
        heartbeat=loaded.get("heartbeat", True),
        pressures=loaded.get("pressure", {}),
        network=_text(loaded.get("network", ""), NETWORK),
        runtime=_text(loaded.get("runtime", ""), RUNTIME),
        not_ready=loaded.get("notReady", ""),
        shutdown=None
        if shutdown is None
        else Shutdown(shutdown.get("seconds", 30.0), shutdown.get("criticalSeconds", 10.0)),
    )


def _text(given: str, standard: str) -> str:
    return standard if given == "-" else given


class NodeLife:
    """Follows one node's behaviour."""

    def __init__(self, kubelet: "Kubelet", agent: NodeAgent) -> None:
        self._kubelet = kubelet
        self._agent = agent
        self._text = ""
        self.behaviour = WELL
        self._freed: dict[str, float] = {}
        self._since: dict[str, float] = {}
        """When each pressure was last felt."""
        self._ticking = False
        self._round = 0

    def follow(self, node: Obj) -> None:
        """The node's annotation may have changed."""
        text = (node["metadata"].get("annotations") or {}).get(ANNOTATION, "")
        if text == self._text:
            return
        self._text = text
        before = self.behaviour
        try:
            self.behaviour = read(text) if text else WELL
        except BadBehaviour as error:
            self._record("Warning", "InvalidBehaviour", str(error))
            return
        self._freed.clear()
        self._apply(before)

    def _record(self, kind: str, reason: str, message: str) -> None:
        self._agent.recorder.event(node_reference(self._agent), kind, reason, message)

    @property
    def _now(self) -> float:
        return self._kubelet.runtime.clock.now()

    def _apply(self, before: NodeBehaviour) -> None:
        agent, behaviour = self._agent, self.behaviour
        was_alive = agent.alive
        agent.network_problem = behaviour.network
        if not behaviour.heartbeat:
            agent.alive = False
            return
        agent.working = not behaviour.runtime
        if behaviour.shutdown is not None and before.shutdown is None:
            self._shut_down(behaviour.shutdown)
        elif before.shutdown is not None and behaviour.shutdown is None:
            agent.shutting_down = False
            agent.alive = True
            boot = nodes.machine_ids(agent.name)[2]
            text = f"Node {agent.name} has been rebooted, boot id: {boot}"
            self._record("Warning", "Rebooted", text)
        else:
            agent.alive = True
        self._feel()
        if agent.alive and not was_alive:
            self._kubelet.revive(agent)
        self._kubelet.wake(agent)

    # Pressure.

    def _available(self, kind: str) -> float | None:
        given = self.behaviour.pressures.get(kind)
        return None if given is None else given + self._freed.get(kind, 0.0)

    def _capacity(self) -> Mapping[str, str]:
        return (self._agent.node.get("status") or {}).get("capacity") or {}

    def _pressed(self, kind: str) -> bool:
        if kind not in self.behaviour.pressures:
            return False
        available = self._available(kind)
        limit = pressure.threshold(kind, self._capacity())
        return available is None or limit is None or available < limit

    def _feel(self) -> None:
        """Work out the conditions, report them, and go on while there is pressure."""
        now = self._now
        for kind in _CONDITIONS:
            if self._pressed(kind):
                self._since[kind] = now
        felt = {k for k, since in self._since.items() if now - since < TRANSITION_SECONDS}
        self._since = {k: s for k, s in self._since.items() if k in felt}
        self._agent.pressures = [_CONDITIONS[k] for k in _CONDITIONS if k in felt]
        errors = [
            text
            for text in (
                self.behaviour.runtime,
                self.behaviour.network,
                self.behaviour.not_ready,
                SHUTDOWN if self._agent.shutting_down else "",
            )
            if text
        ]
        troubles = nodes.Troubles(
            memory="memory" in felt, disk="disk" in felt, pid="pid" in felt, not_ready=tuple(errors)
        )
        self._kubelet.heartbeats.set_troubles(self._agent, troubles)
        if felt and not self._ticking:
            self._ticking = True
            self._kubelet.runtime.clock.call_later(0.0, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        if not self._agent.alive or self._kubelet.agents.get(self._agent.name) is not self._agent:
            return
        for kind in _CONDITIONS:
            if self._pressed(kind):
                self._relieve(kind)
                break
        self._round += 1
        self._ticking = bool(self._since)
        if self._ticking:
            self._kubelet.runtime.clock.call_later(EVICTION_SECONDS, self._tick_again)

    def _tick_again(self) -> None:
        self._ticking = True
        self._feel()
        self._tick()

    def _relieve(self, kind: str) -> None:
        """Evict one pod."""
        resource = pressure.RESOURCES[kind]
        self._record("Warning", "EvictionThresholdMet", f"Attempting to reclaim {resource}")
        workers = [w for w in self._agent.workers.values() if w.phase == SYNCING]
        behaviours, now = self._kubelet.behaviours, self._now
        figures = {w.uid: usage.pod_figures(w.pod, behaviours, now) for w in workers}
        order = pressure.ranked(kind, [w.pod for w in workers], figures)
        if not order:
            return
        pod = order[0]
        worker = self._agent.workers[pod["metadata"]["uid"]]
        available = self._available(kind)
        containers = usage.container_figures(pod, behaviours, now)
        message = pressure.message(
            kind,
            pod,
            containers,
            pressure.threshold(kind, self._capacity()),
            None if available is None else int(available),
        )
        annotations = pressure.annotations(kind, pod, containers)
        worker.record(None, "Warning", "Evicted", message, annotations=annotations)
        worker.evict("Evicted", message, grace=HARD_GRACE, disruption=disruption(pod, message, now))
        self._freed[kind] = self._freed.get(kind, 0.0) + figures[worker.uid][1]
        self._kubelet.wake_pod(worker)

    # Shutdown.

    def _shut_down(self, shutdown: Shutdown) -> None:
        """Ordinary pods first, critical ones with the last seconds, then the node is off."""
        self._agent.shutting_down = True
        text = "Shutdown manager detected shutdown event"
        self._record("Normal", "Shutdown", text)
        ordinary = shutdown.seconds - shutdown.critical_seconds
        self._end(critical=False, seconds=ordinary)
        clock = self._kubelet.runtime.clock
        clock.call_later(
            ordinary, lambda: self._end(critical=True, seconds=shutdown.critical_seconds)
        )
        clock.call_later(shutdown.seconds, self._turn_off)

    def _end(self, *, critical: bool, seconds: float) -> None:
        if not self._agent.shutting_down:
            return
        for worker in list(self._agent.workers.values()):
            if worker.phase == TERMINATED or pressure.is_critical(worker.pod) != critical:
                continue
            own = worker.pod["spec"].get("terminationGracePeriodSeconds", 30)
            worker.evict(
                SHUTDOWN_REASON,
                SHUTDOWN_MESSAGE,
                grace=int(min(own, seconds)),
                disruption=disruption(worker.pod, SHUTDOWN_MESSAGE, self._now),
            )
            self._kubelet.wake_pod(worker)

    def _turn_off(self) -> None:
        if self._agent.shutting_down:
            self._agent.alive = False
