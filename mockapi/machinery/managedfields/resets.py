"""Fields that a request's endpoint sets back, which therefore its caller never comes to own.

Source: GetResetFields and GetResetFieldsFilter of the kinds' strategies (pkg/registry).
"""

from typing import Final

from mockapi.machinery.managedfields import fieldset
from mockapi.machinery.managedfields.fieldset import FieldSet, make

_STATUS: Final = make(("status",))
_SPEC: Final = make(("spec",))
_SPEC_AND_META: Final = make(("spec",), ("metadata",))
_NONE: Final[FieldSet] = {}

_SPEC_ONLY: Final = frozenset(
    (
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("", "PersistentVolumeClaim"),
        ("", "ReplicationController"),
        ("", "ResourceQuota"),
        ("", "Service"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apps", "DaemonSet"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("batch", "CronJob"),
        ("batch", "Job"),
        ("networking.k8s.io", "Ingress"),
        ("policy", "PodDisruptionBudget"),
    )
)
"""Kinds whose status endpoint lets metadata through."""
_OWN: Final[dict[tuple[str, str, str], FieldSet]] = {
    ("", "Namespace", "finalize"): _STATUS,
    ("", "Pod", "status"): make(
        ("spec",), ("metadata", "deletionTimestamp"), ("metadata", "ownerReferences")
    ),
    ("apps", "Deployment", "status"): make(("spec",), ("metadata", "labels")),
    ("certificates.k8s.io", "CertificateSigningRequest", ""): make(("spec",), ("status",)),
    ("certificates.k8s.io", "CertificateSigningRequest", "status"): make(
        ("spec",), ("status", "conditions")
    ),
    ("certificates.k8s.io", "CertificateSigningRequest", "approval"): make(
        ("spec",), ("status", "certificate")
    ),
}


def reset_fields(group: str, kind: str, subresource: str, *, has_status: bool) -> FieldSet:
    """What goes, with all that is below it."""
    own = _OWN.get((group, kind, subresource))
    if own is not None:
        return own
    if subresource == "status":
        return _SPEC if (group, kind) in _SPEC_ONLY else _SPEC_AND_META
    return _STATUS if has_status and not subresource else _NONE


def only(kind: tuple[str, str], subresource: str) -> tuple[tuple[str, ...], ...]:
    """The paths that alone may be owned through a subresource, with * for any element; ()
    where everything may."""
    return _ONLY.get((*kind, subresource), ())


_ONLY: Final[dict[tuple[str, str, str], tuple[tuple[str, ...], ...]]] = {
    ("", "Pod", "ephemeralcontainers"): (("f:spec", "f:ephemeralContainers"),),
    ("", "Pod", "resize"): tuple(
        ("f:spec", containers, "*", field)
        for containers in ("f:containers", "f:initContainers")
        for field in ("f:resources", "f:resizePolicy")
    ),
}


def select(root: FieldSet, patterns: tuple[tuple[str, ...], ...]) -> FieldSet:
    """What lies on the way to, at, or below the patterns. The way there is kept where it is a
    member, as the real include filter does."""
    if any(not pattern for pattern in patterns):
        return root
    result: FieldSet = {}
    for key, node in root.items():
        rest = tuple(p[1:] for p in patterns if p[0] in (key, "*"))
        if key == fieldset.SELF:
            result[key] = node
        elif rest:
            member = fieldset.is_member(node)
            inner = select(fieldset.subset(root, key), rest)
            if inner:
                result[key] = {fieldset.SELF: fieldset.LEAF, **inner} if member else inner
            elif member:
                result[key] = fieldset.LEAF
    return result
