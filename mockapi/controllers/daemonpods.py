"""Which pods of a DaemonSet to keep, replace and add. Pure. Source: pkg/controller/daemon."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mockapi.client.protocol import Obj
from mockapi.controllers import objects
from mockapi.controllers.rollout import scaled

Plan = tuple[list[str], list[Obj]]
"""Nodes to create pods for, and pods to delete."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decisions about a DaemonSet's pods depend on."""

    fits: Mapping[str, tuple[bool, bool]]
    """By node: whether a pod should run there, and whether one may go on running."""
    rolling: Obj
    """`spec.updateStrategy.rollingUpdate`; empty for OnDelete."""
    is_new: Callable[[Obj], bool]
    available: Callable[[Obj], bool]

    @property
    def desired(self) -> int:
        return sum(should for should, _ in self.fits.values())

    @property
    def surge(self) -> int:
        return scaled(self.rolling.get("maxSurge", 0), self.desired, round_up=True)

    @property
    def unavailable(self) -> int:
        most = scaled(self.rolling.get("maxUnavailable", 1), self.desired, round_up=True)
        return most or int(self.desired > 0 and not self.surge)


def node_of(pod: Obj) -> str:
    """The node a daemon pod is on or, before it is bound, is meant for."""
    if objects.node_name(pod):
        return objects.node_name(pod)
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for rule in term.get("matchFields") or ():
            if rule["key"] == "metadata.name" and len(rule.get("values") or ()) == 1:
                return str(rule["values"][0])
    return ""


def by_age(pod: Obj) -> tuple[bool, str, str]:
    """Bound pods first, then the oldest."""
    return not objects.node_name(pod), objects.created(pod), objects.name(pod)


def kept(running: list[Obj], around: Surroundings) -> tuple[bool, list[Obj]]:
    """Whether a node with these running pods needs one more, and which of them are too many.

    With a surge an old and a new pod may share a node while the old one is ready and the new
    one is not yet available."""
    running = sorted(running, key=by_age)
    if not scaled(around.rolling.get("maxSurge", 0), 1, round_up=True):
        return False, running[1:]
    if len(running) <= 1:
        return not running, []
    new = [pod for pod in running if around.is_new(pod)]
    old = [pod for pod in running if not around.is_new(pod)]
    surplus = new[1:] + old[1:]
    if new and old and (not objects.pod_ready(old[0]) or around.available(new[0])):
        surplus.append(old[0])
    return False, surplus


def replacements(by_node: Mapping[str, list[Obj]], around: Surroundings) -> Plan:
    """The next step of a rolling update. Nodes that lack a pod they should have count too."""
    nodes = {**by_node}
    for name, (should, _) in around.fits.items():
        if should:
            nodes.setdefault(name, [])
    if around.surge:
        return _by_surge(nodes, around)
    return [], _by_deletion(nodes, around)


def _pair(pods: Iterable[Obj], around: Surroundings) -> tuple[Obj | None, Obj | None] | None:
    """The new and the old pod of a node; None when there are more."""
    mine = [pod for pod in pods if not objects.deleting(pod)]
    new = [pod for pod in mine if around.is_new(pod)]
    old = [pod for pod in mine if not around.is_new(pod)]
    if len(new) > 1 or len(old) > 1:
        return None
    return (new[0] if new else None), (old[0] if old else None)


def _by_deletion(nodes: Mapping[str, list[Obj]], around: Surroundings) -> list[Obj]:
    unavailable = 0
    at_once: list[Obj] = []
    candidates: list[Obj] = []
    for pods in nodes.values():
        new, old = _pair(pods, around) or (None, None)
        if new is not None and old is None:
            unavailable += int(not around.available(new))
        elif old is not None and new is None and around.available(old):
            candidates.append(old)
        else:
            unavailable += 1
            if old is not None and new is None:
                at_once.append(old)
    return at_once + candidates[: max(0, around.unavailable - unavailable)]


def _by_surge(nodes: Mapping[str, list[Obj]], around: Surroundings) -> Plan:
    surging = available = 0
    delete: list[Obj] = []
    leaving: list[Obj] = []
    at_once: list[str] = []
    candidates: list[str] = []
    for name, pods in nodes.items():
        pair = _pair(pods, around)
        if pair is None:
            surging += 1
            continue
        new, old = pair
        counted = old or new
        available += int(counted is not None and around.available(counted))
        if old is None:
            continue
        should = around.fits.get(name, (False, False))[0]
        if new is not None:
            if around.available(new):
                delete.append(old)
            else:
                surging += 1
        elif around.available(old):
            if should:
                candidates.append(name)
            else:
                leaving.append(old)
        elif should:
            at_once.append(name)
        else:
            delete.append(old)
    # Nobody leaves a node that no longer fits before there are enough elsewhere.
    delete += leaving[: max(0, available - around.desired)]
    return at_once + candidates[: max(0, around.surge - surging)], delete
