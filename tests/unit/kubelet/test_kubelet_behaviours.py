"""Behaviours: how they are written, refused, merged and published."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from kubelet_fake import Cluster

from mockapi.kubelet import json_schemas
from mockapi.kubelet.behaviour import DEFAULT, FINISHES, Finding
from mockapi.kubelet.behaviour_schema import BadBehaviour
from mockapi.kubelet.behaviours import Behaviours, container_value, merged
from mockapi.kubelet.states import STATES, normal

MAIN = {"name": "main", "image": "nginx:1"}


def pod(
    annotation: str = "", labels: dict[str, str] | None = None, owner: str = "", **spec: Any
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "web", "namespace": "shop", "labels": labels or {}}
    if annotation:
        metadata["annotations"] = {"mockapi.dev/behaviour": annotation}
    if owner:
        metadata["ownerReferences"] = [{"kind": owner}]
    return {"metadata": metadata, "spec": {"containers": [MAIN], **spec}}


def test_nothing_said_means_running_and_for_jobs_finishing() -> None:
    found = Behaviours()
    assert found.of_container(pod(), MAIN, 0) is DEFAULT
    assert found.of_container(pod(owner="Job"), MAIN, 0) is FINISHES


def test_a_job_keeps_finishing_when_other_things_are_said() -> None:
    found = Behaviours().of_container(pod("pull: {seconds: 1}", owner="Job"), MAIN, 0)
    assert (found.pull.seconds, found.run(0).seconds) == (1, 0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pul: {}", "pul: unknown field, did you mean pull?"),
        ("run: {exitcode: 1}", "run.exitcode: unknown field, did you mean exitCode?"),
        ("run: [{}, {exitCode: 900}]", None),
        (
            "containers: {web: {probs: {}}}",
            "containers.web.probs: unknown field, did you mean probes?",
        ),
        (
            "probes: {readiness: [pass, {result: maybe}]}",
            "probes.readiness[1].result: Must be one of: pass, fail, warn, error",
        ),
        ("state: CrashLop", "state: unknown state CrashLop, did you mean crash-loop-back-off?"),
        ("pull: {seconds: soon}", None),
        ("run: {signal: KIL}", "run.signal: no such signal, did you mean KILL?"),
        ("usage: {cpu: lots}", "usage.cpu.points[0].value: 'lots' is not a quantity"),
        ("just text", "must be an object of behaviour fields"),
        ("a: [", "not YAML: line 1: expected the node content, but found '<stream end>'"),
        ("wait: {message: x}", "wait.reason: Missing data for required field"),
    ],
)
def test_a_bad_behaviour_is_refused_with_its_path(text: str, problem: str | None) -> None:
    with pytest.raises(BadBehaviour) as caught:
        Behaviours().annotation(text)
    assert problem is None or str(caught.value) == problem


def test_a_pod_with_a_bad_annotation_is_rejected() -> None:
    cluster = Cluster()
    cluster.run(annotation="pul: {}")
    status = cluster.status()
    assert (status["phase"], status["reason"], status["message"]) == (
        "Failed",
        "InvalidBehaviour",
        "Pod was rejected: pul: unknown field, did you mean pull?",
    )


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        ({}, True),
        ({"image": "nginx:*"}, True),
        ({"image": "redis*"}, False),
        ({"namespace": "shop"}, True),
        ({"namespace": "s?p"}, False),
        ({"name": "web*"}, True),
        ({"container": "main"}, True),
        ({"container": "side*"}, False),
        ({"labels": {"app": "web"}}, True),
        ({"labels": {"app": "*"}}, True),
        ({"labels": {"tier": "*"}}, False),
        ({"attempt": 0}, True),
        ({"attempt": 1}, False),
    ],
)
def test_rules_match(match: dict[str, Any], holds: bool) -> None:
    rules = [{"match": match, "behaviour": {"run": {"seconds": 7}}}]
    found = Behaviours(rules).of_container(pod(labels={"app": "web"}), MAIN, 0)
    assert (found.run(0).seconds == 7) is holds


def test_the_annotation_is_stronger_than_rules_and_rules_than_images() -> None:
    rules = [
        {"behaviour": {"run": {"exitCode": 2, "seconds": 1}}},
        {"behaviour": {"run": {"exitCode": 3}, "pull": {"seconds": 4}}},
    ]
    image = {"name": "main", "image": "mockapi.dev/error"}
    found = Behaviours(rules).of_container(pod("run: {seconds: 9}"), image, 0)
    assert (found.run(0).seconds, found.run(0).exit_code, found.pull.seconds) == (9, 2, 4)


def test_rules_can_be_changed_while_pods_live() -> None:
    cluster = Cluster()
    crash = {"seconds": 0, "exitCode": 1}
    cluster.kubelet.behaviours.set_rules([{"behaviour": {"run": crash}}])
    cluster.run()
    assert cluster.shown() == "CrashLoopBackOff"
    cluster.kubelet.behaviours.set_rules([])
    cluster.advance(10)
    assert cluster.shown() == "Running"
    cluster.advance(3600)
    assert cluster.container()["restartCount"] == 2


def test_a_bad_rule_is_refused_and_the_old_ones_stay() -> None:
    behaviours = Behaviours([{"behaviour": {"run": {"seconds": 7}}}])
    with pytest.raises(BadBehaviour) as caught:
        behaviours.set_rules([{"match": {"imag": "x"}, "behaviour": {}}])
    assert str(caught.value) == "[0].match.imag: unknown field, did you mean image?"
    with pytest.raises(BadBehaviour) as caught:
        behaviours.set_rules([{"behaviour": {"state": "eror"}}])
    assert str(caught.value) == "[0].behaviour.state: unknown state eror, did you mean error?"
    assert behaviours.of_container(pod(), MAIN, 0).run(0).seconds == 7


def test_containers_by_name_or_glob() -> None:
    text = "run: {seconds: 1}\ncontainers: {'side*': {run: {seconds: 2}}}"
    found = Behaviours()
    assert found.of_container(pod(text), MAIN, 0).run(0).seconds == 1
    side = {"name": "sidecar", "image": "x"}
    assert found.of_container(pod(text), side, 0).run(0).seconds == 2


def test_merging_is_by_field() -> None:
    strong = {"pull": {"seconds": 1}, "run": [{"seconds": 1}]}
    weak = {"pull": {"fails": 2}, "run": {"exitCode": 1}, "stop": {}}
    assert merged(strong, weak) == {
        "pull": {"seconds": 1, "fails": 2},
        "run": [{"seconds": 1}],
        "stop": {},
    }


def test_durations_and_shorthands() -> None:
    found = container_value(
        yaml.safe_load("run: {seconds: 1m30s}\nprobes: {readiness: [fail, {after: 500ms}]}")
    )
    assert found.run(3).seconds == 90
    assert found.readiness == (Finding(result="fail"), Finding(after=0.5))


def test_a_signal_gives_the_exit_code() -> None:
    found = container_value({"run": {"signal": "SEGV", "seconds": 1}})
    assert (found.run(0).exit_code, found.run(0).ended_reason) == (139, "Error")


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("CrashLoopBackOff", "crash-loop-back-off"),
        ("crash-loop-back-off", "crash-loop-back-off"),
        ("OOMKilled", "oom-killed"),
        ("ErrImagePull", "err-image-pull"),
        ("ImagePullBackOff", "image-pull-back-off"),
        ("InvalidImageName", "invalid-image-name"),
        ("CreateContainerConfigError", "create-container-config-error"),
        ("RunContainerError", "run-container-error"),
        ("ContainerCreating", "container-creating"),
        ("PodInitializing", "pod-initializing"),
        ("Completed", "completed"),
        ("Error", "error"),
        ("Evicted", "evicted"),
        ("Unknown", "unknown"),
        ("NodeLost", "unknown"),
        ("NetworkPluginNotReady", "network-plugin-not-ready"),
        ("DockerDaemonNotReady", "docker-daemon-not-ready"),
        ("OutOfcpu", "out-of-cpu"),
        ("never_ready", "never-ready"),
    ],
)
def test_states_are_known_by_their_reasons(name: str, state: str) -> None:
    assert normal(name) == state
    assert state in STATES


VALIDATOR = jsonschema.Draft202012Validator(json_schemas.behaviour())


def test_the_published_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schemas.behaviour())


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_state_is_valid_by_the_published_schema(state: str) -> None:
    VALIDATOR.validate(STATES[state])
    Behaviours().of_pod(pod(f"state: {state}"))


@pytest.mark.parametrize(
    "tree",
    [
        {"run": [{"seconds": "1m", "signal": "KILL"}, {}]},
        {"probes": {"liveness": "fail", "readiness": [{"after": 3, "result": "pass"}]}},
        {"usage": {"cpu": "100m", "memory": {"points": [{"after": 1, "value": 3}]}}},
        {"logs": {"lines": ["a", {"text": "b", "stream": "stderr"}], "every": 5}},
        {"containers": {"web": {"pull": {"fails": "always"}}}},
    ],
)
def test_the_published_schema_takes_what_we_take(tree: dict[str, Any]) -> None:
    VALIDATOR.validate(tree)
    Behaviours().annotation(yaml.safe_dump(tree))


def test_the_published_schema_refuses_what_we_refuse() -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({"rum": {}})


@pytest.mark.parametrize(
    ("state", "seconds", "shown"),
    [
        ("running", 0, "Running"),
        ("completed", 0, "CrashLoopBackOff"),
        ("crash-loop-back-off", 0, "CrashLoopBackOff"),
        ("container-creating", 0, "ContainerCreating"),
        ("err-image-pull", 0, "ErrImagePull"),
        ("image-pull-back-off", 10, "ImagePullBackOff"),
        ("registry-unavailable", 0, "RegistryUnavailable"),
        ("signature-validation-failed", 0, "SignatureValidationFailed"),
        ("image-inspect-error", 0, "ImageInspectError"),
        ("err-image-never-pull", 0, "ErrImageNeverPull"),
        ("invalid-image-name", 0, "InvalidImageName"),
        ("create-container-config-error", 0, "CreateContainerConfigError"),
        ("create-container-error", 0, "CreateContainerError"),
        ("run-container-error", 0, "RunContainerError"),
        ("docker-daemon-not-ready", 0, "DockerDaemonNotReady"),
        ("container-runtime-not-ready", 0, "ContainerRuntimeNotReady"),
        ("network-plugin-not-ready", 0, "NetworkPluginNotReady"),
        ("failed-create-pod-sandbox", 0, "ContainerCreating"),
    ],
)
def test_each_state_is_one_line_away(state: str, seconds: float, shown: str) -> None:
    by_line, by_image = Cluster(), Cluster()
    by_line.run(annotation=f"state: {state}")
    by_image.run(containers=[{"name": "main", "image": f"mockapi.dev/{state}"}])
    for cluster in (by_line, by_image):
        cluster.advance(seconds)
        assert cluster.shown() == shown


@pytest.mark.parametrize(
    ("state", "phase", "reason"),
    [
        ("evicted", "Failed", "Evicted"),
        ("unexpected-admission-error", "Failed", "UnexpectedAdmissionError"),
        ("out-of-cpu", "Failed", "OutOfcpu"),
        ("unknown", "Unknown", "NodeLost"),
    ],
)
def test_states_of_whole_pods(state: str, phase: str, reason: str) -> None:
    cluster = Cluster()
    cluster.run(containers=[{"name": "main", "image": f"mockapi.dev/{state}"}])
    assert (cluster.status()["phase"], cluster.status()["reason"]) == (phase, reason)


def test_failed_create_pod_sandbox_event() -> None:
    cluster = Cluster()
    cluster.run(annotation="sandbox: {error: no addresses, fails: 1}")
    assert cluster.events() == [
        ("Warning", "FailedCreatePodSandBox", "Failed to create pod sandbox: no addresses", 1)
    ]
    cluster.advance(10)
    assert cluster.shown() == "Running"
