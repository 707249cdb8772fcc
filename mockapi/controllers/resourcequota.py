"""The status of ResourceQuotas. Source: pkg/controller/resourcequota."""

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, served
from mockapi.machinery.admission import usage
from mockapi.machinery.admission.amounts import ZERO, Amounts, add
from mockapi.meta.errors import ApiError
from mockapi.runtime.informer import Informer
from mockapi.runtime.loop import Runtime

RESOURCE = "v1/resourcequotas"


class ResourceQuotaController:
    name = "resourcequota-controller"

    def start(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.client = base.client(runtime)
        self.served = served.Served(runtime)
        self.quotas = runtime.informer(RESOURCE)
        self.watched: dict[str, Informer] = {}
        self.queue = base.queue(runtime, self.name, self.sync, self.quotas)
        self.quotas.on_event(lambda event: self.queue.add(objects.key(event.object)))

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
        """Only what may change a sum matters: coming, going, ending, another spec."""
        obj, old = event.object, event.old
        if old is not None and event.type == "MODIFIED":
            same = old.get("spec") == obj.get("spec")
            if same and objects.pod_finished(old) == objects.pod_finished(obj):
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


def _plain(row: served.Row) -> str:
    """`deployments.apps`, `pods`."""
    plural = row.resource.rpartition("/")[2]
    return f"{plural}.{row.group}" if row.group else plural
