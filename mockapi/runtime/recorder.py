"""Events as client-go's recorder writes them: aggregated by count, spam held back.

Source: client-go tools/record (event.go, events_cache.go).
"""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockapi.base.clock import Clock, timestamp
from mockapi.base.ids import Ids
from mockapi.client.protocol import Client
from mockapi.machinery.request import Normal
from mockapi.meta.errors import ApiError, NotFound

logger = logging.getLogger("mockapi.runtime.recorder")

# events_cache.go: similar events (all equal but the message) are combined from the tenth within
# ten minutes; one source may write a burst of 25 about one object, then one each five minutes.
SIMILAR_LIMIT = 10
SIMILAR_SECONDS = 600.0
SPAM_BURST = 25.0
SPAM_SECONDS_PER_EVENT = 300.0
CACHE_SIZE = 4096
# The fields of an ObjectReference, in Go's order: events are stored as they are made here.
_REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


@dataclass(slots=True)
class _Seen:
    """An event that was written and may be counted up."""

    name: str
    namespace: str
    count: int
    first: str


@dataclass(slots=True)
class _Similar:
    messages: set[str] = field(default_factory=set)
    last: float = 0.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    last: float


class _Cache(OrderedDict[Any, Any]):
    def remember(self, key: Any, value: Any) -> None:
        self[key] = value
        if len(self) > CACHE_SIZE:
            self.popitem(last=False)


def object_reference(obj: dict[str, Any], field_path: str = "") -> dict[str, Any]:
    """The involvedObject of an event about `obj`."""
    metadata = obj["metadata"]
    reference = {
        "kind": obj.get("kind", ""),
        "namespace": metadata.get("namespace", ""),
        "name": metadata.get("name", ""),
        "uid": metadata.get("uid", ""),
        "apiVersion": obj.get("apiVersion", ""),
        "resourceVersion": metadata.get("resourceVersion", ""),
        "fieldPath": field_path,
    }
    return {key: value for key, value in reference.items() if value}


class Recorder:
    """Writes events in the name of one component (on one host, for a kubelet)."""

    def __init__(
        self, client: Client, *, clock: Clock, ids: Ids, component: str, host: str = ""
    ) -> None:
        self._client = client
        self._clock = clock
        self._ids = ids
        self._source = {"component": component, **({"host": host} if host else {})}
        self._component = component
        self._host = host
        self._seen = _Cache()
        self._similar = _Cache()
        self._buckets = _Cache()
        self._last_stamp = 0

    def event(
        self,
        obj: dict[str, Any],
        type: str,
        reason: str,
        message: str,
        *,
        field_path: str = "",
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Record; a failure to write is logged and never reaches the caller. `annotations` are
        those of the Event."""
        reference = object_reference(obj, field_path)
        self._record(reference, type, reason, message, annotations)

    def event_about(
        self,
        reference: dict[str, Any],
        type: str,
        reason: str,
        message: str,
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """As `event`, about what a reference names."""
        ordered = {key: reference[key] for key in _REFERENCE if reference.get(key)}
        self._record(ordered, type, reason, message, annotations)

    def _record(
        self,
        reference: dict[str, Any],
        type: str,
        reason: str,
        message: str,
        annotations: Mapping[str, str] | None,
    ) -> None:
        now = self._clock.now()
        about = (
            reference.get("kind"),
            reference.get("namespace"),
            reference.get("name"),
            reference.get("uid"),
            reference.get("apiVersion"),
        )
        if not self._allowed(about, now):
            return
        group = (about, reference.get("fieldPath"), type, reason)
        message, combined = self._combine(group, message, now)
        key = (group, combined or message)
        try:
            self._write(key, reference, type, reason, message, now, annotations)
        except ApiError as error:
            logger.debug("event %s about %s was not written: %s", reason, reference, error)

    def _allowed(self, about: Any, now: float) -> bool:
        bucket = self._buckets.get(about)
        if bucket is None:
            self._buckets.remember(about, _Bucket(SPAM_BURST - 1, now))
            return True
        bucket.tokens = min(
            SPAM_BURST, bucket.tokens + (now - bucket.last) / SPAM_SECONDS_PER_EVENT
        )
        bucket.last = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _combine(self, group: Any, message: str, now: float) -> tuple[str, str]:
        similar = self._similar.get(group)
        if similar is None or now - similar.last > SIMILAR_SECONDS:
            similar = _Similar()
            self._similar.remember(group, similar)
        similar.messages.add(message)
        similar.last = now
        if len(similar.messages) < SIMILAR_LIMIT:
            return message, ""
        similar.messages.pop()
        return f"(combined from similar events): {message}", "combined"

    def _write(
        self,
        key: Any,
        reference: dict[str, Any],
        type: str,
        reason: str,
        message: str,
        now: float,
        annotations: Mapping[str, str] | None,
    ) -> None:
        seen = self._seen.get(key)
        moment = timestamp(now)
        if seen is not None:
            seen.count += 1
            patch = {"count": seen.count, "lastTimestamp": moment, "message": message}
            try:
                self._client.patch(
                    "v1/events",
                    seen.namespace,
                    seen.name,
                    patch,
                    patch_type="application/strategic-merge-patch+json",
                )
                return
            except NotFound:
                del self._seen[key]
        namespace = reference.get("namespace") or "default"
        name = f"{reference.get('name', '')}.{self._stamp(now):x}"
        event: dict[str, Any] = {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": reference,
            **{key: text for key, text in (("reason", reason), ("message", message)) if text},
            "source": self._source,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
            "type": type,
            "eventTime": None,
            "reportingComponent": self._component,
            "reportingInstance": self._host,
        }
        if annotations:
            event["metadata"] = {**event["metadata"], "annotations": dict(annotations)}
        self._client.create("v1/events", namespace, Normal(event))
        self._seen.remember(key, _Seen(name=name, namespace=namespace, count=1, first=moment))

    def _stamp(self, now: float) -> int:
        """Nanoseconds, never the same twice, so that names differ on a clock that stands still;
        with some noise, so that those of several recorders do."""
        noise = self._ids.below(1_000_000)
        self._last_stamp = max(self._last_stamp + 1, int(now * 1_000_000) * 1_000 + noise)
        return self._last_stamp
