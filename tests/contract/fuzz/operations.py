"""Random requests about a few objects, as data: steps that both servers can be given.

Paths and bodies hold placeholders, which `pair` fills in for each server: `{ns}`, `{id}`,
`{rv:NAME}` and `{uid:NAME}` (as last seen), `{continue}`, `{start}` (the first revision).
"""

import copy
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from urllib.parse import quote

from tests.contract.fuzz import bodies, trees
from tests.contract.fuzz.kinds import Kind, Tree
from tests.contract.harness import Step

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
SENTINEL = "zz-end"

_LETTERS = ("a", "b", "c")
_MANAGERS = ("m1", "m2", "m3")
_FINALIZERS = ("example.com/a", "example.com/b", "foregroundDeletion", "orphan", "bad")
_SELECTORS = ("app=a", "app!=b", "app in (a,b)", "tier", "!gone")
_KEEP = ("apiVersion", "kind", "metadata")
LABELS = {"app": "a", "tier": "x"}

Operation = Callable[[Random, Kind], Step]


def _maybe(random: Random, chance: float) -> bool:
    return random.random() < chance


# -- objects ---------------------------------------------------------------------------------


def metadata(random: Random, kind: Kind, letter: str) -> Tree:
    found: Tree = {"name": kind.name(letter)}
    labels = {"app": random.choice("ab")}
    if _maybe(random, 0.3):
        labels["tier"] = random.choice(("x", "y"))
    if not kind.namespaced:
        labels["run"] = "{id}"
    if not kind.namespaced or _maybe(random, 0.6):
        found["labels"] = labels
    if _maybe(random, 0.2):
        found["annotations"] = {random.choice(("p", "q.r/s")): random.choice(("1", "2", "<&>"))}
    if _maybe(random, 0.15):
        found["finalizers"] = random.sample(_FINALIZERS, random.choice((1, 1, 1, 2)))
    if _maybe(random, 0.05):
        found["ownerReferences"] = [owner(random) for _ in range(random.choice((1, 2)))]
    if _maybe(random, 0.05):
        found |= random.choice(_ODD_METADATA)
    return found


_ODD_METADATA: tuple[Tree, ...] = (
    {"namespace": "{ns}"},
    {"namespace": "other"},
    {"generation": 9},
    {"uid": "11111111-2222-3333-4444-555555555555"},
    {"creationTimestamp": "2001-01-01T00:00:00Z"},
    {"creationTimestamp": None},
    {"selfLink": "/x"},
    {"resourceVersion": "1"},
    {"resourceVersion": "0"},
    {"resourceVersion": "x"},
    {"deletionTimestamp": "2001-01-01T00:00:00Z"},
    {"deletionGracePeriodSeconds": 5},
    {"managedFields": []},
    {"managedFields": [{}]},
    {"managedFields": [{"manager": "x", "operation": "Update", "apiVersion": "v1"}]},
    {"labels": {"a b": "c"}},
    {"annotations": {"-": "c"}},
    {"generateName": "gen-"},
)


def owner(random: Random) -> Tree:
    found: Tree = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": random.choice("uv")}
    if _maybe(random, 0.3):
        found["controller"] = random.choice((True, False))
    if _maybe(random, 0.3):
        found["blockOwnerDeletion"] = True
    if _maybe(random, 0.1):
        found |= random.choice(({"name": ""}, {"apiVersion": "x/y/z"}, {"uid": ""}, {"kind": ""}))
    return found


def body(random: Random, kind: Kind, letter: str) -> Tree:
    """A complete object; a changed one sometimes, a broken one now and then."""
    found = copy.deepcopy(random.choice(kind.samples))
    own = found.pop("metadata")
    dice = random.random()
    if dice < 0.25:
        found = trees.changed(random, found, keep=(*_KEEP, *kind.raw))
    elif dice < 0.32:
        found = trees.changed(random, found, broken=True, keep=("apiVersion", "kind", *kind.raw))
    kept = {k: v for k, v in own.items() if k not in ("labels", "namespace")}
    found["metadata"] = kept | metadata(random, kind, letter)
    if kind.named:
        found["metadata"]["name"] = own["name"]
    return found


# -- requests --------------------------------------------------------------------------------


