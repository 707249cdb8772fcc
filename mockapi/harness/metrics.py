"""Custom and external metrics as a test sets them, served as an adapter would.

Source of shapes and texts: k8s.io/metrics custom_metrics/v1beta2 and external_metrics/v1beta1,
sigs.k8s.io/custom-metrics-apiserver pkg/provider.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mockapi.base.clock import timestamp
from mockapi.machinery.catalogue import ServedResource
from mockapi.machinery.extensions import Query
from mockapi.machinery.resource import Obj
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError, PathNotFound
from mockapi.meta.names import GroupVersionResource

CUSTOM, CUSTOM_VERSION = "custom.metrics.k8s.io", "v1beta2"
EXTERNAL, EXTERNAL_VERSION = "external.metrics.k8s.io", "v1beta1"
ALL = "*"

Described = Callable[[str, str], Iterable[Obj]]
"""The objects of a group resource (`pods`, `ingresses.networking.k8s.io`) in a namespace."""


@dataclass(frozen=True, slots=True)
class CustomValue:
    """A metric of one object, or of all that `selector` matches where `name` is empty."""

    metric: str
    value: str
    resource: str = "pods"
    """A group resource: `pods`, `ingresses.networking.k8s.io`; `namespaces` for the namespace."""
    namespace: str = "default"
    name: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    """The metric's own, which `metric.selector` of an autoscaler selects by."""


@dataclass(frozen=True, slots=True)
class ExternalValue:
    """One sample of a metric that belongs to no object."""

    metric: str
    value: str
    namespace: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)


class Metrics:
    """What is set now. Without values of a kind its group is not served, as without an adapter."""

    def __init__(self, now: Callable[[], float], described: Described) -> None:
        self.custom: Sequence[CustomValue] = ()
        self.external: Sequence[ExternalValue] = ()
        self.now = now
        self.described = described
        self.extensions = (CustomMetrics(self), ExternalMetrics(self))

    def set(self, custom: Sequence[CustomValue], external: Sequence[ExternalValue]) -> None:
        """Replaces everything."""
        self.custom, self.external = tuple(custom), tuple(external)


class CustomMetrics:
    """custom.metrics.k8s.io. See `extensions.Extension`."""

    group = CUSTOM

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def resources(self) -> Sequence[ServedResource]:
        names = {f"{value.resource}/{value.metric}": value for value in self._metrics.custom}
        return [
            _row(CUSTOM, CUSTOM_VERSION, name, "MetricValueList", value.resource != "namespaces")
            for name, value in sorted(names.items())
        ]

    def get(self, version: str, path: Sequence[str], query: Query) -> Obj:
        wanted = selectors.parse_labels((query.get("metricLabelSelector") or [""])[0])
        match list(path):
            case ["namespaces", namespace, "metrics", metric]:
                resource, name = "namespaces", namespace
            case ["namespaces", namespace, resource, name, metric]:
                pass
            case _:
                raise PathNotFound()
        values = [
            value
            for value in self._metrics.custom
            if (value.resource, value.namespace, value.metric) == (resource, namespace, metric)
            and wanted.matches(value.labels)
        ]
        chosen = selectors.parse_labels((query.get("labelSelector") or [""])[0])
        items = list(self._items(values, name, chosen))
        if not items:
            of = "" if name == ALL else f" {name}"
            raise _missing(f"the server could not find the metric {metric} for {resource}{of}")
        return _list("MetricValueList", f"{CUSTOM}/{CUSTOM_VERSION}", items)

    def _items(
        self, values: Sequence[CustomValue], name: str, chosen: selectors.LabelSelector
    ) -> Iterator[Obj]:
        seen: set[str] = set()
        for value in values:
            for obj in self._metrics.described(value.resource, value.namespace):
                own = obj["metadata"]["name"]
                labels = obj["metadata"].get("labels") or {}
                if own in seen or not _means(value, own, labels):
                    continue
                if name == own or (name == ALL and chosen.matches(labels)):
                    seen.add(own)
                    yield _value(obj, value, self._metrics.now())


class ExternalMetrics:
    """external.metrics.k8s.io. See `extensions.Extension`."""

    group = EXTERNAL

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def resources(self) -> Sequence[ServedResource]:
        names = sorted({value.metric for value in self._metrics.external})
        return [
            _row(EXTERNAL, EXTERNAL_VERSION, name, "ExternalMetricValueList", True)
            for name in names
        ]

    def get(self, version: str, path: Sequence[str], query: Query) -> Obj:
        if len(path) != 3 or path[0] != "namespaces":
            raise PathNotFound()
        _, namespace, metric = path
        wanted = selectors.parse_labels((query.get("labelSelector") or [""])[0])
        moment = timestamp(self._metrics.now())
        items = [
            {
                "metricName": metric,
                "metricLabels": dict(value.labels),
                "timestamp": moment,
                "value": value.value,
            }
            for value in self._metrics.external
            if (value.namespace, value.metric) == (namespace, metric)
            and wanted.matches(value.labels)
        ]
        return _list("ExternalMetricValueList", f"{EXTERNAL}/{EXTERNAL_VERSION}", items)


def _means(value: CustomValue, name: str, labels: Mapping[str, str]) -> bool:
    if value.name:
        return value.name == name
    return value.selector.items() <= labels.items()


def _value(obj: Obj, value: CustomValue, now: float) -> Obj:
    metadata = obj["metadata"]
    about = {"kind": obj["kind"], "name": metadata["name"], "apiVersion": obj["apiVersion"]}
    if "namespace" in metadata:
        about["namespace"] = metadata["namespace"]
    metric: Obj = {"name": value.metric}
    if value.labels:
        metric["selector"] = {"matchLabels": dict(value.labels)}
    return {
        "describedObject": about,
        "metric": metric,
        "timestamp": timestamp(now),
        "value": value.value,
    }


def _list(kind: str, api_version: str, items: Sequence[Obj]) -> Obj:
    return {"kind": kind, "apiVersion": api_version, "metadata": {}, "items": list(items)}


def _missing(message: str) -> ApiError:
    return ApiError(404, "NotFound", message)


def _row(group: str, version: str, name: str, kind: str, namespaced: bool) -> ServedResource:
    return ServedResource(
        gvr=GroupVersionResource(group, version, name),
        kind=kind,
        singular="",
        namespaced=namespaced,
        verbs=("get",),
        short_names=(),
        categories=(),
        storage_version_hash="",
        storage_group=group,
        storage_version=version,
        selectable=(),
        subresources=(),
        custom=True,
    )
