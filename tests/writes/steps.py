"""Plays a scenario: what a user, a scheduler and a kubelet do, step by step. See README.md."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

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
                    VERBS[verb](world, _named(one, world.namespace))
                except ApiError as error:
                    replies.append([number, error.code, error.reason, error.message])
                world.breathe()
        world.rest()
    return history.assemble(world.namespace, world.lines, replies)


def _named(value: Any, namespace: str) -> Any:
    if isinstance(value, str):
        return value.replace("$NS", namespace)
    if isinstance(value, dict):
        return {_named(k, namespace): _named(v, namespace) for k, v in value.items()}
    if isinstance(value, list):
        return [_named(item, namespace) for item in value]
    return value


def _place(world: World, of: str) -> tuple[str, str, str]:
    """`deployments/web` as resource, namespace and name."""
    plural, _, name = of.partition("/")
    namespace = "" if plural in CLUSTER_SCOPED else world.namespace
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
                _one(world, what["of"], name),
                what[sort],
                patch_type=content_type,
                subresource=what.get("sub", ""),
            )


def _one(world: World, of: str, name: str) -> str:
    """`pods/web-*` is the first of those pods."""
    if not name.endswith("*"):
        return name
    resource, namespace, _ = _place(world, of)
    found = _listed(world, resource, namespace, name.rstrip("*"))
    return str(found[0]["metadata"]["name"])


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
        _one(world, asked["of"], name),
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


def _stamp(world: World) -> str:
    return datetime.fromtimestamp(int(world.now()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _status(world: World, pod: Obj, to: str, what: Obj) -> Obj:
    """The status that a kubelet would report."""
    moment = _stamp(world)
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
    """Play the kubelet. `of`: prefix; `to`: a state, `gone` or `node`; `was`: a state; `count`."""
    found = _listed(world, "v1/pods", world.namespace, what["of"])
    if "was" in what:
        found = [pod for pod in found if _state(pod) == what["was"]]
    elif what["to"] != "gone":
        found = [pod for pod in found if _state(pod) not in ("going", "failed", "succeeded")]
    for pod in found[: what.get("count")]:
        _report(world, pod, what)
        world.breathe()


def _report(world: World, pod: Obj, what: Obj) -> None:
    name, to = pod["metadata"]["name"], what["to"]
    if to == "gone":
        world.client.delete("v1/pods", world.namespace, name, grace_period_seconds=0)
    elif to in ("bound", "placed"):
        node = what["node"] if to == "bound" else node_of(pod)
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        binding = {"apiVersion": "v1", "kind": "Binding", "target": target}
        binding["metadata"] = {"name": name, "namespace": world.namespace}
        world.client.create("v1/pods", world.namespace, binding, name=name, subresource="binding")
    else:
        body = {"status": _status(world, pod, to, what)}
        world.client.patch("v1/pods", world.namespace, name, body, subresource="status")


def wait(world: World, seconds: float) -> None:
    world.wait(seconds)


def second(world: World, wanted: float) -> None:
    """Wait for a second of the minute: for what follows the wall clock."""
    world.wait((wanted - world.now()) % 60)


def evict(world: World, name: str) -> None:
    name = _one(world, f"pods/{name}", name)
    body: Obj = {"apiVersion": "policy/v1", "kind": "Eviction"}
    body["metadata"] = {"name": name, "namespace": world.namespace}
    world.client.create("v1/pods", world.namespace, body, name=name, subresource="eviction")


def metrics(world: World, what: Obj) -> None:
    world.measure(what)


def put(world: World, what: Obj) -> None:
    """Replace a part of an object: `{of: ..., set: {status: {...}}, sub: approval}`. `with` is
    what the spec must mention where the name has a star."""
    resource, namespace, name = _place(world, what["of"])
    if name.endswith("*"):
        found = _listed(world, resource, namespace, name.rstrip("*"))
        name = next(
            item["metadata"]["name"] for item in found if what.get("with", "") in str(item["spec"])
        )
    obj = world.client.get(resource, namespace, name)
    world.client.update(
        resource, namespace, {**obj, **what["set"]}, subresource=what.get("sub", "")
    )


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
}
