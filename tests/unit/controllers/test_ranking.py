"""The order is that of ActivePodsWithRanks in controller_utils.go."""

from typing import Any

from mockapi.base.clock import parse_timestamp
from mockapi.controllers import ranking

NOW = parse_timestamp("2026-01-01T12:00:00Z")


def pod(name: str, **facts: Any) -> dict[str, Any]:
    ready = facts.get("ready", "2026-01-01T00:00:00Z")
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": ready}] if ready else []
    return {
        "metadata": {
            "name": name,
            "uid": name,
            "creationTimestamp": facts.get("created", "2026-01-01T00:00:00Z"),
            "annotations": facts.get("annotations", {}),
        },
        "spec": {"nodeName": facts.get("node", "n")},
        "status": {
            "phase": facts.get("phase", "Running"),
            "conditions": conditions,
            "containerStatuses": [{"name": "c", "restartCount": facts.get("restarts", 0)}],
        },
    }


def order(*pods: dict[str, Any], related: Any = ()) -> list[str]:
    ranked = ranking.by_deletion(pods, now=NOW, related=related)
    return [item["metadata"]["name"] for item in ranked]


def test_unassigned_then_pending_then_unready_then_ready() -> None:
    pods = [
        pod("ready"),
        pod("unready", ready=None),
        pod("pending", phase="Pending", ready=None),
        pod("unassigned", node="", phase="Pending", ready=None),
    ]
    assert order(*pods) == ["unassigned", "pending", "unready", "ready"]


def test_a_lower_deletion_cost_goes_first() -> None:
    cheap = {"controller.kubernetes.io/pod-deletion-cost": "-5"}
    assert order(pod("a"), pod("b", annotations=cheap)) == ["b", "a"]


def test_the_node_with_more_siblings_gives_up_first() -> None:
    crowded = pod("a", node="one")
    related = [pod("x", node="two"), pod("y", node="two"), crowded]
    assert order(crowded, pod("b", node="two"), related=related) == ["b", "a"]


def test_younger_goes_first_only_by_powers_of_two() -> None:
    """Eleven and twelve hours are alike, so the uid decides; minutes are younger than hours."""
    assert order(pod("b", ready="2026-01-01T01:00:00Z"), pod("a")) == ["a", "b"]
    assert order(pod("a"), pod("b", ready="2026-01-01T11:50:00Z")) == ["b", "a"]


def test_more_restarts_go_first() -> None:
    assert order(pod("a"), pod("b", restarts=3)) == ["b", "a"]