def _query(random: Random, **chances: tuple[float, Sequence[str]]) -> str:
    """A query string of options, each with its chance and values."""
    chosen = []
    for name, (chance, values) in chances.items():
        if _maybe(random, chance):
            chosen.append(f"{name}={quote(random.choice(values), safe='{}:')}")
    return f"?{'&'.join(chosen)}" if chosen else ""


def _write_query(random: Random, *, manager: float = 0.6) -> str:
    return _query(
        random,
        fieldManager=(manager, _MANAGERS),
        dryRun=(0.07, ("All", "All", "None")),
        fieldValidation=(0.3, ("Strict", "Warn", "Ignore", "Ignore", "Strict", "No")),
        pretty=(0.03, ("true", "false", "1")),
    )


def step(method: str, path: str, content: Any = None, type: str = "application/json") -> Step:
    headers = {"User-Agent": "fuzz/1.0", "Accept": "application/json"}
    if content is None:
        return Step(method, path, headers)
    headers["Content-Type"] = type
    return Step(method, path, headers, content if isinstance(content, str) else compact(content))


def compact(tree: Any) -> str:
    """Without spaces: raw values (a ControllerRevision's data) are compared as they were sent."""
    return json.dumps(tree, separators=(",", ":"))


def _object_path(random: Random, kind: Kind, letter: str = "") -> str:
    if kind.named:
        return f"{kind.collection}/{random.choice(kind.samples)['metadata']['name']}"
    return f"{kind.collection}/{kind.name(letter or random.choice(_LETTERS))}"


def create(random: Random, kind: Kind) -> Step:
    content = body(random, kind, random.choice(_LETTERS))
    if _maybe(random, 0.03):
        content.pop(random.choice(("apiVersion", "kind", "metadata")))
    if _maybe(random, 0.02):
        content |= random.choice(({"kind": "Nope"}, {"apiVersion": "x/v1"}, {"kind": 1}))
    return step("POST", kind.collection + _write_query(random), content)


def update(random: Random, kind: Kind) -> Step:
    letter = random.choice(_LETTERS)
    content = body(random, kind, letter)
    if _maybe(random, 0.3):
        content["metadata"]["resourceVersion"] = f"{{rv:{letter}}}"
    if _maybe(random, 0.1):
        content["metadata"]["uid"] = f"{{uid:{random.choice((letter, letter, 'b'))}}}"
    if _maybe(random, 0.03):
        content["metadata"]["name"] = kind.name(random.choice(_LETTERS))
    return step("PUT", _object_path(random, kind, letter) + _write_query(random), content)


def _fragment(random: Random, kind: Kind) -> Tree:
    """Something of an object, to be merged over one."""
    source = body(random, kind, "a")
    source.pop("apiVersion"), source.pop("kind")
    source["metadata"].pop("name")
    if _maybe(random, 0.5):
        source = {"metadata": source["metadata"]}
    elif _maybe(random, 0.7):
        source.pop("metadata")
    found = trees.part(random, source)
    for _ in range(random.randrange(3)):
        found = trees.changed(random, found, broken=_maybe(random, 0.15), keep=kind.raw)
    if _maybe(random, 0.2):
        inner = [path for path in trees.paths(found) if path]
        if inner:
            trees.put(found, random.choice(inner), None)
    return found if isinstance(found, dict) else {}


def merge_patch(random: Random, kind: Kind) -> Step:
    path = _object_path(random, kind) + _write_query(random)
    return step("PATCH", path, _fragment(random, kind), MERGE)


def strategic_patch(random: Random, kind: Kind) -> Step:
    patch = _fragment(random, kind)
    if _maybe(random, 0.25):
        _direct(random, patch)
    path = _object_path(random, kind) + _write_query(random)
    return step("PATCH", path, patch, STRATEGIC)


