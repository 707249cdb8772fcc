"""A local, indexed copy of one resource, kept by list and watch. Objects in it are shared."""

from collections.abc import Callable, Iterable, Sequence

from mockapi.client.protocol import Client, Event, Obj, Watch
from mockapi.meta.errors import ApiError, Expired, Gone

Handler = Callable[[Event], None]
IndexFunction = Callable[[Obj], Iterable[str]]


def key_of(obj: Obj) -> str:
    """`namespace/name`, or `name` where there is no namespace."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def join_key(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


class _Index:
    """Objects by a value that a function reads from them, in order of arrival."""

    __slots__ = ("_function", "_keys", "_values")

    def __init__(self, function: IndexFunction) -> None:
        self._function = function
        self._keys: dict[str, dict[str, None]] = {}
        self._values: dict[str, tuple[str, ...]] = {}

    def put(self, key: str, obj: Obj) -> None:
        new = tuple(self._function(obj))
        old = self._values.get(key, ())
        if new == old:
            return
        for value in old:
            if value not in new:
                self._remove(value, key)
        for value in new:
            self._keys.setdefault(value, {})[key] = None
        self._values[key] = new

    def drop(self, key: str) -> None:
        for value in self._values.pop(key, ()):
            self._remove(value, key)

    def _remove(self, value: str, key: str) -> None:
        keys = self._keys.get(value)
        if keys is not None:
            keys.pop(key, None)
            if not keys:
                del self._keys[value]

    def keys(self, value: str) -> Sequence[str]:
        return list(self._keys.get(value, ()))

    def values(self) -> Sequence[str]:
        return list(self._keys)


class Informer:
    """Shared by all components of a runtime. `deliver()` is called by the loop only."""

    def __init__(
        self,
        client: Client,
        resource: str,
        *,
        dirty: Callable[["Informer"], None],
        lost: Callable[["Informer"], None],
    ) -> None:
        """`dirty` is told when there is something to deliver; `lost` when the server could not be
        asked, and has to see that `deliver` is called again later."""
        self.resource = resource
        self._client = client
        self._dirty = dirty
        self._lost = lost
        self._started = False
        self._objects: dict[str, Obj] = {}
        self._namespaces = _Index(lambda obj: (obj["metadata"].get("namespace", ""),))
        self._indexes: dict[str, _Index] = {}
        self._of_status: list[_Index] = []
        self._handlers: list[Handler] = []
        self._watch: Watch | None = None
        self._late: list[tuple[Handler, list[Event]]] = []

    def get(self, namespace: str, name: str) -> Obj | None:
        return self._objects.get(join_key(namespace, name))

    def get_key(self, key: str) -> Obj | None:
        return self._objects.get(key)

    def list(self, namespace: str | None = None) -> Sequence[Obj]:
        if namespace is None:
            return list(self._objects.values())
        return [self._objects[key] for key in self._namespaces.keys(namespace)]

    def __len__(self) -> int:
        return len(self._objects)

    def index(self, name: str, function: IndexFunction, *, of_status: bool = True) -> None:
        """Register an index once; a second registration under the same name is ignored.

        One that is not `of_status` reads the spec, labels, annotations and owners alone: most
        writes change none of them, and it is not asked then.
        """
        if name in self._indexes:
            return
        index = self._indexes[name] = _Index(function)
        if of_status:
            self._of_status.append(index)
        for key, obj in self._objects.items():
            index.put(key, obj)

    def by(self, name: str, value: str) -> Sequence[Obj]:
        return [self._objects[key] for key in self._indexes[name].keys(value)]

    def index_values(self, name: str) -> Sequence[str]:
        return self._indexes[name].values()

    def on_event(self, handler: Handler) -> Callable[[], None]:
        """Hear of every change; what exists already comes first, as ADDED. Returns what ends it."""
        self._handlers.append(handler)
        if self._objects:
            self._late.append((handler, [Event("ADDED", obj) for obj in self._objects.values()]))
            self._dirty(self)

        return lambda: self.off_event(handler)

    def off_event(self, handler: Handler) -> None:
        if handler in self._handlers:
            self._handlers.remove(handler)

    @property
    def handlers(self) -> Sequence[Handler]:
        return tuple(self._handlers)

    def start(self) -> None:
        self._relist()
        self._started = True

    def deliver(self) -> bool:
        """Take in and hand on what has happened; True when anything had."""
        late, self._late = self._late, []
        for handler, events in late:
            for event in events:
                handler(event)
        if not self._started:
            return bool(late)
        try:
            if self._watch is None:
                raise Gone(f"there is no watch of {self.resource}")
            news = self._watch.poll()
        except (Expired, Gone):
            return self._begin_anew() or bool(late)
        for event in news:
            self._take(event)
        return bool(news) or bool(late)

    def _begin_anew(self) -> bool:
        try:
            self._relist()
        except ApiError:
            self._lost(self)
            return False
        return True

    def catch_up(self) -> None:
        """Take in what has been written so far, in the middle of a sync that looks again after
        its own writes: a real informer runs beside it."""
        self.deliver()

    def _relist(self) -> None:
        """List, watch from there, and turn the difference into events."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        listed = self._client.list(self.resource)
        self._watch = self._client.watch(self.resource, resource_version=listed.resource_version)
        self._watch.listen(lambda: self._dirty(self))
        fresh = {key_of(obj): obj for obj in listed.items}
        for key in [key for key in self._objects if key not in fresh]:
            self._take(Event("DELETED", self._objects[key]))
        for key, obj in fresh.items():
            known = self._objects.get(key)
            if known is None:
                self._take(Event("ADDED", obj))
            elif known["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
                self._take(Event("MODIFIED", obj))

    def _take(self, event: Event) -> None:
        obj = event.object
        key = key_of(obj)
        old = self._objects.get(key)
        if event.type == "DELETED":
            self._objects.pop(key, None)
            self._namespaces.drop(key)
            for index in self._indexes.values():
                index.drop(key)
        else:
            self._objects[key] = obj
            if old is None:
                self._namespaces.put(key, obj)
            known = old is not None and _differ_in_status(old, obj)
            for index in self._of_status if known else self._indexes.values():
                index.put(key, obj)
        told = Event(
            event.type if old is not None or event.type == "DELETED" else "ADDED", obj, old
        )
        for handler in self._handlers:
            handler(told)

    def close(self) -> None:
        self._started = False
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._handlers.clear()


_KEPT = ("labels", "annotations", "ownerReferences")


def _differ_in_status(old: Obj, new: Obj) -> bool:
    """Nothing but the status (and what the server keeps in metadata) has changed, as far as can be
    seen at once: writes share what they leave alone."""
    if "spec" not in new or new["spec"] is not old.get("spec"):
        return False
    before, after = old["metadata"], new["metadata"]
    return all(after.get(name) is before.get(name) for name in _KEPT)


def try_start(informer: Informer) -> ApiError | None:
    """Start an informer; the error when the server does not serve the resource."""
    try:
        informer.start()
    except ApiError as error:
        return error
    return None
