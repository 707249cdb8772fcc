"""Stored entries as trees, and the versions of an object converted into one another."""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson

from mockapi.machinery.resource import Obj, Resource
from mockapi.machinery.schema import empties
from mockapi.machinery.schema.schemas import Decoded, Schemas
from mockapi.store.protocol import Entry

PARSED_LIMIT = 20_000
FRAMES_LIMIT = 512


Conversion = Callable[[Obj], Obj]
Conversions = Mapping[tuple[str, str], Mapping[str, tuple[Conversion, Conversion]]]
"""(group, kind) -> {version: (to storage, from storage)}."""


class CustomVersions(Protocol):
    """The versions of custom kinds, read through their schemas."""

    def current(self, resource: Resource, obj: Obj) -> Obj:
        """A stored object as it is read now, in the storage version."""

    def to_version(self, resource: Resource, obj: Obj, version: str) -> Obj:
        """An object in another version; raises ApiError where no conversion is to be had."""


class Objects:
    """Trees of entries, kept while they are in use, and conversion between versions."""

    def __init__(
        self,
        schemas: Schemas,
        conversions: Conversions,
        normalisers: Mapping[str, Callable[[Obj], None]] | None = None,
    ) -> None:
        self.schemas = schemas
        self._normalisers = normalisers or {}
        self._conversions = conversions
        self.customs: CustomVersions | None = None
        self._parsed: deque[Entry] = deque()
        self._frames: OrderedDict[tuple[int, str, str], dict[Any, bytes]] = OrderedDict()

    def complete(self, type_name: str, obj: Obj) -> None:
        """Default a decoded object, and change in it what the real internal form changes."""
        self.schemas.default(type_name, obj)
        normalise = self._normalisers.get(type_name)
        if normalise is not None:
            normalise(obj)

    def complete_decoded(self, type_name: str, decoded: Decoded) -> None:
        """The same where empty lists and maps that were given count as given. What counts for who
        owns what is in the object afterwards as it was given."""
        obj, emptied = decoded.obj, decoded.emptied
        if emptied:
            empties.put_empty(obj, emptied)
        self.complete(type_name, obj)
        if emptied:
            empties.leave_owned(obj, emptied)

    def decode_part(self, type_name: str, tree: Obj, part: str, live: Obj) -> Obj | None:
        """A complete object of our own that shares all but `part` and the metadata with the live
        one; None where that cannot be done, then it is to be decoded as a whole."""
        if type_name in self._normalisers:
            return None
        obj = self.schemas.decode_part(type_name, tree, part, live)
        if obj is not None:
            self.schemas.default_part(type_name, obj, part)
        return obj

    # -- stored entries ------------------------------------------------------------------------

    def parsed(self, entry: Entry) -> Obj:
        """The tree of an entry's value, shared: never to be changed."""
        obj: Obj | None = entry.parsed
        if obj is None:
            obj = orjson.loads(entry.value)
            self.remember(entry, obj)
        return obj

    @staticmethod
    def load(value: bytes) -> Obj:
        """A tree of its own."""
        obj: Obj = orjson.loads(value)
        return obj

    def parsed_previous(self, entry: Entry) -> Obj:
        """The tree that this write replaced, shared."""
        obj: Obj | None = entry.before
        if obj is None:
            assert entry.previous is not None
            obj = entry.before = orjson.loads(entry.previous)
            if entry.parsed is None:
                self.remember(entry, orjson.loads(entry.value))
        return obj

    def remember(self, entry: Entry, obj: Obj) -> None:
        """Keep the tree with its entry; the oldest of too many is forgotten."""
        entry.parsed = obj
        self._parsed.append(entry)
        if len(self._parsed) > PARSED_LIMIT:
            oldest = self._parsed.popleft()
            oldest.parsed = oldest.before = None

    def frames(self, revision: int, type: str, api_version: str) -> dict[Any, bytes]:
        """Where all watchers of one event keep its encoded forms; the latest few are kept."""
        key = (revision, type, api_version)
        frames = self._frames.get(key)
        if frames is None:
            frames = self._frames[key] = {}
            if len(self._frames) > FRAMES_LIMIT:
                self._frames.popitem(last=False)
        return frames

    # -- versions ------------------------------------------------------------------------------

    def to_storage(self, resource: Resource, obj: Obj) -> Obj:
        """The form that is admitted and validated: the storage version, but for custom resources,
        whose versions have rules of their own."""
        if resource.is_storage_version or resource.custom is not None:
            return obj
        return self._converters(resource)[0](obj)

    def at_rest(self, resource: Resource, obj: Obj) -> Obj:
        """What is stored of an object that has been admitted and validated."""
        if resource.custom is None:
            return obj
        return self._custom().to_version(resource, obj, resource.storage_version)

    def from_storage(self, resource: Resource, obj: Obj) -> Obj:
        if resource.is_storage_version:
            return obj
        if resource.custom is None:
            return self._converters(resource)[1](obj)
        current = self.current(resource, obj)
        return self._custom().to_version(resource, current, resource.gvr.version)

    def in_version(self, resource: Resource, obj: Obj) -> Obj:
        """What is being admitted (see `to_storage`) in a version of its resource."""
        if resource.custom is not None:
            return self._custom().to_version(resource, obj, resource.gvr.version)
        return self.from_storage(resource, obj)

    def admitted(self, asked: Resource, resource: Resource, obj: Obj) -> Obj:
        """The way back: an object in the version of `resource`, for a request to `asked`."""
        if asked.custom is not None:
            return self._custom().to_version(asked, obj, asked.gvr.version)
        return self.to_storage(resource, obj)

    def as_converted(self, resource: Resource, obj: Obj) -> Obj:
        """As the object looks in its version when it has once been what is stored."""
        if resource.is_storage_version or resource.custom is not None:
            return obj
        return self.from_storage(resource, self.to_storage(resource, obj))

    def current(self, resource: Resource, obj: Obj) -> Obj:
        """A stored object in the storage version, as it is read now. See `Custom.outgrown`."""
        if resource.custom is None or not resource.custom.outgrown:
            return obj
        return self._custom().current(resource, obj)

    def _custom(self) -> CustomVersions:
        if self.customs is None:
            raise AssertionError("Custom resources are served and nothing knows their versions.")
        return self.customs

    def _converters(self, resource: Resource) -> tuple[Conversion, Conversion]:
        return self._conversions[resource.gvr.group, resource.kind][resource.gvr.version]
