"""Objects with every field set, and what a real server makes of them in all its forms.

    MOCKAPI_ORACLE=KUBECONFIG python -m tests.contract.record_maximal

Each is created, read back in every served version, as a table and as protobuf; its status is
written, and it is applied. Of protobuf the bytes are kept, without what differs from run to run.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mockapi.machinery import catalogue
from tests.contract import harness, maximal, wire
from tests.contract import replies as recorded
from tests.contract.fuzz.comparing import Comparable
from tests.contract.fuzz.kinds import Kind, Tree
from tests.contract.fuzz.operations import APPLY, MERGE, compact
from tests.contract.fuzz.pair import Side
from tests.contract.harness import Step
from tests.contract.sweep import TABLE, UNSETTLED

FILE = Path(__file__).parent / "recordings/sweep/maximal.jsonl.gz"
_NOW = "gracePeriodSeconds=0"
_SERVERS = frozenset(
    ("uid", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
)
"""Metadata that is only the server's to say; whoever creates an object may say it in vain."""
PROTOBUF = "application/vnd.kubernetes.protobuf"
_UID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TOKEN = re.compile(rb"kube-api-access-[a-z0-9]{5}")
_NOW_IN_BYTES = re.compile(rb"\x08\x08[\x80-\xff]{4}\x06\x10\x00")
"""A time after January 2021; the objects' own are of 2020."""
# Events are one kind in two groups.
_TWIN = {"": "events.k8s.io", "events.k8s.io": ""}


def sequences() -> Mapping[str, Sequence[Step]]:
    """By `apps/v1 Deployment 0`."""
    return {
        f"{name} {index}": _steps(kind, obj)
        for name, kind in maximal.kinds().items()
        for index, obj in enumerate(maximal.objects(kind))
    }


def _step(method: str, path: str, body: Tree | None = None, **headers: str) -> Step:
    said = {"User-Agent": "sweep/1.0", "Accept": "application/json"}
    if "requests" in path:
        # These say who asks for them.
        said |= {"Impersonate-User": "jane", "Impersonate-Group": "system:masters"}
    if body is not None:
        said["Content-Type"] = "application/json"
    for name, value in headers.items():
        said["Content-Type" if name == "type" else "Accept"] = value
    return Step(method, path, said, None if body is None else compact(body))


def _steps(kind: Kind, obj: Tree) -> list[Step]:
    strict = "fieldValidation=Strict&fieldManager=maker"
    if kind.gvk.kind in UNSETTLED:
        dry = f"{kind.collection}?dryRun=All&{strict}"
        return [_step("POST", dry, obj), _step("POST", dry, obj, accept=PROTOBUF)]
    path = f"{kind.collection}/{obj['metadata']['name']}"
    found = [_step("POST", f"{kind.collection}?{strict}", obj), *_read(kind, path)]
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _SERVERS}
    obj = {**obj, "metadata": metadata}
    if "status" in kind.subresources:
        seen = {**obj, "metadata": {**metadata, "resourceVersion": "{rv:a}"}}
        found.append(_step("PUT", f"{path}/status?{strict}", seen))
        found += [_step("GET", path, accept=PROTOBUF), _step("GET", path, accept=TABLE)]
    if "ephemeralcontainers" in kind.subresources and "initContainers" in obj["spec"]:
        debug = maximal.struct("EphemeralContainer", kind)
        body = {**obj, "spec": {**obj["spec"], "ephemeralContainers": [debug]}}
        found.append(_step("PUT", f"{path}/ephemeralcontainers?{strict}", body))
    applied = {key: value for key, value in obj.items() if key != "status"}
    query = "fieldManager=applier&force=true"
    found.append(_step("PATCH", f"{path}?{query}", applied, type=APPLY))
    free = {"metadata": {"finalizers": None}}
    return [*found, _step("PATCH", path, free, type=MERGE), _step("DELETE", f"{path}?{_NOW}")]


def _read(kind: Kind, path: str) -> list[Step]:
    found = [_step("GET", path, accept=TABLE)]
    for each in _versions(kind, path):
        found += [_step("GET", each, accept=PROTOBUF), _step("GET", each)]
    return found


def _versions(kind: Kind, path: str) -> list[str]:
    """Paths of the same object in all versions and groups in which it is served."""
    resources = catalogue.load("1.37").resource_of_kind
    groups = [kind.gvk.group, *([_TWIN[kind.gvk.group]] if kind.gvk.kind == "Event" else [])]
    found = []
    for gvk in resources:
        if gvk.kind == kind.gvk.kind and gvk.group in groups:
            root = f"/apis/{gvk.api_version}" if gvk.group else "/api/v1"
            found.append(path.replace(_root(kind), root, 1))
    return found


def _root(kind: Kind) -> str:
    return f"/apis/{kind.gvk.api_version}" if kind.gvk.group else "/api/v1"


# -- what is compared ------------------------------------------------------------------------


class Exact(Comparable):
    """Also the bytes of protobuf."""

    def _content(self, content: bytes, kind: str, *, stream: bool, brief: bool) -> Tree:
        if not content.startswith(wire.MAGIC):
            return super()._content(content, kind, stream=stream, brief=brief)
        for name in self._names:
            content = content.replace(name.encode(), b"x" * len(name))
        content = _UID.sub(b"0" * 36, content)
        content = _TOKEN.sub(b"kube-api-access-xxxxx", content)
        content = _NOW_IN_BYTES.sub(b"\x08\x08<time>", wire.steady(content))
        return {"protobuf": base64.b64encode(content).decode()}


def side(target: harness.Target) -> Side:
    return Side(target, Exact)


def load() -> Mapping[str, list[Tree]]:
    return recorded.load(FILE, key="object")


def main() -> None:
    oracle = side(recorded.oracle())
    found = {name: oracle.run(steps) for name, steps in sequences().items()}
    for name, steps in sequences().items():
        for step, reply in zip(steps, found[name], strict=True):
            if reply["status"] >= 300:
                print(name, step.title, reply["status"], (reply.get("body") or {}).get("message"))
    oracle.close()
    recorded.save(FILE, found, key="object")


if __name__ == "__main__":
    main()
