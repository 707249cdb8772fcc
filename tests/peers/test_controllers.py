"""The real controller-manager and ours are interchangeable: each works on the other's server.

The real programs come from `--binaries` (see `real.py`); MOCKAPI_KUBE_CONTROLLER_MANAGER may name
the kube-controller-manager alone, MOCKAPI_ORACLE the kubeconfig of a server on which no controllers
run. `--controllers-seconds` is how long the real one works on mockapi (20 seconds).
"""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mockapi.base import selfsigned
from mockapi.base.clock import monotonic
from mockapi.client.http import HttpClients
from mockapi.client.protocol import Client
from mockapi.cluster import MockCluster
from mockapi.controllers import chosen
from mockapi.controllers.keys import NeedsKeys
from mockapi.kubelet.kubelet import Kubelet, KubeletSettings
from mockapi.kubelet.nodes import NodeShape
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime
from mockapi.scheduler.component import Scheduler
from tests.peers import real
from tests.writes import comparing, recordings
from tests.writes.steps import play
from tests.writes.worlds import WITHOUT_SIMULATIONS, Feed

pytestmark = [
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),
    pytest.mark.filterwarnings("ignore:Unverified HTTPS"),
]

Obj = dict[str, Any]
SECONDS = 60.0

# Lines that the real controller-manager also writes against the real server, in the same places:
# a cache that is behind its own write is read again, and so is a namespace that is not empty yet.
KNOWN = (
    re.compile(r"options\.go:\d+\] The manifest file is empty, ignoring\."),
    re.compile(r"read version: \d+ is not as new as written version: \d+"),
    re.compile(r"Deletion of namespace failed.*unexpected items still remain in namespace"),
    re.compile(r"Operation cannot be fulfilled on .*the object has been modified"),
    # A race of its own: a ReplicaSet goes while its last status is written. The real server loses
    # it as well where pods end at once: with 2 of 180 ReplicaSets of five pods without a node.
    re.compile(r"sync .* failed with replicasets\.apps .* not found"),
    # Another: a pod that nobody has scheduled ends while it is looked at.
    re.compile(r"Failed to get node\" err=\"node \\\"\\\" not found"),
    re.compile(r"Failed to delete unscheduled terminating pod.* not found"),
)


# -- what the real one does on mockapi -----------------------------------------------------------


