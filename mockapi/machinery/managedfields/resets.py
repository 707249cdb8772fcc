"""Fields that a request's endpoint sets back, which therefore its caller never comes to own.

Source: GetResetFields of the kinds' strategies (pkg/registry). The filters that the strategies of
pods/resize and pods/ephemeralcontainers name are not connected to their endpoints.
"""

from typing import Final

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
    ("", "Node", ""): _STATUS,
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