def _direct(random: Random, patch: Tree) -> None:
    """Put a directive of strategic merge patches somewhere."""
    inside = [p for p in trees.paths(patch) if isinstance(trees.at(patch, p), dict)]
    target = trees.at(patch, random.choice(inside))
    lists = [key for key, value in target.items() if isinstance(value, list)]
    choice = random.randrange(4)
    if choice == 0 or not (lists or target):
        target["$patch"] = random.choice(("delete", "replace", "merge", "bad"))
    elif choice == 1:
        target["$retainKeys"] = random.sample(sorted(target), 1)
    elif choice == 2 and lists:
        key = random.choice(lists)
        target[f"$setElementOrder/{key}"] = target[key][::-1]
    elif lists:
        key = random.choice(lists)
        target[f"$deleteFromPrimitiveList/{key}"] = target.pop(key)
    else:
        target["$patch"] = "delete"


def json_patch(random: Random, kind: Kind) -> Step:
    source = body(random, kind, "a")
    operations = [_json_operation(random, source) for _ in range(random.choice((1, 1, 2, 3)))]
    path = _object_path(random, kind) + _write_query(random)
    return step("PATCH", path, operations, JSON_PATCH)


def _json_operation(random: Random, source: Tree) -> Tree:
    where = random.choice([path for path in trees.paths(source) if path])
    found: Tree = {"op": random.choice(("add", "replace", "remove", "test", "copy", "move", "add"))}
    found["path"] = _pointer(random, where)
    if found["op"] in ("copy", "move"):
        # Nothing that holds objects is copied: the order of keys depends on what Go has parsed.
        simple = [
            p
            for p in trees.paths(source)
            if not isinstance(trees.at(source, p), dict | list) and "resourceVersion" not in p
        ]
        found["from"] = _pointer(random, random.choice(simple))
    elif found["op"] != "remove":
        value = trees.at(source, where)
        found["value"] = value if _maybe(random, 0.5) else trees.near(random, value)
    if _maybe(random, 0.03):
        found.pop(random.choice(sorted(found)))
    if _maybe(random, 0.03):
        found["op"] = random.choice(("Add", "", "merge", 1))
    return found


def _pointer(random: Random, path: trees.Path) -> str:
    steps = [str(one).replace("~", "~0").replace("/", "~1") for one in path]
    if _maybe(random, 0.1):
        steps.append(random.choice(("-", "0", "new", "9", "-1", "")))
    return "".join(f"/{one}" for one in steps)


def apply(random: Random, kind: Kind) -> Step:
    letter = random.choice(_LETTERS)
    content = trees.part(random, body(random, kind, letter), keep=_KEEP)
    if not _maybe(random, 0.1):
        content["metadata"].pop("managedFields", None)
    if _maybe(random, 0.05):
        content["metadata"]["resourceVersion"] = f"{{rv:{letter}}}"
    if _maybe(random, 0.03):
        content["metadata"]["uid"] = f"{{uid:{letter}}}"
    query = _query(
        random,
        fieldManager=(0.98, _MANAGERS),
        force=(0.4, ("true", "true", "false")),
        dryRun=(0.05, ("All",)),
        fieldValidation=(0.1, ("Strict", "Ignore")),
    )
    return step("PATCH", _object_path(random, kind, letter) + query, content, APPLY)


# -- subresources ----------------------------------------------------------------------------


def subresource(random: Random, kind: Kind) -> Step:
    known: list[str] = [sub for sub in _SUBRESOURCES if sub in kind.subresources]
    if not known or _maybe(random, 0.05):
        known = [*_SUBRESOURCES, "nope"]
    sub = random.choice(known)
    if sub in _POSTED:
        return _posted(random, kind, sub)
    letter = random.choice(_LETTERS)
    path = f"{_object_path(random, kind, letter)}/{sub}"
    if _maybe(random, 0.2):
        return step("GET", path)
    method, type = random.choice(
        (
            ("PUT", "application/json"),
            ("PATCH", MERGE),
            ("PATCH", STRATEGIC),
            ("PATCH", APPLY),
            ("PATCH", JSON_PATCH),
        )
    )
    make = _MAKERS.get(sub, _status_body)
    content: Any = make(random, kind, letter)
    if method == "PATCH" and type == JSON_PATCH:
        content = [_json_operation(random, content)]
    elif type in (MERGE, STRATEGIC):
        content = {k: v for k, v in content.items() if k not in ("apiVersion", "kind")}
        content["metadata"].pop("name", None)
    query = _write_query(random, manager=0.98 if type == APPLY else 0.5)
    if type == APPLY and _maybe(random, 0.4):
        query += "&force=true" if query else "?force=true"
    return step(method, path + query, content, type)


