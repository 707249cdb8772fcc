"""Probes by what a behaviour lets them find. Source: pkg/kubelet/prober, pkg/probe."""

from typing import Any

import pytest
from kubelet_fake import Cluster

from mockapi.kubelet.behaviour import Finding
from mockapi.kubelet.probes import output_of

HANDLERS: dict[str, dict[str, Any]] = {
    "exec": {"exec": {"command": ["cat", "/tmp/ok"]}},
    "tcpSocket": {"tcpSocket": {"port": 8080}},
    "httpGet": {"httpGet": {"path": "/healthz", "port": "http"}},
    "grpc": {"grpc": {"port": 9000}},
}


def main(**probes: Any) -> list[dict[str, Any]]:
    ports = [{"name": "http", "containerPort": 8081}]
    return [{"name": "main", "image": "nginx", "ports": ports, **probes}]


def probe(handler: str = "httpGet", **fields: Any) -> dict[str, Any]:
    return {
        **HANDLERS[handler],
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
        **fields,
    }


def ready_at(cluster: Cluster) -> list[float]:
    """When readiness changed, as (time, ready) in the writes."""
    changes: list[tuple[float, bool]] = []
    for when, status in cluster.status_writes():
        ready = status["containerStatuses"][0]["ready"]
        if not changes or changes[-1][1] != ready:
            changes.append((when, ready))
    return [when for when, ready in changes[1:]]


def test_a_passing_readiness_probe_is_made_at_once() -> None:
    cluster = Cluster()
    cluster.run(containers=main(readinessProbe=probe()))
    assert cluster.conditions()["Ready"] == "True"
    shown = [s["containerStatuses"][0]["ready"] for _, s in cluster.status_writes()]
    assert shown == [False, False, True]


def test_initial_delay_is_waited_out() -> None:
    cluster = Cluster()
    cluster.run(containers=main(readinessProbe=probe(initialDelaySeconds=15)))
    cluster.advance(60)
    assert ready_at(cluster) == [20.0]


def test_readiness_is_lost_after_three_failures_and_found_after_one_success() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="probes: {readiness: [pass, {after: 25, result: fail}, "
        "{after: 75, result: pass}]}",
        containers=main(readinessProbe=probe()),
    )
    cluster.advance(100)
    assert ready_at(cluster) == [0.0, 50.0, 80.0]
    assert cluster.container()["restartCount"] == 0


def test_success_threshold() -> None:
    cluster = Cluster()
    cluster.run(containers=main(readinessProbe=probe(successThreshold=3)))
    cluster.advance(60)
    assert ready_at(cluster) == [20.0]


def test_unready_pod_says_why() -> None:
    cluster = Cluster()
    cluster.run(annotation="state: never-ready", containers=main(readinessProbe=probe()))
    condition = next(c for c in cluster.status()["conditions"] if c["type"] == "Ready")
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "False",
        "ContainersNotReady",
        "containers with unready status: [main]",
    )
    assert (
        "Warning",
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 500",
        1,
    ) in cluster.events()


def test_a_failed_liveness_probe_restarts_the_container() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="probes: {liveness: [{after: 5, result: fail}]}\nstop: {exitCode: 143}",
        containers=main(livenessProbe=probe("exec")),
    )
    cluster.advance(29)
    assert cluster.container()["restartCount"] == 0
    cluster.advance(1)
    assert cluster.container()["restartCount"] == 1
    assert cluster.container()["lastState"]["terminated"]["exitCode"] == 143
    messages = [(reason, message, count) for _, reason, message, count in cluster.events()]
    assert ("Unhealthy", "Liveness probe failed: ", 3) in messages
    assert (
        "Killing",
        "Container main failed liveness probe, will be restarted",
        1,
    ) in messages


def test_a_container_killed_by_liveness_gets_the_probe_s_own_grace_period() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="state: unhealthy\nstop: {ignores: true}",
        containers=main(livenessProbe=probe(failureThreshold=1, terminationGracePeriodSeconds=5)),
    )
    cluster.advance(14.9)
    assert cluster.container()["restartCount"] == 0
    cluster.advance(0.1)
    assert cluster.container()["restartCount"] == 1
    assert cluster.container()["lastState"]["terminated"]["exitCode"] == 137


def test_never_restarted_pod_fails_with_its_liveness_probe() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="state: unhealthy\nstop: {exitCode: 2}",
        restartPolicy="Never",
        containers=main(livenessProbe=probe(failureThreshold=1)),
    )
    cluster.advance(20)
    assert cluster.status()["phase"] == "Failed"
    assert ("Normal", "Killing", "Stopping container main", 1) in cluster.events()


