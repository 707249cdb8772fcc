"""What every write keeps and checks in an object's metadata, whatever its kind.

Source: apiserver pkg/registry/rest (meta.go, create.go, update.go), pkg/endpoints/handlers.
"""

from functools import lru_cache
from typing import Any

from mockapi.machinery.request import Request
from mockapi.machinery.resource import Obj
from mockapi.meta import gofmt, messages
from mockapi.meta.errors import ApiError, BadRequest, Conflict

_KIND_KEYS = frozenset(("kind", "apiVersion", "metadata"))
_BOOKKEEPING = frozenset(("managedFields", "resourceVersion"))


def wipe_system_fields(metadata: Obj) -> None:
    """What a client may not set at creation. Source: rest.WipeObjectMetaSystemFields."""
    for key in (
        "creationTimestamp",
        "uid",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    ):
        metadata.pop(key, None)


def check_no_version(version: str | None) -> None:
    """Nonsense counts as none."""
    if version and version.isdigit() and int(version):
        raise ApiError(500, "", "resourceVersion should not be set on objects to be created")


def check_version_text(version: str | None) -> None:
    if version and not version.isdigit():
        text = f"strconv.ParseUint: parsing {gofmt.quote(version)}: invalid syntax"
        raise ApiError(500, "", text)


# Where etcd keys are not made of the resource's name.
_KEY_PREFIXES = {
    "services": "services/specs",
    "endpoints": "services/endpoints",
    "nodes": "minions",
    "replicationcontrollers": "controllers",
    "ingresses.networking.k8s.io": "ingress",
}


def registry_key(request: Request, *, dry_run: bool = False) -> str:
    """The key under which the real server would keep an object; a dry run does not get so far as
    to know the root of all keys."""
    resource, namespace, name = request.resource, request.namespace, request.name
    prefix = _KEY_PREFIXES.get(resource.bucket, resource.gvr.resource)
    root = "" if dry_run else "/registry"
    return "/".join([root, prefix, *([namespace] if namespace else []), name])


def wrong_uid(key: str, asked: str, recorded: str) -> str:
    return (
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: UID in precondition: {asked}, "
        f"UID in object meta: {recorded}"
    )


def match_namespace(metadata: Obj, namespace: str) -> None:
    """Fill in the request's namespace, or refuse another one."""
    said = metadata.get("namespace")
    if not namespace:
        metadata.pop("namespace", None)
    elif not said:
        metadata["namespace"] = namespace
    elif said != namespace:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def check_no_uid(request: Request, obj: Obj) -> None:
    """What an apply makes has no uid yet."""
    if not (uid := obj["metadata"].get("uid")):
        return
    gvr = request.resource.gvr
    text = (
        f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
    )
    raise Conflict(gvr.group, gvr.resource, request.name, text)


def check_name(request: Request, obj: Obj) -> None:
    """The object's namespace and name must be those in the path."""
    match_namespace(obj["metadata"], request.namespace if request.resource.namespaced else "")
    name = obj["metadata"].get("name")
    if not name:
        raise BadRequest(
            f"the name of the object ({request.name} based on URL) was undeterminable: "
            "name must be provided"
        )
    if name != request.name:
        raise BadRequest(
            f"the name of the object ({name}) does not match the name on the URL ({request.name})"
        )


@lru_cache(maxsize=1024)
def manager_of(user_agent: str) -> str:
    """The field manager that a User-Agent stands for: what precedes the first slash."""
    name = user_agent.partition("/")[0]
    return "".join(c for c in name if c.isprintable())[:128] or "unknown"


def drop_repeated_owners(metadata: Obj, warnings: list[str], *, late: bool = False) -> None:
    """`late`: patches are looked at after admission only."""
    owners = metadata.get("ownerReferences")
    if not owners or len(owners) == 1:
        return
    kept: list[Obj] = []
    repeated = []
    for owner in owners:
        if owner in kept:
            repeated.append(owner.get("uid", ""))
        else:
            kept.append(owner)
    if repeated:
        text = messages.repeated_owners(repeated, late=late)
        if text not in warnings:
            warnings.append(text)
        metadata["ownerReferences"] = kept


def keep(new: Obj, old: Obj, key: str) -> None:
    """Make a key of `new` what it is in `old`."""
    if key in old:
        new[key] = old[key]
    else:
        new.pop(key, None)


def keep_system_fields(metadata: Obj, before: Obj) -> None:
    if not metadata.get("uid"):
        metadata["uid"] = before["uid"]
    if before.get("creationTimestamp"):
        metadata["creationTimestamp"] = before["creationTimestamp"]
    if before.get("deletionTimestamp"):
        metadata["deletionTimestamp"] = before["deletionTimestamp"]
    if "deletionGracePeriodSeconds" in before and "deletionGracePeriodSeconds" not in metadata:
        metadata["deletionGracePeriodSeconds"] = before["deletionGracePeriodSeconds"]


def keep_other_parts(obj: Obj, old: Obj, part: str) -> None:
    for key in (obj.keys() | old.keys()) - _KIND_KEYS:
        if key != part:
            keep(obj, old, key)


def is_bookkeeping(metadata: Obj, before: Obj) -> bool:
    """Nothing differs but what the server keeps there itself: the rest was judged when it was
    written."""
    if metadata.keys() - _BOOKKEEPING != before.keys() - _BOOKKEEPING:
        return False
    return all(
        value is before.get(key) or key in _BOOKKEEPING or value == before[key]
        for key, value in metadata.items()
    )


def same(obj: Obj, old: Obj) -> bool:
    """Nothing would change but the resourceVersion and the times of managed fields."""
    if obj.keys() != old.keys():
        return False
    for key, value in obj.items():
        if key != "metadata" and value is not old[key] and value != old[key]:
            return False
    return _same_metadata(obj["metadata"], old["metadata"])


def _same_metadata(new: Obj, old: Obj) -> bool:
    keys = new.keys() | old.keys()
    for key in keys:
        if key == "resourceVersion":
            continue
        if new.get(key) != old.get(key) and (
            key != "managedFields" or _without_times(new.get(key)) != _without_times(old.get(key))
        ):
            return False
    return True


def _without_times(entries: Any) -> Any:
    return [{k: v for k, v in entry.items() if k != "time"} for entry in entries or ()]
