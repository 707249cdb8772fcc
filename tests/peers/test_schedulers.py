"""The real scheduler and ours are interchangeable: the same scenarios on either server.

The real programs come from `--binaries` (see `real.py`); MOCKAPI_KUBE_SCHEDULER may name the
kube-scheduler alone, MOCKAPI_ORACLE the kubeconfig of a server on which no scheduler runs.
"""

import json
import os
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mockapi.base.clock import monotonic
from mockapi.client.http import HttpClients
from mockapi.client.protocol import Client
from mockapi.cluster import MockCluster
from mockapi.meta.errors import ApiError
from mockapi.scheduler import configuration
from mockapi.scheduler.component import Scheduler
from tests.peers import real

# Test servers have certificates of their own making.
pytestmark = pytest.mark.filterwarnings(
    "ignore::urllib3.exceptions.InsecureRequestWarning",
)

SECONDS = 30.0
DRA = "resource.k8s.io/v1"
CLAIMS = f"{DRA}/resourceclaims"
CONFIGURATION = """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy:
        type: MostAllocated
"""

Obj = dict[str, Any]


class Outside:
    """An extender: refuses nodes b, prefers nodes c, and binds."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Obj]] = []
        self.client: Client | None = None
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                verb = self.path.rpartition("/")[2]
                outside.asked.append((verb, body))
                reply = json.dumps(getattr(outside, verb)(body)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def filter(self, body: Obj) -> Obj:
        items = body["Nodes"]["items"]
        kept = [item for item in items if not item["metadata"]["name"].endswith("-b")]
        names = {item["metadata"]["name"] for item in items if item not in kept}
        return {"Nodes": {"items": kept}, "FailedNodes": dict.fromkeys(names, "b is full")}

    def prioritize(self, body: Obj) -> list[Obj]:
        names = [item["metadata"]["name"] for item in body["Nodes"]["items"]]
        return [{"Host": name, "Score": 10 if name.endswith("-c") else 0} for name in names]

    def bind(self, body: Obj) -> Obj:
        assert self.client is not None
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": body["PodName"], "uid": body["PodUID"]},
            "target": {"kind": "Node", "name": body["Node"]},
        }
        namespace, name = body["PodNamespace"], body["PodName"]
        self.client.create("v1/pods", namespace, binding, name=name, subresource="binding")
        return {}

    def configuration(self) -> str:
        return f"""
extenders:
- urlPrefix: http://127.0.0.1:{self.server.server_port}/outside
  filterVerb: filter
  prioritizeVerb: prioritize
  bindVerb: bind
  weight: 10
  managedResources: [{{name: example.com/outside, ignoredByScheduler: true}}]
