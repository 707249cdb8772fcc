"""The two sides of a scenario: mockapi on a manual clock, a real control plane over HTTP."""

import contextlib
import itertools
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from mockapi import controllers
from mockapi.base.clock import micro_timestamp
from mockapi.client.http import HttpClients
from mockapi.client.protocol import Client, Clients, Event, Watch
from mockapi.composition import Cluster
from mockapi.machinery import metrics_api
from mockapi.meta.errors import ApiError, NotFound
from mockapi.settings import Settings
from tests.writes import adapter
from tests.writes.history import USER, Line
from tests.writes.shapes import CLUSTER_SCOPED, RESOURCES

# A namespace in which nothing has been written for so long is at rest.
QUIET_SECONDS = 2.0
# After a single act of the scenario a shorter rest is enough.
BREATH_SECONDS = 0.25
# A run that does not come to rest is compared as far as it came.
PATIENCE_SECONDS = 60.0


class World(Protocol):
    """A cluster with a namespace for one scenario, whose every write is noted."""

    namespace: str
    client: Client
    lines: list[Line]
    step: int
    nodes: set[str]
    """Nodes whose leases are renewed."""

    def now(self) -> float: ...

    def rest(self) -> None:
        """Return when nothing has been written for a while."""

    def begin(self) -> None:
        """Called before each step. Times count seconds: a step begins with a new one."""

    def breathe(self) -> None:
        """Called after each single act: controllers see one before the next one comes."""

    def wait(self, seconds: float) -> None: ...

    def mine(self, name: str) -> None:
        """Also note what happens to the cluster-scoped object `name`."""

    def elsewhere(self, resource: str, namespace: str, name: str) -> None:
        """Also note what happens to an object in a namespace that is not the scenario's."""

    def restart(self, controller: str) -> None:
        """Let a controller begin anew (a real controller-manager altogether)."""

    def measure(self, what: Mapping[str, Any]) -> None:
        """Let the metrics APIs answer with these values for this namespace."""

    def close(self) -> None: ...


def concerns(event: Event, namespace: str, names: set[str]) -> bool:
    obj = event.object
    inside = obj["metadata"].get("namespace")
    if inside == namespace or f"{inside}/{obj['metadata']['name']}" in names:
        return True
    about = obj.get("involvedObject", {}) if obj["kind"] == "Event" else obj["metadata"]
    if inside is not None and (obj["kind"] != "Event" or inside in names):
        return inside in names or (obj["kind"] == "Pod" and namespace in obj["metadata"]["name"])
    if obj["kind"] == "VolumeAttachment":
        return namespace in obj["spec"]["nodeName"]
    name = about.get("name", "")
    return namespace in name or name in names


# The real ones have no cluster CIDR, no cloud and no storage drivers.
WITHOUT_SIMULATIONS = ",".join(
    (
        "*",
        "-node-ipam-controller",
        "-service-lb-controller",
        "-persistentvolume-provisioner-simulation",
        "-persistentvolume-attacher-simulation",
        "-persistentvolume-resizer-simulation",
    )
)


def settings_for(subject: str) -> Settings:
    """Those of a cluster for the scenarios of a subject: some need what is off by default."""
    names = WITHOUT_SIMULATIONS
    if subject == "selinux":
        names += ",selinux-warning-controller"
    if subject == "node-ipam":
        names = names.replace("-node-ipam-controller,", "")
    if subject == "bootstrap":
        names += ",bootstrapsigner,tokencleaner"
    return Settings(
        clock="manual",
        nodes=0,
        kubelet=False,
        scheduler=False,
        seed=1,
        controllers=names,
    )


