"""Three kinds of probes by four handlers: when each is made, and what follows, to the second.

The period is 7 s and begins with the container; looks in the first 5 s (initialDelaySeconds) are
left out. So looks are made at 7, 14, 21, ... (source: prober/worker.go doProbe).
"""

from typing import Any

import pytest
from kubelet_fake import Cluster

HANDLERS: dict[str, tuple[dict[str, Any], str]] = {
    "httpGet": (
        {"httpGet": {"port": 8080, "path": "/healthz", "scheme": "HTTP"}},
        "HTTP probe failed with statuscode: 500",
    ),
    "tcpSocket": (
        {"tcpSocket": {"port": 8080}},
        "dial tcp 10.244.0.2:8080: connect: connection refused",
    ),
    "exec": ({"exec": {"command": ["check"]}}, ""),
    "grpc": (
        {"grpc": {"port": 8080, "service": ""}},
        'service unhealthy (responded with "NOT_SERVING")',
    ),
}


def _run(kind: str, handler: str, findings: str, **thresholds: int) -> Cluster:
    cluster = Cluster()
    probe = {**HANDLERS[handler][0], "initialDelaySeconds": 5, "periodSeconds": 7, **thresholds}
    container = {"name": "main", "image": "app", f"{kind}Probe": probe}
    cluster.run(containers=[container], annotation=f"probes: {{{kind}: {findings}}}")
    return cluster


def _changes(cluster: Cluster, seconds: int, field: str) -> list[tuple[int, Any]]:
    """When a field of the container's status changed, second by second."""
    found = [(0, cluster.container()[field])]
    for second in range(1, seconds + 1):
        cluster.advance(1)
        value = cluster.container()[field]
        if value != found[-1][1]:
            found.append((second, value))
    return found


@pytest.mark.parametrize("handler", HANDLERS)
def test_readiness_counts_failures_and_successes(handler: str) -> None:
    findings = "[{result: pass}, {after: 20, result: fail}, {after: 40, result: pass}]"
    cluster = _run("readiness", handler, findings, failureThreshold=2, successThreshold=2)
    changes = _changes(cluster, 60, "ready")
    # Passed at 7 and 14; failed at 21 and 28; passed at 42 and 49.
    assert changes == [(0, False), (14, True), (28, False), (49, True)]
    text = f"Readiness probe failed: {HANDLERS[handler][1]}"
    unhealthy = [event for event in cluster.events() if event[1] == "Unhealthy"]
    # At 21, 28 and 35.
    assert unhealthy == [("Warning", "Unhealthy", text, 3)]
    assert cluster.container()["restartCount"] == 0


@pytest.mark.parametrize("handler", HANDLERS)
def test_liveness_restarts_after_its_failures(handler: str) -> None:
    cluster = _run("liveness", handler, "[{result: fail}]", failureThreshold=3)
    # Failed at 7, 14 and 21; the next life begins at 21, so it fails at 28, 35 and 42, and then
    # the back-off of 10 s holds it.
    assert _changes(cluster, 45, "restartCount") == [(0, 0), (21, 1)]
    assert cluster.shown() == "CrashLoopBackOff"
    text = f"Liveness probe failed: {HANDLERS[handler][1]}"
    assert ("Warning", "Unhealthy", text, 6) in cluster.events()
    killing = "Container main failed liveness probe, will be restarted"
    assert ("Normal", "Killing", killing, 2) in cluster.events()


@pytest.mark.parametrize("handler", HANDLERS)
def test_startup_holds_readiness_back_until_it_passes(handler: str) -> None:
    findings = "[{result: fail}, {after: 20, result: pass}]"
    cluster = _run("startup", handler, findings, failureThreshold=3)
    # Failed at 7 and 14, passed at 21.
    assert _changes(cluster, 30, "started") == [(0, False), (21, True)]
    assert cluster.container()["ready"] is True
    text = f"Startup probe failed: {HANDLERS[handler][1]}"
    assert ("Warning", "Unhealthy", text, 2) in cluster.events()


@pytest.mark.parametrize("handler", HANDLERS)
def test_startup_restarts_what_does_not_start(handler: str) -> None:
    cluster = _run("startup", handler, "[{result: fail}]", failureThreshold=2)
    assert _changes(cluster, 20, "restartCount") == [(0, 0), (14, 1)]
    killing = "Container main failed startup probe, will be restarted"
    assert ("Normal", "Killing", killing, 1) in cluster.events()


@pytest.mark.parametrize(
    ("kind", "defaults"),
    [("readiness", [(0, True), (40, False)]), ("startup", [(0, False), (30, True)])],
)
def test_without_a_word_the_period_is_ten_seconds_and_the_threshold_three(
    kind: str, defaults: list[tuple[int, bool]]
) -> None:
    cluster = Cluster()
    container = {"name": "main", "image": "app", f"{kind}Probe": {"tcpSocket": {"port": 80}}}
    findings = {
        # Failed at 20, 30 and 40.
        "readiness": "[{result: pass}, {after: 15, result: fail}]",
        # Failed at 10 and 20, passed at 30.
        "startup": "[{result: fail}, {after: 25, result: pass}]",
    }[kind]
    cluster.run(containers=[container], annotation=f"probes: {{{kind}: {findings}}}")
    field = "ready" if kind == "readiness" else "started"
    assert _changes(cluster, 50, field) == defaults