"""


class Place:
    """A namespace and some nodes of one's own on a server that a scheduler serves."""

    def __init__(self, client: Client, outside: Outside) -> None:
        self.client = client
        self.outside = outside
        self.pool = f"s{uuid.uuid4().hex[:8]}"
        self.classes: list[str] = []
        client.create("v1/namespaces", "", self._object("v1", "Namespace", self.pool, ""))
        account = self._object("v1", "ServiceAccount", "default")
        with _tolerant():
            client.create("v1/serviceaccounts", self.pool, account)

    def _object(self, api: str, kind: str, name: str, namespace: str | None = None) -> Obj:
        space = self.pool if namespace is None else namespace
        metadata = {"name": name, **({"namespace": space} if space else {})}
        return {"apiVersion": api, "kind": kind, "metadata": metadata}

    def node(self, name: str, *, cpu: str = "1", **labels: str) -> None:
        node = self._object("v1", "Node", f"{self.pool}-{name}", "")
        node["metadata"]["labels"] = {"pool": self.pool, **labels}
        allocatable = {"cpu": cpu, "memory": "4Gi", "pods": "10"}
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ok"}
        node["status"] = {
            "allocatable": allocatable,
            "capacity": allocatable,
            "conditions": [ready],
        }
        self.client.create("v1/nodes", "", node)
        self.client.patch("v1/nodes", "", node["metadata"]["name"], {"spec": {"taints": None}})

    def pod(
        self,
        name: str,
        *,
        cpu: str = "1",
        selector: Obj | None = None,
        limits: Obj | None = None,
        **spec: Any,
    ) -> None:
        pod = self._object("v1", "Pod", name)
        resources = {"requests": {"cpu": cpu, **(limits or {})}, "limits": limits}
        container = {"name": "c", "image": "i", "resources": resources}
        pod["spec"] = {
            "containers": [container],
            "nodeSelector": {"pool": self.pool, **(selector or {})},
            "terminationGracePeriodSeconds": 0,
            **spec,
        }
        self.client.create("v1/pods", self.pool, pod)

    def priority(self, value: int) -> str:
        name = f"{self.pool}-{value}"
        priority = self._object("scheduling.k8s.io/v1", "PriorityClass", name, "")
        resource = "scheduling.k8s.io/v1/priorityclasses"
        self.client.create(resource, "", {**priority, "value": value})
        self.classes.append(name)
        return name

    def devices(self, node: str, device: Obj, suffix: str) -> None:
        """A slice with one device of a driver with the pool's name, and its class."""
        name = f"{self.pool}-{node}"
        item = self._object(f"{DRA}", "ResourceSlice", f"{self.pool}-{suffix}", "")
        item["spec"] = {
            "driver": self.pool,
            "nodeName": name,
            "pool": {"name": name, "generation": 1, "resourceSliceCount": 1},
            "devices": [device],
        }
        self.client.create(f"{DRA}/resourceslices", "", item)
        kind = self._object(DRA, "DeviceClass", self.pool, "")
        kind["spec"] = {"selectors": [{"cel": {"expression": f'device.driver == "{self.pool}"'}}]}
        with _tolerant():
            self.client.create(f"{DRA}/deviceclasses", "", kind)

    def claim(self, name: str, expression: str) -> None:
        claim = self._object(DRA, "ResourceClaim", name)
        exact = {"deviceClassName": self.pool, "selectors": [{"cel": {"expression": expression}}]}
        claim["spec"] = {"devices": {"requests": [{"name": "r", "exactly": exact}]}}
        self.client.create(CLAIMS, self.pool, claim)

    def get(self, name: str) -> Obj:
        return self.client.get("v1/pods", self.pool, name)

    def bound(self, name: str) -> str:
        """The node that the pod gets, without the pool's name."""
        pod = _eventually(lambda: self.get(name), lambda p: bool(p["spec"].get("nodeName")))
        return str(pod["spec"]["nodeName"]).removeprefix(f"{self.pool}-")

    def refusal(self, name: str) -> str:
        """What FailedScheduling says, with the other nodes of the server taken out."""
        pod = _eventually(lambda: self.get(name), lambda p: bool(_condition(p).get("message")))
        return str(_condition(pod)["message"])

    def nodes(self) -> int:
        return len(self.client.list("v1/nodes").items)

    def clean(self) -> None:
        for pod in self.client.list("v1/pods", self.pool).items:
            with _tolerant():
                name = pod["metadata"]["name"]
                self.client.delete("v1/pods", self.pool, name, grace_period_seconds=0)
        for node in self.client.list("v1/nodes", label_selector=f"pool={self.pool}").items:
            self.client.delete("v1/nodes", "", node["metadata"]["name"])
        for item in self.client.list(f"{DRA}/resourceslices").items:
            if item["spec"]["driver"] == self.pool:
                self.client.delete(f"{DRA}/resourceslices", "", item["metadata"]["name"])
        with _tolerant():
            self.client.delete(f"{DRA}/deviceclasses", "", self.pool)
        for name in self.classes:
            self.client.delete("scheduling.k8s.io/v1/priorityclasses", "", name)
        self.client.delete("v1/namespaces", "", self.pool)


@contextmanager
def _tolerant() -> Iterator[None]:
    try:
        yield
    except ApiError:
        return


def _condition(pod: Obj) -> Obj:
    conditions = pod.get("status", {}).get("conditions", [])
    found: Obj = next((c for c in conditions if c["type"] == "PodScheduled"), {})
    return found


def _eventually(get: Callable[[], Obj], wanted: Callable[[Obj], bool]) -> Obj:
    end = monotonic() + SECONDS
    while not wanted(found := get()):
        assert monotonic() < end, f"it never happened: {found}"
        threading.Event().wait(0.05)
    return found


# The scenarios: what happens is the same whoever schedules.


def fits(place: Place) -> None:
    place.node("a", cpu="100m")
    place.node("b")
    place.pod("p")
    assert place.bound("p") == "b"


def says_why_and_goes_on_at_once(place: Place) -> None:
    place.node("a", disk="hdd")
    place.pod("p", selector={"disk": "ssd"})
    count = place.nodes()
    assert place.refusal("p") == (
        f"0/{count} nodes are available: {count} node(s) didn't match Pod's node affinity/selector."
        f" preemption: 0/{count} nodes are available: {count} Preemption is not helpful for "
        "scheduling."
    )
    name = f"{place.pool}-a"
    place.client.patch("v1/nodes", "", name, {"metadata": {"labels": {"disk": "ssd"}}})
    assert place.bound("p") == "a"


