"""columns.json: the columns of every kind's Table, by asking for each list as a Table."""

from typing import Any

from scripts.data.server import Server

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
UNLISTED = [
    # Source: kubernetes pkg/printers/internalversion/printers.go.
    {
        "group": "autoscaling",
        "kind": "Scale",
        "columns": [
            ["Name", "string", "", 0],
            ["Desired", "integer", "", 0],
            ["Available", "integer", "", 0],
            ["Age", "string", "", 0],
        ],
    },
    {
        "group": "",
        "kind": "Status",
        "columns": [
            ["Status", "string", "", 0],
            ["Reason", "string", "", 0],
            ["Message", "string", "", 0],
        ],
    },
]
"""Kinds that show as Tables but are not listed."""


def build(server: Server, release: str) -> dict[str, Any]:
    """Rows of group, kind and [name, type, format, priority] of each column."""
    groups = server.get("/apis")["groups"]
    prefixes = {"": "/api/v1"} | {
        group["name"]: f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups
    }
    rows = [row for group, prefix in prefixes.items() for row in _group(server, group, prefix)]
    return {"release": release, "columns": [*rows, *UNLISTED]}


def _group(server: Server, group: str, prefix: str) -> list[dict[str, Any]]:
    return [
        {
            "group": group,
            "kind": resource["kind"],
            "columns": _columns(server, f"{prefix}/{resource['name']}"),
        }
        for resource in server.get(prefix)["resources"]
        if "list" in resource["verbs"]
    ]


def _columns(server: Server, path: str) -> list[list[Any]]:
    table = server.get(f"{path}?limit=1", accept=TABLE)
    keys = ("name", "type", "format", "priority")
    return [[column[key] for key in keys] for column in table["columnDefinitions"]]