class Mock:
    """Our controllers, without scheduler and kubelet, on a clock that only the scenario moves."""

    namespace = "scene0"
    quiet = QUIET_SECONDS

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        interpose: Callable[[Clients], Clients] | None = None,
    ) -> None:
        self.cluster = Cluster(settings or settings_for(""))
        if interpose is not None:
            self.cluster.runtime.interpose(interpose)
        self.cluster.start(listen=False)
        self.client = self.cluster.clients.client(USER)
        self.lines: list[Line] = []
        self.step = -1
        self._names = {self.namespace}
        self._watches = [self._watch(resource) for resource in RESOURCES.values()]
        self.nodes = {NODE}
        make_node(self.client, self.now())
        self._keep_nodes()
        _make_namespace(self)

    def _keep_nodes(self) -> None:
        renew(self.client, self.now(), self.nodes)
        self.cluster.clock.call_later(RENEW_SECONDS, self._keep_nodes)

    def _watch(self, resource: str) -> Watch:
        revision = self.client.list(resource).resource_version
        return self.client.watch(resource, resource_version=revision)

    def now(self) -> float:
        return self.cluster.clock.now()

    def _note(self) -> bool:
        news = [event for watch in self._watches for event in watch.poll()]
        mine = [event for event in news if concerns(event, self.namespace, self._names)]
        self.lines += [Line(self.step, event) for event in mine]
        return bool(mine)

    def rest(self) -> None:
        """From one timer to the next, until the next is far enough from the last write."""
        self.cluster.settle()
        self._note()
        last, end = self.now(), self.now() + PATIENCE_SECONDS
        while self.now() < min(end, last + self.quiet):
            due = self.cluster.clock.next_due()
            to = last + self.quiet if due is None else min(due, last + self.quiet)
            self.cluster.advance(max(0.0, to - self.now()))
            if self._note():
                last = self.now()

    def begin(self) -> None:
        self.cluster.advance(-self.now() % 1)

    def breathe(self) -> None:
        self.cluster.settle()

    def wait(self, seconds: float) -> None:
        self.cluster.advance(seconds)
        self._note()

    def mine(self, name: str) -> None:
        self._names.add(name)

    def elsewhere(self, resource: str, namespace: str, name: str) -> None:
        self._names.add(f"{namespace}/{name}")

    def restart(self, controller: str) -> None:
        (component,) = controllers.chosen(controller)
        self.cluster.runtime.remove(component.name)
        self.cluster.runtime.add(component)

    def measure(self, what: Mapping[str, Any]) -> None:
        computed, bucket = self.cluster.pipeline.reading.computed, "pods.metrics.k8s.io"
        usage = computed.get(bucket)
        if not isinstance(usage, adapter.Usage):
            for row in metrics_api.RESOURCES:
                self.cluster.registry.declare(row)
            usage = adapter.Usage(lambda ns: self.client.list("v1/pods", ns).items, self.now)
            computed[bucket] = usage
        usage.rows = adapter.rows_of(what, self.namespace)
        self.cluster.metrics.set(
            adapter.custom_of(what, self.namespace), adapter.external_of(what, self.namespace)
        )

    def close(self) -> None:
        self.cluster.stop()


def _make_namespace(world: World) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.namespace}}
    world.client.create("v1/namespaces", "", body)
    world.rest()


# A node that is there and well, for pods that a scenario binds.
NODE = "somewhere"
LEASES, NODE_LEASES = "coordination.k8s.io/v1/leases", "kube-node-lease"
RENEW_SECONDS = 10.0


def make_node(client: Client, now: float) -> None:
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready"}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
    make_lease(client, now, NODE)
    client.create("v1/nodes", "", {**node, "status": {"conditions": [ready]}})


def make_lease(client: Client, now: float, node: str) -> None:
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": node}}
    spec = {"holderIdentity": node, "leaseDurationSeconds": 40, "renewTime": micro_timestamp(now)}
    try:
        client.create(LEASES, NODE_LEASES, {**lease, "spec": spec})
    except ApiError:
        renew(client, now, {node})


def renew(client: Client, now: float, nodes: Iterable[str]) -> None:
    """Say that these nodes are alive."""
    for node in nodes:
        patch = {"spec": {"renewTime": micro_timestamp(now)}}
        try:
            client.patch(LEASES, NODE_LEASES, node, patch)
        except NotFound:
            continue


