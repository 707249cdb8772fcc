"""The stock Python client, plain requests, and the first example of the README."""

import ast
import json
import re
import threading
from pathlib import Path
from typing import Any

import kubernetes
import pytest
import requests

from mockapi.cluster import MockCluster

pytest_plugins = ["pytester"]

stock: Any = kubernetes
README = Path(__file__).parents[2] / "README.md"
LABELS = {"app": "web"}
DEPLOYMENT = {
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        },
    },
}


@pytest.fixture
def connection(mock_kubeconfig: str) -> Any:
    with stock.config.new_client_from_config(mock_kubeconfig) as client:
        yield client


@pytest.fixture
def core(connection: Any) -> Any:
    return stock.client.CoreV1Api(connection)


@pytest.fixture
def apps(connection: Any) -> Any:
    return stock.client.AppsV1Api(connection)


def _config_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


def test_a_deployment_is_listed_patched_and_deleted(
    apps: Any, core: Any, mock_cluster: MockCluster
) -> None:
    apps.create_namespaced_deployment("default", DEPLOYMENT)
    mock_cluster.settle()
    assert apps.read_namespaced_deployment("web", "default").status.ready_replicas == 2
    apps.patch_namespaced_deployment("web", "default", {"spec": {"replicas": 3}})
    mock_cluster.settle()
    pods = core.list_namespaced_pod("default", label_selector="app=web").items
    assert [(pod.status.phase, pod.status.container_statuses[0].ready) for pod in pods] == [
        ("Running", True)
    ] * 3
    apps.delete_namespaced_deployment("web", "default", propagation_policy="Foreground")
    mock_cluster.settle()
    assert apps.list_namespaced_deployment("default").items == []


def test_a_watch_streams_what_happens(core: Any) -> None:
    begin = core.list_namespaced_config_map("default").metadata.resource_version
    core.create_namespaced_config_map("default", _config_map("one", a="1"))
    core.patch_namespaced_config_map("one", "default", {"data": {"a": "2"}})
    core.delete_namespaced_config_map("one", "default")
    watch = stock.watch.Watch()
    seen = []
    for event in watch.stream(
        core.list_namespaced_config_map, "default", resource_version=begin, timeout_seconds=10
    ):
        seen.append((event["type"], event["object"].data))
        if event["type"] == "DELETED":
            watch.stop()
    assert seen == [("ADDED", {"a": "1"}), ("MODIFIED", {"a": "2"}), ("DELETED", {"a": "2"})]


def test_a_watch_wakes_for_a_later_write(core: Any) -> None:
    later = threading.Timer(
        0.2, core.create_namespaced_config_map, ("default", _config_map("late"))
    )
    later.start()
    watch = stock.watch.Watch()
    for event in watch.stream(
        core.list_namespaced_config_map,
        "default",
        field_selector="metadata.name=late",
        timeout_seconds=10,
    ):
        assert (event["type"], event["object"].metadata.name) == ("ADDED", "late")
        watch.stop()
    later.join()


def test_a_watch_from_no_version_at_all_raises(core: Any) -> None:
    watch = stock.watch.Watch()
    with pytest.raises(stock.client.ApiException) as caught:
        for _ in watch.stream(
            core.list_namespaced_config_map, "default", resource_version="nonsense"
        ):
            raise AssertionError("nothing can have happened since then")
    assert caught.value.status == 500  # as the real server has it


def test_a_pod_has_logs(core: Any, mock_cluster: MockCluster) -> None:
    pod = {
        "metadata": {"name": "talker"},
        "spec": {"containers": [{"name": "main", "image": "nginx"}]},
    }
    core.create_namespaced_pod("default", pod)
    mock_cluster.settle()
    assert isinstance(core.read_namespaced_pod_log("talker", "default"), str)


def test_an_error_is_an_exception_with_the_status_as_its_body(core: Any) -> None:
    with pytest.raises(stock.client.ApiException) as caught:
        core.read_namespaced_pod("absent", "default")
    assert (caught.value.status, caught.value.reason) == (404, "Not Found")
    assert json.loads(caught.value.body) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "absent" not found',
        "reason": "NotFound",
        "details": {"name": "absent", "kind": "pods"},
        "code": 404,
    }


def test_a_stale_replace_is_a_conflict(core: Any) -> None:
    stale = core.create_namespaced_config_map("default", _config_map("one", a="1"))
    core.patch_namespaced_config_map("one", "default", {"data": {"a": "2"}})
    with pytest.raises(stock.client.ApiException) as caught:
        core.replace_namespaced_config_map("one", "default", stale)
    assert (caught.value.status, json.loads(caught.value.body)["reason"]) == (409, "Conflict")


def test_pages_of_a_list_are_followed(core: Any) -> None:
    for number in range(5):
        core.create_namespaced_config_map("kube-public", _config_map(f"page-{number}"))
    names: list[str] = []
    following = None
    while True:
        page = core.list_namespaced_config_map("kube-public", limit=2, _continue=following)
        names += [item.metadata.name for item in page.items]
        following = page.metadata._continue
        if not following:
            break
    assert [name for name in names if name.startswith("page-")] == [
        f"page-{number}" for number in range(5)
    ]


def test_the_dynamic_client_finds_kinds_by_discovery(connection: Any) -> None:
    dynamic = stock.dynamic.DynamicClient(connection)
    maps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", **_config_map("dynamic", a="1")}
    maps.create(body=body, namespace="default")
    assert maps.get(name="dynamic", namespace="default").data.a == "1"


def test_requests_reach_it_by_url(mock_cluster_url: str) -> None:
    maps = f"{mock_cluster_url}/api/v1/namespaces/default/configmaps"
    made = requests.post(maps, json=_config_map("plain", a="1"), timeout=10)
    assert (made.status_code, made.json()["kind"]) == (201, "ConfigMap")
    again = requests.post(maps, json=_config_map("plain"), timeout=10)
    assert (again.status_code, again.json()["reason"]) == (409, "AlreadyExists")
    patched = requests.patch(
        f"{maps}/plain",
        data=json.dumps({"data": {"a": None, "b": "2"}}),
        headers={"Content-Type": "application/merge-patch+json"},
        timeout=10,
    )
    assert patched.json()["data"] == {"b": "2"}
    gone = requests.delete(f"{maps}/plain", timeout=10)
    assert (gone.status_code, gone.json()["status"]) == (200, "Success")


def test_the_first_example_of_the_readme_passes(pytester: pytest.Pytester) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    ast.parse(blocks[0])
    pytester.makepyfile(test_readme=blocks[0])
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-W", "error")
    result.assert_outcomes(passed=1)
