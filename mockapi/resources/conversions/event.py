"""events.k8s.io/v1 Event <-> v1 Event: the same object under other names."""

from typing import Any, Final

Obj = dict[str, Any]
_TO_CORE: Final = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "reportingController": "reportingComponent",
}
_FROM_CORE: Final = {core: name for name, core in _TO_CORE.items()}
_CORE_ALWAYS: Final[Obj] = {
    "involvedObject": {},
    "source": {},
    "firstTimestamp": None,
    "lastTimestamp": None,
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}


def to_core(obj: Obj) -> Obj:
    core = {_TO_CORE.get(key, key): value for key, value in obj.items()}
    for key, empty in _CORE_ALWAYS.items():
        if key not in core:
            core[key] = {} if empty == {} else empty
    core["apiVersion"] = "v1"
    return core


def from_core(obj: Obj) -> Obj:
    """What is always written in core/v1 and empty is left out here."""
    event: Obj = {
        _FROM_CORE.get(key, key): value
        for key, value in obj.items()
        if (value is not None and value != "") or key == "eventTime"
    }
    for name in ("regarding", "deprecatedSource"):
        event.setdefault(name, {})
    for name in ("deprecatedFirstTimestamp", "deprecatedLastTimestamp", "eventTime"):
        event.setdefault(name, None)
    event["apiVersion"] = "events.k8s.io/v1"
    return event