def preempts(place: Place) -> None:
    high, low = place.priority(1000), place.priority(10)
    place.node("a")
    place.pod("low", priorityClassName=low)
    assert place.bound("low") == "a"
    place.pod("high", priorityClassName=high)
    assert place.bound("high") == "a"
    with pytest.raises(ApiError):
        place.get("low")
    events = place.client.list("events.k8s.io/v1/events", place.pool).items
    uid = place.get("high")["metadata"]["uid"]
    notes = [e["note"] for e in events if e["reason"] == "Preempted"]
    assert notes == [f"Preempted by pod {uid} on node {place.pool}-a"]


def opens_gates(place: Place) -> None:
    place.node("a")
    place.pod("p", schedulingGates=[{"name": "example.com/gate"}])
    assert _condition(place.get("p"))["reason"] == "SchedulingGated"
    place.client.patch("v1/pods", place.pool, "p", {"spec": {"schedulingGates": None}})
    assert place.bound("p") == "a"


def spreads(place: Place) -> None:
    for zone in ("x", "y"):
        place.node(zone, cpu="4", **{"topology.kubernetes.io/zone": zone})
    constraint = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {},
    }
    del constraint["labelSelector"]
    away = {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {
                    "topologyKey": "topology.kubernetes.io/zone",
                    "labelSelector": {},
                }
            ]
        }
    }
    place.pod("first", affinity=away, topologySpreadConstraints=[constraint])
    first = place.bound("first")
    place.pod("second", affinity=away)
    assert {first, place.bound("second")} == {"x", "y"}


def packs_by_its_own_profile(place: Place) -> None:
    place.node("a", cpu="4")
    place.node("b", cpu="4")
    place.pod("first")
    first = place.bound("first")
    place.pod("packed", schedulerName="packing")
    assert place.bound("packed") == first
    place.pod("spread")
    assert place.bound("spread") != first
    place.pod("nobodys", schedulerName="nobody")
    place.pod("last", schedulerName="packing")
    assert place.bound("last") == first
    assert "conditions" not in place.get("nobodys")["status"]


def allocates_devices(place: Place) -> None:
    place.node("a")
    place.node("b")
    place.devices("b", {"name": "d0", "attributes": {"model": {"string": "old"}}}, "c")
    for name in ("one", "two"):
        place.claim(name, f'device.attributes["{place.pool}"].model == "new"')
        place.pod(name, cpu="100m", resourceClaims=[{"name": "gpu", "resourceClaimName": name}])
    count = place.nodes()
    assert f"{count} cannot allocate all claims" in place.refusal("two")
    device = {"name": "d1", "attributes": {"model": {"string": "new"}}}
    place.devices("a", device, "d")
    place.client.patch("v1/nodes", "", f"{place.pool}-a", {"metadata": {"labels": {"x": "y"}}})
    _eventually(
        lambda: {
            "got": [name for name in ("one", "two") if place.get(name)["spec"].get("nodeName")]
        },
        lambda found: len(found["got"]) == 1,
    )
    winner = next(name for name in ("one", "two") if place.get(name)["spec"].get("nodeName"))
    claim = place.client.get(CLAIMS, place.pool, winner)
    assert claim["metadata"]["finalizers"] == ["resource.kubernetes.io/delete-protection"]
    assert claim["status"]["reservedFor"] == [
        {"name": winner, "resource": "pods", "uid": place.get(winner)["metadata"]["uid"]}
    ]
    allocation = claim["status"]["allocation"]
    assert allocation["allocationTimestamp"]
    names = {"key": "metadata.name", "operator": "In", "values": [f"{place.pool}-a"]}
    assert allocation["nodeSelector"] == {"nodeSelectorTerms": [{"matchFields": [names]}]}
    assert allocation["devices"]["results"] == [
        {"device": "d1", "driver": place.pool, "pool": f"{place.pool}-a", "request": "r"}
    ]


def asks_extenders(place: Place) -> None:
    place.outside.asked.clear()
    place.outside.client = place.client
    for name in ("a", "b", "c"):
        place.node(name, cpu="1")
    wanted = {"example.com/outside": "1"}
    place.pod("p", cpu="100m", limits=wanted)
    assert place.bound("p") == "c"
    name = f"{place.pool}-b"
    place.pod("q", cpu="100m", limits=wanted, selector={"kubernetes.io/hostname": "none"})
    place.client.patch(
        "v1/nodes", "", name, {"metadata": {"labels": {"kubernetes.io/hostname": "none"}}}
    )
    _eventually(
        lambda: place.get("q"), lambda pod: "1 b is full" in _condition(pod).get("message", "")
    )
    verbs = [verb for verb, _ in place.outside.asked]
    assert verbs[:3] == ["filter", "prioritize", "bind"]
    (_, filtered), (_, prioritized), (_, bound) = place.outside.asked[:3]
    for body, names in ((filtered, "abc"), (prioritized, "ac")):
        items = body["Nodes"]["items"]
        found = sorted(item["metadata"]["name"] for item in items)
        assert found == [f"{place.pool}-{letter}" for letter in names]
        assert not any("kind" in item or "apiVersion" in item for item in items)
        assert (body["NodeNames"], body["Pod"]["metadata"]["name"]) == (None, "p")
        assert "kind" not in body["Pod"]
    assert bound == {
        "PodName": "p",
        "PodNamespace": place.pool,
        "PodUID": place.get("p")["metadata"]["uid"],
        "Node": f"{place.pool}-c",
    }


