"""Rows of apps, batch, autoscaling and policy. Source: kubernetes pkg/printers/internalversion."""

from collections.abc import Sequence

import orjson

from mockapi.machinery.tables.ages import Ages, between
from mockapi.machinery.tables.parts import (
    NONE,
    UNSET,
    Cells,
    Obj,
    age,
    annotations,
    condition_status,
    containers,
    flag,
    is_deleted,
    labels,
    name,
    selector,
    spec,
    status,
    template,
)
from mockapi.meta import selectors

UNKNOWN = "<unknown>"
JOB_STATES = (
    ("Complete", "Complete"),
    ("Failed", "Failed"),
    ("", "Terminating"),
    ("Suspended", "Suspended"),
    ("FailureTarget", "FailureTarget"),
    ("SuccessCriteriaMet", "SuccessCriteriaMet"),
)
"""Conditions in the order in which they show; "" stands for a deletionTimestamp."""
DAEMON_COUNTS = (
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
)
METRICS_V1 = "autoscaling.alpha.kubernetes.io/metrics"
CURRENT_METRICS_V1 = "autoscaling.alpha.kubernetes.io/current-metrics"


def deployment(obj: Obj, ages: Ages) -> Cells:
    found = status(obj)
    cells = [name(obj), f"{found.get('readyReplicas', 0)}/{spec(obj).get('replicas', 0)}"]
    cells += [found.get("updatedReplicas", 0), found.get("availableReplicas", 0), age(obj, ages)]
    return [*cells, *containers(template(obj)), _plain_selector(spec(obj).get("selector"))]


def _plain_selector(found: Obj | None) -> str:
    try:
        return str(selectors.from_object(found))
    except selectors.SelectorError:
        return "<invalid>"


def replica_set(obj: Obj, ages: Ages) -> Cells:
    found = status(obj)
    replicas = [spec(obj).get("replicas", 0), found.get("replicas", 0)]
    cells = [name(obj), *replicas, found.get("readyReplicas", 0), age(obj, ages)]
    return [*cells, *containers(template(obj)), selector(spec(obj).get("selector"))]


def stateful_set(obj: Obj, ages: Ages) -> Cells:
    ready = f"{status(obj).get('readyReplicas', 0)}/{spec(obj).get('replicas', 0)}"
    return [name(obj), ready, age(obj, ages), *containers(template(obj))]


def daemon_set(obj: Obj, ages: Ages) -> Cells:
    counts = [status(obj).get(key, 0) for key in DAEMON_COUNTS]
    nodes = labels(template(obj).get("nodeSelector"))
    cells = [name(obj), *counts, nodes, age(obj, ages)]
    return [*cells, *containers(template(obj)), selector(spec(obj).get("selector"))]


def controller_revision(obj: Obj, ages: Ages) -> Cells:
    owners = obj["metadata"].get("ownerReferences") or ()
    owner = next((owner for owner in owners if owner.get("controller")), None)
    cells = [name(obj), _owner(owner) if owner else NONE, obj.get("revision", 0)]
    return [*cells, age(obj, ages)]


def _owner(reference: Obj) -> str:
    group = reference["apiVersion"].rpartition("/")[0]
    kind = f"{reference['kind']}.{group}" if group else reference["kind"]
    return f"{kind.lower()}/{reference['name']}"


def job(obj: Obj, ages: Ages) -> Cells:
    cells = [name(obj), _job_state(obj), _completions(obj), _job_duration(obj, ages)]
    cells += [age(obj, ages), *containers(template(obj))]
    return [*cells, selector(spec(obj).get("selector"))]


def _job_state(job: Obj) -> str:
    for condition, text in JOB_STATES:
        if condition_status(job, condition) == "True" if condition else is_deleted(job):
            return text
    return "Running"


def _completions(job: Obj) -> str:
    done, wanted = status(job).get("succeeded", 0), spec(job).get("completions")
    parallelism = spec(job).get("parallelism") or 0
    if wanted is not None:
        return f"{done}/{wanted}"
    return f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"


def _job_duration(job: Obj, ages: Ages) -> str:
    start, end = status(job).get("startTime"), status(job).get("completionTime")
    if start is None:
        return ""
    return ages.since(start) if end is None else between(start, end)


def cron_job(obj: Obj, ages: Ages) -> Cells:
    found, last = spec(obj), status(obj).get("lastScheduleTime")
    job_spec = (found.get("jobTemplate") or {}).get("spec") or {}
    cells = [name(obj), found.get("schedule", ""), found.get("timeZone", NONE)]
    cells += [flag(found.get("suspend")), len(status(obj).get("active") or ())]
    cells += [NONE if last is None else ages.since(last), age(obj, ages)]
    pod_spec = (job_spec.get("template") or {}).get("spec") or {}
    return [*cells, *containers(pod_spec), selector(job_spec.get("selector"))]


