"""`mockapi explain pod`: the scheduler's verdicts as a table, asked of a running server."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests
import yaml

from mockapi.client.http import HttpClients

Tree = dict[str, Any]
_SECONDS = 60
_SHOWN_KINDS = ("Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job")


class _Refusal(Exception):
    """What to tell the user, in one line."""


def run(parsed: argparse.Namespace) -> int:
    """Print node x plugin, verdict and score; the exit code."""
    try:
        explained = _ask(parsed)
    except _Refusal as refusal:
        print(f"mockapi: {refusal}", file=sys.stderr)
        return 1
    if parsed.output == "json":
        print(json.dumps(explained, indent=2))
    else:
        print("\n".join(lines(explained)))
    return 0


def _ask(parsed: argparse.Namespace) -> Tree:
    clients = _clients(parsed)
    session, url = clients.session("mockapi-explain"), f"{clients.url}/mockapi/v1/explain/pods"
    try:
        if parsed.filename:
            pod = _proposed(parsed.filename, parsed.name, parsed.namespace)
            reply = session.post(url, json=pod, timeout=_SECONDS)
        elif parsed.name:
            namespace = parsed.namespace or "default"
            reply = session.get(f"{url}/{namespace}/{parsed.name}", timeout=_SECONDS)
        else:
            raise _Refusal("name a pod, or a file with -f")
    except requests.RequestException:
        raise _Refusal(f"no server answers at {clients.url}") from None
    return _tree(reply, clients.url)


def _clients(parsed: argparse.Namespace) -> HttpClients:
    if not parsed.kubeconfig:
        return HttpClients(parsed.server)
    try:
        return HttpClients.from_kubeconfig(Path(parsed.kubeconfig))
    except OSError as error:
        raise _Refusal(f"--kubeconfig: {parsed.kubeconfig}: {error.strerror}") from None
    except (yaml.YAMLError, KeyError, TypeError, StopIteration):
        raise _Refusal(f"--kubeconfig: {parsed.kubeconfig} is no complete kubeconfig") from None


def _tree(reply: requests.Response, server: str) -> Tree:
    try:
        tree = reply.json()
    except ValueError:
        tree = None
    if not isinstance(tree, dict):
        raise _Refusal(f"{server} is no mockapi server: it answers {reply.status_code}")
    if reply.status_code != 200:
        raise _Refusal(tree.get("message") or f"{server} answers {reply.status_code}")
    return tree


def _proposed(filename: str, name: str | None, namespace: str | None) -> Tree:
    """The pod of that name in a file (`-`: standard input), or the first; a workload's template
    counts as a pod with the workload's name."""
    found = [pod for document in _documents(filename) if (pod := _pod_of(document)) is not None]
    if not found:
        raise _Refusal(f"{filename} has no pod ({', '.join(_SHOWN_KINDS)})")
    for pod in found:
        if name in (None, pod["metadata"]["name"]):
            metadata = pod["metadata"]
            if namespace or "namespace" not in metadata:
                pod["metadata"] = {**metadata, "namespace": namespace or "default"}
            return pod
    names = ", ".join(pod["metadata"]["name"] for pod in found)
    raise _Refusal(f"{filename} has no pod {name}; it has {names}")


def _documents(filename: str) -> list[Any]:
    try:
        text = sys.stdin.read() if filename == "-" else Path(filename).read_text(encoding="utf-8")
        found = list(yaml.safe_load_all(text))
    except OSError as error:
        raise _Refusal(f"{filename}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}" if place is not None else ""
        raise _Refusal(f"{filename} is not YAML{where}") from None
    items = [d.get("items") for d in found if isinstance(d, dict) and d.get("kind") == "List"]
    return [*found, *(item for listed in items for item in listed or ())]


def _pod_of(document: Any) -> Tree | None:
    if not isinstance(document, dict) or document.get("kind") not in _SHOWN_KINDS:
        return None
    metadata, spec = document.get("metadata"), document.get("spec")
    if not isinstance(metadata, dict) or not isinstance(spec, dict) or "name" not in metadata:
        return None
    if document["kind"] == "Pod":
        return document
    template = spec.get("template")
    if not isinstance(template, dict):
        return None
    known = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
    inner = {**(template.get("metadata") or {}), **known}
    return {"apiVersion": "v1", "kind": "Pod", **template, "metadata": inner}


def lines(explained: Tree) -> Sequence[str]:
    """The explanation as text: a row per node, a column per plugin that has something to say."""
    pod, nodes = explained.get("pod", {}), explained.get("nodes", [])
    head = f"pod {pod.get('namespace')}/{pod.get('name')}, scheduler {explained['schedulerName']}"
    out = [head]
    if explained.get("served") is False:
        return [*out, "no profile of this cluster's scheduler has that name"]
    if nodes:
        out += ["", *_table(nodes, explained), ""]
    for node in nodes:
        out += [f"{node['name']}: {reason}" for reason in _reasons(node)]
    if "gates" in explained:
        out.append(f"gated by {explained['gates']['plugin']}: {explained['gates']['message']}")
    if explained.get("chosen"):
        out.append(f"it is on {explained['chosen']}")
    elif explained.get("best"):
        best = explained["best"]
        out.append(f"best: {', '.join(best)}" + (" (one is drawn)" if len(best) > 1 else ""))
    if "preemption" in explained:
        found = explained["preemption"]
        out.append(f"would evict {', '.join(found['victims'])} from {found['node']}")
    if explained.get("message"):
        out.append(explained["message"])
    return out


def _reasons(node: Tree) -> list[str]:
    """The rejection that counts, then what other plugins would have said."""
    said = node.get("verdicts", {})
    out = [f"{plugin}: {reason}" for plugin, reasons in said.items() for reason in reasons]
    if not out:
        return list(node.get("reasons", ()))
    first = node.get("reasons", ())
    return sorted(out, key=lambda line: line.partition(": ")[2] not in first)


def _table(nodes: Sequence[Tree], explained: Tree) -> list[str]:
    plugins = _columns(nodes)
    chosen = {explained.get("chosen")} - {None} or set(explained.get("best", ()))
    rows = [["NODE", "FITS", *plugins, "TOTAL"]]
    for node in nodes:
        mark = " *" if node["name"] in chosen else ""
        cells = [_cell(node, plugin) for plugin in plugins]
        total = str(node["total"]) if "total" in node else "-"
        rows.append([node["name"] + mark, "yes" if node["fits"] else "no", *cells, total])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _columns(nodes: Sequence[Tree]) -> list[str]:
    """Plugins that refused a node, in the order in which they are asked, then those that score."""
    asked = dict.fromkeys(name for node in nodes for name in node.get("verdicts", {}))
    refused = {
        name for node in nodes for name, reasons in node.get("verdicts", {}).items() if reasons
    }
    scored = [name for node in nodes for name in node.get("scores", {})]
    return list(dict.fromkeys([*(name for name in asked if name in refused), *scored]))


def _cell(node: Tree, plugin: str) -> str:
    """`refused`, `ok`, or score x weight."""
    if node.get("verdicts", {}).get(plugin):
        return "refused"
    score = node.get("scores", {}).get(plugin)
    if score is not None:
        return f"{score['score']}x{score['weight']}"
    return "ok" if plugin in node.get("verdicts", {}) else "-"
