"""What a controller has asked for and not yet seen come back. Source: controller_utils.go.

With the in-process client a write is seen before the next sync; over HTTP it is not, and without
expectations a controller would create its pods twice.
"""

from dataclasses import dataclass, field

from mockapi.base.clock import Clock

TIMEOUT = 300.0


@dataclass(slots=True)
class _Expected:
    creations: int
    deletions: set[str] = field(default_factory=set)
    since: float = 0.0


class Expectations:
    """Per controller key: how many creations, and which deletions by pod key, are outstanding."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expected: dict[str, _Expected] = {}

    def expect_creations(self, key: str, count: int) -> None:
        self._expected[key] = _Expected(count, since=self._clock.now())

    def expect_deletions(self, key: str, deleted: set[str]) -> None:
        self._expected[key] = _Expected(0, deleted, since=self._clock.now())

    def expect(self, key: str, *, creations: int, deletions: set[str]) -> None:
        self._expected[key] = _Expected(creations, deletions, since=self._clock.now())

    def creation_observed(self, key: str, count: int = 1) -> None:
        expected = self._expected.get(key)
        if expected is not None:
            expected.creations -= count

    def deletion_observed(self, key: str, deleted: str) -> None:
        expected = self._expected.get(key)
        if expected is not None:
            expected.deletions.discard(deleted)

    def satisfied(self, key: str) -> bool:
        """All seen, or waited for too long, or never expected anything."""
        expected = self._expected.get(key)
        if expected is None or (expected.creations <= 0 and not expected.deletions):
            return True
        return self._clock.now() - expected.since > TIMEOUT

    def forget(self, key: str) -> None:
        self._expected.pop(key, None)