def deployment(name: str, image: str = "nginx:1", replicas: int = 3) -> Obj:
    labels = {"app": name}
    pod = {"containers": [{"name": "c", "image": image}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def job(name: str) -> Obj:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}
    spec = {"completions": 3, "parallelism": 2, "template": {"spec": pod}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def until(what: Callable[[], bool], told: str) -> None:
    end = monotonic() + SECONDS
    while not what():
        assert monotonic() < end, told
        threading.Event().wait(0.1)


def status(client: Client, resource: str, namespace: str, name: str, **wanted: Any) -> bool:
    found = client.get(resource, namespace, name).get("status") or {}
    return all(found.get(key, 0) == value for key, value in wanted.items())


def round_of_work(client: Client, number: int) -> None:
    """Deploy, scale, roll, finish a Job, and collect it all with the namespace."""
    space, apps = f"round-{number}", "apps/v1/deployments"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
    client.create("v1/namespaces", "", namespace)
    until(lambda: exists(client, "v1/serviceaccounts", space, "default"), "no account")
    until(lambda: exists(client, "v1/configmaps", space, "kube-root-ca.crt"), "no root CA")
    client.create(apps, space, deployment("web"))
    client.create("batch/v1/jobs", space, job("once"))
    until(
        lambda: status(client, apps, space, "web", availableReplicas=3, observedGeneration=1),
        "web is not available",
    )
    client.patch(apps, space, "web", {"spec": {"replicas": 5}})
    until(
        lambda: status(client, apps, space, "web", availableReplicas=5, observedGeneration=2),
        "web is not scaled",
    )
    containers = [{"name": "c", "image": "nginx:2"}]
    client.patch(apps, space, "web", {"spec": {"template": {"spec": {"containers": containers}}}})
    until(
        lambda: (
            status(client, apps, space, "web", updatedReplicas=5, replicas=5, availableReplicas=5)
            and status(client, apps, space, "web", observedGeneration=3)
        ),
        "web is not rolled",
    )
    until(
        lambda: status(client, "batch/v1/jobs", space, "once", succeeded=3), "the Job is not done"
    )
    client.delete(apps, space, "web", propagation_policy="Foreground")
    until(lambda: not exists(client, apps, space, "web"), "web is not collected")
    client.delete("v1/namespaces", "", space)
    until(lambda: not exists(client, "v1/namespaces", "", space), "the namespace stays")


def exists(client: Client, resource: str, namespace: str, name: str) -> bool:
    try:
        client.get(resource, namespace, name)
    except ApiError as error:
        assert error.code == 404
        return False
    return True


def complaints(log: Path) -> list[str]:
    """Error lines that the real one does not also write against its own server."""
    lines = [line for line in log.read_text().splitlines() if re.match(r"[EF]\d{4} ", line)]
    return [line for line in lines if not any(known.search(line) for known in KNOWN)]


@pytest.fixture
def manager(request: pytest.FixtureRequest) -> str:
    name = "kube-controller-manager"
    program = real.program(request.config, name, "MOCKAPI_KUBE_CONTROLLER_MANAGER")
    if not program:
        text = "neither --binaries nor MOCKAPI_KUBE_CONTROLLER_MANAGER names one"
        pytest.skip(text)
    return program


@contextmanager
def served(where: str, folder: Path, config: pytest.Config) -> Iterator[Path]:
    """The kubeconfig of a server with our scheduler and nodes, and without controllers."""
    if where != "own":
        with MockCluster(nodes=2, controllers="-*", tls=where == "https") as cluster:
            yield Path(cluster.kubeconfig)
        return
    etcd, apiserver = (real.program(config, name) for name in ("etcd", "kube-apiserver"))
    if not (etcd and apiserver):
        pytest.skip("--binaries names no kube-apiserver")
    with real.control_plane(etcd, apiserver, folder) as path:
        ours = real.Ours(HttpClients.from_kubeconfig(path), _add_nodes, SECONDS)
        yield path
        ours.stop()


def _add_nodes(runtime: Runtime) -> None:
    runtime.add(Scheduler())
    runtime.add(Kubelet(KubeletSettings(shapes=(NodeShape(count=2),))))


@pytest.mark.oracle
@pytest.mark.parametrize("where", ["http", "https", "own"])
def test_the_real_controllers_work_on_mockapi(
    manager: str, tmp_path: Path, request: pytest.FixtureRequest, where: str
) -> None:
    """And on their own server, with our scheduler and nodes: what they say there is `KNOWN`."""
    seconds = request.config.getoption("--controllers-seconds")
    real.write_keys(tmp_path)
    log = tmp_path / "log"
    with served(where, tmp_path, request.config) as kubeconfig:
        arguments = [
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            f"--service-account-private-key-file={tmp_path / 'sa.key'}",
            "--kube-api-qps=1000",
            "--kube-api-burst=2000",
        ]
        client = HttpClients.from_kubeconfig(kubeconfig).client("test")
        root = tmp_path / "ca.crt"
        root.write_text(selfsigned.authority("test", 0, 4e9).pem)
        arguments.append(f"--root-ca-file={root}")
        with real.running([manager, *arguments], log):
            end, number = monotonic() + seconds, 0
            while number == 0 or monotonic() < end:
                round_of_work(client, number)
                number += 1
    assert complaints(log) == []


# -- ours on the real server ---------------------------------------------------------------------


def _add_controllers(runtime: Runtime) -> None:
    for component in chosen(WITHOUT_SIMULATIONS):
        if isinstance(component, NeedsKeys):
            component.keys = _Keys()
        runtime.add(component)


class _Keys:
    """An authority of the test's own; nothing is signed here."""

    def __init__(self) -> None:
        self._root = selfsigned.authority("test", 0, 4e9)

    def root_ca(self) -> str:
        return self._root.pem

    def sign_certificate(self, request: bytes, usages: Any, begin: float, end: float) -> bytes:
        raise ValueError("nothing is signed here")

    def sign_token(self, claims: Obj) -> str:
        return "eyJ.e30.x"


SCENARIOS = (
    "deployment/created",
    "deployment/rolled",
    "replicaset/scaled-up-and-down",
    "replicaset/orphan-is-adopted",
    "volumes/bound-to-what-is-there",
    "volumes/bound-volume-is-deleted-first",
    "volumes/volume-names-its-claim",
    "mirroring/mirrored",
    "mirroring/other-ports-reuse-the-slice",
    "endpoints/readiness",
    "endpoints/headless-with-hostnames",
    "tokens/secret-is-filled-in",
    "tokens/default-account-comes-back",
    "claims/made-from-a-template",
    "upkeep/aggregated-roles",
    "upkeep/quota-status",
    "upkeep/service-cidr",
    "attachments/attached-and-detached",
    "autoscaler-alone/resource-metric",
)


@pytest.fixture(scope="module")
def feed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Feed]:
    """A real server on which our controllers run."""
    named = os.environ.get("MOCKAPI_BARE_ORACLE", "")
    if named:
        yield from _fed(Path(named))
        return
    etcd, apiserver = (real.program(request.config, name) for name in ("etcd", "kube-apiserver"))
    if not (etcd and apiserver):
        pytest.skip("neither --binaries nor MOCKAPI_BARE_ORACLE names a kube-apiserver")
    with real.control_plane(etcd, apiserver, tmp_path_factory.mktemp("real")) as path:
        yield from _fed(path)


def _fed(kubeconfig: Path) -> Iterator[Feed]:
    ours = real.Ours(HttpClients.from_kubeconfig(kubeconfig), _add_controllers, SECONDS)
    made = Feed(kubeconfig)
    yield made
    made.close()
    ours.stop()


@pytest.mark.oracle
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_our_controllers_work_on_the_real_server(scenario: str, feed: Feed) -> None:
    subject, _, name = scenario.partition("/")
    world = feed.world()
    try:
        run = play(world, recordings.scenarios(subject)[name])
    finally:
        world.close()
    found = comparing.differences(recordings.load(subject)[name], run)
    assert not found, "\n".join(found)
