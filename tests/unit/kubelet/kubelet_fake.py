"""A tiny API server for kubelet tests: objects, revisions, watches, graceful deletion."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from mockapi.base import tree
from mockapi.base.clock import Clock, ManualTime, timestamp
from mockapi.base.ids import Ids
from mockapi.client.protocol import Client, Event, ListResult, Watch
from mockapi.kubelet.kubelet import Kubelet, KubeletSettings
from mockapi.kubelet.nodes import NodeShape
from mockapi.machinery import catalogue
from mockapi.machinery.patch import strategic
from mockapi.machinery.patch.two_way import PartPatch
from mockapi.machinery.request import Normal
from mockapi.machinery.schema.schemas import Schemas
from mockapi.meta.errors import AlreadyExists, Conflict, NotFound
from mockapi.runtime.loop import Runtime

Obj = dict[str, Any]
START = 1_700_000_000.0
T0 = "2023-11-14T22:13:20Z"


class FakeWatch:
    def __init__(self, server: "FakeServer", resource: str, at: int) -> None:
        self._server, self._resource, self._at = server, resource, at
        self._wake: Callable[[], None] | None = None

    def poll(self) -> Sequence[Event]:
        log = self._server.log
        news = [e for r, e in log[self._at :] if r == self._resource]
        self._at = len(log)
        return news

    def listen(self, wake: Callable[[], None]) -> None:
        self._server.listeners.append(wake)

    def close(self) -> None:
        return None


class FakeClient:
    def __init__(self, server: "FakeServer", user: str) -> None:
        self.server, self.user = server, user

    def apply(
        self,
        resource: str,
        namespace: str,
        name: str,
        obj: Obj,
        *,
        manager: str,
        subresource: str = "",
    ) -> Obj:
        raise AssertionError(f"no kubelet applies {resource}")

    def fetch(self, path: str, query: Mapping[str, str] | None = None) -> Obj:
        raise AssertionError(f"no kubelet asks for {path}")

    def get(self, resource: str, namespace: str, name: str, *, subresource: str = "") -> Obj:
        return self.server.find(resource, namespace, name)

    def list(
        self,
        resource: str,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> ListResult:
        found = [o for (r, ns, _), o in self.server.objects.items() if r == resource]
        return ListResult(found, str(len(self.server.log)))

    def watch(self, resource: str, *, resource_version: str, **_: Any) -> Watch:
        return FakeWatch(self.server, resource, int(resource_version))

    def create(
        self,
        resource: str,
        namespace: str,
        obj: Obj | Normal,
        *,
        name: str = "",
        subresource: str = "",
    ) -> Obj:
        if isinstance(obj, Normal):
            obj = self.server.vouched(resource, obj.tree)
        return self.server.create(resource, namespace, obj)

    def update(self, resource: str, namespace: str, obj: Obj, *, subresource: str = "") -> Obj:
        return self.server.update(resource, namespace, obj, subresource)

    def patch(
        self,
        resource: str,
        namespace: str,
        name: str,
        patch: Any,
        *,
        subresource: str = "",
        **_: Any,
    ) -> Obj:
        obj = tree.copy(self.server.find(resource, namespace, name))
        if isinstance(patch, PartPatch):
            if patch.normal:
                self.server.vouched(resource, {patch.part: patch.wanted})
            patch = patch.tree()
        if not subresource:
            _merge(obj, patch)
            return self.server.put(resource, obj)
        uid = (patch.get("metadata") or {}).get("uid", obj["metadata"]["uid"])
        if uid != obj["metadata"]["uid"]:
            raise Conflict("", resource, name, "uid")
        kind = {"v1/pods": "Pod", "v1/nodes": "Node"}[resource]
        types = catalogue.load().types
        new = strategic.apply(tree.copy(patch), obj, f"io.k8s.api.core.v1.{kind}", types)
        for condition in new["status"].get("conditions") or ():
            if kind == "Pod":
                for always in ("lastProbeTime", "lastTransitionTime"):
                    condition.setdefault(always, None)
        return self.server.put(resource, new, verb=f"patch {subresource}")

    def delete_collection(
        self, resource: str, namespace: str, *, propagation_policy: str | None = None
    ) -> None:
        raise AssertionError("a kubelet deletes one object at a time")

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        grace_period_seconds: int | None = None,
        uid: str | None = None,
        **_: Any,
    ) -> None:
        self.server.delete(resource, namespace, name, grace_period_seconds, uid)


def _merge(obj: Obj, patch: Obj) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(obj.get(key), dict):
            _merge(obj[key], value)
        else:
            obj[key] = value


@cache
def _schemas() -> Schemas:
    return Schemas(catalogue.load().types)


class FakeServer:
    def __init__(self, clock: Clock, ids: Ids) -> None:
        self.clock, self.ids = clock, ids
        self.objects: dict[tuple[str, str, str], Obj] = {}
        self.log: list[tuple[str, Event]] = []
        self.listeners: list[Callable[[], None]] = []
        self.writes: list[tuple[float, str, str, Obj]] = []
        """(time, verb, resource, object)."""

    def client(self, component: str, *, user: str = "") -> Client:
        return FakeClient(self, user or component)

    def vouched(self, resource: str, obj: Obj) -> Obj:
        """What a kubelet says is as the server would write it is so, to the order of its fields."""
        type_name = {"v1/pods": "Pod", "v1/events": "Event"}[resource]
        normal = _schemas().normal(f"io.k8s.api.core.v1.{type_name}", tree.copy(obj))
        for part, value in obj.items():
            if part != "metadata":
                assert json.dumps(value) == json.dumps(normal[part])
        return obj

    def find(self, resource: str, namespace: str, name: str) -> Obj:
        found = self.objects.get((resource, namespace, name))
        if found is None:
            raise NotFound("", resource.rpartition("/")[2], name)
        return found

    def create(self, resource: str, namespace: str, obj: Obj) -> Obj:
        obj = tree.copy(obj)
        metadata = obj["metadata"]
        if namespace:
            metadata["namespace"] = namespace
        if (resource, namespace, metadata["name"]) in self.objects:
            raise AlreadyExists("", resource.rpartition("/")[2], metadata["name"])
        metadata.setdefault("uid", self.ids.uid())
        metadata.setdefault("generation", 1)
        metadata["creationTimestamp"] = timestamp(self.clock.now())
        return self.put(resource, obj, verb="create")

    def update(self, resource: str, namespace: str, obj: Obj, subresource: str) -> Obj:
        metadata = obj["metadata"]
        current = self.find(resource, namespace, metadata["name"])
        if metadata.get("resourceVersion") != current["metadata"]["resourceVersion"]:
            raise Conflict("", resource, metadata["name"], "the object has been modified")
        new = tree.copy(current)
        if subresource:
            new["status"] = tree.copy(obj["status"])
        else:
            new = tree.copy(obj)
        return self.put(resource, new, verb=f"update {subresource}".strip())

    def put(self, resource: str, obj: Obj, verb: str = "patch") -> Obj:
        metadata = obj["metadata"]
        key = (resource, metadata.get("namespace", ""), metadata["name"])
        old = self.objects.get(key)
        metadata["resourceVersion"] = str(len(self.log) + 1)
        self.objects[key] = obj
        self._tell(resource, Event("MODIFIED" if old else "ADDED", obj, old), verb)
        return obj

    def delete(
        self, resource: str, namespace: str, name: str, grace: int | None, uid: str | None = None
    ) -> None:
        obj = self.find(resource, namespace, name)
        if uid is not None and obj["metadata"]["uid"] != uid:
            raise Conflict("", resource, name, "uid")
        if resource == "v1/pods" and obj["spec"].get("nodeName") and grace != 0:
            seconds = grace
            if seconds is None:
                seconds = obj["spec"].get("terminationGracePeriodSeconds", 30)
            new = tree.copy(obj)
            new["metadata"]["deletionTimestamp"] = timestamp(self.clock.now() + seconds)
            new["metadata"]["deletionGracePeriodSeconds"] = seconds
            new["metadata"]["generation"] += 1
            self.put(resource, new, verb="delete")
            return
        del self.objects[resource, namespace, name]
        self._tell(resource, Event("DELETED", obj, obj), "delete")

    def _tell(self, resource: str, event: Event, verb: str) -> None:
        self.log.append((resource, event))
        self.writes.append((self.clock.now() - START, verb, resource, event.object))
        for listener in self.listeners:
            listener()


class Cluster:
    """A kubelet on one node (or more) with the clock in the test's hand."""

    def __init__(self, *, nodes: int = 1, **settings: Any) -> None:
        self.clock = Clock(ManualTime(START))
        self.ids = Ids(1)
        self.server = FakeServer(self.clock, self.ids)
        self.api = self.server.client("test")
        self.runtime = Runtime(self.server, clock=self.clock, ids=self.ids)
        settings.setdefault("shapes", (NodeShape(count=nodes),))
        self.kubelet = Kubelet(KubeletSettings(**settings))
        self.runtime.add(self.kubelet)
        self.settle()
        self.server.writes.clear()

    def settle(self) -> None:
        self.runtime.run_until_idle(limit=200_000)

    def advance(self, seconds: float) -> None:
        """Move on from one due timer to the next."""
        goal = self.clock.now() + seconds
        self.settle()
        while (due := self.clock.next_due()) is not None and due <= goal:
            self.clock.move_to(due)
            self.settle()
        self.clock.move_to(goal)
        self.settle()

    def run(self, name: str = "web", **spec: Any) -> None:
        """Create a bound pod; `annotation`, `owner`, `labels` go to its metadata."""
        metadata: Obj = {"name": name, "uid": f"uid-{name}"}
        if "annotation" in spec:
            metadata["annotations"] = {"mockapi.dev/behaviour": spec.pop("annotation")}
        if "owner" in spec:
            metadata["ownerReferences"] = [{"kind": spec.pop("owner"), "name": "x", "uid": "u"}]
        containers = spec.pop("containers", [{"name": "main", "image": "nginx"}])
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": {
                "nodeName": "node-1",
                "restartPolicy": "Always",
                "terminationGracePeriodSeconds": 30,
                "containers": containers,
                **spec,
            },
            "status": {"phase": "Pending", "qosClass": "BestEffort"},
        }
        self.api.create("v1/pods", "default", pod)
        self.settle()

    def pod(self, name: str = "web") -> Obj:
        return self.api.get("v1/pods", "default", name)

    def status(self, name: str = "web") -> Obj:
        status: Obj = self.pod(name)["status"]
        return status

    def container(self, name: str = "web", index: int = 0) -> Obj:
        status: Obj = self.status(name)["containerStatuses"][index]
        return status

    def conditions(self, name: str = "web") -> dict[str, str]:
        return {c["type"]: c["status"] for c in self.status(name)["conditions"]}

    def events(self, name: str = "web") -> list[tuple[str, str, str, int]]:
        """(type, reason, message, count) about the pod, in order of their first time."""
        found = [o for (r, _, _), o in self.server.objects.items() if r == "v1/events"]
        return [
            (e["type"], e["reason"], e["message"], e["count"])
            for e in found
            if e["involvedObject"]["name"] == name
        ]

    def shown(self, name: str = "web") -> str:
        """The container's state in a word, as kubectl's STATUS column would have it."""
        state = self.container(name)["state"]
        inner = next(iter(state.values()))
        return str(inner.get("reason") or next(iter(state)).capitalize())

    def delete(self, name: str = "web", grace: int | None = None) -> None:
        self.api.delete("v1/pods", "default", name, grace_period_seconds=grace)
        self.settle()

    def exists(self, name: str = "web") -> bool:
        return ("v1/pods", "default", name) in self.server.objects

    def status_writes(self) -> list[tuple[float, Obj]]:
        return [
            (when, obj["status"])
            for when, verb, resource, obj in self.server.writes
            if resource == "v1/pods" and verb == "patch status"
        ]
