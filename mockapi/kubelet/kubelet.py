"""The component: registers nodes, and gives every pod that is bound to one of them a worker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mockapi.base.clock import micro_timestamp
from mockapi.client.protocol import Event
from mockapi.kubelet import admission, conditions, nodes
from mockapi.kubelet.adopting import adopt
from mockapi.kubelet.agent import NodeAgent
from mockapi.kubelet.attached import listed
from mockapi.kubelet.behaviour import Rejection
from mockapi.kubelet.behaviour_schema import BadBehaviour
from mockapi.kubelet.behaviours import Behaviours
from mockapi.kubelet.fibers import FOREVER
from mockapi.kubelet.heartbeat import Heartbeats
from mockapi.kubelet.lookup import Lookup
from mockapi.kubelet.nodelife import NodeLife
from mockapi.kubelet.nodes import NodeShape
from mockapi.kubelet.static_pods import StaticPods
from mockapi.kubelet.worker import PodWorker
from mockapi.meta.errors import AlreadyExists, Invalid
from mockapi.runtime.loop import Runtime
from mockapi.runtime.queue import Queue

Obj = dict[str, Any]

EVENTFUL = 100
"""Up to so many nodes write events when they register."""


@dataclass(frozen=True, slots=True)
class KubeletSettings:
    """`shapes`: the nodes that are made at the start. `adopt`: bring foreign nodes to life too."""

    shapes: Sequence[NodeShape] = (NodeShape(count=3),)
    adopt: bool = True
    version: str = nodes.KUBELET_VERSION
    rules: Sequence[Obj] = field(default_factory=tuple)
    static_pods: Sequence[Obj] = field(default_factory=tuple)
    """Manifests that every registered node runs."""


class Kubelet:
    """All nodes' kubelets in one component."""

    name = "kubelet"

    def __init__(self, settings: KubeletSettings | None = None) -> None:
        self.settings = settings or KubeletSettings()
        self.behaviours = Behaviours(self.settings.rules)
        self.agents: dict[str, NodeAgent] = {}
        self.workers: dict[str, PodWorker] = {}
        """By pod uid."""
        self._shapes: dict[str, NodeShape] = {}
        self._static = StaticPods()
        self._lives: dict[str, NodeLife] = {}
        self._done: set[str] = set()
        """Pods that have ended here but are still to be seen in events."""

    def start(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._queue: Queue = runtime.queue("kubelet", self._sync, urgent=True)
        self.pods = runtime.informer("v1/pods")
        self.nodes = runtime.informer("v1/nodes")
        self.pods.index(
            "kubelet-node", lambda pod: (pod["spec"].get("nodeName") or "",), of_status=False
        )
        self.objects = Lookup(runtime)
        self.heartbeats = Heartbeats(self, runtime)
        for shape in self.settings.shapes:
            for name in shape.names():
                self._shapes[name] = shape
                self._register(name, shape)
        self.nodes.on_event(self._on_node)
        self.pods.on_event(self._on_pod)
        self.heartbeats.start()

    # Nodes.

    def _agent(self, name: str) -> NodeAgent:
        agent = self.agents.get(name)
        if agent is None:
            agent = self.agents[name] = NodeAgent(
                name,
                len(self.agents),
                client=self.runtime.client("kubelet", user=f"system:node:{name}"),
                recorder=self.runtime.recorder("kubelet", host=name),
                clock=self.runtime.clock,
                ids=self.runtime.ids,
                behaviours=self.behaviours,
                objects=self.objects,
            )
            agent.woken = self.wake_pod
            self._lives[name] = NodeLife(self, agent)
        return agent

    def _register(self, name: str, shape: NodeShape) -> None:
        agent = self._agent(name)
        now = self.runtime.clock.now()
        node = nodes.node_object(name, agent.address, shape, now, version=self.settings.version)
        try:
            written = agent.client.create("v1/nodes", "", node)
        except AlreadyExists:
            written = agent.client.get("v1/nodes", "", name)
        except Invalid as error:
            raise BadBehaviour([("", str(error))]) from None
        agent.update(written)
        self.heartbeats.add(agent)
        if len(self._shapes) <= EVENTFUL:
            self.heartbeats.announce(agent)
        manifests = (*self.settings.static_pods, *shape.static_pods)
        self._static.start(agent, manifests, micro_timestamp(now))

    def _on_node(self, event: Event) -> None:
        node = event.object
        name = node["metadata"]["name"]
        if event.type == "DELETED":
            self._node_deleted(name)
            return
        agent = self.agents.get(name)
        if agent is None:
            if self.settings.adopt:
                self._adopt_node(node)
        else:
            agent.update(node)
            self._lives[name].follow(node)
            if event.old is not None and listed(event.old) != listed(node):
                self.wake(agent)

    def _adopt_node(self, node: Obj) -> None:
        """Somebody else made a Node: it comes to life."""
        name = node["metadata"]["name"]
        agent = self._agent(name)
        agent.update(node)
        self.heartbeats.bring_to_life(agent)
        self._lives[name].follow(node)
        for pod in self.pods.by("kubelet-node", name):
            self._see(pod, agent)

    def _node_deleted(self, name: str) -> None:
        """The kubelet of a deleted node goes with it (a real one would register it again)."""
        agent = self.agents.pop(name, None)
        if agent is not None:
            agent.alive = False
            del self._lives[name]
            self.heartbeats.remove(agent)
            for uid in list(agent.workers):
                self.workers.pop(uid, None)

    def revive(self, agent: NodeAgent) -> None:
        """A kubelet that was dead finds out what has happened meanwhile."""
        self.heartbeats.beat(agent)
        for worker in list(agent.workers.values()):
            metadata = worker.pod["metadata"]
            pod = self.pods.get(metadata["namespace"], metadata["name"])
            if pod is None or pod["metadata"]["uid"] != worker.uid:
                worker.removed()
            else:
                worker.update(pod)
        for pod in self.pods.by("kubelet-node", agent.name):
            if pod["metadata"]["uid"] not in agent.workers:
                self._see(pod, agent)

    def pods_on(self, node: str) -> Sequence[Obj]:
        return self.pods.by("kubelet-node", node)

    def wake(self, agent: NodeAgent) -> None:
        """Something about the node has changed: its pods are looked at."""
        for uid in agent.workers:
            self._queue.add(uid)

    def wake_pod(self, worker: PodWorker) -> None:
        self._queue.add(worker.uid)

    # Pods.

    def _on_pod(self, event: Event) -> None:
        pod = event.object
        node = pod["spec"].get("nodeName")
        if not node:
            return
        uid = pod["metadata"]["uid"]
        worker = self.workers.get(uid)
        if event.type == "DELETED":
            self._done.discard(uid)
            if worker is not None and self._static.owns(pod):
                self._unsee(worker)
                self._static.mirror_deleted(pod, worker)
            elif worker is not None and worker.host.alive:
                worker.removed()
                self._queue.add(uid)
            return
        if worker is not None:
            if self._static.owns(pod) and "deletionTimestamp" in pod["metadata"]:
                worker.host.delete(pod)
            elif worker.host.alive:
                worker.update(pod)
                if worker.wanted:
                    self._queue.add(uid)
            return
        agent = self.agents.get(node)
        if agent is not None and agent.alive:
            self._see(pod, agent)

    def _see(self, pod: Obj, agent: NodeAgent) -> None:
        """A pod that is new to its node."""
        metadata, status = pod["metadata"], pod.get("status") or {}
        if metadata["uid"] in self._done:
            return
        if status.get("phase") in conditions.TERMINAL and "deletionTimestamp" not in metadata:
            return
        former = self._static.take_over(pod) if self._static.owns(pod) else None
        if former is not None:
            agent.admit(former)
            self.workers[former.uid] = former
            self._queue.add(former.uid)
            return
        worker = PodWorker(agent, pod)
        worker.now = self.runtime.clock.now()
        if status.get("containerStatuses") or status.get("initContainerStatuses"):
            adopt(worker)
        elif "deletionTimestamp" not in metadata and not self._admit(worker):
            return
        if "deletionTimestamp" in metadata:
            worker.update(pod)
        agent.admit(worker)
        self.workers[worker.uid] = worker
        self._queue.add(worker.uid)

    def _unsee(self, worker: PodWorker) -> None:
        """Its mirror is gone; it goes on under the uid of the next one."""
        self.workers.pop(worker.uid, None)
        worker.host.unlist(worker)

    def _admit(self, worker: PodWorker) -> bool:
        agent = worker.host
        refusal = admission.refusal(worker.pod, worker.shape, agent)
        if refusal is None:
            try:
                refusal = self.behaviours.of_pod(worker.pod).reject
            except BadBehaviour as error:
                refusal = Rejection("InvalidBehaviour", str(error))
        if refusal is None:
            return True
        worker.record(None, "Warning", refusal.reason, refusal.message)
        agent.write_status(worker.pod, admission.rejected_status(worker, refusal))
        return False

    def _sync(self, uid: str) -> None:
        worker = self.workers.get(uid)
        if worker is None or not worker.host.alive or not worker.host.working:
            return
        now = self.runtime.clock.now()
        due = worker.step(now)
        if worker.finished:
            self._finish(worker)
        elif due != FOREVER:
            self._queue.add_after(uid, due - now)

    def _finish(self, worker: PodWorker) -> None:
        if "deletionTimestamp" in worker.pod["metadata"] and not worker.gone:
            worker.host.delete(worker.pod)
        worker.host.forget(worker)
        self.workers.pop(worker.uid, None)
        if not worker.gone:
            self._done.add(worker.uid)
