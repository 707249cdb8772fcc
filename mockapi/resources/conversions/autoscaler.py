"""autoscaling/v1 <-> autoscaling/v2 HorizontalPodAutoscaler.

What v1 has no fields for travels in annotations; CPU utilization has a field.
Source: pkg/apis/autoscaling/v1/conversion.go of Kubernetes 1.37.
"""

from typing import Any, Final

from mockapi.meta import codec
from mockapi.resources.conversions import metrics
from mockapi.resources.defaults import normal, workloads

Obj = dict[str, Any]
METRICS: Final = f"{normal.AUTOSCALING}metrics"
CURRENT_METRICS: Final = f"{normal.AUTOSCALING}current-metrics"
CONDITIONS: Final = f"{normal.AUTOSCALING}conditions"
BEHAVIOR: Final = f"{normal.AUTOSCALING}behavior"
_RULES: Final = ("stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance")
_POLICY: Final = ("type", "value", "periodSeconds")


def to_v2(obj: Obj) -> Obj:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    result = dict(obj)
    result["apiVersion"] = "autoscaling/v2"
    result["metadata"] = normal.without_round_trip(obj.get("metadata") or {})
    result["spec"] = _spec_to_v2(obj.get("spec") or {}, annotations)
    result["status"] = _status_to_v2(obj.get("status") or {}, annotations)
    workloads.autoscaler_v2(result)
    return result


def from_v2(obj: Obj) -> Obj:
    result = dict(obj)
    result["apiVersion"] = "autoscaling/v1"
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    result["spec"] = _spec_from_v2(spec)
    result["status"] = _status_from_v2(status)
    metadata = normal.without_round_trip(obj.get("metadata") or {})
    added = _annotations(spec, status)
    if added:
        metadata["annotations"] = (metadata.get("annotations") or {}) | added
    result["metadata"] = metadata
    return result


def _utilization(metric: Obj) -> int | None:
    """The target of a metric that v1 has a field for."""
    resource = metric.get("resource")
    if metric.get("type") != "Resource" or not resource or resource.get("name") != "cpu":
        return None
    found: int | None = (resource.get("target") or {}).get("averageUtilization")
    return found


def _spec_to_v2(old: Obj, annotations: dict[str, str]) -> Obj:
    spec: Obj = {
        key: old[key] for key in ("scaleTargetRef", "minReplicas", "maxReplicas") if key in old
    }
    found = []
    if old.get("targetCPUUtilizationPercentage") is not None:
        found.append(workloads.cpu_metric(old["targetCPUUtilizationPercentage"]))
    others = _read(annotations, METRICS, list)
    if others is not None:
        found = [metrics.spec_to_v2(metric) for metric in others] + found
    spec["metrics"] = found or [workloads.cpu_metric()]
    behavior = _behavior_to_v2(_read(annotations, BEHAVIOR, dict) or {})
    if behavior:
        spec["behavior"] = behavior
    return spec


def _status_to_v2(old: Obj, annotations: dict[str, str]) -> Obj:
    status = {key: value for key, value in old.items() if key != "currentReplicas" or value}
    status |= {"desiredReplicas": old.get("desiredReplicas", 0), "currentMetrics": None}
    utilization = status.pop("currentCPUUtilizationPercentage", None)
    if utilization is not None:
        current = {"averageUtilization": utilization}
        resource = {"name": "cpu", "current": current}
        status["currentMetrics"] = [{"type": "Resource", "resource": resource}]
    found = _read(annotations, CURRENT_METRICS, list)
    if found is not None:
        status["currentMetrics"] = [metrics.status_to_v2(metric) for metric in found]
    conditions = _read(annotations, CONDITIONS, list)
    if conditions is not None:
        status["conditions"] = conditions
    return status


def _spec_from_v2(old: Obj) -> Obj:
    spec: Obj = {
        key: old[key] for key in ("scaleTargetRef", "minReplicas", "maxReplicas") if key in old
    }
    for metric in old.get("metrics") or ():
        utilization = _utilization(metric)
        if utilization is not None:
            spec["targetCPUUtilizationPercentage"] = utilization
            break
    return spec


def _status_from_v2(old: Obj) -> Obj:
    """The last CPU metric counts. v1 writes replicas that are 0, v2 leaves current ones out."""
    status: Obj = {key: old[key] for key in ("observedGeneration", "lastScaleTime") if key in old}
    status |= {key: old.get(key, 0) for key in ("currentReplicas", "desiredReplicas")}
    for metric in old.get("currentMetrics") or ():
        resource = metric.get("resource")
        if metric.get("type") == "Resource" and resource and resource.get("name") == "cpu":
            utilization = (resource.get("current") or {}).get("averageUtilization")
            if utilization is not None:
                status["currentCPUUtilizationPercentage"] = utilization
    return status


def _annotations(spec: Obj, status: Obj) -> dict[str, str]:
    added = {}
    others = [metric for metric in spec.get("metrics") or () if _utilization(metric) is None]
    if others:
        added[METRICS] = _write([metrics.spec_from_v2(metric) for metric in others])
    if status.get("currentMetrics"):
        current = [metrics.status_from_v2(metric) for metric in status["currentMetrics"]]
        added[CURRENT_METRICS] = _write(current)
    if spec.get("behavior") is not None:
        added[BEHAVIOR] = _write(_behavior_from_v2(spec["behavior"]))
    if status.get("conditions"):
        added[CONDITIONS] = _write(status["conditions"])
    return added


def _behavior_from_v2(behavior: Obj) -> Obj:
    """The annotation shows the server's internal type: capital letters, and nulls."""
    up, down = behavior.get("scaleUp"), behavior.get("scaleDown")
    return {"ScaleUp": _rules_from_v2(up), "ScaleDown": _rules_from_v2(down)}


def _rules_from_v2(rules: Obj | None) -> Obj | None:
    if rules is None:
        return None
    shown = {_capital(key): rules.get(key) for key in _RULES}
    if shown["Policies"] is not None:
        shown["Policies"] = [
            {_capital(key): policy.get(key) for key in _POLICY} for policy in shown["Policies"]
        ]
    return shown


def _behavior_to_v2(behavior: Obj) -> Obj:
    parts = {key.lower(): value for key, value in behavior.items()}
    result = {}
    for key in ("scaleUp", "scaleDown"):
        if parts.get(key.lower()) is not None:
            result[key] = _rules_to_v2(parts[key.lower()])
    return result


def _rules_to_v2(rules: Obj) -> Obj:
    parts = {key.lower(): value for key, value in rules.items()}
    result = {key: parts[key.lower()] for key in _RULES if parts.get(key.lower()) is not None}
    if "policies" in result:
        policies = [{key.lower(): v for key, v in policy.items()} for policy in result["policies"]]
        result["policies"] = [{key: p.get(key.lower()) for key in _POLICY} for p in policies]
    return result


def _capital(key: str) -> str:
    return key[0].upper() + key[1:]


def _write(value: Any) -> str:
    return codec.dumps(value).decode()


def _read(annotations: dict[str, str], key: str, shape: type) -> Any:
    """None when there is none or it is not what it should be."""
    if key not in annotations:
        return None
    try:
        value = codec.parse_json(annotations[key].encode())
    except codec.CodecError:
        return None
    return value if isinstance(value, shape) else None
