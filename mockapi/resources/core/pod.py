"""Pod."""

from collections.abc import Mapping

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.resources import fields


def _pod_ip(obj: Obj) -> str:
    ips = (obj.get("status") or {}).get("podIPs")
    return ips[0].get("ip", "") if ips else ""


SELECTABLE: Mapping[str, fields.Text] = {
    "spec.nodeName": fields.text("spec", "nodeName"),
    "spec.restartPolicy": fields.text("spec", "restartPolicy"),
    "spec.schedulerName": fields.text("spec", "schedulerName"),
    "spec.serviceAccountName": fields.text("spec", "serviceAccountName"),
    "spec.hostNetwork": fields.flag("spec", "hostNetwork"),
    "status.phase": fields.text("status", "phase"),
    "status.podIP": _pod_ip,
    "status.nominatedNodeName": fields.text("status", "nominatedNodeName"),
}


def graceful_delete(obj: Obj, asked: int | None, context: Context) -> int:
    """How long a pod may take to end: not at all when no node knows of it, or when it has ended."""
    spec = obj["spec"]
    if not spec.get("nodeName") or obj.get("status", {}).get("phase") in ("Failed", "Succeeded"):
        return 0
    period = spec.get("terminationGracePeriodSeconds") or 0 if asked is None else asked
    return 1 if period < 0 else period


STRATEGY = Strategy(
    group="",
    kind="Pod",
    has_generation=True,
    has_status=True,
    graceful_delete=graceful_delete,
    selectable=SELECTABLE,
)
