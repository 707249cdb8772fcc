"""NodeDeclaredFeatures: pods that need a feature run on nodes that declare it.

Source: component-helpers nodedeclaredfeatures.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Change, Check, Cycle, Plugin, Test
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import Status, unresolvable

NAME: Final = "NodeDeclaredFeatures"
_LACKING = unresolvable(NAME, "node(s) didn't match Pod's required features")


def _containers(spec: Mapping[str, Any], *kinds: str) -> Iterator[Mapping[str, Any]]:
    for kind in kinds:
        yield from spec.get(kind) or ()


def required_features(spec: Mapping[str, Any]) -> frozenset[str]:
    needed = set()
    if any(
        rule.get("action") == "RestartAllContainers"
        for container in _containers(spec, "containers", "initContainers")
        for rule in container.get("restartPolicyRules") or ()
    ):
        needed.add("RestartAllContainersOnContainerExits")
    if spec.get("hostNetwork") and spec.get("hostUsers") is False:
        needed.add("UserNamespacesHostNetworkSupport")
    if any(
        mount.get("bindMountOptions")
        for container in _containers(spec, "containers", "initContainers", "ephemeralContainers")
        for mount in container.get("volumeMounts") or ()
    ):
        needed.add("VolumeBindMountOptions")
    return frozenset(needed)


class NodeDeclaredFeatures(Plugin):
    name = NAME
    points = frozenset(("preFilter", "filter"))

    def __init__(self) -> None:
        self.hints = {
            ("Node", "add"): _after_node,
            ("Node", "update-features"): _after_node,
            ("TargetPod", "update"): _after_target,
        }

    def settled(self, pod: PodInfo) -> bool:
        return True

    def filter(self, cycle: Cycle) -> Check | Status | None:
        needed = required_features(cycle.pod.spec)
        if not needed:
            return None

        def test(node: NodeInfo) -> Status | None:
            return None if needed <= node.features else _LACKING

        return Test(test)


def _after_node(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    before, after = (
        (node or {}).get("status", {}).get("declaredFeatures") for node in (change.old, change.new)
    )
    return change.old is None or before != after


def _after_target(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    if change.old is None or change.new is None:
        return True
    return required_features(change.old["spec"]) != required_features(change.new["spec"])
