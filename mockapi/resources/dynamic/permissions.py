"""Who may write which part of a claim's status: asked besides the usual rules, by the verbs of
`resourceclaims/binding` and `resourceclaims/driver`, which are no subresources of their own.

Source: pkg/registry/resource/utils.go.
"""

from typing import Any

from mockapi.machinery.resource import Context, Obj, UserInfo
from mockapi.meta import fields, users
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.dynamic import allocations

_NODE_NAME = "authentication.kubernetes.io/node-name"


def binding(status: Obj, old: Obj, path: Path, context: Context) -> list[FieldError]:
    """Allocating and reserving, for all claims of the cluster at once."""
    if all(status.get(name) == old.get(name) for name in ("allocation", "reservedFor")):
        return []
    refused = context.refusal(
        context.user,
        context.verb,
        group="resource.k8s.io",
        resource="resourceclaims",
        subresource="binding",
    )
    if not refused:
        return []
    text = "changing status.allocation or status.reservedFor requires "
    text += f'resource="resourceclaims/binding", verb="{context.verb}" permission: {refused}'
    return [fields.forbidden(path, text)]


def device_status(
    status: Obj, old: Obj, namespace: str, path: Path, context: Context
) -> list[FieldError]:
    """Telling of devices, driver by driver; on the claim's own node or anywhere."""
    verbs = [f"arbitrary-node:{context.verb}"]
    if _is_on(context.user, _node_of(status.get("allocation") or {})):
        verbs.insert(0, f"associated-node:{context.verb}")
    found = []
    for driver in sorted(_changed_drivers(status, old)):
        refused = [_refused(verb, namespace, driver, context) for verb in verbs]
        if all(refused):
            text = 'changing status.devices requires resource="resourceclaims/driver", '
            text += f'verb="[{" ".join(verbs)}]" permission: {refused[0]}'
            found.append(fields.forbidden(path, text))
    return found


def _refused(verb: str, namespace: str, driver: str, context: Context) -> str:
    return context.refusal(
        context.user,
        verb,
        group="resource.k8s.io",
        resource="resourceclaims",
        subresource="driver",
        namespace=namespace,
        name=driver,
    )


def _changed_drivers(status: Obj, old: Obj) -> set[str]:
    now, before = _told(status), _told(old)
    return {key[0] for key in {*now, *before} if now.get(key) != before.get(key)}


def _told(status: Obj) -> dict[tuple[str, ...], Any]:
    return {allocations.device_id(device): device for device in status.get("devices") or ()}


def _node_of(allocation: Obj) -> str:
    """The one node that an allocation is for, if it names it in the way that schedulers do."""
    terms = (allocation.get("nodeSelector") or {}).get("nodeSelectorTerms") or []
    if len(terms) != 1 or terms[0].get("matchExpressions"):
        return ""
    match terms[0].get("matchFields"):
        case [{"key": "metadata.name", "operator": "In", "values": [str(name)]}]:
            return name
    return ""


def _is_on(user: UserInfo, node: str) -> bool:
    """A service account whose token was made for a pod on the node."""
    nodes = (user.extra or {}).get(_NODE_NAME) or []
    return bool(node) and user.name.startswith(users.ACCOUNT) and list(nodes) == [node]
