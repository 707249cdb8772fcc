"""HTTP extenders: somebody else's filters, scores, victims and bindings, asked over HTTP.

The API goes on while an extender is asked, and may be asked by it. Sources:
pkg/scheduler/extender.go, schedule_one.go, framework/preemption/preemption.go.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from mockapi.base.lazy import module
from mockapi.client.protocol import Obj
from mockapi.meta import gotime
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.preemption import Candidate
from mockapi.scheduler.status import Code, SchedulingError, Status

logger = logging.getLogger("mockapi.scheduler")

_SECONDS: Final = 5.0
_SCALE: Final = 10
"""An extender's scores go to 10, a plugin's to 100."""

Send = Callable[["Extender", str, Any], Any]


class ExtenderError(Exception):
    """An extender did not answer, or answered that it failed."""


@dataclass(frozen=True)
class Extender:
    """One entry of a configuration's `extenders`."""

    url: str
    filter_verb: str = ""
    preempt_verb: str = ""
    prioritize_verb: str = ""
    bind_verb: str = ""
    weight: int = 0
    knows_nodes: bool = False
    """It has nodes cached: their names suffice."""
    ignorable: bool = False
    resources: frozenset[str] = frozenset()
    """It cares only for pods that ask for one of these; for all when there are none."""
    seconds: float = _SECONDS
    verify: str | bool = True
    certificate: tuple[str, str] | None = None

    def interested(self, pod: PodInfo) -> bool:
        if not self.resources:
            return True
        containers = (*pod.spec["containers"], *(pod.spec.get("initContainers") or ()))
        return any(
            name in self.resources
            for container in containers
            for kind in ("requests", "limits")
            for name in (container.get("resources") or {}).get(kind) or ()
        )


def extender(given: Mapping[str, Any]) -> Extender:
    """From a configuration that has been checked."""
    tls = given.get("tlsConfig") or {}
    pair = (tls["certFile"], tls["keyFile"]) if tls.get("certFile") else None
    blind = tls.get("insecure") or not tls.get("caFile")
    resources = (resource["name"] for resource in given.get("managedResources") or ())
    seconds = gotime.parse_duration(given.get("httpTimeout") or "0s") / 10**9
    return Extender(
        url=given.get("urlPrefix") or "",
        filter_verb=given.get("filterVerb") or "",
        preempt_verb=given.get("preemptVerb") or "",
        prioritize_verb=given.get("prioritizeVerb") or "",
        bind_verb=given.get("bindVerb") or "",
        weight=given.get("weight") or 0,
        knows_nodes=bool(given.get("nodeCacheCapable")),
        ignorable=bool(given.get("ignorable")),
        resources=frozenset(resources),
        seconds=seconds or _SECONDS,
        verify=False if blind else tls["caFile"],
        certificate=pair,
    )


def send(to: Extender, verb: str, arguments: Any) -> Any:
    """Ask over HTTP. Raises ExtenderError."""
    client = module("mockapi.client.extender")
    try:
        return client.post(
            f"{to.url.rstrip('/')}/{verb}",
            verb,
            arguments,
            seconds=to.seconds,
            verify=to.verify,
            certificate=to.certificate,
        )
    except client.NoAnswer as error:
        raise ExtenderError(str(error)) from None


def _of(answer: Any, name: str) -> Any:
    """A field, however its name is capitalised, as Go's decoder finds it."""
    if not isinstance(answer, Mapping):
        return None
    return next((value for key, value in answer.items() if key.lower() == name.lower()), None)


def _plain(obj: Obj) -> Obj:
    """As the real scheduler's typed objects are written: without kind and version."""
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


@dataclass
class Filtered:
    """What is left, and why the others are not."""

    nodes: Sequence[NodeInfo]
    statuses: dict[str, Status] = field(default_factory=dict)