def test_the_other_probes_wait_for_the_startup_probe() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="probes: {startup: [fail, {after: 35, result: pass}], liveness: fail}",
        containers=main(
            startupProbe=probe(failureThreshold=30), livenessProbe=probe(failureThreshold=1)
        ),
    )
    cluster.advance(39)
    assert cluster.container()["started"] is False
    assert not [m for _, _, m, _ in cluster.events() if m.startswith("Liveness")]
    cluster.advance(1)
    assert cluster.container()["started"] is True
    cluster.advance(10)
    assert [m for _, _, m, _ in cluster.events() if m.startswith("Liveness")]


def test_a_failed_startup_probe_restarts_the_container() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="state: never-started",
        containers=main(startupProbe=probe("tcpSocket", periodSeconds=2, failureThreshold=2)),
    )
    cluster.advance(4)
    assert cluster.container()["restartCount"] == 1
    assert (
        "Normal",
        "Killing",
        "Container main failed startup probe, will be restarted",
        1,
    ) in cluster.events()
    assert (
        "Warning",
        "Unhealthy",
        "Startup probe failed: dial tcp 10.244.0.2:8080: connect: connection refused",
        2,
    ) in cluster.events()


def test_a_warning_passes() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="probes: {readiness: {result: warn, output: 'Probe terminated redirects'}}",
        containers=main(readinessProbe=probe()),
    )
    assert cluster.conditions()["Ready"] == "True"
    assert (
        "Warning",
        "ProbeWarning",
        "Readiness probe warning: Probe terminated redirects",
        1,
    ) in cluster.events()


def test_a_probe_error_changes_nothing() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="probes: {liveness: {result: error, output: 'no such exec'}}",
        containers=main(livenessProbe=probe("exec", failureThreshold=1)),
    )
    cluster.advance(60)
    assert cluster.container()["restartCount"] == 0
    assert any(
        m == "Liveness probe errored and resulted in unknown state: no such exec"
        for _, _, m, _ in cluster.events()
    )


def test_readiness_goes_on_while_the_pod_terminates() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="probes: {readiness: [pass, {after: 5, result: fail}]}\nstop: {ignores: true}",
        containers=main(readinessProbe=probe(periodSeconds=1, failureThreshold=1)),
    )
    cluster.advance(1)
    cluster.delete()
    assert cluster.conditions()["Ready"] == "True"
    cluster.advance(10)
    assert cluster.conditions()["Ready"] == "False"


def test_readiness_gates() -> None:
    cluster = Cluster()
    cluster.run(readinessGates=[{"conditionType": "example.com/lb"}])
    ready = next(c for c in cluster.status()["conditions"] if c["type"] == "Ready")
    assert (ready["reason"], ready["message"]) == (
        "ReadinessGatesNotReady",
        'corresponding condition of pod readiness gate "example.com/lb" does not exist.',
    )
    pod = cluster.pod()
    unknown = {"lastProbeTime": None, "lastTransitionTime": None}
    gate = {"type": "example.com/lb", "status": "True", **unknown}
    status = {**pod["status"], "conditions": [*pod["status"]["conditions"], gate]}
    cluster.api.update("v1/pods", "default", {**pod, "status": status}, subresource="status")
    cluster.settle()
    assert cluster.conditions()["Ready"] == "True"
    assert cluster.conditions()["example.com/lb"] == "True"


@pytest.mark.parametrize(
    ("handler", "finding", "text"),
    [
        ("httpGet", Finding(result="fail"), "HTTP probe failed with statuscode: 500"),
        ("httpGet", Finding(result="fail", status=404), "HTTP probe failed with statuscode: 404"),
        (
            "httpGet",
            Finding(result="fail", timeout=True),
            'Get "http://10.0.0.1:8081/healthz": context deadline exceeded (Client.Timeout '
            "exceeded while awaiting headers)",
        ),
        (
            "tcpSocket",
            Finding(result="fail"),
            "dial tcp 10.0.0.1:8080: connect: connection refused",
        ),
        ("tcpSocket", Finding(result="fail", timeout=True), "dial tcp 10.0.0.1:8080: i/o timeout"),
        (
            "grpc",
            Finding(result="fail"),
            'service unhealthy (responded with "NOT_SERVING")',
        ),
        (
            "grpc",
            Finding(result="fail", timeout=True),
            'timeout: failed to connect service "10.0.0.1:9000" within 1s: '
            "context deadline exceeded",
        ),
        (
            "exec",
            Finding(result="fail", timeout=True),
            'command timed out: "cat /tmp/ok" timed out after 1s',
        ),
    ],
)
def test_what_a_failed_probe_says(handler: str, finding: Finding, text: str) -> None:
    assert output_of(finding, probe(handler), main()[0], "10.0.0.1") == text
