"""The same requests about every built-in kind, and the real server's replies to them.

`MOCKAPI_ORACLE=KUBECONFIG python -m tests.contract.sweep` records them. What the requests are is
code; the recording holds the replies only, one line a kind.
"""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contract import replies as recorded
from tests.contract.fuzz.kinds import Kind, Tree, every_kind
from tests.contract.fuzz.operations import (
    APPLY,
    JSON_PATCH,
    MERGE,
    SENTINEL,
    STRATEGIC,
    compact,
)
from tests.contract.fuzz.pair import Side
from tests.contract.harness import Step

FILE = Path(__file__).parent / "recordings/sweep/replies.jsonl.gz"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
# The real server itself writes to these at its own time: they are not stored, or not for long.
UNSETTLED = frozenset(
    (
        "APIService",
        "CustomResourceDefinition",
        "FlowSchema",
        "IPAddress",
        "Namespace",
        "PriorityLevelConfiguration",
        "ServiceCIDR",
    )
)
_SCALE = {"apiVersion": "autoscaling/v1", "kind": "Scale"}


def sequences() -> Mapping[str, Sequence[Step]]:
    """By `apps/v1 Deployment`."""
    return {name: list(_steps(kind)) for name, kind in every_kind().items()}


def _steps(kind: Kind) -> Iterator[Step]:
    yield from _refused(kind)
    yield from _missing(kind)
    if kind.gvk.kind in UNSETTLED:
        return
    yield from _written(kind)
    yield from _read(kind)
    yield from _patched(kind)
    yield from _parts(kind)
    yield from _deleted(kind)


def _step(method: str, path: str, body: Any = None, *, type: str = "", accept: str = "") -> Step:
    headers = {"User-Agent": "sweep/1.0", "Accept": accept or "application/json"}
    if body is None:
        return Step(method, path, headers)
    headers["Content-Type"] = type or "application/json"
    return Step(method, path, headers, body if isinstance(body, str) else compact(body))


def _object(kind: Kind, letter: str, sample: int = 0, **metadata: Any) -> Tree:
    found = copy.deepcopy(kind.samples[sample])
    own = found.get("metadata") or {}
    labels = {**(own.get("labels") or {}), "run": "{id}", **metadata.pop("labels", {})}
    found["metadata"] = {**own, "name": kind.name(letter), "labels": labels, **metadata}
    return found


def _refused(kind: Kind) -> Iterator[Step]:
    """Bodies that are wrong in ways that any kind's may be; nothing is stored."""
    dry = f"{kind.collection}?dryRun=All"
    least = _object(kind, "a")
    yield _step("POST", f"{dry}&fieldValidation=Strict", least)
    yield _step("POST", f"{dry}&fieldManager=someone&pretty=true", least)
    for validation in ("Strict", "Warn", "Ignore", "No"):
        yield _step("POST", f"{dry}&fieldValidation={validation}", {**least, "unknown": 1})
    twice = json.dumps(least)[:-1] + ', "kind": ' + json.dumps(kind.gvk.kind) + "}"
    yield _step("POST", f"{dry}&fieldValidation=Strict", twice)
    yield _step("POST", dry, {**least, "metadata": 5})
    yield _step("POST", dry, {**least, "metadata": None})
    yield _step("POST", dry, {**least, "kind": "Nope"})
    yield _step("POST", dry, {**least, "apiVersion": "nope/v1"})
    yield _step("POST", dry, {**least, "apiVersion": "a/b/c"})
    yield _step("POST", dry, {**least, "metadata": {"name": "A_b"}})
    yield _step("POST", dry, {**least, "metadata": {}})
    yield _step("POST", dry, _object(kind, "a", namespace="elsewhere"))
    yield _step("POST", dry, _object(kind, "a", labels={"a b": "c"}, finalizers=["bad"]))
    yield _step("POST", dry, _object(kind, "a", ownerReferences=[{"kind": "Pod"}]))
    yield _step("POST", dry, {"apiVersion": kind.gvk.api_version, "kind": kind.gvk.kind})
    yield _step("POST", dry, "{")
    yield _step("POST", dry, "a: [b", type="application/yaml")
    yield _step("POST", dry, "x", type="text/plain")
    for name in sorted(set(least) - {"apiVersion", "kind", "metadata"}):
        yield _step("POST", dry, {**least, name: "text"})
        yield _step("POST", dry, {**least, name: [1]})
        yield _step("POST", dry, {**least, name: None})


