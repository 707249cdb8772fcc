"""What the way through the server's internal types changes in an object, besides defaults.
Source: pkg/apis/*/v1/conversion.go of Kubernetes 1.37.
"""

import binascii
from typing import Final

from mockapi.resources.defaults.filling import Defaulter, Obj

TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"
AUTOSCALING: Final = "autoscaling.alpha.kubernetes.io/"
_ROUND_TRIP: Final = frozenset(
    f"{AUTOSCALING}{name}"
    for name in (
        "metrics",
        "current-metrics",
        "conditions",
        "behavior",
        "scale-down-tolerance",
        "scale-up-tolerance",
    )
)


def secret(obj: Obj) -> None:
    """stringData is write-only and wins over data."""
    texts = obj.pop("stringData", None)
    if texts:
        data = dict(obj.get("data") or {})
        for key, text in texts.items():
            data[key] = binascii.b2a_base64(text.encode(), newline=False).decode()
        obj["data"] = data


def node(obj: Obj) -> None:
    """podCIDR and podCIDRs say the same; podCIDR wins."""
    spec = obj["spec"]
    one, several = spec.get("podCIDR"), spec.get("podCIDRs")
    if one and (not several or several[0] != one):
        spec["podCIDRs"] = [one]
    elif several and not one:
        spec["podCIDR"] = several[0]


def daemon_set(obj: Obj) -> None:
    """The template's generation lives in an annotation in apps/v1."""
    metadata = obj["metadata"]
    annotations = dict(metadata.get("annotations") or {})
    annotations[TEMPLATE_GENERATION] = str(int(annotations.get(TEMPLATE_GENERATION) or 0))
    metadata["annotations"] = annotations
    _rolling_update(obj["spec"].get("updateStrategy") or {})


def deployment(obj: Obj) -> None:
    _rolling_update(obj["spec"].get("strategy") or {})


def _rolling_update(strategy: Obj) -> None:
    """Its bounds are no pointers internally."""
    rolling = strategy.get("rollingUpdate")
    if rolling is not None:
        rolling.setdefault("maxUnavailable", 0)
        rolling.setdefault("maxSurge", 0)


def stateful_set(obj: Obj) -> None:
    rolling = (obj["spec"].get("updateStrategy") or {}).get("rollingUpdate")
    if rolling is not None:
        rolling.setdefault("partition", 0)
    for claim in obj["spec"].get("volumeClaimTemplates") or ():
        claim["kind"], claim["apiVersion"] = "PersistentVolumeClaim", "v1"


def definition(obj: Obj) -> None:
    """A webhook without anything in it is none."""
    conversion = obj["spec"].get("conversion") or {}
    webhook = conversion.get("webhook")
    if webhook is not None and all(value is None for value in webhook.values()):
        del conversion["webhook"]


def without_round_trip(metadata: Obj) -> Obj:
    """A copy of metadata without the annotations that carry an autoscaler's fields to v1."""
    metadata = dict(metadata)
    annotations = metadata.get("annotations") or {}
    if not _ROUND_TRIP.isdisjoint(annotations):
        kept = {key: text for key, text in annotations.items() if key not in _ROUND_TRIP}
        metadata["annotations"] = kept
        if not kept:
            del metadata["annotations"]
    return metadata


def autoscaler(obj: Obj) -> None:
    obj["metadata"] = without_round_trip(obj["metadata"])


NORMALISERS: Final[dict[str, Defaulter]] = {
    "io.k8s.api.core.v1.Secret": secret,
    "io.k8s.api.core.v1.Node": node,
    "io.k8s.api.apps.v1.DaemonSet": daemon_set,
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler": autoscaler,
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition": definition,
    "io.k8s.api.apps.v1.Deployment": deployment,
    "io.k8s.api.apps.v1.StatefulSet": stateful_set,
}
