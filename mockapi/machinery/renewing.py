"""Leases renewed by a component of ours: the write that an idle cluster does all the time.

An update that says again what is stored, but for the moment, by whoever owns that already, is
stored without being read, admitted and judged anew. Everything else takes the usual path.
"""

import re
from typing import Any, Final

from mockapi.base.clock import timestamp
from mockapi.machinery.bookkeeping import manager_of
from mockapi.machinery.request import Request, Result
from mockapi.machinery.resource import Obj
from mockapi.machinery.writing import Writer
from mockapi.store.protocol import Conflict

LEASES: Final = "leases.coordination.k8s.io"
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_FIELD: Final = "f:renewTime"


def renewed(writer: Writer, request: Request) -> Result | None:
    """The reply to an update that only renews; None for any other."""
    resource, obj = request.resource, request.obj
    if request.body is not None or request.query or not resource.is_storage_version:
        return None
    entry = writer.store.get(resource.path(request.namespace, request.name))
    if entry is None or entry.parsed is None or writer.admission.has_hooks:
        return None
    live: Obj = entry.parsed
    if not _only_renews(obj, live):
        return None
    now = timestamp(writer.clock.now())
    managed = _owned(live["metadata"], manager_of(request.user_agent), now)
    if managed is None:
        return None
    metadata = {**live["metadata"], "managedFields": managed}
    new = {**live, "metadata": metadata, "spec": {**live["spec"], **obj["spec"]}}
    try:
        written = writer.put_over(entry, new)
    except Conflict:
        return None
    return Result(200, new, written)


def _only_renews(obj: Any, live: Obj) -> bool:
    """The metadata is the very tree that is stored, so nobody has written meanwhile."""
    if not isinstance(obj, dict) or obj.get("metadata") is not live["metadata"]:
        return False
    said, known = obj.get("spec"), live.get("spec")
    if not said or not known or said.keys() != known.keys():
        return False
    moment = said.get("renewTime")
    if not isinstance(moment, str) or moment == known["renewTime"] or not _MOMENT.fullmatch(moment):
        return False
    return all(said[key] == known[key] for key in said if key != "renewTime")


def _owned(metadata: Obj, manager: str, now: str) -> list[Obj] | None:
    """The managed fields after a renewal; None when somebody else has renewed before."""
    entries = metadata.get("managedFields") or ()
    owned = [entry for entry in entries if _FIELD in entry["fieldsV1"].get("f:spec", {})]
    if len(owned) != 1 or owned[0].get("subresource"):
        return None
    mine = owned[0]
    if mine["manager"] != manager or mine["operation"] != "Update":
        return None
    return [{**entry, "time": now} if entry is mine else entry for entry in entries]
