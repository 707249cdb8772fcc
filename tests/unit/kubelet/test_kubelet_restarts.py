"""Exits, restarts and the back-off between them. Source: kuberuntime_manager.go doBackOff."""

import pytest
from kubelet_fake import START, Cluster

from mockapi.base.clock import timestamp
from mockapi.kubelet import backoff
from mockapi.kubelet.restarts import should_restart

CRASH = "run: {seconds: 0, exitCode: 1}"


def test_the_first_restart_comes_at_once_the_second_waits_ten_seconds() -> None:
    cluster = Cluster()
    cluster.run(annotation=CRASH)
    container = cluster.container()
    assert container["restartCount"] == 1
    assert container["state"] == {
        "waiting": {
            "reason": "CrashLoopBackOff",
            "message": "back-off 10s restarting failed container=main pod=web_default(uid-web)",
        }
    }
    last = container["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (1, "Error")
    cluster.advance(9.9)
    assert cluster.container()["restartCount"] == 1
    cluster.advance(0.1)
    assert cluster.container()["restartCount"] == 2


def test_watchers_see_error_before_crash_loop() -> None:
    cluster = Cluster()
    cluster.run(annotation=CRASH)
    states = [s["containerStatuses"][0]["state"] for _, s in cluster.status_writes()]
    seen = [next(iter(s)) + ":" + (next(iter(s.values())).get("reason") or "") for s in states]
    assert seen == [
        "waiting:ContainerCreating",
        "running:",
        "terminated:Error",
        "running:",
        "terminated:Error",
        "waiting:CrashLoopBackOff",
    ]


@pytest.mark.parametrize(
    ("restarts", "moment", "message"),
    [
        (2, 10, "back-off 20s"),
        (3, 30, "back-off 40s"),
        (4, 70, "back-off 1m20s"),
        (5, 150, "back-off 2m40s"),
        (6, 310, "back-off 5m0s"),
        (7, 610, "back-off 5m0s"),
    ],
)
def test_the_back_off_doubles_up_to_five_minutes(
    restarts: int, moment: float, message: str
) -> None:
    cluster = Cluster()
    cluster.run(annotation=CRASH)
    cluster.advance(moment)
    container = cluster.container()
    assert container["restartCount"] == restarts
    assert container["state"]["waiting"]["message"].startswith(message + " restarting failed")


def test_the_back_off_is_forgotten_after_ten_minutes_of_running() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="run: [{seconds: 0, exitCode: 1}, {seconds: 0, exitCode: 1}, {seconds: 601, "
        "exitCode: 1}, {seconds: 0, exitCode: 1}, {}]"
    )
    cluster.advance(10 + 601)
    assert "back-off 10s" in cluster.container()["state"]["waiting"]["message"]


def test_back_off_events_are_counted() -> None:
    cluster = Cluster()
    cluster.run(annotation=CRASH)
    message = "Back-off restarting failed container main in pod web_default(uid-web)"
    assert ("Warning", "BackOff", message, 2) in cluster.events()


def test_crash_loop_keeps_the_pod_running_but_not_ready() -> None:
    cluster = Cluster()
    cluster.run(annotation=CRASH)
    assert cluster.status()["phase"] == "Running"
    assert cluster.conditions()["Ready"] == "False"


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [
        ("Never", 0, "Succeeded"),
        ("Never", 1, "Failed"),
        ("OnFailure", 0, "Succeeded"),
        ("OnFailure", 1, "Running"),
        ("Always", 0, "Running"),
    ],
)
def test_phase_by_restart_policy(policy: str, code: int, phase: str) -> None:
    cluster = Cluster()
    cluster.run(annotation=f"run: {{seconds: 1, exitCode: {code}}}", restartPolicy=policy)
    cluster.advance(3)
    assert cluster.status()["phase"] == phase


def test_a_completed_pod_says_so_in_its_conditions() -> None:
    cluster = Cluster()
    cluster.run(annotation="run: {seconds: 1}", restartPolicy="Never")
    cluster.advance(1)
    found = {c["type"]: (c["status"], c.get("reason")) for c in cluster.status()["conditions"]}
    assert found == {
        "PodReadyToStartContainers": ("False", "PodSandboxNotReady"),
        "Initialized": ("True", "PodCompleted"),
        "Ready": ("False", "PodCompleted"),
        "ContainersReady": ("False", "PodCompleted"),
        "PodScheduled": ("True", None),
    }


