"""DefaultStorageClass and StorageObjectInUseProtection.

Source: plugin/pkg/admission/storage/storageclass/setdefault and storageobjectinuseprotection.
"""

from collections.abc import Iterable

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
BETA_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_FINALIZERS = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
    "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
}


def default_class(classes: Iterable[Obj]) -> Obj | None:
    """The newest of the default classes, the first by name among equals."""
    return newest(
        c
        for c in classes
        if "true"
        in (
            (c["metadata"].get("annotations") or {}).get(DEFAULT_CLASS),
            (c["metadata"].get("annotations") or {}).get(BETA_DEFAULT_CLASS),
        )
    )


def newest(objects: Iterable[Obj]) -> Obj | None:
    """The object created last, the first by name among equals."""
    by_name = sorted(objects, key=lambda o: str(o["metadata"]["name"]))
    return max(by_name, key=lambda o: str(o["metadata"]["creationTimestamp"]), default=None)


class DefaultStorageClass:
    name = "DefaultStorageClass"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.resource.bucket == "persistentvolumeclaims"
            and attributes.operation == "CREATE"
            and not attributes.subresource
        )

    def admit(self, attributes: Attributes) -> None:
        claim = attributes.obj
        assert claim is not None
        annotations = claim["metadata"].get("annotations") or {}
        if BETA_CLASS in annotations or claim["spec"].get("storageClassName") is not None:
            return
        chosen = default_class(attributes.reader.list("storageclasses.storage.k8s.io"))
        if chosen is not None:
            claim["spec"]["storageClassName"] = chosen["metadata"]["name"]

    def validate(self, attributes: Attributes) -> None:
        return None


class StorageObjectInUseProtection:
    name = "StorageObjectInUseProtection"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.resource.bucket in _FINALIZERS
            and attributes.operation == "CREATE"
            and not attributes.subresource
        )

    def admit(self, attributes: Attributes) -> None:
        assert attributes.obj is not None
        metadata = attributes.obj["metadata"]
        finalizer = _FINALIZERS[attributes.resource.bucket]
        if finalizer not in metadata.get("finalizers", ()):
            metadata["finalizers"] = [*metadata.get("finalizers", ()), finalizer]

    def validate(self, attributes: Attributes) -> None:
        return None
