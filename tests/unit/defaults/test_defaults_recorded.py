"""Objects of every kind with few fields, as a real server completed them."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from mockapi.machinery import catalogue
from mockapi.machinery.schema.schemas import Schemas
from mockapi.meta.names import GroupVersionKind, split_api_version
from mockapi.resources import defaults
from mockapi.resources.conversions import CONVERSIONS

RECORDINGS = Path(__file__).parents[2] / "contract/recordings/defaults"
TABLES = catalogue.load("1.37")
NOW = "2026-11-11T11:11:11Z"
SCHEMAS = Schemas(TABLES.types, defaults.defaulters(lambda: NOW), normalisers=defaults.NORMALISERS)
# What the server sets, strategies prepare and admission adds is not what is looked at here.
ADDED = {
    "": "metadata.uid metadata.creationTimestamp metadata.managedFields metadata.namespace "
    "metadata.generation metadata.finalizers",
    "DaemonSet": "metadata.annotations",
    "DeviceTaintRule": "spec.taint.timeAdded",
    "Job": "metadata.labels spec.selector spec.template.metadata",
    "Namespace": "spec",
    "Node": "spec.taints",
    "Pod": "spec.tolerations spec.priority spec.preemptionPolicy spec.serviceAccount "
    "spec.serviceAccountName",
    "ResourceSlice": "spec.devices",
    "Service": "spec.clusterIPs spec.ipFamilies spec.ipFamilyPolicy",
}
TOKEN = "kube-api-access-"


def cases() -> list[Any]:
    rows = [
        row for file in sorted(RECORDINGS.glob("*.json")) for row in json.loads(file.read_text())
    ]
    return [
        pytest.param(row, id=f"{row['sent']['kind']}-{row['sent']['metadata']['name']}")
        for row in rows
    ]


def without_server(obj: dict[str, Any]) -> dict[str, Any]:
    obj = without_tokens(copy.deepcopy(obj))
    obj.pop("status", None)
    for path in f"{ADDED['']} {ADDED.get(obj['kind'], '')}".split():
        *way, last = path.split(".")
        inner = obj
        for step in way:
            inner = inner.get(step) or {}
        inner.pop(last, None)
    return obj


def without_tokens(tree: Any) -> Any:
    """The volume with the service account's token is admission's."""
    if isinstance(tree, dict):
        kept = {key: without_tokens(value) for key, value in tree.items()}
        return {key: value for key, value in kept.items() if value != [] or tree[key] == []}
    if isinstance(tree, list):
        return [without_tokens(item) for item in tree if not is_token(item)]
    return tree


def is_token(item: Any) -> bool:
    return isinstance(item, dict) and str(item.get("name")).startswith(TOKEN)


def completed(sent: dict[str, Any]) -> dict[str, Any]:
    gvk = GroupVersionKind(*split_api_version(sent["apiVersion"]), sent["kind"])
    name = TABLES.type_name(gvk)
    decoded = SCHEMAS.decode(name, sent)
    assert decoded.problems == []
    SCHEMAS.default(name, decoded.obj)
    way = CONVERSIONS.get((gvk.group, gvk.kind), {}).get(gvk.version)
    obj = way.from_storage(way.to_storage(decoded.obj)) if way else decoded.obj
    return SCHEMAS.normal(name, obj)


@pytest.mark.parametrize("case", cases())
def test_an_object_is_completed_as_by_the_real_server(case: dict[str, Any]) -> None:
    assert without_server(completed(case["sent"])) == without_server(case["reply"])


def test_every_kind_that_can_be_created_is_looked_at() -> None:
    reviews = ("Binding", "Review", "CertificateRequest", "CertificateSigningRequest")
    created = {
        resource.gvk
        for resource in TABLES.resources.values()
        if "create" in resource.verbs and not resource.kind.endswith(reviews)
    }
    sent = [case.values[0]["sent"] for case in cases()]
    seen = {GroupVersionKind(*split_api_version(one["apiVersion"]), one["kind"]) for one in sent}
    assert created - seen == set()


def test_defaults_of_defaulted_objects_change_nothing() -> None:
    for case in cases():
        once = completed(case.values[0]["sent"])
        assert completed(once) == once
