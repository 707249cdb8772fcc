"""Reads resource, custom and external metrics through their APIs.

Source: pkg/controller/podautoscaler/metrics/client.go, k8s.io/metrics pkg/client.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Client, Obj
from mockapi.controllers.autoscaling.mapping import NoMatch, resources_of
from mockapi.meta import gotime, quantity
from mockapi.meta.errors import ApiError, PathNotFound
from mockapi.meta.selectors import LabelSelector

CUSTOM = "custom.metrics.k8s.io"
PODS = "metrics.k8s.io/v1beta1/pods"
EXTERNAL = "external.metrics.k8s.io"
DEFAULT_WINDOW = 60.0


class Unavailable(Exception):
    """A metric that cannot be had; str() is the real controller's text. `around` stands before it
    where the failures of all metrics are summed up."""

    def __init__(self, text: str, around: str = "") -> None:
        super().__init__(text)
        self.around = around


@dataclass(frozen=True, slots=True)
class PodMetric:
    """`value` in thousandths; `timestamp` and `window` in seconds."""

    value: int
    timestamp: float = 0.0
    window: float = DEFAULT_WINDOW


PodMetrics = Mapping[str, PodMetric]
"""By the pod's name."""


class MetricsClient:
    """Every failure is an `Unavailable`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def resource(
        self, resource: str, namespace: str, selector: LabelSelector, container: str
    ) -> dict[str, PodMetric]:
        try:
            items = self._client.list(PODS, namespace, label_selector=str(selector)).items
        except ApiError as error:
            what = "unable to fetch metrics from resource metrics API"
            raise Unavailable(f"{what}: {_text(error, 'pods.metrics.k8s.io')}") from None
        if not items:
            raise Unavailable("no metrics returned from resource metrics API")
        amount = _of_container(container) if container else _of_pod
        found = {}
        for item in items:
            value = amount(item, resource)
            if value is not None:
                name = item["metadata"]["name"]
                moment = parse_timestamp(item["timestamp"])
                found[name] = PodMetric(value, moment, gotime.parse_duration(item["window"]) / 1e9)
        return found

    def pods(
        self, metric: str, namespace: str, selector: LabelSelector, metric_selector: LabelSelector
    ) -> dict[str, PodMetric]:
        items = self._custom(
            namespace, "pods", "*", metric, metric_selector, {"labelSelector": str(selector)}
        )
        if not items:
            raise Unavailable("no metrics returned from custom metrics API")
        return {
            item["describedObject"]["name"]: PodMetric(
                quantity.parse(item["value"]).milli_value(),
                parse_timestamp(item["timestamp"]),
                float(item.get("windowSeconds") or DEFAULT_WINDOW),
            )
            for item in items
        }

    def object(
        self, metric: str, namespace: str, about: Mapping[str, Any], metric_selector: LabelSelector
    ) -> int:
        """In thousandths."""
        group = str(about.get("apiVersion") or "").rpartition("/")[0]
        resource, name = "namespaces", namespace
        if (group, about["kind"]) != ("", "Namespace"):
            resource, name = self._mapped(group, about["kind"]), about["name"]
        items = self._custom(namespace, resource, name, metric, metric_selector, {})
        if len(items) != 1:
            got = f"the custom metrics API server returned {len(items)} results"
            raise _custom_failure(f"{got} when we asked for exactly one")
        return quantity.parse(items[0]["value"]).milli_value()

    def external(self, metric: str, namespace: str, selector: LabelSelector) -> list[int]:
        """The samples, in thousandths."""
        path = f"/apis/{EXTERNAL}/v1beta1/namespaces/{namespace}/{metric}"
        what = "unable to fetch metrics from external metrics API"
        try:
            listed = self._client.fetch(path, {"labelSelector": str(selector)})
        except ApiError as error:
            raise Unavailable(f"{what}: {_text(error, f'{metric}.{EXTERNAL}')}") from None
        if not listed["items"]:
            raise Unavailable("no metrics returned from external metrics API")
        return [quantity.parse(item["value"]).milli_value() for item in listed["items"]]

    def _mapped(self, group: str, kind: str) -> str:
        try:
            first = resources_of(self._client, group, kind)[0]
        except NoMatch as error:
            text = f"unable to map kind {f'{kind}.{group}' if group else kind} to resource"
            raise _custom_failure(f"{text}: {error}") from None
        plural = first.rpartition("/")[2]
        return f"{plural}.{group}" if group else plural

    def _custom(
        self,
        namespace: str,
        resource: str,
        name: str,
        metric: str,
        metric_selector: LabelSelector,
        query: Mapping[str, str],
    ) -> list[Obj]:
        rest = f"metrics/{metric}" if resource == "namespaces" else f"{resource}/{name}/{metric}"
        path = f"/apis/{CUSTOM}/{self._custom_version()}/namespaces/{namespace}/{rest}"
        asked = {**query, "metricLabelSelector": str(metric_selector)}
        try:
            items: list[Obj] = self._client.fetch(path, asked)["items"]
        except ApiError as error:
            raise _custom_failure(_text(error, f"{resource}.{CUSTOM} {name}")) from None
        return items

    def _custom_version(self) -> str:
        try:
            group = self._client.fetch(f"/apis/{CUSTOM}")
        except ApiError:
            raise _custom_failure(f"no custom metrics API ({CUSTOM}) registered") from None
        return str(group["preferredVersion"]["version"])


def _custom_failure(text: str) -> Unavailable:
    return Unavailable(f"unable to fetch metrics from custom metrics API: {text}")


def _text(error: ApiError, what: str) -> str:
    """As client-go words it: a reply that is no Status is named by what was asked."""
    if isinstance(error, PathNotFound) or not error.reason:
        return f"the server could not find the requested resource (get {what})"
    return error.message


def _of_pod(item: Obj, resource: str) -> int | None:
    amounts = [one["usage"].get(resource) for one in item["containers"]]
    if not amounts or None in amounts:
        return None
    return sum(quantity.parse(amount).milli_value() for amount in amounts)


def _of_container(container: str) -> Callable[[Obj, str], int | None]:
    def amount(item: Obj, resource: str) -> int | None:
        for one in item["containers"]:
            if one["name"] == container:
                found = one["usage"].get(resource)
                return None if found is None else quantity.parse(found).milli_value()
        return None

    return amount