def _status_body(random: Random, kind: Kind, letter: str) -> Tree:
    content = body(random, kind, letter)
    if _maybe(random, 0.5):
        content = {key: content[key] for key in _KEEP if key in content}
    known = (*_STATUSES.get(kind.gvk.kind, _ANY_STATUS), *kind.statuses)
    content["status"] = copy.deepcopy(random.choice(known))
    if _maybe(random, 0.2):
        content["status"] = trees.changed(random, content["status"], broken=_maybe(random, 0.3))
    return content


def _scale_body(random: Random, kind: Kind, letter: str) -> Tree:
    content: Tree = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": kind.name(letter)},
        "spec": {"replicas": random.choice((0, 1, 2, 5, -1, None, "3"))},
    }
    if _maybe(random, 0.1):
        content["metadata"]["resourceVersion"] = f"{{rv:{letter}}}"
    if _maybe(random, 0.2):
        content = trees.changed(random, content, broken=_maybe(random, 0.5))
    if not isinstance(content.get("metadata"), dict):
        content["metadata"] = {}
    return content


def _pod_body(random: Random, kind: Kind, letter: str) -> Tree:
    """Of a pod that may get containers for debugging, or other amounts of resources."""
    content = body(random, kind, letter)
    spec = content.get("spec")
    if not isinstance(spec, dict):
        return content
    if _maybe(random, 0.7):
        spec["ephemeralContainers"] = [
            {"name": random.choice(("d", "e", "a")), "image": "i", **random.choice(_DEBUGGERS)}
        ]
    containers = spec.get("containers")
    if isinstance(containers, list) and containers and isinstance(containers[0], dict):
        containers[0]["resources"] = copy.deepcopy(random.choice(_AMOUNTS))
    return content


_DEBUGGERS: tuple[Tree, ...] = ({}, {"targetContainerName": "a"}, {"ports": [{"containerPort": 1}]})
_AMOUNTS: tuple[Tree, ...] = (
    {},
    {"requests": {"cpu": "1"}},
    {"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}},
    {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}},
)


def _approval_body(random: Random, kind: Kind, letter: str) -> Tree:
    content = body(random, kind, letter)
    types = random.sample(("Approved", "Denied", "Failed"), random.choice((0, 1, 1, 1, 2)))
    conditions = [
        {"type": type, "status": random.choice(("True", "True", "False", "")), "reason": "R"}
        for type in types
    ]
    content["status"] = {"conditions": conditions}
    return content


def _finalize_body(random: Random, kind: Kind, letter: str) -> Tree:
    content = body(random, kind, letter)
    finalizers = random.choice(([], ["kubernetes"], ["example.com/a"], ["bad"], None))
    content["spec"] = {"finalizers": finalizers}
    return content


_SUBRESOURCES = (
    "status",
    "scale",
    "ephemeralcontainers",
    "resize",
    "approval",
    "finalize",
    "eviction",
    "binding",
    "token",
)
_MAKERS = {
    "scale": _scale_body,
    "ephemeralcontainers": _pod_body,
    "resize": _pod_body,
    "approval": _approval_body,
    "finalize": _finalize_body,
}
_POSTED: dict[str, Tree] = {
    "eviction": {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "deleteOptions": {"gracePeriodSeconds": 0, "propagationPolicy": "Background"},
    },
    "binding": {
        "apiVersion": "v1",
        "kind": "Binding",
        "target": {"apiVersion": "v1", "kind": "Node", "name": "n"},
    },
    "token": {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": ["a"], "expirationSeconds": 3600},
    },
}


def _posted(random: Random, kind: Kind, sub: str) -> Step:
    """What is only ever created."""
    letter = random.choice(_LETTERS)
    content = copy.deepcopy(_POSTED[sub])
    if _maybe(random, 0.3):
        content = trees.changed(random, content, broken=_maybe(random, 0.5), keep=_KEEP)
    content["metadata"] = {"name": kind.name(letter)}
    if _maybe(random, 0.1):
        content["metadata"] = random.choice(({}, {"name": "other"}, {"uid": f"{{uid:{letter}}}"}))
    path = f"{_object_path(random, kind, letter)}/{sub}"
    return step("POST", path + _write_query(random), content)


