"""Which volume suits a claim. Pure. Source: FindMatchingVolume (persistent volume controller)."""

from collections.abc import Iterable

from mockapi.client.protocol import Obj
from mockapi.controllers import objects
from mockapi.meta import quantity, selectors

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
BETA_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"


def class_of(obj: Obj) -> str:
    """The storage class of a claim or volume, "" for none."""
    beta = objects.annotations(obj).get(BETA_CLASS)
    return str(beta if beta is not None else obj["spec"].get("storageClassName") or "")


def requested(claim: Obj) -> quantity.Quantity:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return quantity.parse(requests.get("storage", "0"))


def capacity(volume: Obj) -> quantity.Quantity:
    return quantity.parse((volume["spec"].get("capacity") or {}).get("storage", "0"))


def means(volume: Obj, claim: Obj) -> bool:
    """The volume's claimRef is this claim (a reference without uid is a wish)."""
    reference = volume["spec"].get("claimRef")
    if not reference:
        return False
    same = reference.get("name") == objects.name(claim)
    inside = reference.get("namespace") == objects.namespace(claim)
    return bool(same and inside and reference.get("uid") in (None, "", objects.uid(claim)))


def attributes_of(obj: Obj) -> str:
    """The VolumeAttributesClass of a claim or volume, "" for none."""
    return str(obj["spec"].get("volumeAttributesClassName") or "")


def suits(volume: Obj, claim: Obj) -> bool:
    spec = volume["spec"]
    if objects.deleting(volume) or class_of(volume) != class_of(claim):
        return False
    if spec.get("volumeMode", "Filesystem") != claim["spec"].get("volumeMode", "Filesystem"):
        return False
    if attributes_of(volume) != attributes_of(claim):
        return False
    modes = set(claim["spec"].get("accessModes") or ())
    return modes <= set(spec.get("accessModes") or ()) and not capacity(volume) < requested(claim)


def mismatch(volume: Obj, claim: Obj) -> str:
    """Why a volume that the claim names does not do; empty when it does."""
    spec = volume["spec"]
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if attributes_of(volume) != attributes_of(claim):
        return "volumeAttributesClassName does not match"
    if spec.get("volumeMode", "Filesystem") != claim["spec"].get("volumeMode", "Filesystem"):
        return "incompatible volumeMode"
    if not set(claim["spec"].get("accessModes") or ()) <= set(spec.get("accessModes") or ()):
        return "incompatible accessMode"
    return ""


def best(volumes: Iterable[Obj], claim: Obj, *, reserved_only: bool = False) -> Obj | None:
    """A volume reserved for the claim, else the smallest free one that suits."""
    wanted = claim["spec"].get("selector")
    selector = selectors.from_object(wanted) if wanted is not None else selectors.EVERYTHING
    found: Obj | None = None
    for volume in sorted(volumes, key=objects.name):
        if means(volume, claim):
            return volume
        free = not reserved_only and not volume["spec"].get("claimRef")
        if not free or objects.phase(volume) not in ("Available", ""):
            continue
        if not suits(volume, claim) or not selector.matches(objects.labels(volume)):
            continue
        if found is None or capacity(volume) < capacity(found):
            found = volume
    return found
