"""apps, batch, autoscaling."""

from typing import Any, Final

from mockapi.resources.defaults.filling import Defaulter, Obj, fill, filler, inner

APPS: Final = "io.k8s.api.apps.v1."
BATCH: Final = "io.k8s.api.batch.v1."
AUTOSCALING: Final = "io.k8s.api.autoscaling."


def deployment(obj: Obj) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    strategy = inner(spec, "strategy")
    fill(strategy, "type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = inner(strategy, "rollingUpdate")
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)


def daemon_set(obj: Obj) -> None:
    spec = obj["spec"]
    strategy = inner(spec, "updateStrategy")
    fill(strategy, "type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = inner(strategy, "rollingUpdate")
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)


def stateful_set(obj: Obj) -> None:
    spec = obj["spec"]
    fill(spec, "podManagementPolicy", "OrderedReady")
    strategy = inner(spec, "updateStrategy")
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        inner(strategy, "rollingUpdate")
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "RollingUpdate" and rolling is not None:
        rolling.setdefault("partition", 0)
        rolling.setdefault("maxUnavailable", 1)
    retention = inner(spec, "persistentVolumeClaimRetentionPolicy")
    fill(retention, "whenDeleted", "Retain")
    fill(retention, "whenScaled", "Retain")
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)


def replica_set(obj: Obj) -> None:
    obj["spec"].setdefault("replicas", 1)


def job(obj: Obj) -> None:
    spec = obj["spec"]
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    per_index = spec.get("backoffLimitPerIndex") is not None
    spec.setdefault("backoffLimit", 2**31 - 1 if per_index else 6)
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    metadata = inner(obj, "metadata")
    if labels and not metadata.get("labels"):
        metadata["labels"] = dict(labels)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    has_policy = spec.get("podFailurePolicy") is not None
    spec.setdefault("podReplacementPolicy", "Failed" if has_policy else "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)


def cron_job(obj: Obj) -> None:
    spec = obj["spec"]
    fill(spec, "concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)


def autoscaler_v1(obj: Obj) -> None:
    obj["spec"].setdefault("minReplicas", 1)


def cpu_metric(utilization: int = 80) -> Obj:
    target = {"type": "Utilization", "averageUtilization": utilization}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def autoscaler_v2(obj: Obj) -> None:
    spec = obj["spec"]
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [cpu_metric()]
    behavior = spec.get("behavior")
    if behavior is not None:
        behavior["scaleUp"] = _scale_up() | (behavior.get("scaleUp") or {})
        behavior["scaleDown"] = _scale_down() | (behavior.get("scaleDown") or {})


def _policy(kind: str, value: int) -> Obj:
    return {"type": kind, "value": value, "periodSeconds": 15}


def _scale_up() -> dict[str, Any]:
    policies = [_policy("Pods", 4), _policy("Percent", 100)]
    return {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": policies}


def _scale_down() -> dict[str, Any]:
    return {"selectPolicy": "Max", "policies": [_policy("Percent", 100)]}


DEFAULTS: Final[dict[str, Defaulter]] = {
    f"{APPS}Deployment": deployment,
    f"{APPS}DaemonSet": daemon_set,
    f"{APPS}StatefulSet": stateful_set,
    f"{APPS}ReplicaSet": replica_set,
    f"{BATCH}Job": job,
    f"{BATCH}CronJob": cron_job,
    f"{BATCH}PodFailurePolicyOnPodConditionsPattern": filler(status="True"),
    f"{AUTOSCALING}v1.HorizontalPodAutoscaler": autoscaler_v1,
    f"{AUTOSCALING}v2.HorizontalPodAutoscaler": autoscaler_v2,
}
