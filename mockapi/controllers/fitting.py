"""Whether a node is one for a DaemonSet's pod. Pure. Source: NodeShouldRunDaemonPod."""

from mockapi.client.protocol import Obj
from mockapi.controllers import objects, taints
from mockapi.meta import node_selection

_EXISTS = "Exists"
TOLERATIONS = (
    (taints.NOT_READY, "NoExecute"),
    (taints.UNREACHABLE, "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    (taints.UNSCHEDULABLE, "NoSchedule"),
)
NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")


def with_tolerations(spec: Obj) -> Obj:
    """What every daemon pod tolerates."""
    added = [*TOLERATIONS, *([NETWORK] if spec.get("hostNetwork") else [])]
    own = list(spec.get("tolerations") or ())
    for key, effect in added:
        made = {"key": key, "operator": _EXISTS, "effect": effect}
        if made not in own:
            own.append(made)
    return {**spec, "tolerations": own}


def pinned(spec: Obj, node: str) -> Obj:
    """The pod's spec with a node affinity that leaves the scheduler one node; what else it
    required has been looked at already and goes."""
    wanted = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    affinity = dict(spec.get("affinity") or {})
    node_affinity = dict(affinity.get("nodeAffinity") or {})
    node_affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {
        "nodeSelectorTerms": [wanted]
    }
    affinity["nodeAffinity"] = node_affinity
    return {**spec, "affinity": affinity}


def fits(spec: Obj, node: Obj) -> tuple[bool, bool]:
    """(should run, may go on running) for a daemon pod's spec on a node."""
    name = spec.get("nodeName")
    if name and name != objects.name(node):
        return False, False
    if not _selected(spec, node):
        return False, False
    tolerations = with_tolerations(spec)["tolerations"]
    bad = [t for t in taints.of(node) if t.get("effect") in ("NoSchedule", "NoExecute")]
    if taints.matching(bad, tolerations) is not None:
        return True, True
    return False, taints.matching(taints.no_execute(node), tolerations) is not None


def _selected(spec: Obj, node: Obj) -> bool:
    match = node_selection.required_match(spec)
    return match is None or match(objects.name(node), objects.labels(node))
