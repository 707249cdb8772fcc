"""What pods and nodes use, from their behaviours: metrics.k8s.io and the kubelet's own endpoints.

Pure: figures follow from the pods' statuses, the behaviours and the time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.kubelet import amounts
from mockapi.kubelet.behaviours import Behaviours
from mockapi.meta import gofmt
from mockapi.meta.quantity import BINARY_SI, NANO, Quantity

Obj = dict[str, Any]
Figures = tuple[float, float]
"""CPU in cores, memory in bytes."""

WINDOW_SECONDS = 15.0
"""As often as metrics-server is told to look (--metric-resolution)."""
NODE_BASE: Figures = (0.05, 300 * 1024 * 1024)
"""What a node itself uses."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A running container: what it uses now, and CPU seconds since it has started."""

    name: str
    figures: Figures
    cpu_seconds: float
    started: float


def container_figures(pod: Obj, behaviours: Behaviours, now: float) -> dict[str, Figures]:
    """Of each running container, by name."""
    return {one.name: one.figures for one in _running(pod, behaviours, now)}


def _running(pod: Obj, behaviours: Behaviours, now: float) -> Iterator[Measured]:
    status = pod.get("status") or {}
    specs = {
        c["name"]: c
        for kind in ("containers", "initContainers")
        for c in pod["spec"].get(kind) or ()
    }
    for kind in ("containerStatuses", "initContainerStatuses"):
        for one in status.get(kind) or ():
            running = one["state"].get("running")
            if running is None or one["name"] not in specs:
                continue
            started = parse_timestamp(running["startedAt"])
            usage = behaviours.of_container(pod, specs[one["name"]], one["restartCount"]).usage
            age = max(0.0, now - started)
            figures = usage.cpu.at(age), usage.memory.at(age)
            yield Measured(one["name"], figures, usage.cpu.total(age), started)


def pod_figures(pod: Obj, behaviours: Behaviours, now: float) -> Figures:
    found = list(container_figures(pod, behaviours, now).values())
    return sum(cpu for cpu, _ in found), sum(memory for _, memory in found)


def node_figures(pods: Iterable[Obj], behaviours: Behaviours, now: float) -> Figures:
    found = [pod_figures(pod, behaviours, now) for pod in pods]
    cpu, memory = NODE_BASE
    return cpu + sum(c for c, _ in found), memory + sum(m for _, m in found)


def amounts_of(figures: Figures) -> Obj:
    """As metrics-server writes them: nanocores and bytes in their canonical form."""
    cpu, memory = figures
    nanos = Quantity(round(cpu * 1e9), NANO)
    return {"cpu": str(nanos), "memory": str(Quantity(round(memory), format=BINARY_SI))}


def _metrics(kind: str, obj: Obj, now: float) -> Obj:
    metadata = obj["metadata"]
    shown: Obj = {"name": metadata["name"]}
    if "namespace" in metadata:
        shown["namespace"] = metadata["namespace"]
    shown["creationTimestamp"] = timestamp(now)
    if metadata.get("labels"):
        shown["labels"] = metadata["labels"]
    return {
        "kind": kind,
        "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": shown,
        "timestamp": timestamp(now),
        "window": f"{WINDOW_SECONDS:g}s",
    }


def pod_metrics(pod: Obj, behaviours: Behaviours, now: float) -> Obj | None:
    """A PodMetrics; None while nothing of the pod runs."""
    found = container_figures(pod, behaviours, now)
    if not found:
        return None
    containers = [{"name": n, "usage": amounts_of(f)} for n, f in sorted(found.items())]
    return {**_metrics("PodMetrics", pod, now), "containers": containers}


def node_metrics(node: Obj, pods: Sequence[Obj], behaviours: Behaviours, now: float) -> Obj:
    """A NodeMetrics."""
    figures = node_figures(pods, behaviours, now)
    return {**_metrics("NodeMetrics", node, now), "usage": amounts_of(figures)}


def summary(node: Obj, pods: Sequence[Obj], behaviours: Behaviours, now: float) -> Obj:
    """The kubelet's /stats/summary (v1alpha1): cpu and memory of node, pods and containers."""
    started = node["metadata"].get("creationTimestamp") or timestamp(now)
    measured = [list(_running(pod, behaviours, now)) for pod in pods]
    used = [one for of_pod in measured for one in of_pod]
    cpu, memory = NODE_BASE
    seconds = cpu * max(0.0, now - parse_timestamp(started)) + sum(u.cpu_seconds for u in used)
    memory += sum(one.figures[1] for one in used)
    cpu += sum(one.figures[0] for one in used)
    return {
        "node": {
            "nodeName": node["metadata"]["name"],
            "startTime": started,
            "cpu": _cpu(cpu, seconds, now),
            "memory": {**_memory(memory, now), "availableBytes": _available(node, memory)},
        },
        "pods": [_pod_summary(pod, one, now) for pod, one in zip(pods, measured, strict=True)],
    }


def _available(node: Obj, used: float) -> int:
    capacity = ((node.get("status") or {}).get("capacity") or {}).get("memory", "0")
    return max(0, int(amounts.quantity(capacity) - used))


def _cpu(cores: float, seconds: float, now: float) -> Obj:
    return {
        "time": timestamp(now),
        "usageNanoCores": round(cores * 1e9),
        "usageCoreNanoSeconds": round(seconds * 1e9),
    }


