"""One request and its result, as values: what every face of the server hands to the pipeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockapi.machinery.resource import Obj, Resource, UserInfo
from mockapi.machinery.schema.empties import Places
from mockapi.meta import codec
from mockapi.store.protocol import Entry

NO_QUERY: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class Normal:
    """An object as the server itself would write it, given by a component of ours: known fields in
    Go's order, with their defaults, nothing empty that Go leaves out; in a version other than the
    stored one, as it looks once it has been stored. It is not read again, and its maker does not
    change it any more."""

    tree: Obj


@dataclass(slots=True)
class Request:
    """What is asked. The body is raw bytes with their media type, or an object of our own."""

    verb: str
    """get list watch create update patch delete deletecollection."""
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    user: UserInfo = field(
        default_factory=lambda: UserInfo("system:admin", groups=("system:masters",))
    )
    user_agent: str = ""
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Raw options, as in the URL."""
    body: bytes | None = None
    content_type: str = ""
    obj: Any = None
    """The decoded body (an object or a patch), for callers in the process."""
    resets_managers: bool = False
    """The body empties metadata.managedFields; found while it is decoded."""
    warnings: list[str] = field(default_factory=list)
    """Texts for Warning headers, filled on the way."""
    emptied: Places = ()
    """What the body has and its object will be without; of it, what counts for who owns what is
    in the object until its managed fields are kept."""

    def option(self, name: str) -> str:
        values = self.query.get(name)
        return values[0] if values else ""


@dataclass(slots=True)
class Result:
    """An object, or a Status. `entry` when the stored bytes are the answer."""

    code: int
    obj: Obj
    entry: Entry | None = None

    @property
    def raw(self) -> bytes:
        """The answer as JSON."""
        return self.entry.value if self.entry is not None else codec.stored(self.obj)


@dataclass(slots=True)
class Item:
    """One object of a list: the tree, and its stored bytes where they are the same."""

    obj: Obj
    raw: bytes | None


@dataclass(slots=True)
class ListResult:
    """A list: items in order and the list's metadata."""

    resource: Resource
    items: Sequence[Item]
    metadata: dict[str, Any]
    code: int = 200
