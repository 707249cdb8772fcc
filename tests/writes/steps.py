"""Plays a scenario: what a user, a scheduler and a kubelet do, step by step. See README.md."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockapi.base.clock import timestamp
from mockapi.controllers.daemonpods import node_of
from mockapi.meta.errors import ApiError
from tests.writes import history, shapes
from tests.writes.shapes import CLUSTER_SCOPED, RESOURCES
from tests.writes.worlds import World, make_lease

Obj = dict[str, Any]


def play(world: World, steps: Iterable[Mapping[str, Any]]) -> Obj:
    """The history of a run."""
    replies: list[Any] = []
    for number, step in enumerate(steps):
        world.begin()
        world.step = number
        for verb, what in step.items():
            for one in what if isinstance(what, list) else [what]:
                try:
                    VERBS[verb](world, _named(one, world))
                except ApiError as error:
                    replies.append([number, error.code, error.reason, error.message])
                world.breathe()
        world.rest()
    return history.assemble(world.namespace, world.lines, replies)


# `$IN(5)`: the moment in five seconds.
_MOMENT = re.compile(r"\$IN\((-?\d+)\)")


def _named(value: Any, world: World) -> Any:
    if isinstance(value, str):
        text = value.replace("$NS", world.namespace)
        return _MOMENT.sub(lambda match: timestamp(world.now() + int(match[1])), text)
    if isinstance(value, dict):
        return {_named(k, world): _named(v, world) for k, v in value.items()}
    if isinstance(value, list):
        return [_named(item, world) for item in value]
    return value


def _place(world: World, of: str) -> tuple[str, str, str]:
    """`deployments/web` as resource, namespace and name; `kube-system:secrets/x` is elsewhere."""
    inside, elsewhere, rest = of.rpartition(":")
    plural, _, name = rest.partition("/")
    namespace = "" if plural in CLUSTER_SCOPED else inside if elsewhere else world.namespace
    return RESOURCES[plural], namespace, name


def create(world: World, short: Obj) -> None:
    obj = shapes.describe(short)
    plural = shapes.plural(obj["kind"])
    if plural in CLUSTER_SCOPED:
        world.mine(obj["metadata"]["name"])
    if plural == "nodes":
        world.nodes.add(obj["metadata"]["name"])
        make_lease(world.client, world.now(), obj["metadata"]["name"])
    namespace = obj["metadata"].get("namespace", world.namespace)
    if plural not in CLUSTER_SCOPED:
        world.elsewhere(RESOURCES[plural], namespace, obj["metadata"]["name"])
    _own(world, obj)
    world.client.create(RESOURCES[plural], "" if plural in CLUSTER_SCOPED else namespace, obj)


def _own(world: World, obj: Obj) -> None:
    """Owners are written without uid: `uid: of` takes it from the living object."""
    for owner in obj["metadata"].get("ownerReferences", ()):
        if owner.get("uid") == "of":
            place = _place(world, f"{shapes.plural(owner['kind'])}/{owner['name']}")
            owner["uid"] = world.client.get(*place)["metadata"]["uid"]


TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


def patch(world: World, what: Obj) -> None:
    resource, namespace, name = _place(world, what["of"])
    for sort, content_type in TYPES.items():
        if sort in what:
            world.client.patch(
                resource,
                namespace,
                _one(world, what, name),
                what[sort],
                patch_type=content_type,
                subresource=what.get("sub", ""),
            )


def _one(world: World, what: Obj, name: str) -> str:
    """`pods/web-*` is the first of those pods; `with` is what its spec must mention."""
    if not name.endswith("*"):
        return name
    resource, namespace, _ = _place(world, what["of"])
    found = _listed(world, resource, namespace, name.rstrip("*"))
    for item in found:
        if what.get("with", "") in str(item.get("spec")):
            return str(item["metadata"]["name"])
    raise LookupError(f"there is no {what['of']}")


def _listed(world: World, resource: str, namespace: str, prefix: str) -> list[Obj]:
    items = [
        item
        for item in world.client.list(resource, namespace).items
        if item["metadata"]["name"].startswith(prefix)
    ]
    return sorted(items, key=lambda o: int(o["metadata"]["resourceVersion"]))


def delete(world: World, what: Obj | str) -> None:
    asked: Obj = {"of": what} if isinstance(what, str) else what
    resource, namespace, name = _place(world, asked["of"])
    world.client.delete(
        resource,
        namespace,
        _one(world, asked, name),
        propagation_policy=asked.get("propagation"),
        grace_period_seconds=asked.get("grace"),
    )


def _state(pod: Obj) -> str:
    status = pod.get("status") or {}
    if "deletionTimestamp" in pod["metadata"]:
        return "going"
    ready = [c for c in status.get("conditions", ()) if c["type"] == "Ready"]
    if status.get("phase") == "Running":
        return "ready" if ready and ready[0]["status"] == "True" else "running"
    return str(status.get("phase", "Pending")).lower()


def _status(world: World, pod: Obj, to: str, what: Obj) -> Obj:
    """The status that a kubelet would report."""
    moment = timestamp(world.now())
    phases = {"running": "Running", "ready": "Running", "succeeded": "Succeeded"}
    phase = phases.get(to, "Failed" if to == "failed" else "Pending")
    ready = "True" if to == "ready" else "False"
    conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": moment}]
    conditions += [
        {"status": "True", "lastTransitionTime": moment, **condition}
        for condition in what.get("conditions", ())
    ]
    states: dict[str, Obj] = {
        "Running": {"running": {"startedAt": moment}},
        "Succeeded": {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": moment}},
        "Failed": {
            "terminated": {"exitCode": what.get("exit", 1), "reason": "Error", "finishedAt": moment}
        },
        "Pending": {"waiting": {"reason": "ContainerCreating"}},
    }
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": to == "ready",
            "restartCount": what.get("restarts", 0),
            "state": states[phase],
        }
        for container in pod["spec"]["containers"]
    ]
    more: Obj = {key: what[key] for key in ("reason", "message") if key in what}
    ip: Obj = {"podIP": what["ip"], "podIPs": [{"ip": what["ip"]}]} if "ip" in what else {}
    status: Obj = {"phase": phase, "startTime": moment, "conditions": conditions}
    return {**status, "containerStatuses": containers, **more, **ip}


def pods(world: World, what: Obj) -> None:
    """Play the kubelet. `of`: prefix; `in`: a namespace; `to`: a state, `gone` or `node`; `was`: a
    state; `count`."""
    found = _listed(world, "v1/pods", what.get("in", world.namespace), what["of"])
    if "was" in what:
        found = [pod for pod in found if _state(pod) == what["was"]]
    elif what["to"] != "gone":
        found = [pod for pod in found if _state(pod) not in ("going", "failed", "succeeded")]
    for pod in found[: what.get("count")]:
        _report(world, pod, what)
        world.breathe()


def _report(world: World, pod: Obj, what: Obj) -> None:
    name, inside, to = pod["metadata"]["name"], pod["metadata"]["namespace"], what["to"]
    if to == "gone":
        world.client.delete("v1/pods", inside, name, grace_period_seconds=0)
    elif to in ("bound", "placed"):
        node = what["node"] if to == "bound" else node_of(pod)
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        binding = {"apiVersion": "v1", "kind": "Binding", "target": target}
        binding["metadata"] = {"name": name, "namespace": world.namespace}
        world.client.create("v1/pods", world.namespace, binding, name=name, subresource="binding")
    else:
        body = {"status": _status(world, pod, to, what)}
        world.client.patch("v1/pods", inside, name, body, subresource="status")


def wait(world: World, seconds: float) -> None:
    world.wait(seconds)


def second(world: World, wanted: float) -> None:
    """Wait for a second of the minute: for what follows the wall clock."""
    world.wait((wanted - world.now()) % 60)


def evict(world: World, name: str) -> None:
    name = _one(world, {"of": f"pods/{name}"}, name)
    body: Obj = {"apiVersion": "policy/v1", "kind": "Eviction"}
    body["metadata"] = {"name": name, "namespace": world.namespace}
    world.client.create("v1/pods", world.namespace, body, name=name, subresource="eviction")


def metrics(world: World, what: Obj) -> None:
    world.measure(what)


def put(world: World, what: Obj) -> None:
    """Replace parts of an object: `{of: ..., set: {status: {...}}, sub: approval}`; of the
    metadata, what is named."""
    resource, namespace, name = _place(world, what["of"])
    obj = world.client.get(resource, namespace, _one(world, what, name))
    parts = {**what["set"], "metadata": {**obj["metadata"], **what["set"].get("metadata", {})}}
    world.client.update(resource, namespace, {**obj, **parts}, subresource=what.get("sub", ""))


def restart(world: World, controller: str) -> None:
    world.restart(controller)


def repeat(world: World, what: Obj) -> None:
    """`times` times the same step."""
    for _ in range(what["times"]):
        for verb, one in what["step"].items():
            VERBS[verb](world, one)
        world.rest()


VERBS: dict[str, Callable[[World, Any], None]] = {
    "create": create,
    "patch": patch,
    "delete": delete,
    "pods": pods,
    "wait": wait,
    "second": second,
    "evict": evict,
    "metrics": metrics,
    "put": put,
    "repeat": repeat,
    "restart": restart,
}
