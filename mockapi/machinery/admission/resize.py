"""PersistentVolumeClaimResize and PodResizeValidator: what may grow.

Source: plugin/pkg/admission/storage/persistentvolume/resize and plugin/pkg/admission/podresize.
"""

from mockapi.machinery.admission import amounts
from mockapi.machinery.admission.amounts import ZERO
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.admission.usage import storage_class
from mockapi.machinery.resource import Obj
from mockapi.meta import gofmt
from mockapi.meta.errors import ApiError

_OS = "kubernetes.io/os"


class PersistentVolumeClaimResize:
    name = "PersistentVolumeClaimResize"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.resource.bucket == "persistentvolumeclaims"
            and attributes.operation == "UPDATE"
            and not attributes.subresource
        )

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        claim, old = attributes.obj, attributes.old
        assert claim is not None and old is not None
        new_size = amounts.of(claim["spec"], "requests").get("storage", ZERO)
        old_size = amounts.of(old["spec"], "requests").get("storage", ZERO)
        if not old_size < new_size:
            return
        if (old.get("status") or {}).get("phase") != "Bound":
            raise attributes.forbidden("Only bound persistent volume claims can be expanded")
        if not _expandable(attributes, claim, old):
            raise attributes.forbidden(
                "only dynamically provisioned pvc can be resized and the storageclass that "
                "provisions the pvc must support resize"
            )


def _expandable(attributes: Attributes, claim: Obj, old: Obj) -> bool:
    name = storage_class(claim)
    if not name or name != storage_class(old):
        return False
    found = attributes.reader.get("storageclasses.storage.k8s.io", "", name)
    return found is not None and bool(found.get("allowVolumeExpansion"))


class PodResizeValidator:
    name = "PodResizeValidator"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.subresource == "resize"
            and attributes.resource.bucket == "pods"
            and attributes.operation == "UPDATE"
        )

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        pod, old = attributes.obj, attributes.old
        assert pod is not None and old is not None
        name = pod["spec"].get("nodeName")
        same = pod["metadata"].get("generation") == old["metadata"].get("generation")
        if not name or same:
            return
        node = attributes.reader.get("nodes", "", name)
        if node is None:
            raise attributes.forbidden(f"node {gofmt.quote(name)} not found")
        system = (node["metadata"].get("labels") or {}).get(_OS, "linux")
        if system != "linux":
            raise _refused(
                attributes,
                "UnsupportedPlatform",
                "pod resize is only supported on linux nodes, "
                f"node {gofmt.quote(name)} is {gofmt.quote(system)}",
            )
        if lacking := _lacking(pod["spec"], (node.get("status") or {}).get("allocatable") or {}):
            text = f"node didn't have enough allocatable resources: {lacking}"
            raise _refused(attributes, "NodeCapacity", text)


def _lacking(spec: Obj, allocatable: Obj) -> str:
    """`cpu, requested: 2000, allocatable: 1000; memory, ...`."""
    asked, there = amounts.of_pod(spec, "requests", overhead=True), amounts.parsed(allocatable)
    cpu, cpu_there = asked.get("cpu", ZERO).milli_value(), there.get("cpu", ZERO).milli_value()
    memory, memory_there = asked.get("memory", ZERO).value(), there.get("memory", ZERO).value()
    found = (("cpu", cpu, cpu_there), ("memory", memory, memory_there))
    return "; ".join(
        f"{name}, requested: {more}, allocatable: {most}"
        for name, more, most in found
        if more > most
    )


def _refused(attributes: Attributes, reason: str, message: str) -> ApiError:
    error = attributes.forbidden(message)
    error.details = {**(error.details or {}), "causes": [{"reason": reason}]}
    return error
