"""Plays a history with our scheduler on a real request path, and lists what it tells."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from scheduler_world import World

from mockapi.meta.errors import NotFound
from mockapi.scheduler import configuration
from mockapi.scheduler.component import Scheduler
from mockapi.scheduler.pods import PodInfo
from tests.scenarios.scheduler import timelines

Told = list[tuple[str, list[str]]]


class Player:
    def __init__(self) -> None:
        configured = configuration.parse(timelines.CONFIGURATION)
        self.world = World(Scheduler(configured.profiles))
        for value in timelines.PRIORITIES:
            if value:
                self.world.priority(f"p{value}", value)
        self._told: Told = []
        self._known: dict[str, Any] = {}
        self.world.scheduler._reports.event = self._note  # type: ignore[method-assign]

    def _note(
        self, pod: PodInfo, type: str, reason: str, action: str, note: str, *, profile: str = ""
    ) -> None:
        for name, known in self._known.items():
            if "uid" in known:
                note = note.replace(known["uid"], name)
        self._told.append((pod.key, [type, reason, action, note]))

    def play(self, steps: Sequence[timelines.Step]) -> list[Told]:
        found = []
        for step in steps:
            self._take(step)
            self.world.settle()
            found.append(self._told)
            self._told = []
        return found

    def _take(self, step: timelines.Step) -> None:
        if "seconds" in step:
            self.world.advance(step["seconds"])
        self.world.advance(0.01)
        if "delete" in step:
            self._delete(step["delete"])
        elif "apply" in step:
            obj = step["apply"]
            (self._node if obj["kind"] == "Node" else self._pod)(obj)

    def _delete(self, obj: Any) -> None:
        name = obj["metadata"]["name"]
        resource = f"v1/{obj['kind'].lower()}s"
        namespace = obj["metadata"].get("namespace", "")
        with suppress(NotFound):
            self.world.client.delete(resource, namespace, name)
        if obj["kind"] == "Node":
            del self._known[name]

    def _node(self, node: Any) -> None:
        name, client = node["metadata"]["name"], self.world.client
        taints = node["spec"].get("taints") or None
        if name not in self._known:
            self.world.create("v1/nodes", node)
            client.patch("v1/nodes", "", name, {"spec": {"taints": taints}})
        elif node["status"] != self._known[name]["status"]:
            client.patch("v1/nodes", "", name, {"status": node["status"]}, subresource="status")
        else:
            spec = {"taints": taints, "unschedulable": node["spec"].get("unschedulable", False)}
            labels = dict.fromkeys(self._known[name]["metadata"]["labels"])
            metadata = {
                "labels": labels | node["metadata"]["labels"],
                "annotations": node["metadata"].get("annotations"),
            }
            client.patch("v1/nodes", "", name, {"metadata": metadata, "spec": spec})
        self._known[name] = node

    def _pod(self, pod: Any) -> None:
        name, client = pod["metadata"]["name"], self.world.client
        if name not in self._known:
            metadata = {key: value for key, value in pod["metadata"].items() if key != "uid"}
            made = self.world.create("v1/pods", {**pod, "metadata": metadata})
            self._known[name] = {"uid": made["metadata"]["uid"]}
            return
        try:
            current = client.get("v1/pods", "default", name)
        except NotFound:
            return
        wanted = pod["spec"].get("tolerations", [])
        given = [t for t in current["spec"].get("tolerations", []) if t not in wanted]
        spec = {
            "schedulingGates": pod["spec"].get("schedulingGates"),
            "tolerations": [*given, *wanted],
        }
        change = {"metadata": {"labels": pod["metadata"]["labels"]}, "spec": spec}
        client.patch("v1/pods", "default", name, change)
