"""One node's kubelet: its place in the API, what its pods share, and what it admits."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mockapi.base.clock import Clock
from mockapi.base.ids import Ids
from mockapi.client.protocol import Client
from mockapi.kubelet import amounts, environment, nodes
from mockapi.kubelet.admission import Occupied, Shortage, shortage
from mockapi.kubelet.attached import Attached
from mockapi.kubelet.behaviour import PodBehaviour
from mockapi.kubelet.behaviours import Behaviours
from mockapi.kubelet.fibers import Process
from mockapi.kubelet.images import Image
from mockapi.kubelet.shape import Shape, Spec
from mockapi.kubelet.volumes import Mounts, Objects, mount_all
from mockapi.machinery import catalogue
from mockapi.machinery.patch import two_way
from mockapi.meta.errors import ApiError, Conflict, NotFound
from mockapi.meta.host_ports import HostPort, host_ports
from mockapi.runtime.recorder import Recorder

if TYPE_CHECKING:
    from mockapi.kubelet.worker import PodWorker

Obj = dict[str, Any]

STRATEGIC = "application/strategic-merge-patch+json"
POD_STATUS, NODE_STATUS = "io.k8s.api.core.v1.PodStatus", "io.k8s.api.core.v1.NodeStatus"


class Addresses:
    """Hands out the addresses of a node's pod range in turn, as host-local does."""

    def __init__(self, cidr: str) -> None:
        self._network = ipaddress.ip_network(cidr)
        self._first = int(self._network.network_address) + 2
        self._count = max(1, self._network.num_addresses - 3)
        self._next = 0
        self._used: set[int] = set()

    def take(self) -> str | None:
        """None when all are in use."""
        for _ in range(self._count):
            offset, self._next = self._next, (self._next + 1) % self._count
            if offset not in self._used:
                self._used.add(offset)
                return self._text(offset)
        return None

    def mark(self, address: str) -> None:
        self._used.add(int(ipaddress.ip_address(address)) - self._first)

    def give_back(self, address: str) -> None:
        self._used.discard(int(ipaddress.ip_address(address)) - self._first)

    def _text(self, offset: int) -> str:
        return str(type(self._network.network_address)(self._first + offset))


class Requests:
    """What the pods of a node ask for, with the sum at hand: each new pod is compared with it."""

    def __init__(self) -> None:
        self._of: dict[str, Mapping[str, int]] = {}
        self._total: dict[str, int] = {}

    def __contains__(self, uid: str) -> bool:
        return uid in self._of

    def __len__(self) -> int:
        return len(self._of)

    def set(self, uid: str, requests: Mapping[str, int]) -> None:
        self.drop(uid)
        self._of[uid] = dict(requests)
        for name, value in requests.items():
            self._total[name] = self._total.get(name, 0) + value

    def drop(self, uid: str) -> None:
        for name, value in self._of.pop(uid, {}).items():
            self._total[name] -= value

    def total(self, apart_from: str) -> dict[str, int]:
        """Of all pods but one."""
        own = self._of.get(apart_from)
        if not own:
            return dict(self._total)
        return {name: value - own.get(name, 0) for name, value in self._total.items()}


