"""What components of ours vouch for is stored as the server itself would have written it."""

import json
from typing import Any

import pytest

from mockapi.client.protocol import Client, Obj
from mockapi.composition import Cluster
from mockapi.machinery import catalogue
from mockapi.machinery.patch.two_way import PartPatch
from mockapi.machinery.request import Normal
from mockapi.settings import Settings

STATUS = "io.k8s.api.core.v1.PodStatus"
STRATEGIC = "application/strategic-merge-patch+json"


@pytest.fixture
def cluster() -> Any:
    made = Cluster(Settings(clock="manual", seed=1, nodes=1))
    made.start(listen=False)
    yield made
    made.stop()


def _client(cluster: Cluster) -> Client:
    return cluster.clients.client("test")


def _pod(client: Client, name: str) -> Obj:
    pod = {"metadata": {"name": name}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}
    return client.create("v1/pods", "default", pod)


def _comparable(obj: Obj) -> str:
    metadata = {**obj["metadata"], "name": "", "uid": "", "resourceVersion": ""}
    return json.dumps({**obj, "metadata": metadata})


def test_every_event_and_status_of_a_pods_life_is_normal(cluster: Cluster) -> None:
    client, normal = _client(cluster), cluster.pipeline.objects.schemas.normal
    _pod(client, "web")
    cluster.settle()
    client.delete("v1/pods", "default", "web")
    cluster.settle()
    _pod(client, "other")
    cluster.settle()
    for event in client.list("v1/events").items:
        again = normal("io.k8s.api.core.v1.Event", event)
        assert {**again, "metadata": 0} == {**event, "metadata": 0}
        parts = again.keys() - {"metadata"}
        assert all(json.dumps(again[part]) == json.dumps(event[part]) for part in parts)
    scheduled = [e for e in client.list("events.k8s.io/v1/events").items if e["eventTime"]]
    assert [event["reason"] for event in scheduled] == ["Scheduled", "Scheduled"]
    for event in scheduled:
        again = normal("io.k8s.api.events.v1.Event", event)
        shown = {**event, "metadata": again["metadata"]}
        assert json.dumps(again) == json.dumps({key: shown[key] for key in shown if key in again})
        assert event.keys() - again.keys() <= {"kind", "apiVersion"}
    pod = client.get("v1/pods", "default", "other")
    assert json.dumps(normal(STATUS, pod["status"])) == json.dumps(pod["status"])


def test_an_event_is_stored_alike_whether_it_was_read_or_vouched_for(cluster: Cluster) -> None:
    client = _client(cluster)
    _pod(client, "web")
    cluster.settle()
    event = client.list("v1/events").items[0]
    metadata = {"namespace": "default"}
    one, two = ({**event, "metadata": {"name": name, **metadata}} for name in ("one", "two"))
    read = client.create("v1/events", "default", one)
    known = client.create("v1/events", "default", Normal(two))
    assert _comparable(read) == _comparable(known)


def test_a_known_result_is_what_the_patch_makes(cluster: Cluster) -> None:
    client, types = _client(cluster), catalogue.load().types
    cluster.runtime.remove("kubelet")
    first, second = _pod(client, "a"), _pod(client, "b")
    cluster.settle()
    first, second = (client.get("v1/pods", "default", name) for name in ("a", "b"))
    wanted = {**first["status"], "message": "hello", "phase": "Running"}
    wanted = cluster.pipeline.objects.schemas.normal(STATUS, wanted)
    written = []
    for pod, normal in ((first, True), (second, False)):
        name = pod["metadata"]["name"]
        patch = PartPatch(pod, "status", wanted, STATUS, types, normal=normal)
        tree: Any = patch if normal else patch.tree()
        written.append(
            client.patch(
                "v1/pods", "default", name, tree, patch_type=STRATEGIC, subresource="status"
            )
        )
    known, patched = written
    assert known["status"] == patched["status"] == wanted
    assert known["metadata"]["managedFields"] == patched["metadata"]["managedFields"]


def test_a_patch_made_for_an_older_object_leaves_what_others_wrote(cluster: Cluster) -> None:
    client, types = _client(cluster), catalogue.load().types
    cluster.runtime.remove("kubelet")
    seen = _pod(client, "a")
    other = {"status": {"conditions": [{"type": "example.com/mine", "status": "True"}]}}
    client.patch("v1/pods", "default", "a", other, patch_type=STRATEGIC, subresource="status")
    wanted = {**seen["status"], "message": "hello"}
    patch = PartPatch(seen, "status", wanted, STATUS, types, normal=True)
    result = client.patch(
        "v1/pods", "default", "a", patch, patch_type=STRATEGIC, subresource="status"
    )
    assert result["status"]["message"] == "hello"
    assert [c["type"] for c in result["status"]["conditions"]] == ["example.com/mine"]