_CONDITION = {
    "type": "Ready",
    "status": "True",
    "reason": "R",
    "message": "m",
    "lastTransitionTime": "2024-01-02T03:04:05Z",
}
_ANY_STATUS: tuple[Tree, ...] = (
    {},
    {"observedGeneration": 1},
    {"conditions": [_CONDITION]},
    {"conditions": [_CONDITION, {**_CONDITION, "type": "Other"}]},
)
_REPLICAS: tuple[Tree, ...] = (
    *_ANY_STATUS,
    {"replicas": 2, "readyReplicas": 1},
    {"replicas": 3, "readyReplicas": 5, "availableReplicas": 1},
    {"replicas": -1},
)
_STATUSES: dict[str, tuple[Tree, ...]] = {
    "Deployment": _REPLICAS,
    "ReplicaSet": _REPLICAS,
    "StatefulSet": _REPLICAS,
    "ReplicationController": _REPLICAS,
    "Pod": (
        *_ANY_STATUS[:1],
        {"phase": "Running", "podIP": "10.1.2.3", "podIPs": [{"ip": "10.1.2.3"}]},
        {"conditions": [{"type": "Ready", "status": "True"}]},
        {"hostIP": "10.0.0.1", "startTime": "2024-01-02T03:04:05Z", "qosClass": "BestEffort"},
    ),
    "Service": (
        *_ANY_STATUS,
        {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}, {"hostname": "x.example.com"}]}},
    ),
    "Ingress": (
        {},
        {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}, {"hostname": "x.example.com"}]}},
    ),
    "PersistentVolumeClaim": (
        {},
        {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}},
    ),
    "PersistentVolume": ({}, {"phase": "Available"}, {"phase": "Released", "message": "m"}),
    "Job": (
        {},
        {"startTime": "2024-01-02T03:04:05Z", "active": 1},
        {"succeeded": 1, "active": 1, "uncountedTerminatedPods": {}},
    ),
    "CronJob": ({}, {"lastScheduleTime": "2024-01-02T03:04:05Z"}),
    "DaemonSet": (
        {},
        {
            "currentNumberScheduled": 1,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": 1,
            "numberReady": 1,
        },
    ),
    "PodDisruptionBudget": (
        {},
        {
            "disruptionsAllowed": 1,
            "currentHealthy": 2,
            "desiredHealthy": 1,
            "expectedPods": 2,
            "observedGeneration": 1,
        },
    ),
    "Node": (
        {},
        {"capacity": {"cpu": "4"}, "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]},
        {"conditions": [{"type": "Ready", "status": "True"}]},
    ),
    "ResourceQuota": ({}, {"hard": {"pods": "5"}, "used": {"pods": "1"}}),
    "HorizontalPodAutoscaler": (
        {"currentReplicas": 1, "desiredReplicas": 1},
        {"currentReplicas": 1, "desiredReplicas": 2, "lastScaleTime": "2024-01-02T03:04:05Z"},
    ),
}


# -- deletes ---------------------------------------------------------------------------------


def delete(random: Random, kind: Kind) -> Step:
    letter = random.choice(_LETTERS)
    path = _object_path(random, kind, letter)
    if _maybe(random, 0.5):
        return step("DELETE", path + _delete_query(random))
    return step("DELETE", path, _delete_options(random, letter))


def _delete_query(random: Random) -> str:
    return _query(
        random,
        gracePeriodSeconds=(0.3, ("0", "0", "1", "30", "-1", "x")),
        propagationPolicy=(0.3, ("Foreground", "Background", "Orphan", "No")),
        orphanDependents=(0.1, ("true", "false")),
        dryRun=(0.07, ("All",)),
    )