def _memory(bytes_used: float, now: float) -> Obj:
    used = round(bytes_used)
    return {
        "time": timestamp(now),
        "usageBytes": used,
        "workingSetBytes": used,
        "rssBytes": used,
    }


def _pod_summary(pod: Obj, measured: Sequence[Measured], now: float) -> Obj:
    metadata = pod["metadata"]
    containers = [
        {
            "name": one.name,
            "startTime": timestamp(one.started),
            "cpu": _cpu(one.figures[0], one.cpu_seconds, now),
            "memory": _memory(one.figures[1], now),
        }
        for one in measured
    ]
    cores, seconds = sum(m.figures[0] for m in measured), sum(m.cpu_seconds for m in measured)
    return {
        "podRef": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
        "startTime": (pod.get("status") or {}).get("startTime") or timestamp(now),
        "containers": containers,
        "cpu": _cpu(cores, seconds, now),
        "memory": _memory(sum(m.figures[1] for m in measured), now),
    }


METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
_FAMILIES = {
    "container_cpu_usage_seconds_total": "counter",
    "container_memory_working_set_bytes": "gauge",
    "container_start_time_seconds": "gauge",
    "node_cpu_usage_seconds_total": "counter",
    "node_memory_working_set_bytes": "gauge",
    "pod_cpu_usage_seconds_total": "counter",
    "pod_memory_working_set_bytes": "gauge",
    "resource_scrape_error": "gauge",
    "scrape_error": "gauge",
}


def resource_metrics(node: Obj, pods: Sequence[Obj], behaviours: Behaviours, now: float) -> str:
    """The kubelet's /metrics/resource, Prometheus text.

    Source: metrics/collectors/resource_metrics.go, which makes it of the same summary.
    """
    found = summary(node, pods, behaviours, now)
    samples: dict[str, list[str]] = {family: [] for family in _FAMILIES}
    _sample(samples, "node", "", found["node"], now)
    for pod in found["pods"]:
        where = f'namespace="{pod["podRef"]["namespace"]}",pod="{pod["podRef"]["name"]}"'
        for container in pod["containers"]:
            labels = f'{{container="{container["name"]}",{where}}}'
            _sample(samples, "container", labels, container, now)
            started = float(parse_timestamp(container["startTime"]))
            line = f"{labels} {gofmt.number(started)}"
            samples["container_start_time_seconds"].append(line)
        _sample(samples, "pod", f"{{{where}}}", pod, now)
    for family in ("resource_scrape_error", "scrape_error"):
        samples[family].append(" 0")
    return "".join(_family(name, kind, samples[name]) for name, kind in _FAMILIES.items())


def _sample(
    samples: dict[str, list[str]], what: str, labels: str, measured: Obj, now: float
) -> None:
    millis = round(now * 1000)
    seconds = gofmt.number(measured["cpu"]["usageCoreNanoSeconds"] / 1e9)
    memory = gofmt.number(float(measured["memory"]["workingSetBytes"]))
    samples[f"{what}_cpu_usage_seconds_total"].append(f"{labels} {seconds} {millis}")
    samples[f"{what}_memory_working_set_bytes"].append(f"{labels} {memory} {millis}")


def _family(name: str, kind: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return "".join((f"# TYPE {name} {kind}\n", *(f"{name}{line}\n" for line in sorted(lines))))


_CONTAINER_FAMILIES = {
    "container_cpu_usage_seconds_total": "counter",
    "container_memory_rss": "gauge",
    "container_memory_usage_bytes": "gauge",
    "container_memory_working_set_bytes": "gauge",
    "container_start_time_seconds": "gauge",
}


def container_metrics(node: Obj, pods: Sequence[Obj], behaviours: Behaviours, now: float) -> str:
    """The kubelet's /metrics/cadvisor, as far as behaviours know: cpu, memory and start."""
    samples: dict[str, list[str]] = {family: [] for family in _CONTAINER_FAMILIES}
    millis = round(now * 1000)
    for pod in pods:
        status = pod.get("status") or {}
        known = {one["name"]: one for one in status.get("containerStatuses") or ()}
        for one in _running(pod, behaviours, now):
            labels = _container_labels(pod, known.get(one.name, {}), one.name)
            seconds = gofmt.number(round(one.cpu_seconds * 1e9) / 1e9)
            with_cpu = labels.replace(",id=", ',cpu="total",id=', 1)
            line = f"{{{with_cpu}}} {seconds} {millis}"
            samples["container_cpu_usage_seconds_total"].append(line)
            memory = gofmt.number(float(round(one.figures[1])))
            for family in ("rss", "usage_bytes", "working_set_bytes"):
                samples[f"container_memory_{family}"].append(f"{{{labels}}} {memory} {millis}")
            begun = gofmt.number(one.started)
            samples["container_start_time_seconds"].append(f"{{{labels}}} {begun} {millis}")
    return "".join(_family(name, kind, samples[name]) for name, kind in _CONTAINER_FAMILIES.items())


def _container_labels(pod: Obj, status: Obj, name: str) -> str:
    metadata, uid = pod["metadata"], pod["metadata"]["uid"]
    identity = str(status.get("containerID", "")).rpartition("/")[2]
    labels = {
        "container": name,
        "id": f"/kubepods/pod{uid}/{identity}",
        "image": status.get("image", ""),
        "name": identity,
        "namespace": metadata["namespace"],
        "pod": metadata["name"],
    }
    return ",".join(f'{key}="{value}"' for key, value in labels.items())
