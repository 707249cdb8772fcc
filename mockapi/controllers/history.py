"""ControllerRevisions: the past templates of StatefulSets and DaemonSets.

Source: pkg/controller/history.
"""

import json
from collections.abc import Iterable
from typing import Any

from mockapi.client.protocol import Client, Obj
from mockapi.controllers import base, hashing, objects
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError
from mockapi.runtime.informer import Informer

RESOURCE = "apps/v1/controllerrevisions"
HASH_LABEL = "controller-revision-hash"
"""On pods, and on the revisions of DaemonSets."""
REVISION_HASH_LABEL = "controller.kubernetes.io/hash"
"""On the revisions of StatefulSets."""
_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def patch_of(owner: Obj) -> Obj:
    """What a revision stores: a patch that puts the template back, its keys sorted as Go sorts a
    map's: kubectl compares the bytes."""
    template = {**(owner["spec"].get("template") or {}), "$patch": "replace"}
    return {"spec": {"template": _sorted(template)}}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def template_of(revision: Obj) -> Obj:
    template = revision["data"]["spec"]["template"]
    return {name: value for name, value in template.items() if name != "$patch"}


def encoded(data: Obj) -> bytes:
    """As Go marshals a map: keys sorted, HTML escaped."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for char, escape in _ESCAPES.items():
        text = text.replace(char, escape)
    return text.encode()


def name_of(owner: Obj, hash: str) -> str:
    return f"{objects.name(owner)[:223]}-{hash}"


def owned(informer: Informer, owner: Obj) -> list[Obj]:
    """The owner's revisions and those it could adopt, by revision and age."""
    selector = selectors.from_object(owner["spec"].get("selector"))
    found = (
        *informer.by("owner", objects.uid(owner)),
        *informer.by("owner", f"orphan/{objects.namespace(owner)}"),
    )
    return in_order(item for item in found if selector.matches(objects.labels(item)))


def in_order(revisions: Iterable[Obj]) -> list[Obj]:
    return sorted(
        revisions, key=lambda r: (r.get("revision", 0), objects.created(r), objects.name(r))
    )


def describe(owner: Obj, kind: str, revision: int, hash: str, labels: dict[str, str]) -> Obj:
    hash_label = HASH_LABEL if kind == "DaemonSet" else REVISION_HASH_LABEL
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name_of(owner, hash),
            "namespace": objects.namespace(owner),
            "labels": {**labels, hash_label: hash},
            "annotations": dict(objects.annotations(owner)),
            "ownerReferences": [objects.controller_reference(owner, "apps/v1", kind)],
        },
        "data": patch_of(owner),
        "revision": revision,
    }


def create(client: Client, owner: Obj, revision: Obj, collisions: int) -> tuple[Obj, int]:
    """Create under the first hash that is free; returns the collision count that took."""
    data = encoded(revision["data"])
    while True:
        hash = hashing.revision_hash(data, collisions)
        named = objects.with_metadata(revision, name=name_of(owner, hash))
        inside = objects.namespace(owner)
        try:
            return client.create(RESOURCE, inside, named), collisions
        except ApiError as error:
            if not base.already_exists(error):
                raise
        present = client.get(RESOURCE, inside, objects.name(named))
        if present["data"] == revision["data"]:
            return present, collisions
        collisions += 1


def adopted(client: Client, owner: Obj, api_version: str, kind: str, revision: Obj) -> Obj:
    """The revision, of the owner from now on if it was nobody's."""
    if objects.controller_of(revision) is not None:
        return revision
    reference = objects.controller_reference(owner, api_version, kind)
    patch = {"metadata": {"uid": objects.uid(revision), "ownerReferences": [reference]}}
    return client.patch(
        RESOURCE,
        objects.namespace(revision),
        objects.name(revision),
        patch,
        patch_type=objects.STRATEGIC,
    )