class Extenders:
    """All of them, in the order in which they are asked: those that may be ignored come last."""

    def __init__(self, listed: Sequence[Extender] = (), *, send: Send = send) -> None:
        self._listed = sorted(listed, key=lambda each: each.ignorable)
        self._send = send

    def __bool__(self) -> bool:
        return bool(self._listed)

    @property
    def filtering(self) -> bool:
        return any(each.filter_verb for each in self._listed)

    @property
    def scoring(self) -> bool:
        return any(each.prioritize_verb for each in self._listed)

    def filter(self, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Filtered:
        """Raises SchedulingError when one fails that may not be ignored."""
        found = Filtered(nodes)
        for each in self._listed:
            if not found.nodes:
                break
            if not each.filter_verb or not each.interested(pod):
                continue
            try:
                self._filter(each, pod, found)
            except ExtenderError as error:
                if not each.ignorable:
                    raise SchedulingError(str(error)) from error
                logger.info("extender %s is left out: %s", each.url, error)
        return found

    def _filter(self, each: Extender, pod: PodInfo, found: Filtered) -> None:
        answer = self._send(each, each.filter_verb, _arguments(each, pod, found.nodes))
        if _of(answer, "Error"):
            raise ExtenderError(_of(answer, "Error"))
        found.nodes = _kept(each, found.nodes, answer)
        for name, text in (_of(answer, "FailedNodes") or {}).items():
            found.statuses[name] = Status(Code.UNSCHEDULABLE, (text,))
        for name, text in (_of(answer, "FailedAndUnresolvableNodes") or {}).items():
            found.statuses[name] = Status(Code.UNRESOLVABLE, (text,))

    def scores(self, pod: PodInfo, nodes: Sequence[NodeInfo]) -> dict[str, int]:
        """By node, what is added to the plugins' totals; who fails adds nothing."""
        total: dict[str, int] = {}
        for each in self._listed:
            if not each.prioritize_verb or not each.interested(pod):
                continue
            try:
                answer = self._send(each, each.prioritize_verb, _arguments(each, pod, nodes))
            except ExtenderError as error:
                logger.info("extender %s gives no scores: %s", each.url, error)
                continue
            for entry in answer or ():
                host, score = _of(entry, "Host"), _of(entry, "Score") or 0
                total[host] = total.get(host, 0) + score * each.weight * _SCALE
        return total

    def preempt(self, pod: PodInfo, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """The candidates that are left, with their victims. Raises ExtenderError."""
        for each in self._listed:
            if not candidates:
                break
            if not each.preempt_verb or not each.interested(pod):
                continue
            try:
                candidates = self._preempt(each, pod, candidates)
            except ExtenderError:
                if not each.ignorable:
                    raise
        return candidates

    def _preempt(
        self, each: Extender, pod: PodInfo, candidates: Sequence[Candidate]
    ) -> list[Candidate]:
        known = {candidate.node.name: candidate for candidate in candidates}
        victims = {name: _victims(each, candidate) for name, candidate in known.items()}
        arguments = {
            "Pod": _plain(pod.pod),
            "NodeNameToVictims": None if each.knows_nodes else victims,
            "NodeNameToMetaVictims": victims if each.knows_nodes else None,
        }
        answer = self._send(each, each.preempt_verb, arguments)
        found = []
        for name, told in (_of(answer, "NodeNameToMetaVictims") or {}).items():
            pods = [_found(each, known, name, _of(p, "UID")) for p in _of(told, "Pods") or ()]
            if pods:
                violations = _of(told, "NumPDBViolations") or 0
                found.append(replace(known[name], victims=pods, violations=violations))
            elif not each.ignorable:
                raise ExtenderError(f'expected at least one victim pod on node "{name}"')
        return found

    def bind(self, pod: PodInfo, node: str) -> bool:
        """Whether one of them has bound the pod. Raises ExtenderError."""
        for each in self._listed:
            if not each.bind_verb or not each.interested(pod):
                continue
            arguments = {
                "PodName": pod.name,
                "PodNamespace": pod.namespace,
                "PodUID": pod.uid,
                "Node": node,
            }
            try:
                answer = self._send(each, each.bind_verb, arguments)
                if _of(answer, "Error"):
                    raise ExtenderError(_of(answer, "Error"))
            except ExtenderError:
                if each.ignorable:
                    continue
                raise
            return True
        return False


def _arguments(each: Extender, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Obj:
    if each.knows_nodes:
        return {"Pod": _plain(pod.pod), "Nodes": None, "NodeNames": [n.name for n in nodes]}
    items = [_plain(node.node) for node in nodes if node.node is not None]
    return {
        "Pod": _plain(pod.pod),
        "Nodes": {"metadata": {}, "items": items},
        "NodeNames": None,
    }


def _kept(each: Extender, nodes: Sequence[NodeInfo], answer: Any) -> list[NodeInfo]:
    """Nodes that come back as objects count as the extender describes them, without pods."""
    names = _of(answer, "NodeNames")
    if each.knows_nodes and names is not None:
        known = {node.name: node for node in nodes}
        for name in names:
            if name not in known:
                raise ExtenderError(
                    f'extender "{each.url}" claims a filtered node "{name}" which is not found in '
                    "the input node list"
                )
        return [known[name] for name in names]
    found = []
    for item in _of(_of(answer, "Nodes"), "items") or ():
        info = NodeInfo(item["metadata"]["name"])
        info.set_node(item)
        found.append(info)
    return found


def _victims(each: Extender, candidate: Candidate) -> Obj:
    pods: list[Obj] = [
        {"UID": victim.uid} if each.knows_nodes else _plain(victim.pod)
        for victim in candidate.victims
    ]
    return {"Pods": pods, "NumPDBViolations": candidate.violations}


def _found(each: Extender, known: Mapping[str, Candidate], node: str, uid: str) -> PodInfo:
    candidate = known.get(node)
    pod = candidate.node.pods.get(uid) if candidate is not None else None
    if pod is None:
        raise ExtenderError(
            f"extender: {each.url} claims to preempt pod (UID: &{{{uid}}}) on node: {node}, "
            "but the pod is not found on that node"
        )
    return pod