def test_a_failed_pod_says_so_in_its_conditions() -> None:
    cluster = Cluster()
    cluster.run(annotation="run: {seconds: 1, exitCode: 2}", restartPolicy="Never")
    cluster.advance(1)
    found = {c["type"]: (c["status"], c.get("reason")) for c in cluster.status()["conditions"]}
    assert found["Ready"] == ("False", "PodFailed")
    assert found["ContainersReady"] == ("False", "PodFailed")
    assert found["Initialized"] == ("True", None)


def test_oom_kill() -> None:
    cluster = Cluster()
    cluster.run(annotation="state: OOMKilled", restartPolicy="Never")
    cluster.advance(1)
    ended = cluster.container()["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    assert ended["finishedAt"] == timestamp(START + 1)


def test_container_restart_rules_come_before_policies() -> None:
    container = {
        "name": "main",
        "image": "nginx",
        "restartPolicy": "Never",
        "restartPolicyRules": [
            {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
        ],
    }
    cluster = Cluster()
    cluster.run(
        annotation="run: [{seconds: 0, exitCode: 42}, {seconds: 5, exitCode: 1}]",
        containers=[container],
        restartPolicy="Never",
    )
    assert cluster.container()["restartCount"] == 1
    cluster.advance(5)
    assert cluster.status()["phase"] == "Failed"


def test_a_rule_may_restart_all_containers() -> None:
    watcher = {
        "name": "watcher",
        "image": "busybox",
        "restartPolicy": "Never",
        "restartPolicyRules": [
            {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [88]}}
        ],
    }
    cluster = Cluster()
    cluster.run(
        annotation="containers: {watcher: {run: [{seconds: 5, exitCode: 88}, {}]}}",
        containers=[{"name": "main", "image": "nginx"}, watcher],
    )
    cluster.advance(10)
    assert [c["restartCount"] for c in cluster.status()["containerStatuses"]] == [1, 1]
    assert cluster.status()["phase"] == "Running"
    assert cluster.conditions()["AllContainersRestarting"] == "False"
    seen = [
        c["status"]
        for _, s in cluster.status_writes()
        for c in s["conditions"]
        if c["type"] == "AllContainersRestarting"
    ]
    assert "True" in seen


@pytest.mark.parametrize(
    ("container", "policy", "code", "expected"),
    [
        ({}, "Always", 0, True),
        ({}, "OnFailure", 0, False),
        ({}, "OnFailure", 3, True),
        ({}, "Never", 3, False),
        ({"restartPolicy": "Always"}, "Never", 0, True),
        ({"restartPolicy": "OnFailure"}, "Always", 0, False),
        (
            {
                "restartPolicy": "Always",
                "restartPolicyRules": [
                    {"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [1]}}
                ],
            },
            "Never",
            1,
            True,
        ),
        (
            {
                "restartPolicy": "Never",
                "restartPolicyRules": [
                    {"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [1]}}
                ],
            },
            "Always",
            2,
            True,
        ),
    ],
)
def test_should_restart(
    container: dict[str, object], policy: str, code: int, expected: bool
) -> None:
    assert should_restart(container, {"restartPolicy": policy}, code) is expected


@pytest.mark.parametrize(
    ("seconds", "text"), [(10, "10s"), (80, "1m20s"), (300, "5m0s"), (3600, "1h0m0s")]
)
def test_back_off_text(seconds: float, text: str) -> None:
    assert backoff.text(seconds) == text


def test_run_container_error() -> None:
    cluster = Cluster()
    cluster.run(annotation='start: {error: "exec: \\"app\\": not found"}')
    container = cluster.container()
    assert container["lastState"]["terminated"]["reason"] == "StartError"
    assert container["lastState"]["terminated"]["exitCode"] == 128
    assert container["lastState"]["terminated"]["startedAt"] == "1970-01-01T00:00:00Z"
    assert ("Warning", "Failed", 'Error: exec: "app": not found', 2) in cluster.events()
    assert container["state"]["waiting"]["reason"] in ("RunContainerError", "CrashLoopBackOff")
