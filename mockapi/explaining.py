"""`mockapi explain pod NAME`: the scheduler's verdicts as a table, asked of a running server."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import requests


def run(parsed: argparse.Namespace) -> int:
    """Print node x plugin, verdict and score; the exit code."""
    url = f"{parsed.server.rstrip('/')}/mockapi/v1/explain/pods/{parsed.namespace}/{parsed.name}"
    session = requests.Session()
    session.trust_env = False
    try:
        reply = session.get(url, timeout=60)
    except requests.RequestException:
        print(f"mockapi: no server answers at {parsed.server}", file=sys.stderr)
        return 1
    if reply.status_code != 200:
        print(f"mockapi: {reply.json().get('message', reply.text)}", file=sys.stderr)
        return 1
    print("\n".join(lines(reply.json())))
    return 0


def lines(explained: dict[str, Any]) -> Sequence[str]:
    """The explanation as text: a row per node, a column per plugin that has something to say."""
    pod, nodes = explained.get("pod", {}), explained.get("nodes", [])
    head = f"pod {pod.get('namespace')}/{pod.get('name')}, scheduler {explained['schedulerName']}"
    out = [head]
    if explained.get("served") is False:
        return [*out, "no profile of this cluster's scheduler has that name"]
    if nodes:
        out += _table(nodes, explained)
    for node in nodes:
        out += [f"  {node['name']}: {reason}" for reason in node.get("reasons", ())]
    if "gates" in explained:
        out.append(f"gated by {explained['gates']['plugin']}: {explained['gates']['message']}")
    if explained.get("chosen"):
        out.append(f"chosen: {explained['chosen']}")
    elif explained.get("best"):
        out.append(f"best: {', '.join(explained['best'])}")
    if explained.get("message"):
        out.append(explained["message"])
    return out


def _table(nodes: Sequence[dict[str, Any]], explained: dict[str, Any]) -> list[str]:
    plugins = list(dict.fromkeys(name for node in nodes for name in _said(node)))
    chosen = explained.get("chosen") or next(iter(explained.get("best", ())), None)
    rows = [["NODE", "FITS", *plugins, "TOTAL"]]
    for node in nodes:
        mark = " *" if node["name"] == chosen else ""
        cells = [_cell(node, plugin) for plugin in plugins]
        total = str(node["total"]) if "total" in node else "-"
        rows.append([node["name"] + mark, "yes" if node["fits"] else "no", *cells, total])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _said(node: dict[str, Any]) -> list[str]:
    refusals = [name for name, reasons in node.get("verdicts", {}).items() if reasons]
    return [*refusals, *node.get("scores", {})]


def _cell(node: dict[str, Any], plugin: str) -> str:
    if node.get("verdicts", {}).get(plugin):
        return "refused"
    score = node.get("scores", {}).get(plugin)
    if score is None:
        return "ok" if not node["fits"] else "-"
    return f"{score['score']}x{score['weight']}"
