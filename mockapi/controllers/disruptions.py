"""The DisruptionTarget condition by which a controller says why it ends a pod."""

from mockapi.client.protocol import Client, Obj
from mockapi.controllers import objects


def mark(
    client: Client,
    pod: Obj,
    now: float,
    reason: str,
    message: str,
    *,
    phase: str = "",
    says_generation: bool = True,
) -> None:
    """Patch the condition (and a phase) into the pod's status, if that changes anything."""
    known = objects.condition(pod, "DisruptionTarget") if reason else None
    same = known is not None and known.get("status") == "True" and known.get("reason") == reason
    new: Obj = {}
    if reason and not (same and known is not None and known.get("message") == message):
        made = objects.new_condition("DisruptionTarget", "True", now, reason, message)
        if known is not None and known.get("status") == "True":
            made["lastTransitionTime"] = known["lastTransitionTime"]
        if says_generation:
            made["observedGeneration"] = objects.generation(pod)
        new["conditions"] = [made]
        types = [row["type"] for row in objects.status(pod).get("conditions") or ()]
        types += [] if known is not None else ["DisruptionTarget"]
        new["$setElementOrder/conditions"] = [{"type": type} for type in types]
    if phase and objects.phase(pod) != phase:
        new["phase"] = phase
        new["observedGeneration"] = objects.generation(pod)
    if not new:
        return
    client.patch(
        "v1/pods",
        objects.namespace(pod),
        objects.name(pod),
        {"metadata": {"uid": objects.uid(pod)}, "status": new},
        patch_type=objects.STRATEGIC,
        subresource="status",
    )
