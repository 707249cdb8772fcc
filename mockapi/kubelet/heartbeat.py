"""Node leases and node status: how a node says that it lives.

Leases are renewed every ten seconds as by a real kubelet. With thousands of nodes they are spread
and renewed less often (every 40 s at 5,000 nodes, still within the 50 s after which a node counts
as lost), so that idle nodes cost next to nothing.
"""

from typing import TYPE_CHECKING, Any

from mockapi.base.clock import micro_timestamp
from mockapi.kubelet import nodes
from mockapi.kubelet.agent import NodeAgent
from mockapi.meta import csi
from mockapi.meta.errors import AlreadyExists, ApiError
from mockapi.runtime.loop import Runtime

if TYPE_CHECKING:
    from mockapi.kubelet.kubelet import Kubelet

Obj = dict[str, Any]

LEASES = "coordination.k8s.io/v1/leases"
LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40
RENEW_SECONDS = 10.0
SLOWEST_RENEWAL = 40.0
WRITES_PER_SECOND = 125.0
REPORT_SECONDS = 300.0
"""A status that has not changed is written this often (nodeStatusReportFrequency)."""

_WELL = ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID")


class Beat:
    """One node's heart."""

    __slots__ = ("agent", "lease", "reported_at", "troubles")

    def __init__(self, agent: NodeAgent, now: float) -> None:
        self.agent = agent
        self.lease: Obj | None = None
        self.reported_at = now
        self.troubles = nodes.HEALTHY


