"""What pods and nodes use, from their behaviours: metrics.k8s.io and the kubelet's own endpoints.

Pure: figures follow from the pods' statuses, the behaviours and the time.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.kubelet import amounts
from mockapi.kubelet.behaviours import Behaviours
from mockapi.meta.quantity import BINARY_SI, NANO, Quantity

Obj = dict[str, Any]
Figures = tuple[float, float]
"""CPU in cores, memory in bytes."""

WINDOW_SECONDS = 15.0
"""As often as metrics-server is told to look (--metric-resolution)."""
NODE_BASE: Figures = (0.05, 300 * 1024 * 1024)
"""What a node itself uses."""


def container_figures(pod: Obj, behaviours: Behaviours, now: float) -> dict[str, Figures]:
    """Of each running container, by name."""
    return {name: figures for name, figures, _ in _running(pod, behaviours, now)}


def _running(pod: Obj, behaviours: Behaviours, now: float) -> Iterator[tuple[str, Figures, float]]:
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
            yield one["name"], (usage.cpu.at(age), usage.memory.at(age)), started


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
    figures = node_figures(pods, behaviours, now)
    available = _available(node, figures[1])
    return {
        "node": {
            "nodeName": node["metadata"]["name"],
            "startTime": started,
            "cpu": _cpu(figures, parse_timestamp(started), now),
            "memory": {**_memory(figures, now), "availableBytes": available},
        },
        "pods": [_pod_summary(pod, behaviours, now) for pod in pods],
    }


def _available(node: Obj, used: float) -> int:
    capacity = ((node.get("status") or {}).get("capacity") or {}).get("memory", "0")
    return max(0, int(_bytes(capacity) - used))


def _bytes(text: str) -> float:
    return amounts.quantity(text)


def _cpu(figures: Figures, started: float, now: float) -> Obj:
    nanos = round(figures[0] * 1e9)
    return {
        "time": timestamp(now),
        "usageNanoCores": nanos,
        "usageCoreNanoSeconds": round(nanos * max(0.0, now - started)),
    }


def _memory(figures: Figures, now: float) -> Obj:
    used = round(figures[1])
    return {
        "time": timestamp(now),
        "usageBytes": used,
        "workingSetBytes": used,
        "rssBytes": used,
    }


def _pod_summary(pod: Obj, behaviours: Behaviours, now: float) -> Obj:
    metadata = pod["metadata"]
    containers = [
        {
            "name": name,
            "startTime": timestamp(started),
            "cpu": _cpu(figures, started, now),
            "memory": _memory(figures, now),
        }
        for name, figures, started in _running(pod, behaviours, now)
    ]
    figures = pod_figures(pod, behaviours, now)
    begun = (pod.get("status") or {}).get("startTime") or timestamp(now)
    return {
        "podRef": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
        "startTime": begun,
        "containers": containers,
        "cpu": _cpu(figures, parse_timestamp(begun), now),
        "memory": _memory(figures, now),
    }


def resource_metrics(node: Obj, pods: Sequence[Obj], behaviours: Behaviours, now: float) -> str:
    """The kubelet's /metrics/resource, Prometheus text."""
    started = parse_timestamp(node["metadata"].get("creationTimestamp") or timestamp(now))
    millis = round(now * 1000)
    cpu, memory = node_figures(pods, behaviours, now)
    samples: dict[str, list[str]] = {
        "container_cpu_usage_seconds_total counter": [],
        "container_memory_working_set_bytes gauge": [],
        "container_start_time_seconds gauge": [],
        "node_cpu_usage_seconds_total counter": [f" {cpu * (now - started):g} {millis}"],
        "node_memory_working_set_bytes gauge": [f" {memory:g} {millis}"],
        "pod_cpu_usage_seconds_total counter": [],
        "pod_memory_working_set_bytes gauge": [],
        "scrape_error gauge": [" 0"],
    }
    for pod in pods:
        _add_samples(samples, pod, behaviours, now, millis)
    out = []
    for header, found in samples.items():
        name, kind = header.split()
        out += [f"# TYPE {name} {kind}", *(f"{name}{sample}" for sample in found)]
    return "\n".join(out) + "\n"


def _add_samples(
    samples: dict[str, list[str]], pod: Obj, behaviours: Behaviours, now: float, millis: int
) -> None:
    metadata = pod["metadata"]
    where = f'namespace="{metadata["namespace"]}",pod="{metadata["name"]}"'
    total_cpu = total_memory = 0.0
    for name, (cpu, memory), started in _running(pod, behaviours, now):
        labels = f'{{container="{name}",{where}}}'
        seconds = cpu * (now - started)
        total_cpu, total_memory = total_cpu + seconds, total_memory + memory
        samples["container_cpu_usage_seconds_total counter"].append(
            f"{labels} {seconds:g} {millis}"
        )
        samples["container_memory_working_set_bytes gauge"].append(f"{labels} {memory:g} {millis}")
        samples["container_start_time_seconds gauge"].append(f"{labels} {started:g}")
    samples["pod_cpu_usage_seconds_total counter"].append(f"{{{where}}} {total_cpu:g} {millis}")
    samples["pod_memory_working_set_bytes gauge"].append(f"{{{where}}} {total_memory:g} {millis}")
