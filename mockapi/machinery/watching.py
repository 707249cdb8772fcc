"""Watches: from a revision on, or with the current state first; selector-aware; with bookmarks.

A watch is a cursor into the store's log: it holds nothing but what was just polled.
Source: apiserver pkg/storage/cacher and pkg/endpoints/handlers/watch.go.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from mockapi.base.clock import monotonic
from mockapi.machinery.objects import Objects
from mockapi.machinery.options import ListOptions
from mockapi.machinery.reading import Match
from mockapi.machinery.resource import Obj, Resource
from mockapi.meta import codec
from mockapi.meta.errors import ApiError, Expired
from mockapi.store.protocol import Compacted, Entry, Store, WaitHandle

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
POLL_LIMIT = 500
# cacher.go: a bookmark about each minute, and one two seconds before the watch's time is over.
BOOKMARK_SECONDS = 60.0
BOOKMARK_BEFORE_END = 2.0


# Their internal types hold the number itself, so that even an empty object shows it.
_COUNTED = frozenset(("Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"))


class StreamEvent:
    """One event. `raw` is the object as JSON in the served version, made when first asked for."""

    __slots__ = ("_frames", "_objects", "_raw", "_resource", "_tree", "entry", "type")

    def __init__(
        self, type: str, objects: Objects, resource: Resource, entry: Entry | None, tree: Obj | None
    ) -> None:
        self.type = type
        self.entry = entry
        self._objects = objects
        self._resource = resource
        self._tree = tree
        self._raw: bytes | None = None
        self._frames: dict[Any, bytes] | None = None

    @property
    def frames(self) -> dict[Any, bytes]:
        """Encoded forms of this event, shared with the other watchers that get it."""
        if self._frames is None:
            if self.entry is None:
                self._frames = {}
            else:
                version = self._resource.gvk.api_version
                self._frames = self._objects.frames(self.entry.revision, self.type, version)
        return self._frames

    @property
    def obj(self) -> Obj:
        if self._tree is None:
            assert self.entry is not None
            stored = self._objects.parsed(self.entry)
            self._tree = self._objects.from_storage(self._resource, stored)
        return self._tree

    @property
    def raw(self) -> bytes:
        if self._raw is None:
            if self._tree is None and self.entry is not None and self._resource.is_storage_version:
                self._raw = self.entry.value
            else:
                self._raw = codec.stored(self.obj)
        return self._raw


class WatchStream:
    """See the module. `poll()` never waits; `handle()` is what to wait on between polls."""

    def __init__(
        self,
        *,
        store: Store,
        objects: Objects,
        resource: Resource,
        namespace: str,
        options: ListOptions,
        match: Match | None,
        revision: int | None,
    ) -> None:
        self.resource = resource
        self.options = options
        self._objects = objects
        self._match = match
        self._pending: deque[StreamEvent] = deque()
        self._failed: ApiError | None = None
        prefix = resource.prefix(namespace)
        if revision is None:
            self._replay_state(store, prefix)
            revision = store.revision
        self._store = store
        try:
            self._watch = store.watch(prefix, after=min(revision, store.revision))
        except Compacted as error:
            self._watch = store.watch(prefix, after=store.revision)
            self._failed = too_old(revision, error.oldest)
        self._skip_until = revision
        self._next_bookmark: float | None = None
        if options.allow_bookmarks:
            self._next_bookmark = monotonic() + _first_bookmark(options.timeout_seconds)

    def _replay_state(self, store: Store, prefix: str) -> None:
        """The synthetic ADDED events, and the bookmark that ends them for who takes bookmarks."""
        for entry in store.list(prefix).entries:
            if self._match is None or self._match(self._objects.parsed(entry)):
                self._pending.append(self._event("ADDED", entry))
        if self.options.allow_bookmarks:
            annotations = {INITIAL_EVENTS_END: "true"}
            self._pending.append(self.bookmark(store.revision, annotations))

    def handle(self) -> WaitHandle:
        return self._watch.handle()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self._watch.listen(listener)

    @property
    def position(self) -> int:
        """The revision up to which everything has been polled."""
        return max(self._watch.position, self._skip_until)

    def poll(self) -> Sequence[StreamEvent]:
        """What can be sent now; raises Expired when the watch has fallen too far behind."""
        if self._pending:
            events = list(self._pending)
            self._pending.clear()
            return events
        if self._failed is not None:
            raise self._failed
        while True:
            try:
                entries = self._watch.poll(POLL_LIMIT)
            except Compacted as error:
                raise too_old(self._watch.position, error.oldest) from None
            events = [event for entry in entries if (event := self._of(entry)) is not None]
            if events or not entries:
                return events or self._due_bookmark()

    def _due_bookmark(self) -> Sequence[StreamEvent]:
        if self._next_bookmark is None or monotonic() < self._next_bookmark:
            return ()
        self._next_bookmark = monotonic() + BOOKMARK_SECONDS
        return (self.bookmark(),)

    def pause(self) -> float | None:
        """Real seconds until `poll` has a bookmark to give, None when none are wanted."""
        if self._next_bookmark is None:
            return None
        return max(0.0, self._next_bookmark - monotonic())

    @property
    def timeout_seconds(self) -> int | None:
        return self.options.timeout_seconds

    def failure(self, error: ApiError) -> StreamEvent:
        """The ERROR event that ends a stream."""
        return StreamEvent("ERROR", self._objects, self.resource, None, error.status())

    def _of(self, entry: Entry) -> StreamEvent | None:
        """What an entry means to this watcher: an object may come into or leave its selection."""
        if entry.revision <= self._skip_until:
            return None
        if self._match is None:
            if entry.deleted:
                return self._event("DELETED", entry)
            return self._event("ADDED" if entry.previous is None else "MODIFIED", entry)
        before = entry.previous is not None and self._match(self._previous(entry))
        now = not entry.deleted and self._match(self._objects.parsed(entry))
        if now:
            return self._event("MODIFIED" if before else "ADDED", entry)
        if not before:
            return None
        if entry.deleted:
            return self._event("DELETED", entry)
        return self._left(entry)

    def _previous(self, entry: Entry) -> Obj:
        return self._objects.parsed_previous(entry)

    def _left(self, entry: Entry) -> StreamEvent:
        """An object that stopped matching: its last matching state at the new revision."""
        last = dict(self._previous(entry))
        last["metadata"] = {**last["metadata"], "resourceVersion": str(entry.revision)}
        tree = self._objects.from_storage(self.resource, last)
        return StreamEvent("DELETED", self._objects, self.resource, None, tree)

    def _event(self, type: str, entry: Entry) -> StreamEvent:
        return StreamEvent(type, self._objects, self.resource, entry, None)

    def bookmark(
        self, revision: int | None = None, annotations: dict[str, str] | None = None
    ) -> StreamEvent:
        """A BOOKMARK event at the position reached. The object is as the real server fills it."""
        metadata: dict[str, Any] = {
            "resourceVersion": str(self.position if revision is None else revision),
        }
        if annotations:
            metadata["annotations"] = annotations
        gvk = self.resource.gvk
        decoded = self._objects.schemas.decode(
            self.resource.type_name, {"metadata": metadata}, validation="Ignore"
        ).obj
        if self.resource.kind in _COUNTED:
            decoded["spec"] = {"replicas": 0, **decoded.get("spec", {})}
        tree = {"kind": gvk.kind, "apiVersion": gvk.api_version, **decoded}
        return StreamEvent("BOOKMARK", self._objects, self.resource, None, tree)

    def close(self) -> None:
        self._watch.close()


def _first_bookmark(timeout: int | None) -> float:
    if timeout is None or timeout <= BOOKMARK_BEFORE_END:
        return BOOKMARK_SECONDS
    return min(BOOKMARK_SECONDS, timeout - BOOKMARK_BEFORE_END)


def too_old(asked: int, oldest: int) -> Expired:
    return Expired(f"too old resource version: {asked} ({oldest})")