class Heartbeats:
    """Renews a slice of the nodes' leases each second, all of them when there are few."""

    def __init__(self, kubelet: "Kubelet", runtime: Runtime) -> None:
        self._kubelet = kubelet
        self._runtime = runtime
        self._beats: dict[str, Beat] = {}
        self._order: list[str] = []
        self._at = 0
        self._debt = 0.0

    def start(self) -> None:
        self._runtime.clock.call_later(self._pause(), self._tick)

    def add(self, agent: NodeAgent) -> None:
        now = self._runtime.clock.now()
        beat = self._beats[agent.name] = Beat(agent, now)
        self._order.append(agent.name)
        self._renew(beat)

    def remove(self, agent: NodeAgent) -> None:
        self._beats.pop(agent.name, None)
        if agent.name in self._order:
            self._order.remove(agent.name)

    @property
    def interval(self) -> float:
        """Seconds between two renewals of one lease."""
        return min(SLOWEST_RENEWAL, max(RENEW_SECONDS, len(self._order) / WRITES_PER_SECOND))

    def _pause(self) -> float:
        """Few nodes beat together, many are spread over the seconds of the interval."""
        return RENEW_SECONDS if len(self._order) <= 100 else 1.0

    def _tick(self) -> None:
        pause = self._pause()
        self._runtime.clock.call_later(pause, self._tick)
        total = len(self._order)
        self._debt += total * pause / self.interval
        count = min(total, int(self._debt + 1e-9))
        self._debt -= count
        for _ in range(count):
            self._at = (self._at + 1) % len(self._order)
            beat = self._beats.get(self._order[self._at])
            if beat is not None:
                self._beat(beat)

    def beat(self, agent: NodeAgent) -> None:
        """At once: lease and status."""
        self._renew(self._beats[agent.name])
        self.report(agent)

    def _beat(self, beat: Beat) -> None:
        if not beat.agent.alive:
            return
        self._renew(beat)
        now = self._runtime.clock.now()
        if beat.agent.images_changed or now - beat.reported_at >= REPORT_SECONDS:
            self.report(beat.agent)

    def _renew(self, beat: Beat) -> None:
        moment = micro_timestamp(self._runtime.clock.now())
        try:
            if beat.lease is not None:
                spec = {**beat.lease["spec"], "renewTime": moment}
                beat.lease = beat.agent.renew({**beat.lease, "spec": spec})
            if beat.lease is None:
                beat.lease = self._create(beat.agent, moment)
        except ApiError:
            beat.lease = None

    def _create(self, agent: NodeAgent, moment: str) -> Obj:
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": agent.name,
                "namespace": LEASE_NAMESPACE,
                "ownerReferences": [
                    {
                        "apiVersion": "v1",
                        "kind": "Node",
                        "name": agent.name,
                        "uid": agent.node["metadata"]["uid"],
                    }
                ],
            },
            "spec": {
                "holderIdentity": agent.name,
                "leaseDurationSeconds": LEASE_SECONDS,
                "renewTime": moment,
            },
        }
        try:
            return agent.client.create(LEASES, LEASE_NAMESPACE, lease)
        except AlreadyExists:
            return agent.client.get(LEASES, LEASE_NAMESPACE, agent.name)

    # Status.

    def announce(self, agent: NodeAgent) -> None:
        """The events of a kubelet that starts."""
        record = agent.recorder.event
        reference = node_reference(agent)
        record(reference, "Normal", "Starting", "Starting kubelet.")
        for reason in _WELL:
            record(reference, "Normal", reason, f"Node {agent.name} status is now: {reason}")
        record(
            reference,
            "Normal",
            "NodeAllocatableEnforced",
            "Updated Node Allocatable limit across pods",
        )
        record(reference, "Normal", "NodeReady", f"Node {agent.name} status is now: NodeReady")

    def set_troubles(self, agent: NodeAgent, troubles: nodes.Troubles) -> None:
        beat = self._beats[agent.name]
        if beat.troubles != troubles:
            beat.troubles = troubles
            self.report(agent)

    def troubles(self, agent: NodeAgent) -> nodes.Troubles:
        return self._beats[agent.name].troubles

    def report(self, agent: NodeAgent) -> None:
        """Write the node's status."""
        beat = self._beats[agent.name]
        now = self._runtime.clock.now()
        status = dict(agent.node.get("status") or {})
        status["conditions"], events = nodes.node_conditions(
            beat.troubles, status.get("conditions") or (), now
        )
        status["images"] = images_of(agent)
        written = agent.patch_node_status(status)
        if written is None:
            return
        agent.update(written)
        beat.reported_at = now
        agent.images_changed = False
        self._tell(agent, events)

    def _tell(self, agent: NodeAgent, events: list[str]) -> None:
        reference = node_reference(agent)
        for reason in events:
            text = f"Node {agent.name} status is now: {reason}"
            agent.recorder.event(reference, "Normal", reason, text)

    def bring_to_life(self, agent: NodeAgent) -> None:
        """A Node that a user has made gets the status a kubelet gives it."""
        node = agent.node
        now = self._runtime.clock.now()
        served = node.get("status") or {}
        capacity = {**nodes.DEFAULT_CAPACITY, **(served.get("capacity") or {})}
        status = nodes.status_of(
            agent.name, agent.address, capacity, now, version=self._kubelet.settings.version
        )
        for name in ("capacity", "allocatable", "addresses"):
            if served.get(name):
                status[name] = (
                    {**status[name], **served[name]} if name != "addresses" else served[name]
                )
        if served.get("capacity") and not served.get("allocatable"):
            status["allocatable"] = nodes.allocatable_of(status["capacity"])
        status["nodeInfo"] = {
            **status["nodeInfo"],
            **{k: v for k, v in (served.get("nodeInfo") or {}).items() if v},
        }
        conditions, _ = nodes.node_conditions(nodes.HEALTHY, served.get("conditions") or (), now)
        status["conditions"] = conditions
        written = agent.patch_node_status({**served, **status})
        if written is None:
            return
        agent.update(written)
        self._label(agent)
        self.add(agent)
        if len(self._beats) <= 100:
            self.announce(agent)

    def _label(self, agent: NodeAgent) -> None:
        """The labels, and the annotation, that every kubelet sees to."""
        metadata = agent.node["metadata"]
        labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
        missing: Obj = {
            "labels": {k: v for k, v in nodes.labels_of(agent.name, {}).items() if k not in labels},
            "annotations": {} if csi.MANAGED in annotations else {csi.MANAGED: "true"},
        }
        if any(missing.values()):
            patch = {"metadata": {part: more for part, more in missing.items() if more}}
            agent.update(agent.client.patch("v1/nodes", "", agent.name, patch))


def node_reference(agent: NodeAgent) -> Obj:
    """Events about nodes name the node as its own uid, as real kubelets do."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": agent.name, "uid": agent.name},
    }


def images_of(agent: NodeAgent) -> list[Obj]:
    """The largest fifty images, as a node status shows them."""
    known = sorted(agent.images.values(), key=lambda pair: -pair[1])[:50]
    return [{"names": [image.image_id, image.name], "sizeBytes": size} for image, size in known]
