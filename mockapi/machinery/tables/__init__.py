"""Objects as rows of a Table, as `kubectl get` shows them.

One function per kind writes a row's cells (`printers.py`); columns are data (`columns.json`).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from mockapi.machinery import catalogue
from mockapi.machinery.tables import custom, metrics, others, pods, printers
from mockapi.machinery.tables.ages import Ages
from mockapi.machinery.tables.parts import Obj, Printer

__all__ = ["Obj", "render"]


def render(
    kind: tuple[str, str],
    objects: Sequence[Obj],
    *,
    now: float,
    api_version: str = "meta.k8s.io/v1",
    include_object: str = "Metadata",
    list_meta: Obj | None = None,
    columns: Sequence[Obj] | None = None,
    single: bool = False,
) -> Obj:
    """A meta.k8s.io Table.

    `kind` is (group, kind); `now` in seconds since the epoch; `include_object` is Metadata, Object
    or None; `columns` are a custom resource version's `additionalPrinterColumns`; `single` when
    one object was asked for and not a list.
    """
    definitions, printer = _known(kind) if columns is None else _custom(columns)
    if not single:
        objects = _ordered(kind, objects)
    ages = Ages(now)
    rows = [
        {"cells": printer(obj, ages), "object": _included(obj, include_object, api_version)}
        for obj in objects
    ]
    _decorate(kind, objects, rows, single=single)
    head = {"kind": "Table", "apiVersion": api_version, "metadata": list_meta or {}}
    if kind[0] == "metrics.k8s.io" and not rows:
        return head | {"columnDefinitions": None, "rows": None}
    if not rows and kind in _WITHOUT_PRINTER:
        return head | {"columnDefinitions": definitions, "rows": None}
    return head | {"columnDefinitions": definitions, "rows": rows}


_WITHOUT_PRINTER = frozenset(
    (
        ("", "LimitRange"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "Role"),
        ("storage.k8s.io", "CSIStorageCapacity"),
    )
)
"""Kinds that the real server tables by default, which leaves an empty list null."""
_INNER = {
    "DaemonSet": frozenset(("deprecated.daemonset.template.generation",)),
    "HorizontalPodAutoscaler": frozenset(
        f"autoscaling.alpha.kubernetes.io/{name}"
        for name in ("metrics", "current-metrics", "behavior", "conditions")
    ),
}
"""Annotations that are fields inside."""


def _known(kind: tuple[str, str]) -> tuple[list[Obj], Printer]:
    if kind[0] == "metrics.k8s.io":
        return metrics.definitions(), printers.PRINTERS[kind]
    definitions = _column_definitions().get(kind)
    if definitions is None:
        return _custom(())
    return definitions, printers.PRINTERS.get(kind, printers.default)


def _custom(columns: Sequence[Obj]) -> tuple[list[Obj], Printer]:
    return custom.definitions(columns), custom.printer(columns)


@cache
def _column_definitions() -> Mapping[tuple[str, str], list[Obj]]:
    found = {}
    for row in catalogue.load().table("columns")["columns"]:
        keys = ("name", "type", "format", "priority")
        definitions = [dict(zip(keys, column, strict=True)) for column in row["columns"]]
        found[row["group"], row["kind"]] = [_in_order(column) for column in definitions]
    return found


def _in_order(column: Mapping[str, Any]) -> Obj:
    head = {key: column[key] for key in ("name", "type", "format")}
    return head | {"description": "", "priority": column["priority"]}


def _included(obj: Obj, include: str, api_version: str) -> Obj | None:
    if include == "Object":
        return obj
    if include == "None":
        return None
    head = {"kind": "PartialObjectMetadata", "apiVersion": api_version}
    return head | {"metadata": metadata_alone(obj)}


def metadata_alone(obj: Obj) -> Obj:
    """An object's metadata where nothing else of it is shown: what the real server keeps as a
    field inside and writes as an annotation is not there."""
    metadata: Obj = obj.get("metadata", {})
    annotations = metadata.get("annotations") or {}
    inner = _INNER.get(obj.get("kind", ""), frozenset())
    if inner.isdisjoint(annotations):
        return metadata
    rest = {key: value for key, value in annotations.items() if key not in inner}
    without = {key: value for key, value in metadata.items() if key != "annotations"}
    return without | {"annotations": rest} if rest else without


def _ordered(kind: tuple[str, str], objects: Sequence[Obj]) -> Sequence[Obj]:
    if kind == ("flowcontrol.apiserver.k8s.io", "FlowSchema"):
        return sorted(objects, key=others.flow_schema_order)
    return objects


def _decorate(
    kind: tuple[str, str], objects: Sequence[Obj], rows: list[Obj], *, single: bool
) -> None:
    """What depends on more than one object, or is beside the cells."""
    if kind == ("", "Pod"):
        for index, obj in enumerate(objects):
            conditions = pods.pod_conditions(obj)
            if conditions:
                row = rows[index]
                rows[index] = {"cells": row["cells"], "conditions": conditions, **row}
    if kind == ("storage.k8s.io", "StorageClass") and not single:
        chosen = others.default_storage_class(objects)
        for row in rows:
            if row["cells"][0] == chosen:
                row["cells"][0] += " (default)"
