"""What a pod takes from its node, and may grow to on it. Texts: recorded from a real server."""

from typing import Any

import pytest

from tests.contract.replay import Player

PODS = "/api/v1/namespaces/{ns}/pods"
ZONE = {"topology.kubernetes.io/zone": "z", "topology.kubernetes.io/region": "r"}
STRATEGIC = "application/strategic-merge-patch+json"


@pytest.fixture
def player() -> Player:
    player = Player()
    player.begin()
    node = {
        "metadata": {"name": "n", "labels": {**ZONE, "other": "x"}},
        "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}},
    }
    player.cluster.clients.client("test").create("v1/nodes", "", node)
    return player


def pod(name: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}]
    return {"metadata": {"name": name}, "spec": {"containers": containers, **spec}}


def resized(player: Player, cpu: str) -> tuple[int, dict[str, Any]]:
    change = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}}
    return player.call("PATCH", f"{PODS}/a/resize", change, STRATEGIC)


def test_pod_made_on_a_node_has_its_zone_and_region(player: Player) -> None:
    _, made = player.call("POST", PODS, pod("a", nodeName="n"))
    assert made["metadata"]["labels"] == ZONE


def test_bound_pod_has_the_zone_and_region_of_its_node(player: Player) -> None:
    player.call("POST", PODS, pod("a"))
    target = {"metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n"}}
    player.call("POST", f"{PODS}/a/binding", target)
    _, bound = player.call("GET", f"{PODS}/a")
    assert bound["metadata"]["labels"] == ZONE


def test_pod_does_not_outgrow_its_node(player: Player) -> None:
    player.call("POST", PODS, pod("a", nodeName="n"))
    code, refused = resized(player, "3")
    assert code == 403
    assert refused["message"] == (
        'pods "a" is forbidden: node didn\'t have enough allocatable resources: '
        "cpu, requested: 3000, allocatable: 2000"
    )
    assert refused["details"] == {
        "name": "a",
        "kind": "pods",
        "causes": [{"reason": "NodeCapacity"}],
    }


def test_pod_grows_within_its_node(player: Player) -> None:
    player.call("POST", PODS, pod("a", nodeName="n"))
    code, grown = resized(player, "2")
    assert (code, grown["metadata"]["generation"]) == (200, 2)
    assert grown["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "2"}}
