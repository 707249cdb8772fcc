"""The default store: an append-only log with per-key history, in memory."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from operator import attrgetter

from gevent.event import Event
from sortedcontainers import SortedDict

from mockapi.base.waiting import Notifier
from mockapi.store.protocol import Compacted, Conflict, Entry, FutureRevision, Page

_revision_of = attrgetter("revision")


class _Bucket:
    """All keys of one resource: the live ones in order, every key's history, and the log."""

    __slots__ = ("history", "live", "log", "notifier")

    def __init__(self) -> None:
        self.live: SortedDict[str, Entry] = SortedDict()
        self.history: dict[str, list[Entry]] = {}
        self.log: list[Entry] = []
        self.notifier = Notifier()


class MemoryStore:
    """See `protocol.Store`. Keeps between `keep` and twice as many entries of history."""

    def __init__(self, *, keep: int = 20_000) -> None:
        self._buckets: dict[str, _Bucket] = {}
        self._revision = 1
        self._oldest = 1
        self._keep = keep
        self._logged = 0

    @property
    def revision(self) -> int:
        return self._revision

    @property
    def oldest(self) -> int:
        return self._oldest

    def _bucket(self, key: str) -> _Bucket:
        name = key[: key.index("/")]
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket()
        return bucket

    def _check(self, revision: int) -> None:
        if revision < self._oldest:
            raise Compacted(self._oldest)
        if revision > self._revision:
            raise FutureRevision(self._revision)

    def get(self, key: str, revision: int | None = None) -> Entry | None:
        bucket = self._bucket(key)
        if revision is None:
            return bucket.live.get(key)  # type: ignore[no-any-return]
        self._check(revision)
        return _at(bucket.history.get(key, []), revision)

    def list(
        self,
        prefix: str,
        *,
        revision: int | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Page:
        bucket = self._bucket(prefix)
        if revision is None or revision == self._revision:
            if not bucket.live:
                return Page((), self._revision, 0)
            if limit is None and after is None and prefix.endswith("/") and prefix.count("/") == 1:
                return Page(list(bucket.live.values()), self._revision, 0)
            keys = list(_keys(bucket.live, prefix, after))
            taken = keys if limit is None else keys[:limit]
            entries = [bucket.live[key] for key in taken]
            return Page(entries, self._revision, len(keys) - len(taken))
        self._check(revision)
        start = prefix if after is None else after
        past = sorted(
            k for k in bucket.history if k.startswith(prefix) and (after is None or k > start)
        )
        found = [e for k in past if (e := _at(bucket.history[k], revision)) is not None]
        taken_past = found if limit is None else found[:limit]
        return Page(taken_past, revision, len(found) - len(taken_past))

    def all(self) -> Iterator[Entry]:
        for bucket in self._buckets.values():
            yield from bucket.live.values()

    def put(self, key: str, encode: Callable[[int], bytes], *, expected: int) -> Entry:
        bucket = self._bucket(key)
        current = bucket.live.get(key)
        if (current.revision if current is not None else 0) != expected:
            raise Conflict(current)
        revision = self._revision + 1
        entry = Entry(
            key=key,
            revision=revision,
            value=encode(revision),
            previous=None if current is None else current.value,
            created=revision if current is None else current.created,
            deleted=False,
        )
        bucket.live[key] = entry
        self._append(bucket, entry)
        return entry

    def delete(self, key: str, encode: Callable[[int], bytes], *, expected: int) -> Entry:
        bucket = self._bucket(key)
        current = bucket.live.get(key)
        if current is None or current.revision != expected:
            raise Conflict(current)
        revision = self._revision + 1
        entry = Entry(
            key=key,
            revision=revision,
            value=encode(revision),
            previous=current.value,
            created=current.created,
            deleted=True,
        )
        del bucket.live[key]
        self._append(bucket, entry)
        return entry

    def _append(self, bucket: _Bucket, entry: Entry) -> None:
        bucket.log.append(entry)
        bucket.history.setdefault(entry.key, []).append(entry)
        self._revision = entry.revision
        self._logged += 1
        if self._logged > 2 * self._keep:
            self.compact(self._revision - self._keep)
        bucket.notifier.notify()

    def compact(self, revision: int) -> None:
        """Forget what can only be seen before `revision`."""
        if revision > self._revision:
            raise FutureRevision(self._revision)
        if revision <= self._oldest:
            return
        self._oldest = revision
        self._logged = 0
        for bucket in self._buckets.values():
            bucket.log = bucket.log[bisect_right(bucket.log, revision, key=_revision_of) :]
            self._logged += len(bucket.log)
            for key, history in list(bucket.history.items()):
                first = bisect_right(history, revision, key=_revision_of) - 1
                if first >= 0 and history[first].deleted:
                    first += 1
                if first > 0:
                    del history[:first]
                if not history:
                    del bucket.history[key]

    def listen(self, prefix: str, listener: Callable[[], None]) -> Callable[[], None]:
        return self._bucket(prefix).notifier.listen(listener)

    def watch(self, prefix: str, *, after: int) -> "MemoryWatch":
        self._check(after)
        return MemoryWatch(self, self._bucket(prefix), prefix, after)


class MemoryWatch:
    """See `protocol.Watch`."""

    def __init__(self, store: MemoryStore, bucket: _Bucket, prefix: str, after: int) -> None:
        self._store = store
        self._bucket = bucket
        self._prefix = prefix
        self._whole = prefix.count("/") == 1 and prefix.endswith("/")
        self._position = after
        self._unlisten: list[Callable[[], None]] = []

    @property
    def position(self) -> int:
        return self._position

    def handle(self) -> Event:
        return self._bucket.notifier.handle()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        end = self._bucket.notifier.listen(listener)
        self._unlisten.append(end)
        return end

    def poll(self, limit: int = 1000) -> list[Entry]:
        if self._position < self._store.oldest:
            raise Compacted(self._store.oldest)
        log = self._bucket.log
        while log and log[-1].revision > self._position:
            start = bisect_right(log, self._position, key=_revision_of)
            batch = log[start : start + limit]
            self._position = batch[-1].revision
            if not self._whole:
                batch = [entry for entry in batch if entry.key.startswith(self._prefix)]
            if batch:
                return batch
        self._position = self._store.revision
        return []

    def close(self) -> None:
        for end in self._unlisten:
            end()
        self._unlisten.clear()


def _at(history: list[Entry], revision: int) -> Entry | None:
    index = bisect_right(history, revision, key=_revision_of) - 1
    if index < 0 or history[index].deleted:
        return None
    return history[index]


def _keys(live: "SortedDict[str, Entry]", prefix: str, after: str | None) -> Iterator[str]:
    start = prefix if after is None else max(prefix, after)
    for key in live.irange(minimum=start, inclusive=(after is None, True)):
        if not key.startswith(prefix):
            return
        yield key
