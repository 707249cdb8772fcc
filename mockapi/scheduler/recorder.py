"""Events of events.k8s.io/v1, as client-go's structured recorder writes them.

The first of a kind is created, the second makes it a series, the further ones of six minutes are
only counted. Source: client-go tools/events.
"""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from mockapi.base.clock import Clock, micro_timestamp
from mockapi.client.protocol import Client, Obj
from mockapi.machinery.request import Normal
from mockapi.meta.errors import ApiError, NotFound
from mockapi.runtime.recorder import object_reference

logger = logging.getLogger("mockapi.scheduler.recorder")

FINISH_SECONDS: Final = 360.0
LONGEST_NOTE: Final = 1024
_RESOURCE: Final = "events.k8s.io/v1/events"
_CACHE_SIZE: Final = 4096


def truncated(note: str) -> str:
    if len(note) <= LONGEST_NOTE and note.isascii():
        return note
    encoded = note.encode()
    if len(encoded) <= LONGEST_NOTE:
        return note
    return encoded[: LONGEST_NOTE - 4].decode(errors="ignore") + " ..."


@dataclass(slots=True)
class _Written:
    event: Obj
    last: float
    count: int = 1


class SeriesRecorder:
    """Writes in the name of one scheduler (`default-scheduler`)."""

    def __init__(self, client: Client, clock: Clock, *, controller: str, instance: str) -> None:
        self._client = client
        self._clock = clock
        self._controller = controller
        self._instance = instance
        self._written: OrderedDict[Any, _Written] = OrderedDict()
        self._last_stamp = 0

    def event(
        self,
        regarding: Obj,
        type: str,
        reason: str,
        action: str,
        note: str,
    ) -> None:
        """Record; a failure to write is logged and never reaches the caller."""
        pod = {"kind": "Pod", "apiVersion": "v1", "metadata": regarding["metadata"]}
        reference = object_reference(pod)
        key = (type, reason, action, *reference.items())
        now = self._clock.now()
        try:
            self._record(key, reference, (type, reason, action, note), now)
        except ApiError as error:
            logger.debug("event %s about %s was not written: %s", reason, reference, error)

    def _record(
        self,
        key: Any,
        reference: Obj,
        words: tuple[str, str, str, str],
        now: float,
    ) -> None:
        known = self._written.get(key)
        if known is not None and now - known.last <= FINISH_SECONDS:
            known.count += 1
            known.last = now
            if known.count == 2:
                self._make_series(known, now)
            return
        if known is not None and known.count > 2:
            self._make_series(known, known.last)
        event = self._made(reference, words, now)
        self._client.create(_RESOURCE, event["metadata"]["namespace"], Normal(event))
        self._written[key] = _Written(event, now)
        if len(self._written) > _CACHE_SIZE:
            self._written.popitem(last=False)

    def _make_series(self, known: _Written, now: float) -> None:
        series = {"count": known.count, "lastObservedTime": micro_timestamp(now)}
        metadata = known.event["metadata"]
        try:
            self._client.patch(
                _RESOURCE,
                metadata["namespace"],
                metadata["name"],
                {"series": series},
                patch_type="application/strategic-merge-patch+json",
            )
        except NotFound:
            event = {**known.event, "series": series}
            self._client.create(_RESOURCE, metadata["namespace"], event)

    def _made(self, reference: Obj, words: tuple[str, str, str, str], now: float) -> Obj:
        type, reason, action, note = words
        return {
            "kind": "Event",
            "apiVersion": "events.k8s.io/v1",
            "metadata": {
                "name": f"{reference['name']}.{self._stamp(now):x}",
                "namespace": reference.get("namespace") or "default",
            },
            "eventTime": micro_timestamp(now),
            "reportingController": self._controller,
            "reportingInstance": self._instance,
            "action": action,
            "reason": reason,
            "regarding": reference,
            "note": truncated(note),
            "type": type,
            "deprecatedSource": {},
            "deprecatedFirstTimestamp": None,
            "deprecatedLastTimestamp": None,
        }

    def _stamp(self, now: float) -> int:
        """Nanoseconds, never the same twice."""
        self._last_stamp = max(self._last_stamp + 1, int(now * 1_000_000_000))
        return self._last_stamp
