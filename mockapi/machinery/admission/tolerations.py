"""DefaultTolerationSeconds and TaintNodesByCondition: how long pods stay on nodes that fail.

Source: plugin/pkg/admission/defaulttolerationseconds and nodetaint.
"""

from typing import Final

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj

NOT_READY: Final = "node.kubernetes.io/not-ready"
UNREACHABLE: Final = "node.kubernetes.io/unreachable"
SECONDS = 300


class DefaultTolerationSeconds:
    name = "DefaultTolerationSeconds"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.resource.bucket == "pods"
            and not attributes.subresource
            and attributes.obj is not None
        )

    def admit(self, attributes: Attributes) -> None:
        assert attributes.obj is not None
        spec = attributes.obj["spec"]
        tolerations = spec.get("tolerations") or []
        missing = [
            key for key in (NOT_READY, UNREACHABLE) if not any(_covers(t, key) for t in tolerations)
        ]
        if missing:
            spec["tolerations"] = [*tolerations, *(_toleration(key) for key in missing)]

    def validate(self, attributes: Attributes) -> None:
        return None


def _covers(toleration: Obj, key: str) -> bool:
    return toleration.get("key") in (key, None, "") and toleration.get("effect") in (
        "NoExecute",
        None,
        "",
    )


def _toleration(key: str) -> Obj:
    return {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}


class TaintNodesByCondition:
    """A new node takes no pods before its kubelet says that it is ready."""

    name = "TaintNodesByCondition"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.resource.bucket == "nodes"
            and attributes.operation == "CREATE"
            and not attributes.subresource
        )

    def admit(self, attributes: Attributes) -> None:
        assert attributes.obj is not None
        spec = attributes.obj.setdefault("spec", {})
        taints = spec.get("taints") or []
        if not any(t.get("key") == NOT_READY and t.get("effect") == "NoSchedule" for t in taints):
            spec["taints"] = [*taints, {"key": NOT_READY, "effect": "NoSchedule"}]

    def validate(self, attributes: Attributes) -> None:
        return None
