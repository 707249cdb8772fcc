"""What every store offers. One revision counter over all keys; a write appends exactly one entry.

A key is `bucket/path`: the bucket is a group resource (`pods`, `deployments.apps`), the path is
`namespace/name`, or `name` where the resource is cluster scoped. Keys sort as strings, as in etcd.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class WaitHandle(Protocol):
    """What a reader waits on."""

    def wait(self, timeout: float | None = None) -> bool: ...


class Entry:
    """One write, immutable (`parsed` and `before` are cache slots that the machinery owns).

    `value` of a deletion is the object's last state, carrying the deletion's revision.
    `previous` is the value that this write replaced, None for a creation.
    """

    __slots__ = ("before", "created", "deleted", "key", "parsed", "previous", "revision", "value")

    def __init__(
        self,
        *,
        key: str,
        revision: int,
        value: bytes,
        previous: bytes | None,
        created: int,
        deleted: bool,
    ) -> None:
        self.key = key
        self.revision = revision
        self.value = value
        self.previous = previous
        self.created = created
        self.deleted = deleted
        self.parsed: Any = None
        self.before: Any = None


@dataclass(frozen=True, slots=True)
class Page:
    """A sorted part of a prefix at one revision; `remaining` counts what follows the page."""

    entries: Sequence[Entry]
    revision: int
    remaining: int


class Conflict(Exception):
    """The key is not at the expected revision; `current` is what stands there (None: nothing)."""

    def __init__(self, current: Entry | None) -> None:
        super().__init__("the key has changed")
        self.current = current


class Compacted(Exception):
    """The revision is older than the history that is kept."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"compacted; the oldest revision is {oldest}")
        self.oldest = oldest


class FutureRevision(Exception):
    """The revision has not happened yet."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the current revision is {current}")
        self.current = current


class Watch(Protocol):
    """A cursor into the log. Holds no events of its own: a slow reader costs no memory."""

    @property
    def position(self) -> int:
        """Every entry up to this revision has been returned."""

    def handle(self) -> WaitHandle:
        """Take it, `poll()`, and when that gave nothing wait on it."""

    def poll(self, limit: int = 1000) -> list[Entry]:
        """The next entries under the prefix, possibly none; raises Compacted when too slow."""

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back at each write in the bucket; returns what ends it."""

    def close(self) -> None: ...


class Store(Protocol):
    @property
    def revision(self) -> int:
        """The revision of the latest write."""

    @property
    def oldest(self) -> int:
        """The oldest revision that can still be read."""

    def get(self, key: str, revision: int | None = None) -> Entry | None: ...

    def list(
        self,
        prefix: str,
        *,
        revision: int | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Page:
        """Entries whose key starts with `prefix` (`pods/`, `pods/default/`), sorted by key."""

    def all(self) -> Iterable[Entry]:
        """Every live entry."""

    def put(self, key: str, encode: Callable[[int], bytes], *, expected: int) -> Entry:
        """Write when the key stands at `expected` (0: absent), else raise Conflict.

        `encode` gets the write's revision, so that the value can carry it.
        """

    def delete(self, key: str, encode: Callable[[int], bytes], *, expected: int) -> Entry: ...

    def watch(self, prefix: str, *, after: int) -> Watch:
        """Replay what came after a revision, then follow. Raises Compacted or FutureRevision."""

    def listen(self, prefix: str, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back at each write in the prefix's bucket; returns what ends it. Must be quick."""

    def compact(self, revision: int) -> None: ...
