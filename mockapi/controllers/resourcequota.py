"""The status of ResourceQuotas. Source: pkg/controller/resourcequota."""

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, served
from mockapi.machinery.admission import usage
from mockapi.machinery.admission.amounts import ZERO, Amounts, add
from mockapi.meta.errors import ApiError
from mockapi.runtime.informer import Informer
from mockapi.runtime.loop import Runtime

RESOURCE = "v1/resourcequotas"
RESYNC = 300.0


class ResourceQuotaController:
    name = "resourcequota-controller"

    def start(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.client = base.client(runtime)
        self.served = served.Served(runtime)
        self.quotas = runtime.informer(RESOURCE)
        self.watched: dict[str, Informer] = {}
        self.queue = base.queue(runtime, self.name, self.sync, self.quotas)
        self.quotas.on_event(self._quota_changed)
        base.every(runtime, f"{self.name}-resync", RESYNC, self._again, first=RESYNC)

    def _quota_changed(self, event: Event) -> None:
        """A status is the controller's own work, or that of the admission."""
        old = event.old
        if old is None or old["spec"].get("hard") != event.object["spec"].get("hard"):
            self.queue.add(objects.key(event.object))

    def _again(self) -> None:
        for quota in self.quotas.list():
            self.queue.add(objects.key(quota))

    def _informer(self, name: str) -> Informer | None:
        """The informer of a resource that a quota counts, watched from the first time on."""
        known = self.watched.get(name)
        if known is not None:
            return known
        try:
            informer: Informer | None = self.runtime.informer(name)
        except ApiError:
            informer = None
        if informer is not None:
            self.watched[name] = informer
            informer.on_event(self._counted_changed)
        return informer

    def _counted_changed(self, event: Event) -> None:
        """Only what gives something back matters: what is taken, the admission has counted."""
        obj, old = event.object, event.old
        if event.type != "DELETED" and (old is None or not _gives_back(old, obj)):
            return
        for quota in self.quotas.list(objects.namespace(obj)):
            self.queue.add(objects.key(quota))

    def sync(self, key: str) -> None:
        quota = self.quotas.get_key(key)
        if quota is None:
            return
        hard = quota["spec"].get("hard") or {}
        used: Amounts = {}
        for row in self._rows(hard):
            bucket = _plain(row)
            names = usage.names(bucket, hard)
            informer = self._informer(row.resource)
            if informer is None:
                continue
            used |= {name: used.get(name, ZERO) for name in names}
            for obj in informer.list(objects.namespace(quota)):
                if usage.in_scopes(bucket, quota, obj):
                    own = usage.usage(bucket, obj)
                    add(used, {name: own[name] for name in names if name in own})
        new = {"hard": hard, "used": {name: str(used.get(name, ZERO)) for name in hard}}
        if new != objects.status(quota):
            base.update_status(self.client, RESOURCE, quota, new, retries=0)

    def _rows(self, hard: Obj) -> list[served.Row]:
        """One version of each resource that the quota counts."""
        found: dict[str, served.Row] = {}
        for row in self.served.all():
            bucket = _plain(row)
            if bucket not in found and usage.names(bucket, hard):
                found[bucket] = row
        return list(found.values())


def _gives_back(old: Obj, new: Obj) -> bool:
    """Source: pkg/quota/v1/install/update_filter.go."""
    kind = new["kind"]
    if kind == "Service":
        return _service_type(old) != _service_type(new)
    if kind != "Pod":
        return bool(kind == "PersistentVolumeClaim")
    if objects.pod_finished(new) and not objects.pod_finished(old):
        return True
    limited = "activeDeadlineSeconds"
    return (limited in old["spec"]) != (limited in new["spec"]) or _resources(old) != _resources(
        new
    )


def _service_type(service: Obj) -> str:
    """As far as quotas tell them apart."""
    found = str(service["spec"].get("type", ""))
    return found if found in ("NodePort", "LoadBalancer") else ""


def _resources(pod: Obj) -> dict[str, Obj | None]:
    sorts = ("initContainerStatuses", "containerStatuses")
    rows = (row for sort in sorts for row in objects.status(pod).get(sort) or ())
    return {row["name"]: row.get("resources") for row in rows}


def _plain(row: served.Row) -> str:
    """`deployments.apps`, `pods`."""
    plural = row.resource.rpartition("/")[2]
    return f"{plural}.{row.group}" if row.group else plural