SCENARIOS = [
    asks_extenders,
    fits,
    says_why_and_goes_on_at_once,
    preempts,
    opens_gates,
    spreads,
    packs_by_its_own_profile,
    allocates_devices,
]


# Who schedules, and where.


def _ours(clients: HttpClients, outside: Outside) -> real.Ours:
    text = CONFIGURATION + outside.configuration()
    configured = configuration.load(text.encode())
    scheduler = Scheduler(configured.profiles, extenders=configured.extenders)
    return real.Ours(clients, lambda runtime: runtime.add(scheduler), SECONDS)


@contextmanager
def _cluster(config: Path | None = None) -> Iterator[MockCluster]:
    """With our scheduler when there is a configuration for it."""
    chosen = {"scheduler": False} if config is None else {"scheduler_config": config}
    with MockCluster(kubelet=False, nodes=0, controllers="-*", **chosen) as cluster:
        yield cluster


def _written(folder: Path, outside: Outside, more: str = "") -> Path:
    path = folder / "scheduler.yaml"
    path.write_text(CONFIGURATION + outside.configuration() + more)
    return path


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    made = Outside()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_our_scheduler_on_mockapi(
    scenario: Callable[[Place], None], outside: Outside, tmp_path: Path
) -> None:
    with _cluster(_written(tmp_path, outside)) as cluster:
        scenario(Place(HttpClients(cluster.url).client("test"), outside))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_our_scheduler_on_mockapi_over_http(
    scenario: Callable[[Place], None], outside: Outside
) -> None:
    with _cluster() as cluster:
        clients = HttpClients(cluster.url)
        ours = _ours(clients, outside)
        try:
            scenario(Place(clients.client("test"), outside))
        finally:
            ours.stop()


@pytest.fixture(scope="module")
def real_on_mockapi(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, outside: Outside
) -> Iterator[Client]:
    program = real.program(request.config, "kube-scheduler", "MOCKAPI_KUBE_SCHEDULER")
    if not program:
        pytest.skip("neither --binaries nor MOCKAPI_KUBE_SCHEDULER names a kube-scheduler")
    with _cluster() as cluster:
        folder = Path(tmp_path_factory.mktemp("kube-scheduler"))
        where = f"clientConnection: {{kubeconfig: {cluster.kubeconfig}}}\n"
        config = _written(folder, outside, f"{where}leaderElection: {{leaderElect: false}}\n")
        arguments = ["--config", str(config), "--secure-port=0"]
        with (folder / "log").open("w") as output:
            process = subprocess.Popen([program, *arguments], stdout=output, stderr=output)
        try:
            yield HttpClients(cluster.url).client("test")
        finally:
            process.terminate()
            process.wait(SECONDS)


@pytest.mark.oracle
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_real_scheduler_on_mockapi(
    scenario: Callable[[Place], None], real_on_mockapi: Client, outside: Outside
) -> None:
    place = Place(real_on_mockapi, outside)
    try:
        scenario(place)
    finally:
        place.clean()


@pytest.fixture(scope="module")
def real_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The kubeconfig of a kube-apiserver."""
    named = os.environ.get("MOCKAPI_ORACLE", "")
    if named:
        yield Path(named)
        return
    etcd, apiserver = (real.program(request.config, name) for name in ("etcd", "kube-apiserver"))
    if not (etcd and apiserver):
        pytest.skip("neither --binaries nor MOCKAPI_ORACLE names a kube-apiserver")
    with real.control_plane(etcd, apiserver, tmp_path_factory.mktemp("real")) as path:
        yield path


@pytest.fixture
def ours_on_the_real_server(real_server: Path, outside: Outside) -> Iterator[Client]:
    clients = HttpClients.from_kubeconfig(real_server)
    ours = _ours(clients, outside)
    yield clients.client("test")
    ours.stop()


@pytest.mark.oracle
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_our_scheduler_on_the_real_server(
    scenario: Callable[[Place], None], ours_on_the_real_server: Client, outside: Outside
) -> None:
    place = Place(ours_on_the_real_server, outside)
    try:
        scenario(place)
    finally:
        place.clean()
