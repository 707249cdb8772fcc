"""Metric specs and statuses of autoscalers: the flat form of v1's annotations, and v2's."""

from typing import Any

from mockapi.meta import quantity

Obj = dict[str, Any]


def spec_to_v2(metric: Obj) -> Obj:
    """From an element of the annotation `.../metrics`."""
    result = {"type": metric.get("type", "")}
    if (one := metric.get("object")) is not None:
        result["object"] = _object_spec_to_v2(one)
    if (one := metric.get("pods")) is not None:
        target = {"type": "AverageValue", "averageValue": _amount(one.get("targetAverageValue"))}
        result["pods"] = {"metric": _identifier(one), "target": target}
    if (one := metric.get("resource")) is not None:
        result["resource"] = {"name": one.get("name", ""), "target": _utilization_target(one)}
    if (one := metric.get("containerResource")) is not None:
        result["containerResource"] = {
            "name": one.get("name", ""),
            "container": one.get("container", ""),
            "target": _utilization_target(one),
        }
    if (one := metric.get("external")) is not None:
        value, average = one.get("targetValue"), one.get("targetAverageValue")
        target = _present(
            type="AverageValue" if value is None else "Value",
            value=value,
            averageValue=average,
        )
        metric = _present(name=one.get("metricName", ""), selector=one.get("metricSelector"))
        result["external"] = {"metric": metric, "target": target}
    return result


def spec_from_v2(metric: Obj) -> Obj:
    result = {"type": metric.get("type", "")}
    if (one := metric.get("object")) is not None:
        result["object"] = _present(
            target=_reference(one),
            metricName=_name(one),
            targetValue=_amount(one["target"].get("value")),
            selector=one["metric"].get("selector"),
            averageValue=one["target"].get("averageValue"),
        )
    if (one := metric.get("pods")) is not None:
        result["pods"] = _present(
            metricName=_name(one),
            targetAverageValue=_amount(one["target"].get("averageValue")),
            selector=one["metric"].get("selector"),
        )
    if (one := metric.get("resource")) is not None:
        result["resource"] = _flat_target(one)
    if (one := metric.get("containerResource")) is not None:
        result["containerResource"] = _flat_target(one) | {"container": one.get("container", "")}
    if (one := metric.get("external")) is not None:
        result["external"] = _present(
            metricName=_name(one),
            metricSelector=one["metric"].get("selector"),
            targetValue=one["target"].get("value"),
            targetAverageValue=one["target"].get("averageValue"),
        )
    return result


def status_to_v2(metric: Obj) -> Obj:
    """From an element of the annotation `.../current-metrics`."""
    result = {"type": metric.get("type", "")}
    if (one := metric.get("object")) is not None:
        current = _present(
            value=_amount(one.get("currentValue")), averageValue=one.get("averageValue")
        )
        described = _reference({"describedObject": one.get("target") or {}})
        result["object"] = {
            "metric": _identifier(one),
            "current": current,
            "describedObject": described,
        }
    if (one := metric.get("pods")) is not None:
        current = {"averageValue": _amount(one.get("currentAverageValue"))}
        result["pods"] = {"metric": _identifier(one), "current": current}
    if (one := metric.get("resource")) is not None:
        result["resource"] = {"name": one.get("name", ""), "current": _current(one)}
    if (one := metric.get("containerResource")) is not None:
        result["containerResource"] = {
            "name": one.get("name", ""),
            "current": _current(one),
            "container": one.get("container", ""),
        }
    if (one := metric.get("external")) is not None:
        current = _present(
            value=_amount(one.get("currentValue")), averageValue=one.get("currentAverageValue")
        )
        identifier = _present(name=one.get("metricName", ""), selector=one.get("metricSelector"))
        result["external"] = {"metric": identifier, "current": current}
    return result


def status_from_v2(metric: Obj) -> Obj:
    result = {"type": metric.get("type", "")}
    if (one := metric.get("object")) is not None:
        result["object"] = _present(
            target=_reference(one),
            metricName=_name(one),
            currentValue=_amount(one["current"].get("value")),
            selector=one["metric"].get("selector"),
            averageValue=one["current"].get("averageValue"),
        )
    if (one := metric.get("pods")) is not None:
        result["pods"] = _present(
            metricName=_name(one),
            currentAverageValue=_amount(one["current"].get("averageValue")),
            selector=one["metric"].get("selector"),
        )
    if (one := metric.get("resource")) is not None:
        result["resource"] = _flat_current(one)
    if (one := metric.get("containerResource")) is not None:
        result["containerResource"] = _flat_current(one) | {"container": one.get("container", "")}
    if (one := metric.get("external")) is not None:
        result["external"] = _present(
            metricName=_name(one),
            metricSelector=one["metric"].get("selector"),
            currentValue=_amount(one["current"].get("value")),
            currentAverageValue=one["current"].get("averageValue"),
        )
    return result


def _present(**values: Any) -> Obj:
    return {key: value for key, value in values.items() if value is not None}


def _amount(value: Any) -> str:
    """What is no pointer in Go is written as 0."""
    try:
        return quantity.canonical(str(value)) if value is not None else "0"
    except quantity.QuantityError:
        return "0"


def _identifier(flat: Obj) -> Obj:
    return _present(name=flat.get("metricName", ""), selector=flat.get("selector"))


def _name(one: Obj) -> str:
    name: str = one["metric"].get("name", "")
    return name


def _reference(one: Obj) -> Obj:
    described = one.get("describedObject") or {}
    return _present(
        kind=described.get("kind", ""),
        name=described.get("name", ""),
        apiVersion=described.get("apiVersion") or None,
    )


def _object_spec_to_v2(flat: Obj) -> Obj:
    """A value beside an average is kept unless it is zero."""
    value, average = _amount(flat.get("targetValue")), flat.get("averageValue")
    target = _present(
        type="Value" if average is None else "AverageValue",
        value=value if average is None or value != "0" else None,
        averageValue=average,
    )
    return {
        "describedObject": _reference({"describedObject": flat.get("target") or {}}),
        "target": target,
        "metric": _identifier(flat),
    }


def _utilization_target(flat: Obj) -> Obj:
    utilization = flat.get("targetAverageUtilization")
    return _present(
        type="AverageValue" if utilization is None else "Utilization",
        averageValue=flat.get("targetAverageValue"),
        averageUtilization=utilization,
    )


def _flat_target(one: Obj) -> Obj:
    return _present(
        name=one.get("name", ""),
        targetAverageUtilization=one["target"].get("averageUtilization"),
        targetAverageValue=one["target"].get("averageValue"),
    )


def _current(flat: Obj) -> Obj:
    return _present(
        averageValue=_amount(flat.get("currentAverageValue")),
        averageUtilization=flat.get("currentAverageUtilization"),
    )


def _flat_current(one: Obj) -> Obj:
    return _present(
        name=one.get("name", ""),
        currentAverageUtilization=one["current"].get("averageUtilization"),
        currentAverageValue=_amount(one["current"].get("averageValue")),
    )
