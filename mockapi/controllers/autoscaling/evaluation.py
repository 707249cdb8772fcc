"""One metric of an autoscaler's spec: its proposal, its status, the words for it.

Source: computeStatusFor... in pkg/controller/podautoscaler/horizontal.go.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mockapi.client.protocol import Obj
from mockapi.controllers.autoscaling import calculator
from mockapi.controllers.autoscaling.calculator import MOST_USAGE, Proposal, Situation
from mockapi.controllers.autoscaling.metrics import MetricsClient, Unavailable
from mockapi.meta import quantity, selectors
from mockapi.meta.quantity import BINARY_SI, DECIMAL_SI, Quantity

Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What a metric comes to: replicas, the metric's name in messages, its status."""

    replicas: int
    name: str
    status: Obj


class Failure(Exception):
    """A metric that says nothing: `reason` of the condition, `cause`, and the whole `message`."""

    def __init__(self, reason: str, cause: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.cause = cause
        self.message = message


class Evaluator:
    """Judges the metrics of one autoscaler. `selector` is that of the target's pods."""

    def __init__(
        self,
        client: MetricsClient,
        namespace: str,
        selector: selectors.LabelSelector,
        at: Situation,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._selector = selector
        self._at = at
        self._kinds: Mapping[str, Callable[[Spec], Result]] = {
            "Resource": self._resource,
            "ContainerResource": self._container_resource,
            "Pods": self._pods,
            "Object": self._object,
            "External": self._external,
        }

    def evaluate(self, spec: Spec) -> Result:
        """Raises Failure."""
        kind = spec["type"]
        reason, prefix = _failure_words(spec)
        try:
            return self._kinds[kind](spec)
        except Unavailable as error:
            around = f"{prefix}: {error.around}: " if error.around else f"{prefix}: "
            raise Failure(reason, str(error), f"{around}{error}") from None

    def _resource(self, spec: Spec) -> Result:
        own = spec["resource"]
        proposal, name, current = self._of_resource(own["name"], own["target"], "")
        return Result(proposal, name, _status(spec, {"name": own["name"], "current": current}))

    def _container_resource(self, spec: Spec) -> Result:
        own = spec["containerResource"]
        proposal, name, current = self._of_resource(own["name"], own["target"], own["container"])
        about = {"name": own["name"], "container": own["container"], "current": current}
        return Result(proposal, name, _status(spec, about))

    def _of_resource(self, resource: str, target: Spec, container: str) -> tuple[int, str, Obj]:
        goal = "usage" if target.get("averageValue") is not None else "utilization"
        family = BINARY_SI if resource == "memory" else DECIMAL_SI
        try:
            found = self._resource_metrics(resource, container)
            if goal == "usage":
                wanted = quantity.parse(target["averageValue"]).milli_value()
                proposal = calculator.average(self._at, found, wanted, resource)
                current: Obj = {"averageValue": str(Quantity.of_milli(proposal.usage, family))}
                return proposal.replicas, f"{resource} resource", current
            percent = target["averageUtilization"]
            proposal = calculator.utilization(self._at, found, percent, resource, container)
        except Unavailable as error:
            raise Unavailable(f"failed to get {resource} {goal}: {error}") from None
        current = {
            "averageUtilization": proposal.utilization,
            "averageValue": str(Quantity.of_milli(proposal.usage, family)),
        }
        what = "container resource" if container else "resource"
        return proposal.replicas, f"{resource} {what} utilization (percentage of request)", current

    def _resource_metrics(self, resource: str, container: str) -> Any:
        try:
            return self._client.resource(resource, self._namespace, self._selector, container)
        except Unavailable as error:
            what = f"unable to get metrics for resource {resource}"
            raise Unavailable(f"{what}: {error}") from None

    def _pods(self, spec: Spec) -> Result:
        metric, target = spec["pods"]["metric"], spec["pods"]["target"]
        wanted = quantity.parse(target["averageValue"]).milli_value()
        try:
            found = self._client.pods(
                metric["name"], self._namespace, self._selector, _selector(metric)
            )
        except Unavailable as error:
            raise Unavailable(f"unable to get metric {metric['name']}: {error}") from None
        proposal = calculator.average(self._at, found, wanted)
        current = {"averageValue": str(Quantity.of_milli(proposal.usage))}
        about = {"metric": metric, "current": current}
        return Result(proposal.replicas, f"pods metric {metric['name']}", _status(spec, about))

    def _object(self, spec: Spec) -> Result:
        own = spec["object"]
        metric, about = own["metric"], own["describedObject"]
        field, wanted = _goal(own["target"])
        try:
            usage = self._object_usage(metric, about)
        except Unavailable as error:
            around = "" if field == "value" else f"failed to get {metric['name']} object metric"
            raise Unavailable(str(error), around) from None
        proposal = self._shared(field, usage, wanted)
        name = f"{about['kind']} metric {metric['name']}"
        if field == "averageValue":
            name = f"external metric {metric['name']}({described(metric.get('selector'))})"
        current = {field: str(Quantity.of_milli(proposal.usage))}
        shown = {"metric": metric, "current": current, "describedObject": about}
        return Result(proposal.replicas, name, _status(spec, shown))

    def _object_usage(self, metric: Spec, about: Spec) -> int:
        try:
            return self._client.object(metric["name"], self._namespace, about, _selector(metric))
        except Unavailable as error:
            where = f"{about['kind']} {self._namespace}/{about['name']}"
            text = f"unable to get metric {metric['name']} on {where}"
            raise Unavailable(f"{text}: {error}") from None

    def _external(self, spec: Spec) -> Result:
        own = spec["external"]
        metric = own["metric"]
        field, wanted = _goal(own["target"])
        try:
            usage = self._external_usage(metric)
        except Unavailable as error:
            name = metric["name"]
            words = f"external metric {name}" if field == "value" else f"{name} external metric"
            raise Unavailable(str(error), f"failed to get {words}") from None
        proposal = self._shared(field, usage, wanted)
        name = f"external metric {metric['name']}({described(metric.get('selector'))})"
        current = {field: str(Quantity.of_milli(proposal.usage))}
        return Result(
            proposal.replicas, name, _status(spec, {"metric": metric, "current": current})
        )

    def _external_usage(self, metric: Spec) -> int:
        name, selector = metric["name"], metric.get("selector")
        try:
            samples = self._client.external(name, self._namespace, _selector(metric))
        except Unavailable as error:
            where = f"{self._namespace}/{name}/{described(selector)}"
            raise Unavailable(f"unable to get external metric {where}: {error}") from None
        return min(sum(samples), MOST_USAGE)

    def _shared(self, field: str, usage: int, wanted: int) -> Proposal:
        judge = calculator.value if field == "value" else calculator.value_per_pod
        return judge(self._at, usage, wanted)


_REASONS = {
    "Resource": "FailedGetResourceMetric",
    "ContainerResource": "FailedGetContainerResourceMetric",
    "Pods": "FailedGetPodsMetric",
    "Object": "FailedGetObjectMetric",
    "External": "FailedGetExternalMetric",
}


def _failure_words(spec: Spec) -> tuple[str, str]:
    """The condition's reason, and what stands before the cause."""
    kind = spec["type"]
    about = {"Pods": "pods ", "Object": "object "}.get(kind, "")
    if kind == "Resource":
        about = f"{spec['resource']['name']} resource "
    elif kind == "ContainerResource":
        about = f"{spec['containerResource']['container']} container "
    elif kind == "External":
        about = f"{spec['external']['metric']['name']} external "
    return _REASONS[kind], f"failed to get {about}metric value"


def _goal(target: Spec) -> tuple[str, int]:
    """Which field of the target counts, and its amount in thousandths."""
    field = "averageValue" if target.get("averageValue") is not None else "value"
    return field, quantity.parse(target[field]).milli_value()


def _selector(metric: Spec) -> selectors.LabelSelector:
    """No selector selects nothing by name, which asks for everything."""
    return selectors.from_object(metric.get("selector") or {})


def _status(spec: Spec, about: Obj) -> Obj:
    field = spec["type"][0].lower() + spec["type"][1:]
    return {"type": spec["type"], field: about}


def described(selector: Mapping[str, Any] | None) -> str:
    """A label selector as Go prints it."""
    if selector is None:
        return "nil"
    labels = selector.get("matchLabels") or {}
    pairs = "".join(f"{key}: {labels[key]}," for key in sorted(labels))
    rows = "".join(
        f"LabelSelectorRequirement{{Key:{row['key']},Operator:{row['operator']},"
        f"Values:[{' '.join(row.get('values') or ())}],}},"
        for row in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{pairs}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{rows}}},}}"
    )
