"""The loop, its queues and informers, on a cluster's own pipeline and a manual clock."""

from collections.abc import Iterator
from typing import Any

import pytest

from mockapi.client.protocol import Event
from mockapi.composition import Cluster
from mockapi.meta.errors import ApiError
from mockapi.settings import settings_from


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster(
        settings_from(clock="manual", controllers="-*", scheduler=False, nodes=0, seed=1)
    )
    made.start(listen=False)
    yield made
    made.stop()


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


def test_an_informer_tells_of_every_change_with_the_old_object(cluster: Cluster) -> None:
    client = cluster.clients.client("test")
    seen: list[tuple[str, str, Any]] = []

    def note(event: Event) -> None:
        if event.object["metadata"]["namespace"] != "default":
            return  # what a new cluster holds
        old = event.old["data"]["k"] if event.old is not None else None
        seen.append((event.type, event.object["data"]["k"], old))

    informer = cluster.runtime.informer("v1/configmaps")
    client.create("v1/configmaps", "default", config_map("a", k="1"))
    cluster.settle()
    informer.on_event(note)
    client.update("v1/configmaps", "default", {**config_map("a", k="2")})
    cluster.settle()
    client.delete("v1/configmaps", "default", "a")
    cluster.settle()
    assert seen[0] == ("ADDED", "1", None)
    assert seen[1:] == [("MODIFIED", "2", "1"), ("DELETED", "2", "2")]


def test_indexes_follow_their_objects(cluster: Cluster) -> None:
    client = cluster.clients.client("test")
    informer = cluster.runtime.informer("v1/configmaps")
    informer.index("k", lambda obj: [(obj.get("data") or {}).get("k", "")])
    client.create("v1/configmaps", "default", config_map("a", k="x"))
    client.create("v1/configmaps", "default", config_map("b", k="y"))
    cluster.settle()
    client.update("v1/configmaps", "default", config_map("a", k="y"))
    cluster.settle()
    assert [o["metadata"]["name"] for o in informer.by("k", "y")] == ["b", "a"]
    assert informer.by("k", "x") == []


def test_a_key_added_twice_is_synced_once(cluster: Cluster) -> None:
    synced: list[str] = []
    queue = cluster.runtime.queue("test", synced.append)
    queue.add("a")
    queue.add("a")
    queue.add("b")
    cluster.settle()
    assert synced == ["a", "b"]


def test_a_failing_key_comes_back_with_doubling_back_off(cluster: Cluster) -> None:
    moments: list[float] = []
    begin = cluster.clock.now()

    def sync(key: str) -> None:
        moments.append(round(cluster.clock.now() - begin, 3))
        raise ApiError(500, "InternalError", "not now")

    cluster.runtime.queue("test", sync).add("a")
    cluster.advance(0.1)
    assert moments == [0.0, 0.005, 0.015, 0.035, 0.075]


def test_a_delayed_key_waits_for_the_clock(cluster: Cluster) -> None:
    synced: list[str] = []
    queue = cluster.runtime.queue("test", synced.append)
    queue.add_after("a", 60)
    cluster.advance(59)
    assert synced == []
    cluster.advance(1)
    assert synced == ["a"]


def test_urgent_keys_go_first_but_not_for_ever(cluster: Cluster) -> None:
    order: list[str] = []
    slow = cluster.runtime.queue("slow", lambda key: order.append("slow"))
    urgent = cluster.runtime.queue("urgent", lambda key: order.append("urgent"), urgent=True)
    slow.add("x")
    for index in range(300):
        urgent.add(str(index))
    cluster.settle()
    assert order.index("slow") == 200
    assert len(order) == 301


def test_equal_events_are_counted(cluster: Cluster) -> None:
    client = cluster.clients.client("test")
    obj = client.create("v1/configmaps", "default", config_map("a"))
    recorder = cluster.runtime.recorder("tester")
    for _ in range(3):
        recorder.event(obj, "Normal", "Tested", "all is well")
    (event,) = client.list("v1/events", "default").items
    assert (event["reason"], event["count"]) == ("Tested", 3)
    assert event["involvedObject"]["name"] == "a"


def test_reset_brings_back_the_initial_state_as_ordinary_writes(cluster: Cluster) -> None:
    client = cluster.clients.client("test")
    before = {entry.key for entry in cluster.store.all()}
    watch = client.watch("v1/configmaps", resource_version=str(cluster.store.revision))
    client.create("v1/configmaps", "default", config_map("a"))
    client.patch("v1/namespaces", "", "default", {"metadata": {"labels": {"x": "y"}}})
    cluster.reset()
    assert {entry.key for entry in cluster.store.all()} == before
    labels = client.get("v1/namespaces", "", "default")["metadata"]["labels"]
    assert labels == {"kubernetes.io/metadata.name": "default"}
    assert [event.type for event in watch.poll()] == ["ADDED", "DELETED"]
