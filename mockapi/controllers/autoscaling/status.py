"""The status of an autoscaler while it is worked out. Pure."""

from typing import Any

from mockapi.base.clock import timestamp
from mockapi.client.protocol import Obj
from mockapi.controllers import objects
from mockapi.controllers.autoscaling.limits import Word

ABLE, ACTIVE, LIMITED = "AbleToScale", "ScalingActive", "ScalingLimited"
TO_ZERO = "ScaledToZero"


class Draft:
    """A copy of a status that is changed field by field and written once."""

    def __init__(self, hpa: Obj, now: float) -> None:
        self._hpa = hpa
        self._moment = timestamp(now)
        self._status: Obj = dict(objects.status(hpa))
        self._conditions = [dict(c) for c in self._status.get("conditions") or ()]

    def set(self, type: str, status: bool, reason: str, message: str) -> None:
        value = "True" if status else "False"
        found = next((c for c in self._conditions if c["type"] == type), None)
        if found is None:
            found = {"type": type}
            self._conditions.append(found)
        if found.get("status") != value:
            found["lastTransitionTime"] = self._moment
        found.update(status=value, reason=reason, message=message)

    def say(self, type: str, word: Word) -> None:
        self.set(type, word.status, word.reason, word.message)

    def holds(self, type: str) -> bool:
        return any(c["type"] == type and c["status"] == "True" for c in self._conditions)

    def observed(
        self, current: int, metrics: list[Obj] | None, *, desired: int | None = None
    ) -> None:
        """What was seen; `desired` where it was worked out."""
        self._status["currentReplicas"] = current
        if desired is not None:
            self._status["desiredReplicas"] = desired
        self._status["currentMetrics"] = metrics
        self._status["observedGeneration"] = self._hpa["metadata"].get("generation")

    def scaled(self) -> None:
        self._status["lastScaleTime"] = self._moment

    def finished(self) -> Obj | None:
        """The new status; None when nothing has changed."""
        self._status["conditions"] = self._conditions
        self._status.setdefault("desiredReplicas", 0)
        if _plain(self._status) == _plain(objects.status(self._hpa)):
            return None
        return self._status


def _plain(value: Any) -> Any:
    """Without what Go would not write."""
    if isinstance(value, dict):
        kept = {key: _plain(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner not in (None, 0, "", [], {})}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
