"""A pod as the plugins need it.

Source: pkg/scheduler/framework/types.go (PodInfo).
"""

from collections.abc import Mapping
from typing import Any, Final

from mockapi.client.protocol import Obj
from mockapi.meta.host_ports import HostPort
from mockapi.scheduler.affinity import AffinityTerms
from mockapi.scheduler.amounts import Amounts
from mockapi.scheduler.shapes import shape_of

Labels = Mapping[str, str]
NO_LABELS: Final[dict[str, str]] = {}
_NO_STATUS: Final[Mapping[str, Any]] = {}


class PodInfo:
    """One pod. Compared by identity; `pod` is shared and never changed."""

    __slots__ = (
        "label_key",
        "labels",
        "name",
        "namespace",
        "node_name",
        "pod",
        "priority",
        "shape",
        "spec",
        "terminating",
        "uid",
        "usage",
    )

    def __init__(self, pod: Obj) -> None:
        metadata = pod["metadata"]
        spec: Mapping[str, Any] = pod["spec"]
        self.pod = pod
        self.spec = spec
        self.namespace: str = metadata["namespace"]
        self.name: str = metadata["name"]
        self.uid: str = metadata.get("uid") or f"{self.namespace}/{self.name}"
        self.labels: Labels = metadata.get("labels") or NO_LABELS
        self.label_key = frozenset(self.labels.items())
        """Pods of a namespace with the same key match the same selectors."""
        self.terminating = "deletionTimestamp" in metadata
        self.priority: int = spec.get("priority") or 0
        self.node_name: str = spec.get("nodeName") or ""
        self.shape = shape_of(spec)
        self.usage = self.shape.usage(pod.get("status") or _NO_STATUS)

    def placed(self, node: str) -> "PodInfo":
        """The same pod as it will be once it is bound."""
        twin = PodInfo.__new__(PodInfo)
        twin.spec = {**self.spec, "nodeName": node}
        twin.pod = {**self.pod, "spec": twin.spec}
        twin.namespace, twin.name, twin.uid = self.namespace, self.name, self.uid
        twin.labels, twin.label_key = self.labels, self.label_key
        twin.terminating, twin.priority = self.terminating, self.priority
        twin.node_name = node
        twin.shape, twin.usage = self.shape, self.usage
        return twin

    def follow(self, pod: Obj) -> bool:
        """Take a newer version in, if all that is known of this pod holds for it too."""
        metadata, spec = pod["metadata"], pod["spec"]
        if not (
            (self.spec is spec or self.spec == spec)
            and self.labels == (metadata.get("labels") or NO_LABELS)
            and self.terminating == ("deletionTimestamp" in metadata)
            and self.usage == self.shape.usage(pod.get("status") or _NO_STATUS)
        ):
            return False
        self.pod, self.spec = pod, spec
        return True

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def nominated_node(self) -> str:
        return (self.pod.get("status") or _NO_STATUS).get("nominatedNodeName") or ""

    @property
    def scheduler_name(self) -> str:
        return self.spec.get("schedulerName") or "default-scheduler"

    @property
    def start_time(self) -> str | None:
        """RFC 3339 in whole seconds, so texts compare as moments do."""
        return (self.pod.get("status") or _NO_STATUS).get("startTime")

    @property
    def wanted(self) -> Amounts:
        """What a node must have left."""
        return self.shape.wanted

    @property
    def host_ports(self) -> tuple[HostPort, ...]:
        return self.shape.host_ports

    @property
    def claims(self) -> tuple[str, ...]:
        """Names of the claims in its volumes, ephemeral ones apart."""
        return self.shape.claims

    @property
    def terms(self) -> AffinityTerms:
        return self.shape.terms(self.namespace)

    @property
    def affinity_key(self) -> tuple[str, bytes] | None:
        """Pods with the same key have the same terms; None when there are none."""
        return (self.namespace, self.shape.affinity) if self.shape.affinity else None
