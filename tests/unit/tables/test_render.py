"""The form of a Table around its cells, as kube-apiserver 1.37.2 answers it."""

import pytest

from mockapi.machinery import tables
from mockapi.machinery.tables.jsonpath import PathError, compile_path
from mockapi.machinery.tables.parts import Obj

CREATED = "2026-11-24T07:17:45Z"
NAMESPACE: Obj = {
    "kind": "Namespace",
    "apiVersion": "v1",
    "metadata": {"name": "default", "creationTimestamp": CREATED},
    "status": {"phase": "Active"},
}
NOW = 1795504665.0 + 46 * 60
COLUMNS = [
    {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
    {"name": "Status", "type": "string", "format": "", "description": "", "priority": 0},
    {"name": "Age", "type": "string", "format": "", "description": "", "priority": 0},
]


def test_a_table_holds_metadata_by_default() -> None:
    meta = {"resourceVersion": "19"}
    assert tables.render(("", "Namespace"), [NAMESPACE], now=NOW, list_meta=meta) == {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": COLUMNS,
        "rows": [
            {
                "cells": ["default", "Active", "46m"],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": NAMESPACE["metadata"],
                },
            }
        ],
    }


@pytest.mark.parametrize(("include", "expected"), [("Object", NAMESPACE), ("None", None)])
def test_rows_hold_what_was_asked_for(include: str, expected: Obj | None) -> None:
    table = tables.render(("", "Namespace"), [NAMESPACE], now=NOW, include_object=include)
    assert table["rows"][0]["object"] == expected


def test_v1beta1_tables_name_their_version_in_rows_too() -> None:
    version = "meta.k8s.io/v1beta1"
    table = tables.render(("", "Namespace"), [NAMESPACE], now=NOW, api_version=version)
    assert [table["apiVersion"], table["rows"][0]["object"]["apiVersion"]] == [version, version]


def test_an_unknown_kind_shows_name_and_age_like_a_custom_resource() -> None:
    table = tables.render(("example.com", "Widget"), [NAMESPACE], now=NOW)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Age"]
    assert table["rows"][0]["cells"] == ["default", "46m"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".a.b", [1]),
        (".missing.b", []),
        (".list[0].n", ["x"]),
        (".list[-1].n", ["y"]),
        (".list[9]", []),
        (".list[*].n", ["x", "y"]),
        (".list[0:1].n", ["x"]),
        ('.list[?(@.n=="y")].v', [2]),
        (".list[?(@.v>1)].n", ["y"]),
        (".list[?(@.w)].n", ["y"]),
        (".labels['a.b/c']", ["quoted"]),
        (r".labels.a\.b/c", ["quoted"]),
        ("..n", ["x", "y"]),
    ],
)
def test_json_paths_find(path: str, expected: list[object]) -> None:
    """Syntax as documented in "JSONPath Support" of kubectl's reference."""
    rows = [{"n": "x", "v": 1}, {"n": "y", "v": 2, "w": 0}]
    tree = {"a": {"b": 1}, "list": rows, "labels": {"a.b/c": "quoted"}}
    assert list(compile_path(path)(tree)) == expected


@pytest.mark.parametrize("path", [".a[", ".a[?(@.b==)]", ".a[b]"])
def test_a_bad_json_path_is_refused(path: str) -> None:
    with pytest.raises(PathError):
        compile_path(path)
