"""A scheduler on a real request path, without HTTP, controllers and kubelets."""

from typing import Any

from mockapi.base.clock import Clock, ManualTime, timestamp
from mockapi.base.ids import Ids
from mockapi.client.inprocess import InProcessClients
from mockapi.machinery import bootstrap, catalogue
from mockapi.machinery.admission.plugins import default_chain
from mockapi.machinery.bodies import Bodies
from mockapi.machinery.managedfields.managers import Managers
from mockapi.machinery.objects import Objects
from mockapi.machinery.pipeline import Pipeline
from mockapi.machinery.registry import Registry
from mockapi.machinery.schema.schemas import Schemas
from mockapi.resources import defaults
from mockapi.resources.conversions import CONVERSIONS
from mockapi.resources.strategies import STRATEGIES
from mockapi.runtime.loop import Runtime
from mockapi.scheduler.component import Scheduler
from mockapi.store.memory import MemoryStore

Obj = dict[str, Any]
START = 1_700_000_000.0
T0 = "2023-11-14T22:13:20Z"


class World:
    def __init__(self, scheduler: Scheduler | None = None) -> None:
        self.clock = Clock(ManualTime(START))
        self.ids = Ids(1)
        pipeline = _pipeline(self.clock, self.ids)
        bootstrap.populate(pipeline)
        self.clients = InProcessClients(pipeline)
        self.client = self.clients.client("test")
        self.runtime = Runtime(self.clients, clock=self.clock, ids=self.ids)
        self.scheduler = scheduler or Scheduler()
        self.create("v1/serviceaccounts", _object("v1", "ServiceAccount", "default"))
        self.runtime.add(self.scheduler)
        self.settle()

    def settle(self) -> None:
        self.runtime.run_until_idle(limit=100_000)

    def advance(self, seconds: float) -> None:
        target = self.clock.now() + seconds
        self.settle()
        while (due := self.clock.next_due()) is not None and due <= target:
            self.clock.move_to(due)
            self.settle()
        self.clock.move_to(target)
        self.settle()

    def create(self, resource: str, obj: Obj) -> Obj:
        return self.client.create(resource, obj["metadata"].get("namespace", ""), obj)

    def patch(self, resource: str, namespace: str, name: str, patch: Obj) -> Obj:
        return self.client.patch(resource, namespace, name, patch)

    def node(self, name: str = "n0", **changes: Any) -> Obj:
        """Ready for pods: the taint that a new node gets is gone."""
        allocatable = {"cpu": "2", "memory": "4Gi", "pods": "10", **changes.pop("allocatable", {})}
        node = _object("v1", "Node", name, namespace="")
        node["metadata"]["labels"] = {"kubernetes.io/hostname": name, **changes.pop("labels", {})}
        node["status"] = {"allocatable": allocatable, "capacity": allocatable}
        self.create("v1/nodes", node)
        return self.patch("v1/nodes", "", name, {"spec": {"taints": None, **changes}})

    def pod(self, name: str = "p", *, cpu: str = "1", **spec: Any) -> Obj:
        pod = _object("v1", "Pod", name)
        pod["metadata"]["labels"] = spec.pop("labels", {"app": name})
        container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}
        pod["spec"] = {"containers": [container], "terminationGracePeriodSeconds": 0, **spec}
        return self.create("v1/pods", pod)

    def priority(self, name: str, value: int) -> None:
        priority = _object("scheduling.k8s.io/v1", "PriorityClass", name, namespace="")
        self.create("scheduling.k8s.io/v1/priorityclasses", {**priority, "value": value})

    def get(self, name: str = "p", resource: str = "v1/pods") -> Obj:
        return self.client.get(resource, "default", name)

    def where(self, *names: str) -> list[str | None]:
        """Nodes of the pods."""
        return [self.get(name)["spec"].get("nodeName") for name in names]

    def scheduled_condition(self, name: str = "p") -> Obj:
        conditions = self.get(name)["status"].get("conditions", [])
        found: Obj = next((c for c in conditions if c["type"] == "PodScheduled"), {})
        return found

    def events(self) -> list[tuple[str, str, str]]:
        """Reason, pod and note in order of time."""
        found = self.client.list("events.k8s.io/v1/events").items
        ordered = sorted(found, key=lambda e: int(e["metadata"]["name"].rpartition(".")[2], 16))
        return [(e["reason"], e["regarding"]["name"], e["note"]) for e in ordered]

    def delete(self, name: str, resource: str = "v1/pods") -> None:
        self.client.delete(resource, "default" if resource == "v1/pods" else "", name)


def _object(api: str, kind: str, name: str, namespace: str = "default") -> Obj:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata}


def _pipeline(clock: Clock, ids: Ids) -> Pipeline:
    loaded = catalogue.load("1.37")
    schemas = Schemas(
        loaded.types,
        defaults.defaulters(lambda: timestamp(clock.now())),
        names=lambda: loaded.table("gonames"),
    )
    objects = Objects(schemas, CONVERSIONS, defaults.NORMALISERS)
    return Pipeline(
        registry=Registry(loaded, STRATEGIES),
        store=MemoryStore(),
        objects=objects,
        bodies=Bodies(objects=objects, types=loaded.types, clock=clock),
        clock=clock,
        ids=ids,
        admission=default_chain(),
        managers=Managers(loaded.types),
        hooks={},
    )
