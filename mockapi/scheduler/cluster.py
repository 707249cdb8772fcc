"""All that a scheduling decision looks at: nodes with their pods, and other objects by lister.

Kept incrementally. Pods of a namespace with equal labels are counted together for each node, and
so are pods with equal affinity, because a selector or a term says the same about all of them: what
a decision costs depends on how many kinds of pods there are, not on how many pods.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mockapi.client.protocol import Obj
from mockapi.meta.selectors import LabelSelector
from mockapi.scheduler.affinity import AffinityTerms
from mockapi.scheduler.nodes import NodeInfo, zone_key
from mockapi.scheduler.pods import NO_LABELS, Labels, PodInfo


class Lister(Protocol):
    """Objects of one resource; an informer is one."""

    def get(self, namespace: str, name: str) -> Obj | None: ...

    def list(self, namespace: str | None = None) -> Sequence[Obj]: ...


class Objects:
    """A lister over a plain collection."""

    def __init__(self, items: Iterable[Obj] = ()) -> None:
        self.items = {_key(item): item for item in items}

    def get(self, namespace: str, name: str) -> Obj | None:
        return self.items.get((namespace, name))

    def list(self, namespace: str | None = None) -> Sequence[Obj]:
        return [item for key, item in self.items.items() if namespace in (None, key[0])]


class Newer:
    """A lister that knows what has just been written before the other lister does."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister
        self._written: dict[tuple[str, str], Obj] = {}

    def assume(self, obj: Obj) -> None:
        self._written[_key(obj)] = obj

    def get(self, namespace: str, name: str) -> Obj | None:
        found = self._lister.get(namespace, name)
        written = self._written.get((namespace, name))
        if written is None:
            return found
        if found is None or _revision(found) >= _revision(written):
            del self._written[namespace, name]
            return found
        return written

    def list(self, namespace: str | None = None) -> Sequence[Obj]:
        found = self._lister.list(namespace)
        if not self._written:
            return found
        newest = (self.get(*_key(obj)) for obj in found)
        return [obj for obj in newest if obj is not None]


def _revision(obj: Obj) -> int:
    return int(obj["metadata"].get("resourceVersion") or 0)


def _key(obj: Obj) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


@dataclass(frozen=True)
class Listers:
    """What the plugins ask about besides nodes and pods."""

    namespaces: Lister = field(default_factory=Objects)
    services: Lister = field(default_factory=Objects)
    replication_controllers: Lister = field(default_factory=Objects)
    replica_sets: Lister = field(default_factory=Objects)
    stateful_sets: Lister = field(default_factory=Objects)
    claims: Lister = field(default_factory=Objects)
    volumes: Lister = field(default_factory=Objects)
    storage_classes: Lister = field(default_factory=Objects)
    csi_nodes: Lister = field(default_factory=Objects)
    csi_drivers: Lister = field(default_factory=Objects)
    csi_capacities: Lister = field(default_factory=Objects)
    volume_attachments: Lister = field(default_factory=Objects)
    resource_claims: Lister = field(default_factory=Objects)
    device_classes: Lister = field(default_factory=Objects)
    resource_slices: Lister = field(default_factory=Objects)
    device_taint_rules: Lister = field(default_factory=Objects)
    budgets: Lister = field(default_factory=Objects)


class Lookalikes:
    """Pods of one namespace with the same labels, counted for each node."""

    __slots__ = ("labels", "live", "namespace", "total")

    def __init__(self, namespace: str, labels: Labels) -> None:
        self.namespace = namespace
        self.labels = labels
        self.total: dict[str, int] = {}
        self.live: dict[str, int] = {}
        """Without those that are being deleted."""


Kinds = dict[frozenset[tuple[str, str]], Lookalikes]
"""By their labels."""


class Likeminded:
    """Pods with the same affinity and anti-affinity, counted for each node."""

    __slots__ = ("nodes", "terms")

    def __init__(self, terms: AffinityTerms) -> None:
        self.terms = terms
        self.nodes: dict[str, int] = {}


def _shift(counts: dict[str, int], key: str, by: int) -> None:
    count = counts.get(key, 0) + by
    if count:
        counts[key] = count
    else:
        counts.pop(key, None)