class Feed:
    """Watches a real cluster once for all scenarios that run on it."""

    def __init__(self, kubeconfig: Path) -> None:
        self._clients = HttpClients.from_kubeconfig(kubeconfig)
        self._worlds: list[Real] = []
        self._lock = threading.Lock()
        self._woken = threading.Event()
        client = self._clients.client(USER)
        self._watches: list[Watch] = []
        for resource in RESOURCES.values():
            revision = client.list(resource).resource_version
            watch = self._clients.client(USER).watch(resource, resource_version=revision)
            watch.listen(self._woken.set)
            self._watches.append(watch)
        self._closed = False
        self._client = client
        self._renewed = 0.0
        with contextlib.suppress(ApiError):
            make_node(client, time.time())
        self._adapter: adapter.Adapter | None = None
        self._thread = threading.Thread(target=self._pump, name="feed", daemon=True)
        self._thread.start()
        self._numbers = itertools.count()
        self._stamp = f"{int(time.time()):x}p{os.getpid():x}"

    def _pump(self) -> None:
        while not self._closed:
            self._woken.wait(1)
            self._woken.clear()
            if time.monotonic() - self._renewed > RENEW_SECONDS:
                self._renewed = time.monotonic()
                with self._lock:
                    nodes = {NODE}.union(*(world.nodes for world in self._worlds))
                renew(self._client, time.time(), nodes)
            for watch in self._watches:
                for event in watch.poll():
                    with self._lock:
                        worlds = list(self._worlds)
                    for world in worlds:
                        world.take(event)

    def world(self) -> "Real":
        # None is the beginning of another.
        name = f"scene{self._stamp}x{next(self._numbers)}z"
        made = Real(name, self._clients.client(USER), self._measure)
        with self._lock:
            self._worlds.append(made)
        made.on_close = lambda: self._forget(made)
        _make_namespace(made)
        return made

    def _measure(self, namespace: str, what: Mapping[str, Any]) -> None:
        with self._lock:
            if self._adapter is None:
                self._adapter = adapter.Adapter(self._clients.client("adapter"))
        self._adapter.set(namespace, what)

    def _forget(self, world: "Real") -> None:
        with self._lock:
            self._worlds.remove(world)

    def close(self) -> None:
        self._closed = True
        if self._adapter is not None:
            self._adapter.close()
        for watch in self._watches:
            watch.close()


class Real:
    """A namespace of a real cluster."""

    def __init__(
        self,
        namespace: str,
        client: Client,
        measure: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        self._measure = measure
        self.namespace = namespace
        self.client = client
        self.lines: list[Line] = []
        self.step = -1
        self.on_close: Callable[[], None] = lambda: None
        self.nodes: set[str] = set()
        self._names = {namespace}
        self._places: list[tuple[str, str, str]] = []
        self._last = time.monotonic()

    def now(self) -> float:
        return time.time()

    def take(self, event: Event) -> None:
        if concerns(event, self.namespace, self._names):
            self.lines.append(Line(self.step, event))
            self._last = time.monotonic()

    def rest(self) -> None:
        self._quiet(QUIET_SECONDS, patience=PATIENCE_SECONDS)

    def _quiet(self, seconds: float, *, patience: float) -> None:
        self._last = time.monotonic()
        end = time.monotonic() + patience
        while (now := time.monotonic()) < end:
            left = self._last + seconds - now
            if left <= 0:
                return
            time.sleep(left)

    def begin(self) -> None:
        time.sleep(1.02 - time.time() % 1)

    def breathe(self) -> None:
        self._quiet(BREATH_SECONDS, patience=3.0)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def mine(self, name: str) -> None:
        self._names.add(name)

    def elsewhere(self, resource: str, namespace: str, name: str) -> None:
        self._names.add(f"{namespace}/{name}")
        if namespace != self.namespace:
            self._places.append((resource, namespace, name))

    def restart(self, controller: str) -> None:
        command = os.environ.get("MOCKAPI_ORACLE_RESTART")
        if not command:
            raise LookupError("MOCKAPI_ORACLE_RESTART names no command")
        subprocess.run(shlex.split(command), check=True)

    def measure(self, what: Mapping[str, Any]) -> None:
        self._measure(self.namespace, what)

    def close(self) -> None:
        self.on_close()
        for place in self._places:
            with contextlib.suppress(ApiError):
                self.client.delete(*place)
        for name in self._names:
            for plural in CLUSTER_SCOPED:
                try:
                    self.client.delete(RESOURCES[plural], "", name)
                except ApiError:
                    continue
