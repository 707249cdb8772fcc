"""Devices of live claims. Statuses and texts from plugins/dynamicresources; what is allocated is
compared with the real scheduler in tests/scenarios/scheduler and tests/peers."""

from typing import Any

from scheduler_world import T0, World

Obj = dict[str, Any]
DRA = "resource.k8s.io/v1"
CLAIMS = f"{DRA}/resourceclaims"


def _object(kind: str, name: str, spec: Obj, namespace: str = "") -> Obj:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": DRA, "kind": kind, "metadata": metadata, "spec": spec}


def _world(*devices: Obj) -> World:
    world = World()
    world.create(f"{DRA}/deviceclasses", _object("DeviceClass", "gpu", {}))
    for name in ("n0", "n1"):
        world.node(name)
    pool = {"name": "n1", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "d.example.com", "pool": pool, "nodeName": "n1", "devices": list(devices)}
    world.create(f"{DRA}/resourceslices", _object("ResourceSlice", "s", spec))
    return world


def _claim(world: World, name: str, **wish: Any) -> None:
    exact = {"deviceClassName": "gpu", **wish}
    spec = {"devices": {"requests": [{"name": "r", "exactly": exact}]}}
    world.create(CLAIMS, _object("ResourceClaim", name, spec, "default"))


def _pod(world: World, name: str, *claims: str) -> None:
    entries = [{"name": claim, "resourceClaimName": claim} for claim in claims or (name,)]
    world.pod(name, cpu="10m", resourceClaims=entries)
    world.settle()


def _status(world: World, name: str) -> Obj:
    status: Obj = world.get(name, CLAIMS)["status"]
    return status


def test_claim_gets_a_device_and_the_pod_its_node() -> None:
    world = _world({"name": "d0"})
    _claim(world, "a")
    _pod(world, "a")
    assert world.where("a") == ["n1"]
    uid = world.get("a")["metadata"]["uid"]
    names = {"key": "metadata.name", "operator": "In", "values": ["n1"]}
    result = {"request": "r", "driver": "d.example.com", "pool": "n1", "device": "d0"}
    assert _status(world, "a") == {
        "allocation": {
            "allocationTimestamp": T0,
            "devices": {"results": [result]},
            "nodeSelector": {"nodeSelectorTerms": [{"matchFields": [names]}]},
        },
        "reservedFor": [{"resource": "pods", "name": "a", "uid": uid}],
    }


def test_device_is_given_once_until_its_claim_is_gone() -> None:
    world = _world({"name": "d0"})
    for name in ("a", "b"):
        _claim(world, name)
        _pod(world, name)
    assert world.where("a", "b") == ["n1", None]
    assert world.scheduled_condition("b")["message"] == (
        "0/2 nodes are available: 2 cannot allocate all claims. preemption: 0/2 nodes are "
        "available: 2 Preemption is not helpful for scheduling."
    )
    world.delete("a")
    claim = world.get("a", CLAIMS)
    claim["metadata"] = {**claim["metadata"], "finalizers": []}
    world.client.update(CLAIMS, "default", claim)
    world.client.delete(CLAIMS, "default", "a")
    world.advance(1)
    assert world.where("b") == ["n1"]


def test_shared_device_is_given_in_parts() -> None:
    capacity = {"memory": {"value": "4Gi", "requestPolicy": {"default": "1Gi"}}}
    world = _world({"name": "d0", "allowMultipleAllocations": True, "capacity": capacity})
    for name, wish in (("a", "3Gi"), ("b", "2Gi"), ("c", "1Gi")):
        _claim(world, name, capacity={"requests": {"memory": wish}})
        _pod(world, name)
    assert world.where("a", "b", "c") == ["n1", None, "n1"]
    shares = [_status(world, name)["allocation"]["devices"]["results"][0] for name in ("a", "c")]
    assert [share["consumedCapacity"] for share in shares] == [{"memory": "3Gi"}, {"memory": "1Gi"}]
    assert len({share["shareID"] for share in shares}) == 2


def test_pod_waits_for_its_device_to_be_made_ready() -> None:
    world = _world(
        {"name": "d0", "bindingConditions": ["Ready"], "bindingFailureConditions": ["Broken"]}
    )
    _claim(world, "a")
    _pod(world, "a")
    assert world.where("a") == [None]
    assert world.get("a")["status"]["nominatedNodeName"] == "n1"
    assert world.events()[-1] == (
        "BindingConditionsPending",
        "a",
        "waiting for binding conditions for device on node n1",
    )
    _report(world, "a", "Ready")
    assert world.where("a") == ["n1"]


def test_device_that_fails_is_given_back() -> None:
    world = _world(
        {"name": "d0", "bindingConditions": ["Ready"], "bindingFailureConditions": ["Broken"]}
    )
    _claim(world, "a")
    _pod(world, "a")
    _report(world, "a", "Broken")
    assert world.scheduled_condition("a")["message"] == (
        'running PreBind plugin "DynamicResources": device binding failed: claim=a, '
        'reason=Because, message="so it is"'
    )
    assert "reservedFor" not in _status(world, "a")
    world.advance(2)
    assert "deallocation of ResourceClaim completed" in world.scheduled_condition("a")["message"]
    again = _status(world, "a")
    assert "devices" not in again
    assert again["allocation"]["allocationTimestamp"] == "2023-11-14T22:13:22Z"


def _report(world: World, name: str, condition: str) -> None:
    """What a driver says about the device."""
    claim = world.get(name, CLAIMS)
    entry = {
        "type": condition,
        "status": "True",
        "reason": "Because",
        "message": "so it is",
        "lastTransitionTime": T0,
    }
    device = {"driver": "d.example.com", "pool": "n1", "device": "d0", "conditions": [entry]}
    changed = {**claim, "status": {**claim["status"], "devices": [device]}}
    world.client.update(CLAIMS, "default", changed, subresource="status")
    world.settle()


def test_taint_rule_keeps_a_device_from_claims_that_do_not_tolerate_it() -> None:
    world = _world({"name": "d0"})
    taint = {"key": "hot", "effect": "NoSchedule"}
    rule = _object("DeviceTaintRule", "hot", {"deviceSelector": {"pool": "n1"}, "taint": taint})
    world.create(f"{DRA}/devicetaintrules", rule)
    _claim(world, "a")
    _pod(world, "a")
    _claim(world, "b", tolerations=[{"operator": "Exists"}])
    _pod(world, "b")
    assert world.where("a", "b") == [None, "n1"]


def test_wrong_selector_is_an_error_of_the_attempt() -> None:
    world = _world({"name": "d0"})
    _claim(world, "a", selectors=[{"cel": {"expression": 'device.attributes["x"].y == 1'}}])
    _pod(world, "a")
    condition = world.scheduled_condition("a")
    assert (condition["reason"], condition["message"]) == (
        "SchedulerError",
        'running "DynamicResources" filter plugin: claim default/a: selector #0 on device '
        "d.example.com/n1/d0: CEL runtime error: no such key: y. consider using CEL optional "
        "chaining (.? followed by orValue()) or guarding the check with has() for optional fields",
    )