def pod_disruption_budget(obj: Obj, ages: Ages) -> Cells:
    limits = [str(spec(obj).get(key, "N/A")) for key in ("minAvailable", "maxUnavailable")]
    return [name(obj), *limits, status(obj).get("disruptionsAllowed", 0), age(obj, ages)]


def scale(obj: Obj, ages: Ages) -> Cells:
    replicas = [spec(obj).get("replicas", 0), status(obj).get("replicas", 0)]
    return [name(obj), *replicas, age(obj, ages)]


def horizontal_pod_autoscaler(obj: Obj, ages: Ages) -> Cells:
    found, target = spec(obj), spec(obj).get("scaleTargetRef") or {}
    is_v1 = obj.get("apiVersion") == "autoscaling/v1"
    metrics, current = _metrics_v1(obj) if is_v1 else _metrics_of(obj)
    minimum = found.get("minReplicas")
    return [
        name(obj),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _metrics(metrics, current),
        UNSET if minimum is None else str(minimum),
        found.get("maxReplicas", 0),
        status(obj).get("currentReplicas", 0),
        age(obj, ages),
    ]


def _metrics_of(obj: Obj) -> tuple[list[Obj], list[Obj]]:
    return spec(obj).get("metrics") or [], status(obj).get("currentMetrics") or []


def _metrics(wanted: Sequence[Obj], current: Sequence[Obj]) -> str:
    if not wanted:
        return NONE
    texts = [
        _metric(metric, current[index] if index < len(current) else {})
        for index, metric in enumerate(wanted)
    ]
    text = ", ".join(texts[:2])
    return f"{text} + {len(texts) - 2} more..." if len(texts) > 2 else text


def _metric(metric: Obj, current: Obj) -> str:
    key = _SOURCES.get(metric.get("type", ""))
    if key is None:
        return "<unknown type>"
    source, target = metric.get(key) or {}, (metric.get(key) or {}).get("target") or {}
    now = (current.get(key) or {}).get("current")
    if key in ("resource", "containerResource"):
        return f"{source.get('name', '')}: {_resource_value(target, now)}"
    if key == "pods":
        return f"{_quantity(now, 'averageValue', missing='0')}/{target.get('averageValue', '0')}"
    if target.get("averageValue") is not None:
        return f"{_quantity(now, 'averageValue')}/{target['averageValue']} (avg)"
    return f"{_quantity(now, 'value', missing='<nil>')}/{target.get('value', '<nil>')}"


_SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _resource_value(target: Obj, now: Obj | None) -> str:
    if target.get("averageValue") is not None:
        return f"{_quantity(now, 'averageValue', missing='<nil>')}/{target['averageValue']}"
    used, wanted = (now or {}).get("averageUtilization"), target.get("averageUtilization")
    left = UNKNOWN if used is None else f"{used}%"
    return f"{left}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _quantity(now: Obj | None, key: str, missing: str = UNKNOWN) -> str:
    """`missing` is for a status that is there without this value."""
    return UNKNOWN if now is None else str(now.get(key, missing))


def _metrics_v1(obj: Obj) -> tuple[list[Obj], list[Obj]]:
    """autoscaling/v1 knows cpu utilization; the other metrics are in annotations."""
    wanted = [_metric_v2(m) for m in _listed(annotations(obj).get(METRICS_V1))]
    current = [_metric_v2(m) for m in _listed(annotations(obj).get(CURRENT_METRICS_V1))]
    cpu = spec(obj).get("targetCPUUtilizationPercentage")
    used = status(obj).get("currentCPUUtilizationPercentage")
    if cpu is not None:
        target = {"type": "Utilization", "averageUtilization": cpu}
        wanted.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if used is not None:
        now = {"name": "cpu", "current": {"averageUtilization": used}}
        current.insert(0, {"type": "Resource", "resource": now})
    return wanted, current


def _listed(text: str | None) -> list[Obj]:
    try:
        found = orjson.loads(text or "[]")
    except orjson.JSONDecodeError:
        return []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _metric_v2(metric: Obj) -> Obj:
    """Of a v1 metric or metric status, the fields that show."""
    key = _SOURCES.get(metric.get("type", ""), "")
    source: Obj = metric.get(key) or {}
    names = {"Value": "value", "AverageValue": "averageValue"}
    names["AverageUtilization"] = "averageUtilization"
    values = {
        new: source[old]
        for suffix, new in names.items()
        for old in (f"target{suffix}", f"current{suffix}", new)
        if old in source
    }
    inner = {"name": source.get("name", ""), "target": values, "current": values}
    return {"type": metric.get("type", ""), key: inner}
