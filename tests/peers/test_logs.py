"""Logs as clients read them: kubectl with every option, and the Python client's streaming."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes
import pytest

from mockapi.cluster import MockCluster

stock: Any = kubernetes
KUBECTL = Path(sys.executable).parent / "kubectl"
pytestmark = pytest.mark.skipif(not KUBECTL.exists(), reason="no kubectl in this environment")

TALKS = """
containers:
  main:
    run: [{seconds: 20, exitCode: 3}, {}]
    logs: {lines: [ready, {after: 2, text: two}, {after: 4, text: four, stream: stderr}]}
  side: {logs: {lines: [aside]}}
"""
COUNTS = "logs: {lines: ['tick {n}'], every: 5}"
START = "2026-01-01T00:00:00"


def _pod(name: str, behaviour: str, *containers: str, app: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "labels": {"app": app},
            "annotations": {"mockapi.dev/behaviour": behaviour},
        },
        "spec": {"containers": [{"name": c, "image": "app:1"} for c in containers]},
    }


@pytest.fixture(scope="module")
def cluster() -> Iterator[MockCluster]:
    """`web` has run for 30 s (and once before, for 20 s), `counter` for 50 s."""
    with MockCluster(clock="manual", nodes=1, seed=1) as running:
        with stock.config.new_client_from_config(running.kubeconfig) as connection:
            core = stock.client.CoreV1Api(connection)
            core.create_namespaced_pod("default", _pod("web", TALKS, "main", "side", app="web"))
            core.create_namespaced_pod("default", _pod("counter", COUNTS, "main", app="web"))
            slow = _pod("slow", "pull: {seconds: 600}", "main", app="slow")
            core.create_namespaced_pod("default", slow)
            bad = _pod("bad", "pull: {fails: always}", "main", app="bad")
            core.create_namespaced_pod("default", bad)
        running.settle()
        running.advance(50)
        yield running


@pytest.fixture
def living() -> Iterator[MockCluster]:
    """One whose time goes on."""
    with MockCluster(clock="manual", nodes=1, seed=1) as running:
        yield running


@pytest.fixture
def core(cluster: MockCluster) -> Iterator[Any]:
    with stock.config.new_client_from_config(cluster.kubeconfig) as connection:
        yield stock.client.CoreV1Api(connection)


def _kubectl(cluster: MockCluster, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(KUBECTL), "--kubeconfig", cluster.kubeconfig, "logs", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("web -c main", "ready\ntwo\nfour\n"),
        ("web -c side", "aside\n"),
        ("web -c main --previous", "ready\ntwo\nfour\n"),
        ("web -c main --tail=1", "four\n"),
        ("web -c main --tail=0", ""),
        ("web -c main --since=28s", "two\nfour\n"),
        ("web -c main --since=1s", ""),
        ("web -c main --limit-bytes=7", "ready\nt"),
        ("web --all-containers", "ready\ntwo\nfour\naside\n"),
        (
            "web --all-containers --prefix",
            "[pod/web/main] ready\n[pod/web/main] two\n[pod/web/main] four\n[pod/web/side] aside\n",
        ),
        ("counter --tail=2", "tick 9\ntick 10\n"),
        (
            "-l app=web -c main --tail=1 --prefix",
            "[pod/counter/main] tick 10\n[pod/web/main] four\n",
        ),
        ("pod/counter --since=6s", "tick 9\ntick 10\n"),
    ],
)
def test_kubectl_shows_what_was_asked_for(cluster: MockCluster, words: str, shown: str) -> None:
    done = _kubectl(cluster, *words.split())
    assert (_sorted(done.stdout), done.returncode) == (_sorted(shown), 0), done.stderr


def _sorted(text: str) -> list[str]:
    """kubectl takes several containers in a random order."""
    return sorted(text.splitlines(keepends=True))


def test_without_a_container_the_first_is_taken_and_said(cluster: MockCluster) -> None:
    done = _kubectl(cluster, "web")
    assert done.stdout == "ready\ntwo\nfour\n"
    assert done.stderr == 'Defaulted container "main" out of: main, side\n'


def test_timestamps_are_those_of_the_lines(cluster: MockCluster) -> None:
    stamped = _kubectl(cluster, "web", "-c", "main", "--timestamps").stdout.splitlines()
    moments = [line.split(" ", 1) for line in stamped]
    assert [text for _, text in moments] == ["ready", "two", "four"]
    assert all(len(moment) == len("2026-01-01T00:00:00.000000000Z") for moment, _ in moments)
    since = moments[1][0]
    done = _kubectl(cluster, "web", "-c", "main", f"--since-time={since}")
    assert done.stdout == "two\nfour\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            "slow",
            'Error from server (BadRequest): container "main" in pod "slow" is waiting to start: '
            "ContainerCreating\n",
        ),
        (
            "bad",
            'Error from server (BadRequest): container "main" in pod "bad" is waiting to start: '
            "trying and failing to pull image\n",
        ),
        (
            "counter --previous",
            'Error from server (BadRequest): previous terminated container "main" in pod "counter" '
            "not found\n",
        ),
        (
            "none",
            'error: error from server (NotFound): pods "none" not found in namespace "default"\n',
        ),
        (
            "web -c other",
            "error: container other is not valid for pod web out of: main, side\n",
        ),
    ],
)
def test_what_cannot_be_shown_is_said_in_the_real_words(
    cluster: MockCluster, words: str, complaint: str
) -> None:
    done = _kubectl(cluster, *words.split())
    assert (done.returncode, done.stdout, done.stderr) == (1, "", complaint)


def test_following_goes_on_until_the_container_ends(living: MockCluster) -> None:
    cluster = living
    behaviour = "run: {seconds: 12}\nlogs: {lines: ['tick {n}'], every: 5}"
    pod = _pod("brief", behaviour, "main", app="brief")
    pod["spec"]["restartPolicy"] = "Never"
    with stock.config.new_client_from_config(cluster.kubeconfig) as connection:
        stock.client.CoreV1Api(connection).create_namespaced_pod("default", pod)
    cluster.settle()
    command = [str(KUBECTL), "--kubeconfig", cluster.kubeconfig, "logs", "-f", "brief"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "tick 0\n"
        cluster.advance(5)
        assert following.stdout.readline() == "tick 1\n"
        cluster.advance(10)
        assert following.stdout.read() == "tick 2\n"
        assert following.wait(20) == 0


def test_the_python_client_streams(living: MockCluster) -> None:
    with stock.config.new_client_from_config(living.kubeconfig) as connection:
        _stream(living, stock.client.CoreV1Api(connection))


def _stream(cluster: MockCluster, core: Any) -> None:
    core.create_namespaced_pod("default", _pod("streamed", COUNTS, "main", app="streamed"))
    cluster.settle()
    reply = core.read_namespaced_pod_log("streamed", "default", follow=True, _preload_content=False)
    assert reply.readline() == b"tick 0\n"
    cluster.advance(5)
    assert reply.readline() == b"tick 1\n"
    reply.close()
    lines = stock.watch.Watch().stream(
        core.read_namespaced_pod_log, name="streamed", namespace="default", tail_lines=1
    )
    assert next(lines) == "tick 1"
    cluster.advance(5)
    assert next(lines) == "tick 2"
    lines.close()


def test_the_python_client_s_options(core: Any) -> None:
    read = core.read_namespaced_pod_log
    assert read("web", "default", container="main", previous=True) == "ready\ntwo\nfour\n"
    assert read("web", "default", container="main", limit_bytes=5) == "ready"
    stamped = read("web", "default", container="side", timestamps=True, since_seconds=3600)
    assert stamped.endswith(" aside\n")
    with pytest.raises(stock.client.ApiException) as caught:
        read("web", "default")
    assert caught.value.status == 400
    assert "a container name must be specified for pod web, choose one of: [main side]" in (
        caught.value.body
    )
