"""The status of ResourceQuotas. Source: pkg/controller/resourcequota."""

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, served, usage, volumes
from mockapi.meta import quantity
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
        resource: str | None = name
        if "/" not in name:
            rows = (r.resource for r in self.served.all() if _plain(r) == name)
            resource = next(rows, None)
        try:
            informer = self.runtime.informer(resource) if resource else None
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
        parts: list[usage.Usage] = []
        for name in dict.fromkeys(usage.needs(item) for item in hard):
            informer = self._informer(name)
            for obj in informer.list(objects.namespace(quota)) if informer is not None else ():
                parts += self._parts(name, quota, obj)
        new = {"hard": hard, "used": usage.total(hard, parts)}
        if new != objects.status(quota):
            base.update_status(self.client, RESOURCE, quota, new, retries=0)

    def _parts(self, name: str, quota: Obj, obj: Obj) -> list[usage.Usage]:
        one = quantity.parse("1")
        if name == "v1/pods":
            fits = usage.counts(obj) and usage.in_scope(quota, obj)
            return [usage.pod(obj)] if fits else []
        if name == "v1/persistentvolumeclaims":
            return [usage.claim(obj, volumes.class_of(obj))]
        if name == "v1/services":
            return [usage.service(obj)]
        if "/" in name:
            return [{name.rpartition("/")[2]: one}]
        return [{f"count/{name}": one}]


def _plain(row: served.Row) -> str:
    """`deployments.apps`, `pods`."""
    plural = row.resource.rpartition("/")[2]
    return f"{plural}.{row.group}" if row.group else plural