def _delete_options(random: Random, letter: str) -> Tree:
    found: Tree = {"kind": "DeleteOptions", "apiVersion": random.choice(("v1", "meta.k8s.io/v1"))}
    if _maybe(random, 0.4):
        found["propagationPolicy"] = random.choice(("Foreground", "Background", "Orphan", "No"))
    if _maybe(random, 0.3):
        found["gracePeriodSeconds"] = random.choice((0, 0, 1, 30, -1, "x"))
    if _maybe(random, 0.05):
        found["orphanDependents"] = random.choice((True, False))
    if _maybe(random, 0.3):
        found["preconditions"] = random.choice(
            (
                {"uid": f"{{uid:{letter}}}"},
                {"uid": "11111111-2222-3333-4444-555555555555"},
                {"resourceVersion": f"{{rv:{letter}}}"},
                {"resourceVersion": "1"},
            )
        )
    if _maybe(random, 0.07):
        found["dryRun"] = random.choice((["All"], ["No"], []))
    return found


def delete_collection(random: Random, kind: Kind) -> Step:
    return step("DELETE", kind.collection + _list_query(random, kind, deleting=True))


# -- reads -----------------------------------------------------------------------------------


_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
_PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"


def _accepting(random: Random, read: Step) -> Step:
    """The same, as a table or as metadata alone now and then."""
    if not _maybe(random, 0.2):
        return read
    list_of = "" if read.path.count("/") % 2 else "List"
    accept = random.choice((_TABLE, _PARTIAL.replace("Metadata;", f"Metadata{list_of};")))
    return Step(read.method, read.path, {**read.headers, "Accept": accept})


def get(random: Random, kind: Kind) -> Step:
    query = _query(random, resourceVersion=(0.05, ("x", "0", "{start}")), pretty=(0.03, ("true",)))
    return _accepting(random, step("GET", _object_path(random, kind) + query))


def _list_query(random: Random, kind: Kind, *, deleting: bool = False) -> str:
    selector = random.choice(_SELECTORS) if _maybe(random, 0.4) else ""
    if not kind.namespaced:
        selector = ",".join(filter(None, ("run={id}", selector)))
    query = _query(
        random,
        labelSelector=(1.0 if selector else 0.0, (selector,)),
        fieldSelector=(0.2, _field_selectors(kind)),
        # What else there is in the cluster decides whether a page of cluster objects is the last.
        limit=(0.3 if kind.namespaced else 0, ("1", "2", "500")),
    )
    if not deleting:
        query += _query(random, resourceVersion=(0.1, ("0", "{start}"))).replace(
            "?", "&" if query else "?"
        )
    elif _maybe(random, 0.3):
        query += (
            f"{'&' if query else '?'}propagationPolicy={random.choice(('Orphan', 'Foreground'))}"
        )
    return query


def _field_selectors(kind: Kind) -> Sequence[str]:
    own = [f"{name}=a" for name in kind.selectable] + [f"{n}!=a" for n in kind.selectable]
    return [f"metadata.name={kind.name('a')}", f"metadata.name!={kind.name('b')}", *own, "x=y"]


def listing(random: Random, kind: Kind) -> Step:
    if _maybe(random, 0.2) and kind.namespaced:
        return step("GET", f"{kind.collection}?limit=2&continue={{continue}}")
    return _accepting(random, step("GET", kind.collection + _list_query(random, kind)))


def watch(random: Random, kind: Kind) -> Step:
    """What happened since the sequence began; `pair` ends it by an object of its own."""
    selector = random.choice(_SELECTORS) if _maybe(random, 0.5) else ""
    if not kind.namespaced:
        selector = ",".join(filter(None, ("run={id}", selector)))
    more = f"&labelSelector={quote(selector, safe='{}')}" if selector else ""
    sentinel = copy.deepcopy(kind.samples[0])
    sentinel["metadata"] = {"name": kind.name(SENTINEL), "labels": {**LABELS, "run": "{id}"}}
    opened = step("GET", f"{kind.collection}?watch=true&resourceVersion={{start}}{more}")
    ending = step("POST", kind.collection, sentinel)
    return Step(opened.method, opened.path, opened.headers, None, (ending,))


# -- bodies that are wrong --------------------------------------------------------------------


