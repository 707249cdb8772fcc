"""What an admission plugin is, and the ordered chain of them. Source: apiserver pkg/admission."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mockapi.base.ids import Ids
from mockapi.machinery.resource import Obj, Reader, Resource, UserInfo
from mockapi.meta.errors import ApiError, Forbidden


@dataclass(slots=True)
class Attributes:
    """One write on its way in. `obj` is in the storage version and may be changed by `admit`."""

    operation: str
    """CREATE, UPDATE, DELETE or CONNECT."""
    resource: Resource
    subresource: str
    namespace: str
    name: str
    obj: Obj | None
    """None for deletions. For subresources with a kind of their own it is of that kind."""
    old: Obj | None
    user: UserInfo
    reader: Reader
    ids: Ids
    now: str
    dry_run: bool = False
    options: Any = None
    warnings: list[str] = field(default_factory=list)

    @property
    def group_resource(self) -> str:
        return self.resource.gvr.group_resource

    def forbidden(self, message: str) -> ApiError:
        """A refusal as the real admission.NewForbidden words it."""
        name = self.name
        if not name and self.obj is not None:
            metadata = self.obj.get("metadata") or {}
            name = metadata.get("name") or metadata.get("generateName") or ""
        gvr = self.resource.gvr
        return Forbidden(gvr.group, gvr.resource, name or "Unknown", message)


class Plugin(Protocol):
    name: str

    def handles(self, attributes: Attributes) -> bool:
        """Cheap: asked for every write."""

    def admit(self, attributes: Attributes) -> None:
        """Change `attributes.obj` in place, or raise ApiError."""

    def validate(self, attributes: Attributes) -> None:
        """Raise ApiError when the final object may not be written."""


class Chain:
    """The plugins in order; all of them admit before any of them validates."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = tuple(plugins)

    def add(self, plugin: Plugin) -> None:
        """Put one before all others."""
        self.plugins = (plugin, *self.plugins)

    def admit(self, attributes: Attributes) -> None:
        for plugin in self.plugins:
            if plugin.handles(attributes):
                plugin.admit(attributes)

    def validate(self, attributes: Attributes) -> None:
        for plugin in self.plugins:
            if plugin.handles(attributes):
                plugin.validate(attributes)