class NodeAgent:
    """What the workers of one node's pods use."""

    def __init__(
        self,
        name: str,
        index: int,
        *,
        client: Client,
        recorder: Recorder,
        clock: Clock,
        ids: Ids,
        behaviours: Behaviours,
        objects: Objects,
    ) -> None:
        self.name = name
        self.index = index
        self.client = client
        self.recorder = recorder
        self.clock = clock
        self.ids = ids
        self.behaviours = behaviours
        self.objects = objects
        self.node: Obj = {}
        self.address = nodes.node_ip(index)
        self.ips: tuple[str, ...] = (self.address,)
        self.network_problem = ""
        self.alive = True
        """Whether this kubelet works at all."""
        self.working = True
        """Whether its container runtime does."""
        self.shutting_down = False
        self.pressures: list[str] = []
        """The pressure conditions that are true."""
        self.images: dict[str, tuple[Image, int]] = {}
        self.images_changed = False
        self.workers: dict[str, PodWorker] = {}
        self._addresses: list[Addresses] = []
        self._taken: dict[str, list[str]] = {}
        self._requested = Requests()
        self._allocatable: dict[str, int] = {}
        self._mounts: dict[str, Mounts] = {}
        self.attached = Attached(self)
        self.woken: Callable[[PodWorker], None] = lambda worker: None
        """Called for a worker that has something new to do."""

    def update(self, node: Obj) -> None:
        """The API has a newer Node."""
        if self._addresses and _cidrs_of(node) != _cidrs_of(self.node):
            self._addresses = []
        self.node = node
        status = node.get("status") or {}
        allocatable = status.get("allocatable") or status.get("capacity") or {}
        self._allocatable = {n: amounts.units(n, t) for n, t in allocatable.items()}
        internal = [
            a["address"] for a in status.get("addresses") or () if a["type"] == "InternalIP"
        ]
        if internal:
            self.ips = tuple(internal)

    # Images.

    def has_image(self, name: str) -> bool:
        return name in self.images

    def add_image(self, image: Image, size: int) -> None:
        self.images[image.name] = (image, size)
        self.images_changed = True

    # Addresses.

    def take_ips(self, uid: str) -> list[str]:
        if not self._addresses:
            self._addresses = [Addresses(cidr) for cidr in self._cidrs()]
        ips = [ip for pool in self._addresses if (ip := pool.take()) is not None]
        self._taken[uid] = ips
        return ips

    def keep_ips(self, uid: str, ips: list[str]) -> None:
        """Addresses of a pod that was here before this process."""
        if not self._addresses:
            self._addresses = [Addresses(cidr) for cidr in self._cidrs()]
        for pool, ip in zip(self._addresses, ips, strict=False):
            pool.mark(ip)
        self._taken[uid] = ips

    def _cidrs(self) -> list[str]:
        return _cidrs_of(self.node) or [nodes.pod_cidr(self.index)]

    # Pods.

    def admit(self, worker: "PodWorker") -> None:
        """Count a pod's requests."""
        self._requested.set(worker.uid, worker.shape.requests)
        self.workers[worker.uid] = worker

    def unlist(self, worker: "PodWorker") -> None:
        """It will be admitted again under another uid; its addresses go with it."""
        self._requested.drop(worker.uid)
        self.workers.pop(worker.uid, None)

    def move(self, old: str, new: str) -> None:
        """What belonged to one uid belongs to another."""
        if old in self._taken:
            self._taken[new] = self._taken.pop(old)
        if old in self._mounts:
            self._mounts[new] = self._mounts.pop(old)
        self.attached.move(old, new)

    def recount(self, worker: "PodWorker", shape: Shape) -> None:
        """A pod is allocated other resources."""
        self._requested.set(worker.uid, shape.requests)

    @property
    def allocatable(self) -> Mapping[str, int]:
        return self._allocatable

    def occupied(self, shape: Shape, *, ports: bool = False, apart_from: str = "") -> Occupied:
        """What the pods here have of what one with this shape wants, their host ports only if
        `ports`; `apart_from` is the uid of one that is not counted."""
        amounts = self._requested.total(apart_from) if any(shape.requests.values()) else {}
        taken = self._host_ports() if ports else frozenset()
        count = len(self._requested) - (apart_from in self._requested)
        return Occupied(amounts, taken, count)

    def _host_ports(self) -> frozenset[HostPort]:
        workers = (worker for uid, worker in self.workers.items() if uid in self._requested)
        return frozenset(port for worker in workers for port in host_ports(worker.pod["spec"]))

    def lacks(self, shape: Shape, *, apart_from: str = "") -> Shortage | None:
        """The first resource that is short for a pod."""
        if not self._allocatable:
            return None
        return shortage(
            shape.requests, self._allocatable, self.occupied(shape, apart_from=apart_from)
        )

    def release(self, worker: "PodWorker") -> None:
        """The pod has ended: what it held is free."""
        self._requested.drop(worker.uid)
        for pool, ip in zip(self._addresses, self._taken.pop(worker.uid, ()), strict=False):
            pool.give_back(ip)
        for other in self.workers.values():
            if other.resize is not None and other.resize.pending is not None:
                other.reconsider()

    def forget(self, worker: "PodWorker") -> None:
        self.release(worker)
        if self._mounts.pop(worker.uid, None) is not None:
            self.attached.release(worker.uid)
        self.workers.pop(worker.uid, None)

    def config_problem(self, pod: Obj, spec: Spec) -> str:
        return environment.config_problem(pod, spec.container, self.objects)

    def mount(self, worker: "PodWorker", behaviour: PodBehaviour) -> Process:
        if "volumes" not in worker.pod["spec"]:
            return
        mounts = self._mounts.get(worker.uid)
        if mounts is None:
            mounts = self._mounts[worker.uid] = Mounts()
        yield from mount_all(worker, mounts, behaviour, self.objects)

    def write_status(self, pod: Obj, status: Obj, *, normal: bool = False) -> Obj | None:
        """The pod as written; None when it is gone (or another one has its name). `normal`: the
        status is as the server would write it."""
        metadata = pod["metadata"]
        if status == pod.get("status"):
            return pod
        types = catalogue.load().types
        try:
            return self.client.patch(
                "v1/pods",
                metadata["namespace"],
                metadata["name"],
                two_way.PartPatch(pod, "status", status, POD_STATUS, types, normal=normal),
                patch_type=STRATEGIC,
                subresource="status",
            )
        except (NotFound, Conflict):
            return None

    def patch_node_status(self, status: Obj) -> Obj | None:
        """The node as written; None when it is gone."""
        before = self.node.get("status") or {}
        changed = two_way.patch(before, status, NODE_STATUS, catalogue.load().types)
        if not changed:
            return self.node
        body = {"status": changed}
        try:
            return self.client.patch(
                "v1/nodes", "", self.name, body, patch_type=STRATEGIC, subresource="status"
            )
        except NotFound:
            return None

    def delete(self, pod: Obj) -> None:
        """The last act: the API may forget the pod now."""
        metadata = pod["metadata"]
        try:
            self.client.delete(
                "v1/pods",
                metadata["namespace"],
                metadata["name"],
                grace_period_seconds=0,
                uid=metadata["uid"],
            )
        except (NotFound, Conflict):
            return

    def renew(self, lease: Obj) -> Obj | None:
        """Write the lease anew; None when it has to be made."""
        try:
            return self.client.update("coordination.k8s.io/v1/leases", "kube-node-lease", lease)
        except NotFound:
            return None
        except Conflict:
            return self.client.get(
                "coordination.k8s.io/v1/leases", "kube-node-lease", lease["metadata"]["name"]
            )
        except ApiError as error:
            if error.code < 500:
                raise
            return lease


def _cidrs_of(node: Obj) -> list[str]:
    """The pod ranges that the node has been given."""
    spec = node.get("spec") or {}
    return spec.get("podCIDRs") or ([spec["podCIDR"]] if spec.get("podCIDR") else [])
