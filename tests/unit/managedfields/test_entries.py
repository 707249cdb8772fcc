"""Entries of managedFields: order, identity, and how many updaters are kept.

Expectations: apimachinery pkg/util/managedfields/internal (managedfields.go, capmanagers.go).
"""

from typing import Any

from mockapi.machinery.managedfields import entries


def entry(manager: str, second: int, *, operation: str = "Update", **more: Any) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "v1",
        "time": f"2026-01-01T00:00:{second:02}Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {f"f:{manager}": {}},
        **more,
    }


def test_appliers_come_first_then_the_oldest() -> None:
    trees = [
        entry("b", 2),
        entry("a", 2),
        entry("z", 1),
        entry("y", 9, operation="Apply"),
        entry("a", 2, subresource="status"),
    ]
    written = entries.write(entries.read(trees))
    names = [(e["manager"], e.get("subresource", "")) for e in written]
    assert names == [("y", ""), ("z", ""), ("a", ""), ("a", "status"), ("b", "")]


def test_unchanged_entries_are_the_same_objects() -> None:
    trees = [entry("a", 1), entry("b", 2)]
    assert all(e is t for e, t in zip(entries.write(entries.read(trees)), trees, strict=True))


def test_an_applier_has_one_entry_for_all_versions() -> None:
    trees = [entry("a", 1, operation="Apply"), entry("a", 2, operation="Apply", apiVersion="v2")]
    assert [e["apiVersion"] for e in entries.write(entries.read(trees))] == ["v2"]


def test_ten_updaters_are_kept_as_they_are() -> None:
    managed = entries.read(entry(f"m{i}", i) for i in range(10))
    assert entries.cap(managed) is managed


def test_the_oldest_updaters_become_ancient_changes() -> None:
    managed = entries.read(entry(f"m{i:02}", i) for i in range(12))
    written = entries.write(entries.cap(managed))
    assert [e["manager"] for e in written] == [
        "ancient-changes",
        *(f"m{i:02}" for i in range(3, 12)),
    ]
    assert written[0]["fieldsV1"] == {"f:m00": {}, "f:m01": {}, "f:m02": {}}
    assert written[0]["time"] == "2026-01-01T00:00:02Z"


def test_appliers_do_not_count() -> None:
    trees = [entry(f"m{i}", i, operation="Apply") for i in range(12)]
    assert len(entries.cap(entries.read(trees))) == 12


def test_versions_are_put_together_apart() -> None:
    trees = [entry(f"m{i:02}", i, apiVersion=f"v{i % 2}") for i in range(12)]
    written = entries.write(entries.cap(entries.read(trees)))
    ancient = {e["apiVersion"]: e["fieldsV1"] for e in written if e["manager"] == "ancient-changes"}
    assert ancient == {"v0": {"f:m00": {}, "f:m02": {}}, "v1": {"f:m01": {}, "f:m03": {}}}
