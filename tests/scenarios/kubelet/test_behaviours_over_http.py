"""Behaviours as users give them: by annotation, by rules over HTTP; what is refused, and when."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from mockapi.cluster import MockCluster

Obj = dict[str, Any]
KEY = "mockapi.dev/behaviour"
WHERE = f"metadata.annotations[{KEY}]"


@pytest.fixture(scope="module")
def running() -> Iterator[MockCluster]:
    with MockCluster(clock="manual", seed=1, nodes=1) as cluster:
        yield cluster


@pytest.fixture
def cluster(running: MockCluster) -> Iterator[MockCluster]:
    yield running
    running.reset()


def _pod(behaviour: str = "", image: str = "app:1", name: str = "web") -> Obj:
    metadata: Obj = {"name": name}
    if behaviour:
        metadata["annotations"] = {KEY: behaviour}
    containers = [{"name": "main", "image": image}]
    return {"metadata": metadata, "spec": {"containers": containers}}


def _create(cluster: MockCluster, pod: Obj) -> requests.Response:
    return requests.post(f"{cluster.url}/api/v1/namespaces/default/pods", json=pod, timeout=10)


def _read(cluster: MockCluster, name: str = "web") -> Any:
    pods = f"{cluster.url}/api/v1/namespaces/default/pods"
    return requests.get(f"{pods}/{name}", timeout=10).json()


def _set_rules(cluster: MockCluster, rules: list[Obj]) -> requests.Response:
    url = f"{cluster.url}/mockapi/v1/behaviours"
    return requests.put(url, json={"rules": rules}, timeout=10)


@pytest.mark.parametrize(
    ("behaviour", "field", "value", "detail"),
    [
        ("pul: {seconds: 1}", ".pul", '""', "unknown field, did you mean pull?"),
        (
            "run: [{}, {exitCod: 1}]",
            ".run[1].exitCod",
            "1",
            "unknown field, did you mean exitCode?",
        ),
        ("run: {exitCode: 300}", ".run.exitCode", "300", "Must be greater than or equal to 0"),
        (
            "probes: {readiness: maybe}",
            ".probes.readiness.result",
            '"maybe"',
            "Must be one of: pass, fail, warn, error",
        ),
        (
            "state: OOMKill",
            ".state",
            '"OOMKill"',
            "unknown state OOMKill, did you mean oom-killed?",
        ),
        ("pull: [", "", '"pull: ["', "not YAML: line 1: "),
        ("just words", "", '"just words"', "must be an object of behaviour fields"),
    ],
)
def test_a_bad_annotation_is_refused_with_the_path_of_the_mistake(
    behaviour: str, field: str, value: str, detail: str, cluster: MockCluster
) -> None:
    answer = _create(cluster, _pod(behaviour))
    status = answer.json()
    cause = status["details"]["causes"][0]
    assert (answer.status_code, status["reason"]) == (422, "Invalid")
    assert (cause["reason"], cause["field"]) == ("FieldValueInvalid", f"{WHERE}{field}")
    assert cause["message"].startswith(f"Invalid value: {value}: {detail}")
    assert status["message"] == f'Pod "web" is invalid: {WHERE}{field}: {cause["message"]}'


def test_a_change_of_the_annotation_is_judged_too(cluster: MockCluster) -> None:
    _create(cluster, _pod("run: {seconds: 5}")).raise_for_status()
    patch = {"metadata": {"annotations": {KEY: "runn: {}"}}}
    answer = requests.patch(
        f"{cluster.url}/api/v1/namespaces/default/pods/web",
        json=patch,
        headers={"Content-Type": "application/merge-patch+json"},
        timeout=10,
    )
    assert answer.status_code == 422
    assert "did you mean run?" in answer.json()["message"]


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("apps/v1/namespaces/default/deployments", ("template",)),
        ("apps/v1/namespaces/default/statefulsets", ("template",)),
        ("apps/v1/namespaces/default/daemonsets", ("template",)),
        ("apps/v1/namespaces/default/replicasets", ("template",)),
        ("batch/v1/namespaces/default/jobs", ("template",)),
        ("batch/v1/namespaces/default/cronjobs", ("jobTemplate", "spec", "template")),
    ],
)
def test_a_template_with_a_bad_behaviour_is_refused(
    resource: str, path: tuple[str, ...], cluster: MockCluster
) -> None:
    template = _pod("stat: Error")
    template["metadata"] = {**template["metadata"], "labels": {"app": "web"}}
    del template["metadata"]["name"]
    if "batch" in resource:
        template["spec"]["restartPolicy"] = "Never"
        spec: Obj = {"template": template}
    else:
        spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    if "statefulsets" in resource:
        spec["serviceName"] = "web"
    if "cronjobs" in resource:
        spec = {"schedule": "* * * * *", "jobTemplate": {"spec": spec}}
    obj = {"metadata": {"name": "web"}, "spec": spec}
    answer = requests.post(f"{cluster.url}/apis/{resource}", json=obj, timeout=10)
    assert answer.status_code == 422
    (cause,) = answer.json()["details"]["causes"]
    assert cause["field"] == ".".join(("spec", *path, f"{WHERE}.stat"))
    assert cause["message"].endswith("unknown field, did you mean state?")


def test_an_image_that_shows_no_state_is_refused(cluster: MockCluster) -> None:
    status = _create(cluster, _pod(image="mockapi.dev/crashlop")).json()
    assert status["message"] == (
        'Pod "web" is invalid: spec.containers[0].image: Invalid value: "mockapi.dev/crashlop": '
        "unknown state crashlop, did you mean crash-loop-back-off?"
    )


def test_names_that_the_pod_does_not_have_are_warned_about(cluster: MockCluster) -> None:
    answer = _create(cluster, _pod("containers: {mian: {run: {seconds: 1}}}"))
    assert answer.status_code == 201
    assert answer.headers["Warning"] == (
        f'299 - "{WHERE}.containers.mian: the pod has no such container, did you mean main?"'
    )


def test_bad_rules_are_refused_and_the_old_ones_stay(cluster: MockCluster) -> None:
    good: list[Obj] = [{"match": {"image": "app*"}, "behaviour": {"state": "Completed"}}]
    assert _set_rules(cluster, good).json() == {"rules": good}
    answer = _set_rules(cluster, [{"behaviour": {"puul": {}}}, {"match": {"imag": "x"}}])
    assert answer.status_code == 422
    assert answer.json()["details"]["causes"] == [
        {
            "reason": "FieldValueInvalid",
            "message": "unknown field, did you mean pull?",
            "field": "rules[0].behaviour.puul",
        },
        {
            "reason": "FieldValueInvalid",
            "message": "unknown field, did you mean image?",
            "field": "rules[1].match.imag",
        },
        {
            "reason": "FieldValueInvalid",
            "message": "Missing data for required field",
            "field": "rules[1].behaviour",
        },
    ]
    found = requests.get(f"{cluster.url}/mockapi/v1/behaviours", timeout=10).json()
    assert found == {"rules": good}


def test_rules_may_be_sent_as_yaml(cluster: MockCluster) -> None:
    answer = requests.put(
        f"{cluster.url}/mockapi/v1/behaviours",
        data="rules:\n- behaviour: {state: Error}\n",
        headers={"Content-Type": "application/yaml"},
        timeout=10,
    )
    assert answer.json() == {"rules": [{"behaviour": {"state": "Error"}}]}


def test_a_changed_rule_holds_from_the_pod_s_next_step(cluster: MockCluster) -> None:
    fails: list[Obj] = [{"match": {"image": "app*"}, "behaviour": {"run": {"exitCode": 1}}}]
    _set_rules(cluster, fails).raise_for_status()
    _create(cluster, _pod()).raise_for_status()
    cluster.settle()
    cluster.advance(1)
    state = _read(cluster)["status"]["containerStatuses"][0]["state"]
    assert state["waiting"]["reason"] == "CrashLoopBackOff"
    _set_rules(cluster, []).raise_for_status()
    cluster.settle()
    assert _read(cluster)["status"]["containerStatuses"][0]["state"] == state
    cluster.advance(10)
    shown = _read(cluster)["status"]["containerStatuses"][0]
    assert (list(shown["state"]), shown["restartCount"]) == (["running"], 2)


def test_a_changed_rule_holds_for_the_next_probe(cluster: MockCluster) -> None:
    pod = _pod()
    pod["spec"]["containers"][0]["readinessProbe"] = {"httpGet": {"port": 80}, "periodSeconds": 5}
    _create(cluster, pod).raise_for_status()
    cluster.settle()
    cluster.advance(6)
    assert _read(cluster)["status"]["containerStatuses"][0]["ready"] is True
    _set_rules(cluster, [{"behaviour": {"probes": {"readiness": "fail"}}}]).raise_for_status()
    cluster.advance(15)
    assert _read(cluster)["status"]["containerStatuses"][0]["ready"] is False


def test_a_node_s_behaviour_is_judged_too(cluster: MockCluster) -> None:
    node = {"metadata": {"name": "mine", "annotations": {KEY: "hartbeat: false"}}}
    status = requests.post(f"{cluster.url}/api/v1/nodes", json=node, timeout=10).json()
    assert status["message"] == (
        f'Node "mine" is invalid: {WHERE}.hartbeat: Invalid value: false: unknown field, '
        "did you mean heartbeat?"
    )
