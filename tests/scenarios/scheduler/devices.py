"""Random clusters with devices: slices, classes, taint rules, claims in every state, and a pod."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.scenarios.scheduler.generate import Maker

Obj = dict[str, Any]

API = "resource.k8s.io/v1"
DRIVERS = ("gpu.example.com", "nic.example.com")
CLASSES = ("gpu", "nic", "any", "big")
MODELS = ("a", "b", "c")
_SELECTORS = (
    'device.driver == "gpu.example.com"',
    'device.attributes["gpu.example.com"].?model.orValue("") == "a"',
    'device.attributes["gpu.example.com"].?model.orValue("x") != "b"',
    'device.capacity["gpu.example.com"].?memory.orValue(quantity("0"))'
    '.compareTo(quantity("8Gi")) >= 0',
    'device.attributes["gpu.example.com"].?cores.orValue(0) > 2',
    'has(device.attributes["gpu.example.com"].fast) && device.attributes["gpu.example.com"].fast',
    'device.attributes["gpu.example.com"].?version.orValue(semver("0.0.1"))'
    '.isGreaterThan(semver("1.2.0"))',
    'device.attributes["gpu.example.com"].model == "a"',
    '"model" in device.attributes["nic.example.com"]',
    "device.allowMultipleAllocations",
)


def cluster(m: "Maker") -> None:
    """Everything but the pod that is to be placed."""
    for name in CLASSES:
        if m.chance(0.9):
            m.add(_class(m, name))
    for node in m.nodes:
        if m.chance(0.85):
            _pool(m, node["metadata"]["name"], {"nodeName": node["metadata"]["name"]})
    if m.chance(0.3):
        _pool(m, "shared", {"allNodes": True})
    if m.chance(0.3):
        term = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
        _pool(m, "ssd", {"nodeSelector": {"nodeSelectorTerms": [term]}})
    if m.chance(0.25):
        _pool(m, "mixed", {"perDeviceNodeSelection": True})
    if m.chance(0.2):
        _taint_rule(m)


def _object(m: "Maker", kind: str, name: str, spec: Obj, namespace: str = "") -> Obj:
    metadata: Obj = {"name": name, "uid": m.uid()}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}


def _cel(expression: str) -> Obj:
    return {"cel": {"expression": expression}}


def _class(m: "Maker", name: str) -> Obj:
    by_name = {
        "gpu": [_SELECTORS[0]],
        "nic": ['device.driver == "nic.example.com"'],
        "any": [],
        "big": [_SELECTORS[0], _SELECTORS[3]],
    }
    spec: Obj = {"selectors": [_cel(text) for text in by_name[name]]}
    if m.chance(0.3):
        spec["config"] = [_opaque(f"class-{name}")]
    return _object(m, "DeviceClass", name, spec)


def _opaque(text: str) -> Obj:
    return {"opaque": {"driver": DRIVERS[0], "parameters": {"text": text}}}


def _pool(m: "Maker", name: str, where: Obj) -> None:
    driver = DRIVERS[0] if m.chance(0.75) else DRIVERS[1]
    count = 1 if m.chance(0.7) else 2
    generation = m.pick(1, 1, 1, 2)
    partitions = m.chance(0.25) and "perDeviceNodeSelection" not in where
    slices = [
        {
            "driver": driver,
            "pool": {
                "name": name,
                "generation": generation,
                "resourceSliceCount": count + partitions,
            },
            **where,
            "devices": _devices(m, name, index, where, partitions),
        }
        for index in range(count)
    ]
    if partitions:
        counters = {"memory": {"value": m.pick("16Gi", "24Gi", "40Gi")}}
        shared = {key: value for key, value in slices[0].items() if key != "devices"}
        slices.append({**shared, "sharedCounters": [{"name": "card", "counters": counters}]})
    if len(slices) > 1 and m.chance(0.12):
        slices.pop()
    if len(slices) > 1 and m.chance(0.12):
        slices[0]["pool"] = {**slices[0]["pool"], "generation": generation + 1}
    for index, spec in enumerate(slices):
        m.add(_object(m, "ResourceSlice", f"{name}-{driver[:3]}-{index}", spec))


def _devices(m: "Maker", pool: str, index: int, where: Obj, partitions: bool) -> list[Obj]:
    found = []
    for number in range(m.random.randint(1, 3)):
        same = m.chance(0.03)
        device: Obj = {"name": f"d{0 if same else index * 10 + number}"}
        device["attributes"] = _attributes(m)
        device["capacity"] = {"memory": _capacity(m, device)}
        if partitions and m.chance(0.8):
            counter = m.pick("card", "card", "card", "none") if m.chance(0.1) else "card"
            counters = {"memory": {"value": m.pick("8Gi", "10Gi", "16Gi")}}
            device["consumesCounters"] = [{"counterSet": counter, "counters": counters}]
        if m.chance(0.15):
            effect = m.pick("NoSchedule", "NoExecute", "None")
            device["taints"] = [{"key": "hot", "value": "yes", "effect": effect}]
        if m.chance(0.05):
            device["bindsToNode"] = True
        if "perDeviceNodeSelection" in where:
            device |= m.pick({"allNodes": True}, {"nodeName": m.pick(*m.nodes)["metadata"]["name"]})
        found.append(device)
    return found


def _attributes(m: "Maker") -> Obj:
    found: Obj = {"model": {"string": m.pick(*MODELS)}}
    if m.chance(0.5):
        found["cores"] = {"int": m.random.randint(1, 4)}
    if m.chance(0.4):
        found["fast"] = {"bool": m.pick(True, False)}
    if m.chance(0.4):
        found["version"] = {"version": m.pick("1.0.0", "1.2.0", "1.10.3", "2.0.0-rc.1")}
    if m.chance(0.5):
        found["example.com/rack"] = {"string": m.pick("r1", "r2")}
    return found


def _capacity(m: "Maker", device: Obj) -> Obj:
    capacity: Obj = {"value": m.pick("4Gi", "8Gi", "16Gi", "16Gi")}
    if m.chance(0.3):
        device["allowMultipleAllocations"] = True
        if m.chance(0.7):
            capacity["requestPolicy"] = m.pick(
                {"default": "1Gi", "validRange": {"min": "1Gi", "step": "1Gi", "max": "8Gi"}},
                {"default": "2Gi", "validRange": {"min": "1Gi"}},
                {"default": "2Gi", "validValues": ["2Gi", "4Gi", "8Gi"]},
            )
    return capacity


def _taint_rule(m: "Maker") -> None:
    selector = m.pick(
        {"driver": DRIVERS[0]}, {"pool": "n0"}, {"driver": DRIVERS[0], "device": "d0"}, {}
    )
    effect = m.pick("NoSchedule", "NoExecute", "None")
    spec = {"deviceSelector": selector, "taint": {"key": "broken", "effect": effect}}
    m.add(_object(m, "DeviceTaintRule", "rule", spec))


def claim(m: "Maker", name: str, namespace: str) -> Obj:
    """A claim without an allocation."""
    requests = [_request(m, f"r{index}") for index in range(m.pick(1, 1, 1, 2, 2, 3))]
    devices: Obj = {"requests": requests}
    names = [request["name"] for request in requests]
    if m.chance(0.3):
        kind = "matchAttribute" if m.chance(0.6) else "distinctAttribute"
        attribute = m.pick("gpu.example.com/model", "example.com/rack")
        constraint: Obj = {kind: attribute}
        if m.chance(0.4):
            constraint["requests"] = m.some(names, 1)
        devices["constraints"] = [constraint]
    if m.chance(0.3):
        entry = _opaque("claim")
        if m.chance(0.6):
            entry["requests"] = m.some(names, 1)
        devices["config"] = [entry]
    return m.add(_object(m, "ResourceClaim", name, {"devices": devices}, namespace))


def _request(m: "Maker", name: str) -> Obj:
    if m.chance(0.25):
        options = [{"name": f"s{i}", **_wish(m)} for i in range(m.random.randint(1, 3))]
        return {"name": name, "firstAvailable": options}
    exact = _wish(m)
    if m.chance(0.06):
        exact["adminAccess"] = True
    return {"name": name, "exactly": exact}


def _wish(m: "Maker") -> Obj:
    found: Obj = {"deviceClassName": m.pick("gpu", "gpu", "any", "nic", "big")}
    found["allocationMode"] = "All" if m.chance(0.1) else "ExactCount"
    if found["allocationMode"] == "ExactCount":
        found["count"] = m.pick(1, 1, 1, 1, 2, 3)
    if m.chance(0.4):
        safe = _SELECTORS if m.chance(0.15) else _SELECTORS[:7]
        found["selectors"] = [_cel(text) for text in m.random.sample(safe, 1)]
    if m.chance(0.25):
        found["tolerations"] = [
            m.pick(
                {"operator": "Exists"},
                {"key": "hot", "operator": "Equal", "value": "yes", "effect": "NoSchedule"},
            )
        ]
    if m.chance(0.25):
        found["capacity"] = {"requests": {"memory": m.pick("1Gi", "3Gi", "1500Mi", "8Gi")}}
    return found


def allocated(m: "Maker", obj: Obj) -> None:
    """Give a claim some devices, as if it had been used before."""
    slices = [o for o in m.objects if o["kind"] == "ResourceSlice" and o["spec"].get("devices")]
    if not slices:
        return
    item = m.pick(*slices)
    device = m.pick(*item["spec"]["devices"])
    request = obj["spec"]["devices"]["requests"][0]
    name = request["name"]
    if "firstAvailable" in request:
        name += f"/{request['firstAvailable'][0]['name']}"
    result: Obj = {
        "request": name,
        "driver": item["spec"]["driver"],
        "pool": item["spec"]["pool"]["name"],
        "device": device["name"],
    }
    if device.get("allowMultipleAllocations"):
        result["shareID"] = m.uid()
        result["consumedCapacity"] = {"memory": m.pick("1Gi", "2Gi", "4Gi")}
    allocation: Obj = {"devices": {"results": [result]}}
    where = item["spec"].get("nodeName")
    if where:
        names = {"key": "metadata.name", "operator": "In", "values": [where]}
        allocation["nodeSelector"] = {"nodeSelectorTerms": [{"matchFields": [names]}]}
    obj["status"] = {"allocation": allocation}
    if m.chance(0.6):
        obj["status"]["reservedFor"] = [{"resource": "pods", "name": "other", "uid": m.uid()}]


def mount(m: "Maker", pod: Obj) -> None:
    """Claims of the pod's own, most of them without an allocation."""
    namespace = pod["metadata"]["namespace"]
    entries = []
    for index in range(m.pick(1, 1, 1, 2)):
        name = f"own-{index}"
        if not m.chance(0.04):
            made = claim(m, name, namespace)
            if m.chance(0.2):
                allocated(m, made)
        entries.append({"name": f"c{index}", "resourceClaimName": name})
    pod["spec"]["resourceClaims"] = entries