def bad_body(random: Random, kind: Kind) -> Step:
    """One wrong value anywhere in a body, or a text that is hardly JSON or YAML."""
    query = _query(
        random, fieldValidation=(0.7, ("Strict", "Warn", "Ignore")), dryRun=(1, ("All",))
    )
    if _maybe(random, 0.4):
        content: Any = bodies.odd_text(random, kind).decode(errors="surrogateescape")
    else:
        path, _, shape = random.choice(list(bodies.positions(kind)))
        value = random.choice(bodies.wrong_values(shape))
        content = compact(bodies.placed(kind, path, value)).replace("Infinity", "1e400")
    type = random.choice(("application/json",) * 3 + ("application/yaml",))
    return step("POST", kind.collection + query, content, type)


def odd_yaml(random: Random, kind: Kind) -> Step:
    content = bodies.odd_yaml(random, kind)
    if _maybe(random, 0.3):
        path = f"{kind.collection}/{kind.name('a')}?fieldManager=m1&dryRun=All"
        return step("PATCH", path, content, APPLY)
    query = _query(random, fieldValidation=(0.7, ("Strict", "Ignore")), dryRun=(1, ("All",)))
    return step("POST", kind.collection + query, content, "application/yaml")


def bad_patch(random: Random, kind: Kind) -> Step:
    """The same by a patch of each type."""
    path, _, shape = random.choice(list(bodies.positions(kind)))
    value = random.choice(bodies.wrong_values(shape))
    body = bodies.placed(kind, path, value)
    form = random.choice((MERGE, STRATEGIC, APPLY))
    if form != APPLY:
        names = {"metadata", str(path[0])} - {"kind", "apiVersion"}
        body = {key: body[key] for key in sorted(names)}
    query = "?fieldManager=m1&dryRun=All" + ("&force=true" if form == APPLY else "")
    content = compact(body).replace("Infinity", "1e400")
    return step("PATCH", f"{kind.collection}/{kind.name('a')}{query}", content, form)


# -- sequences -------------------------------------------------------------------------------

AREAS: dict[str, tuple[tuple[int, Operation], ...]] = {
    "objects": ((6, create), (8, update), (2, get), (2, merge_patch), (2, delete)),
    "patches": (
        (3, create),
        (6, merge_patch),
        (6, strategic_patch),
        (6, json_patch),
        (1, update),
        (1, get),
    ),
    "applies": (
        (1, create),
        (10, apply),
        (2, update),
        (2, merge_patch),
        (2, subresource),
        (1, get),
        (1, delete),
    ),
    "subresources": ((3, create), (10, subresource), (1, update), (1, merge_patch), (1, get)),
    "deletes": ((8, create), (8, delete), (2, delete_collection), (2, merge_patch), (2, get)),
    "reads": (
        (6, create),
        (2, update),
        (2, merge_patch),
        (2, delete),
        (6, listing),
        (1, watch),
        (2, get),
    ),
    "bodies": ((1, create), (8, bad_body), (6, bad_patch), (5, odd_yaml)),
    "all": (
        (4, create),
        (3, update),
        (2, merge_patch),
        (2, strategic_patch),
        (2, json_patch),
        (4, apply),
        (3, subresource),
        (2, delete),
        (1, delete_collection),
        (2, get),
        (2, listing),
    ),
}


def sequence(
    random: Random, all_kinds: Sequence[Kind], *, length: int, areas: Sequence[str]
) -> list[Step]:
    """Steps about one or two kinds."""
    first = random.choice(all_kinds)
    chosen = [first]
    other = random.choice(all_kinds)
    if _maybe(random, 0.3) and not (first.alone or other.alone):
        chosen.append(other)
    operations = [o for weight, o in AREAS[random.choice(areas)] for _ in range(weight)]
    return [_one(random, operations, random.choice(chosen)) for _ in range(length)]


def _one(random: Random, operations: Sequence[Operation], kind: Kind) -> Step:
    made = random.choice(operations)(random, kind)
    while kind.tried and made.during:
        made = random.choice(operations)(random, kind)
    return _dry(made) if kind.tried and made.method != "GET" else made


def _dry(made: Step) -> Step:
    path, _, query = made.path.partition("?")
    others = [one for one in query.split("&") if one and not one.startswith("dryRun=")]
    body = None if made.method == "DELETE" else made.body
    return Step(made.method, f"{path}?{'&'.join((*others, 'dryRun=All'))}", made.headers, body)
