"""PodTopologyLabels: a pod carries the zone and region of its node.

Source: plugin/pkg/admission/podtopologylabels.
"""

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj, Reader

LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels:
    """At creation; bindings ask `labels_of` themselves."""

    name = "PodTopologyLabels"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.resource.bucket == "pods"
            and attributes.operation == "CREATE"
            and not attributes.subresource
        )

    def admit(self, attributes: Attributes) -> None:
        pod = attributes.obj
        assert pod is not None
        node = pod["spec"].get("nodeName")
        if node and (found := labels_of(attributes.reader, node)):
            metadata = pod["metadata"]
            metadata["labels"] = {**(metadata.get("labels") or {}), **found}

    def validate(self, attributes: Attributes) -> None:
        return None


def labels_of(reader: Reader, node: str) -> Obj:
    """The topology labels of a node; none when there is no such node."""
    found = reader.get("nodes", "", node)
    labels = (found["metadata"].get("labels") or {}) if found is not None else {}
    return {key: labels[key] for key in LABELS if key in labels}