def _missing(kind: Kind) -> Iterator[Step]:
    """Requests about what is not there."""
    path = f"{kind.collection}/{kind.name('nope')}"
    yield _step("GET", path)
    yield _step("GET", path, accept=TABLE)
    yield _step("PATCH", path, {}, type=MERGE)
    yield _step("PATCH", path, [], type=JSON_PATCH)
    yield _step("PATCH", path, {}, type="application/x")
    yield _step("PATCH", path, {}, type=APPLY)
    yield _step("DELETE", path)
    yield _step("DELETE", path, {"propagationPolicy": "Nope"})
    yield _step("GET", f"{kind.collection}?labelSelector=run={{id}}")
    yield _step("GET", f"{kind.collection}?labelSelector=run={{id}}", accept=TABLE)
    yield _step("GET", f"{kind.collection}?fieldSelector=nope=1")
    yield _step("GET", f"{kind.collection}?labelSelector=a%20b")
    yield _step("GET", f"{kind.collection}?limit=x")
    for name in ("status", "scale", "nope"):
        yield _step("GET", f"{path}/{name}")
        yield _step("PUT", f"{path}/{name}", _object(kind, "nope"))
    yield _step("PUT", path + "?dryRun=All", _object(kind, "nope"))


def _written(kind: Kind) -> Iterator[Step]:
    collection, path = kind.collection, f"{kind.collection}/{kind.name('a')}"
    yield _step("POST", f"{collection}?fieldManager=one", _object(kind, "a"))
    yield _step("POST", f"{collection}?fieldManager=one", _object(kind, "a"))
    for index in range(1, len(kind.samples)):
        yield _step("POST", collection, _object(kind, f"s{index}", index))
    same = _object(kind, "a", resourceVersion="{rv:a}")
    yield _step("PUT", f"{path}?fieldManager=one", same)
    labelled = _object(kind, "a", labels={"app": "x"}, resourceVersion="{rv:a}")
    yield _step("PUT", f"{path}?fieldManager=two&dryRun=All", labelled)
    yield _step("PUT", f"{path}?fieldManager=two", labelled)
    yield _step("PUT", path, _object(kind, "a", resourceVersion="1"))
    yield _step("PUT", path, _object(kind, "a"))
    yield _step("PUT", path, _object(kind, "b"))
    yield _step("PUT", path, _object(kind, "a", uid="11111111-2222-3333-4444-555555555555"))
    yield _step("PUT", f"{path}?fieldValidation=Strict", {**_object(kind, "a"), "unknown": 1})


def _read(kind: Kind) -> Iterator[Step]:
    collection, path = kind.collection, f"{kind.collection}/{kind.name('a')}"
    chosen = f"{collection}?labelSelector=run={{id}}"
    yield _step("GET", path)
    for accept in (TABLE, METADATA, "application/yaml"):
        yield _step("GET", path, accept=accept)
    yield _step("GET", chosen)
    if kind.namespaced:
        yield _step("GET", f"{chosen}&limit=1")
    for accept in (TABLE, METADATA_LIST, "application/yaml"):
        yield _step("GET", chosen, accept=accept)
    yield _step("GET", f"{collection}?fieldSelector=metadata.name={kind.name('a')}")
    watch = _step("GET", f"{chosen}&watch=true&resourceVersion={{start}}")
    sentinel = _step("POST", collection, _object(kind, SENTINEL))
    yield Step(watch.method, watch.path, watch.headers, None, (sentinel,))