class Cluster:
    """Nodes and scheduled pods as they are known now, pods that are about to be bound included."""

    def __init__(
        self, listers: Listers | None = None, *, now: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.listers = listers or Listers()
        self.now = now
        self.nodes: dict[str, NodeInfo] = {}
        """Existing nodes only."""
        self._known: dict[str, NodeInfo] = {}
        self._zones: dict[tuple[str, str] | None, dict[str, None]] = {}
        self._order: list[NodeInfo] | None = None
        self._labelled: dict[tuple[str, ...], list[NodeInfo]] = {}
        self._pods: dict[str, PodInfo] = {}
        self._lookalikes: dict[str, Kinds] = {}
        self._by_label: dict[tuple[str, str, str], Kinds] = {}
        """Those of a namespace that carry a label: a selector of one owner finds its own."""
        self.likeminded: dict[tuple[str, bytes], Likeminded] = {}
        self._claims: dict[str, int] = {}
        self.images: dict[str, tuple[int, set[str]]] = {}
        """Size and nodes of each image name."""

    # Nodes

    def node_order(self) -> list[NodeInfo]:
        """All nodes, taken in turn from each zone (source: backend/cache/node_tree.go)."""
        if self._order is None:
            rows = [list(names) for names in self._zones.values()]
            longest = max(map(len, rows), default=0)
            self._order = [
                self.nodes[row[index]]
                for index in range(longest)
                for row in rows
                if index < len(row)
            ]
        return self._order

    def set_node(self, node: Obj) -> None:
        """Add or update."""
        name = node["metadata"]["name"]
        info = self._info(name)
        if info.node is None:
            self.nodes[name] = info
            self._place(info, node)
        elif zone_key(info.labels) != zone_key(node["metadata"].get("labels") or NO_LABELS):
            self._displace(info)
            self._place(info, node)
        self._forget_images(info)
        if info.node is None or info.labels != (node["metadata"].get("labels") or NO_LABELS):
            self._labelled.clear()
        info.set_node(node)
        self._learn_images(node)

    def labelled(self, keys: tuple[str, ...]) -> list[NodeInfo]:
        """Nodes that have all these labels."""
        found = self._labelled.get(keys)
        if found is None:
            found = [n for n in self.nodes.values() if all(key in n.labels for key in keys)]
            self._labelled[keys] = found
        return found

    def remove_node(self, name: str) -> None:
        info = self.nodes.pop(name, None)
        if info is None:
            return
        self._displace(info)
        self._forget_images(info)
        self._labelled.clear()
        info.node = None
        info.version += 1
        if not info.pods:
            del self._known[name]

    def _info(self, name: str) -> NodeInfo:
        info = self._known.get(name)
        if info is None:
            info = self._known[name] = NodeInfo(name)
        return info

    def _place(self, info: NodeInfo, node: Obj) -> None:
        zone = zone_key(node["metadata"].get("labels") or NO_LABELS)
        self._zones.setdefault(zone, {})[info.name] = None
        self._order = None

    def _displace(self, info: NodeInfo) -> None:
        zone = zone_key(info.labels)
        names = self._zones[zone]
        del names[info.name]
        if not names:
            del self._zones[zone]
        self._order = None

    def _learn_images(self, node: Obj) -> None:
        for image in (node.get("status") or {}).get("images") or ():
            for name in image.get("names") or ():
                size = image.get("sizeBytes", 0)
                self.images.setdefault(name, (size, set()))[1].add(node["metadata"]["name"])

    def _forget_images(self, info: NodeInfo) -> None:
        for name in set(info.images):
            holders = self.images[name][1]
            holders.discard(info.name)
            if not holders:
                del self.images[name]

    # Pods

    def set_pod(self, pod: PodInfo) -> None:
        """Add or update a pod that has a node."""
        self.remove_pod(pod.uid)
        self._pods[pod.uid] = pod
        self._info(pod.node_name).add(pod)
        self._count(pod, 1)

    def remove_pod(self, uid: str) -> None:
        pod = self._pods.pop(uid, None)
        if pod is None:
            return
        info = self._known[pod.node_name]
        info.remove(pod)
        self._count(pod, -1)
        if info.node is None and not info.pods:
            del self._known[info.name]

    def pod(self, uid: str) -> PodInfo | None:
        return self._pods.get(uid)

    def __len__(self) -> int:
        return len(self._pods)

    def _count(self, pod: PodInfo, by: int) -> None:
        kinds = self._lookalikes.setdefault(pod.namespace, {})
        alike = kinds.get(pod.label_key)
        if alike is None:
            alike = kinds[pod.label_key] = Lookalikes(pod.namespace, pod.labels)
            for key, value in pod.labels.items():
                self._by_label.setdefault((pod.namespace, key, value), {})[pod.label_key] = alike
        _shift(alike.total, pod.node_name, by)
        if not pod.terminating:
            _shift(alike.live, pod.node_name, by)
        if not alike.total:
            del kinds[pod.label_key]
            self._forget_labels(pod)
        for claim in pod.claims:
            _shift(self._claims, f"{pod.namespace}/{claim}", by)
        if pod.affinity_key is not None:
            self._count_affinity(pod.affinity_key, pod, by)

    def _count_affinity(self, key: tuple[str, bytes], pod: PodInfo, by: int) -> None:
        minded = self.likeminded.get(key)
        if minded is None:
            minded = self.likeminded[key] = Likeminded(pod.terms)
        _shift(minded.nodes, pod.node_name, by)
        if not minded.nodes:
            del self.likeminded[key]

    # Questions

    def lookalikes(self, namespace: str | None = None) -> Iterator[Lookalikes]:
        """Kinds of scheduled pods, of one namespace or of all."""
        if namespace is not None:
            yield from self._lookalikes.get(namespace, {}).values()
            return
        for kinds in self._lookalikes.values():
            yield from kinds.values()

    def _forget_labels(self, pod: PodInfo) -> None:
        for key, value in pod.labels.items():
            carrying = self._by_label[pod.namespace, key, value]
            del carrying[pod.label_key]
            if not carrying:
                del self._by_label[pod.namespace, key, value]

    def _candidates(self, namespace: str, selector: LabelSelector) -> Kinds:
        """The fewest kinds of pods among which are all that match."""
        found = self._lookalikes.get(namespace, {})
        for requirement in selector.requirements:
            if requirement.operator in ("=", "==", "in") and len(requirement.values) == 1:
                label = (namespace, requirement.key, requirement.values[0])
                carrying = self._by_label.get(label, {})
                if len(carrying) < len(found):
                    found = carrying
        return found

    def live_counts(self, namespace: str, selector: LabelSelector) -> dict[str, int]:
        """Pods for each node that match and are not being deleted."""
        found: dict[str, int] = {}
        for alike in self._candidates(namespace, selector).values():
            if alike.live and selector.matches(alike.labels):
                if not found:
                    found = dict(alike.live)
                    continue
                for node, count in alike.live.items():
                    found[node] = found.get(node, 0) + count
        return found

    def uses_of_claim(self, namespace: str, claim: str) -> int:
        return self._claims.get(f"{namespace}/{claim}", 0)

    def namespace_labels(self, namespace: str) -> Labels:
        found = self.listers.namespaces.get("", namespace)
        return (found or {}).get("metadata", {}).get("labels") or NO_LABELS