def _patched(kind: Kind) -> Iterator[Step]:
    path = f"{kind.collection}/{kind.name('a')}"
    note = {"metadata": {"annotations": {"n": "1"}}}
    yield _step("PATCH", f"{path}?fieldManager=merge", note, type=MERGE)
    yield _step("PATCH", f"{path}?fieldManager=merge", note, type=MERGE)
    yield _step("PATCH", f"{path}?dryRun=All", {"metadata": {"annotations": None}}, type=MERGE)
    yield _step("PATCH", f"{path}?fieldValidation=Strict", {"unknown": 1}, type=MERGE)
    yield _step("PATCH", f"{path}?fieldValidation=Warn", {"unknown": 1}, type=STRATEGIC)
    labels = {"metadata": {"labels": {"l": "1", "app": None}}}
    yield _step("PATCH", f"{path}?fieldManager=strategic", labels, type=STRATEGIC)
    test = {"op": "test", "path": "/metadata/annotations/n", "value": "1"}
    add = {"op": "add", "path": "/metadata/annotations/m", "value": "2"}
    yield _step("PATCH", f"{path}?fieldManager=json", [test, add], type=JSON_PATCH)
    yield _step("PATCH", path, [{**test, "value": "2"}], type=JSON_PATCH)
    yield _step("PATCH", path, [{"op": "remove", "path": "/nope"}], type=JSON_PATCH)
    yield _step("PATCH", path, {"metadata": {"name": "other"}}, type=MERGE)
    yield _step("PATCH", path, {"metadata": {"resourceVersion": "1"}}, type=MERGE)
    applied = _object(kind, "a", labels={"l": "2"})
    yield _step("PATCH", path, applied, type=APPLY)
    yield _step("PATCH", f"{path}?fieldManager=applier", applied, type=APPLY)
    yield _step("PATCH", f"{path}?fieldManager=applier&force=true&dryRun=All", applied, type=APPLY)
    yield _step("PATCH", f"{path}?fieldManager=applier&force=true", applied, type=APPLY)
    less = {key: applied[key] for key in ("apiVersion", "kind")} | {"metadata": {}}
    yield _step("PATCH", f"{path}?fieldManager=applier", {**less, "unknown": 1}, type=APPLY)
    made = _object(kind, "applied")
    where = f"{kind.collection}/{kind.name('applied')}?fieldManager=applier"
    yield _step("PATCH", where, made, type=APPLY)


def _parts(kind: Kind) -> Iterator[Step]:
    """Status and scale, where they exist."""
    path = f"{kind.collection}/{kind.name('a')}"
    if "status" in kind.subresources:
        body = {**_object(kind, "a", labels={"s": "1"}), "status": {}}
        yield _step("GET", f"{path}/status")
        yield _step("PUT", f"{path}/status?fieldManager=status", body)
        yield _step("PATCH", f"{path}/status", {"status": {}}, type=MERGE)
        yield _step("PATCH", f"{path}/status", {"status": {"unknown": 1}}, type=STRATEGIC)
        yield _step("PATCH", f"{path}/status", {"status": 5}, type=MERGE)
        empty = {"apiVersion": kind.gvk.api_version, "kind": kind.gvk.kind, "status": {}}
        yield _step("PATCH", f"{path}/status?fieldManager=applier", empty, type=APPLY)
    if "scale" in kind.subresources:
        scale = {**_SCALE, "metadata": {"name": kind.name("a")}, "spec": {"replicas": 3}}
        yield _step("GET", f"{path}/scale")
        yield _step("PUT", f"{path}/scale?fieldManager=scaler", scale)
        yield _step("PATCH", f"{path}/scale", {"spec": {"replicas": 2}}, type=MERGE)
        yield _step("PATCH", f"{path}/scale", {"spec": {"replicas": -2}}, type=MERGE)
        yield _step("PATCH", f"{path}/scale?fieldManager=applier&force=true", scale, type=APPLY)
        yield _step("GET", path)


def _deleted(kind: Kind) -> Iterator[Step]:
    path = f"{kind.collection}/{kind.name('a')}"
    wrong = {"preconditions": {"uid": "11111111-2222-3333-4444-555555555555"}}
    yield _step("DELETE", path, wrong)
    yield _step("DELETE", path, {"preconditions": {"resourceVersion": "1"}})
    yield _step("DELETE", f"{path}?dryRun=All")
    yield _step("DELETE", f"{path}?gracePeriodSeconds=0&propagationPolicy=Background")
    yield _step("GET", path)
    yield _step("POST", kind.collection, _object(kind, "f", finalizers=["example.com/x"]))
    held = f"{kind.collection}/{kind.name('f')}"
    yield _step("DELETE", f"{held}?propagationPolicy=Foreground")
    yield _step("DELETE", held)
    yield _step("PATCH", held, {"metadata": {"finalizers": None}}, type=MERGE)
    yield _step("GET", held)
    every = f"{kind.collection}?labelSelector=run={{id}}"
    yield _step("DELETE", f"{every}&dryRun=All")
    yield _step("DELETE", every)
    yield _step("GET", every, accept=METADATA_LIST)


# -- recordings ------------------------------------------------------------------------------


def load() -> Mapping[str, list[Tree]]:
    return recorded.load(FILE)


def main() -> None:
    side = Side(recorded.oracle())
    found = {name: side.run(steps) for name, steps in sequences().items()}
    side.close()
    recorded.save(FILE, found)


if __name__ == "__main__":
    main()
