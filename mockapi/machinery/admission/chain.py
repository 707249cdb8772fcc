"""What an admission plugin is, and the ordered chain of them. Source: apiserver pkg/admission."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from mockapi.base import tree
from mockapi.base.ids import Ids
from mockapi.machinery.resource import Obj, Reader, Resource, UserInfo
from mockapi.meta.errors import ApiError, Forbidden
from mockapi.meta.names import GroupVersionKind


@dataclass(slots=True)
class Rounds:
    """Which webhooks (or policies) a second round asks: those that were asked before somebody
    else's change."""

    called: set[Hashable] = field(default_factory=set)
    due: set[Hashable] = field(default_factory=set)
    left: Obj | None = None
    """The object as the first round left it, to see what others have changed since."""

    def changed(self) -> None:
        self.due |= self.called
        self.called.clear()

    def end(self, attributes: "Attributes") -> None:
        if self.called and not attributes.again:
            self.left = tree.copy(attributes.obj)

    def begin_again(self, attributes: "Attributes") -> None:
        if self.left != attributes.obj:
            self.changed()


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
    own_kind: GroupVersionKind | None = None
    """The subresource's, where it has one of its own (Scale)."""
    own_type: str = ""
    """The name of its type."""
    dry_run: bool = False
    options: Any = None
    """WriteOptions or DeleteOptions."""
    warnings: list[str] = field(default_factory=list)
    changed_by_hooks: bool = False
    """A webhook or a policy has changed the object: whoever came before it is asked once more."""
    again: bool = False
    """It is that second round."""
    rounds: dict[str, Rounds] = field(default_factory=dict)
    """By the plugin that asks in rounds."""

    def rounds_of(self, plugin: str) -> Rounds:
        found = self.rounds.get(plugin)
        if found is None:
            found = self.rounds[plugin] = Rounds()
        return found

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
        """Asked once for all writes of one operation on one resource or subresource, with or
        without a namespace and an object: it may look at nothing else."""

    def admit(self, attributes: Attributes) -> None:
        """Change `attributes.obj` in place, or raise ApiError."""

    def validate(self, attributes: Attributes) -> None:
        """Raise ApiError when the final object may not be written."""


@runtime_checkable
class Hooked(Protocol):
    """A plugin that asks what users have configured."""

    @property
    def is_active(self) -> bool:
        """Anything is configured."""


class Chain:
    """The plugins in order; all of them admit before any of them validates."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = tuple(plugins)
        self._concerned: dict[Any, tuple[Plugin, ...]] = {}
        self._hooked: tuple[Hooked, ...] | None = None

    def add(self, plugin: Plugin) -> None:
        """Put one before all others."""
        self.plugins = (plugin, *self.plugins)
        self._concerned.clear()
        self._hooked = None

    def add_before(self, name: str, *plugins: Plugin) -> None:
        """Put some before the plugin of that name."""
        place = [plugin.name for plugin in self.plugins].index(name)
        self.plugins = (*self.plugins[:place], *plugins, *self.plugins[place:])
        self._concerned.clear()
        self._hooked = None

    def admit(self, attributes: Attributes) -> None:
        self._admit(attributes)
        if attributes.changed_by_hooks:
            attributes.again = True
            self._admit(attributes)

    def _admit(self, attributes: Attributes) -> None:
        for plugin in self._plugins_for(attributes):
            plugin.admit(attributes)

    @property
    def has_hooks(self) -> bool:
        """Somebody may have been told of every write: webhooks and policies are there."""
        if self._hooked is None:
            self._hooked = tuple(one for one in self.plugins if isinstance(one, Hooked))
        return any(plugin.is_active for plugin in self._hooked)

    def validate(self, attributes: Attributes) -> None:
        for plugin in self._plugins_for(attributes):
            plugin.validate(attributes)

    def _plugins_for(self, attributes: Attributes) -> tuple[Plugin, ...]:
        resource = attributes.resource
        key = (
            attributes.operation,
            resource.gvr,
            resource.custom is not None and resource.custom.terminating,
            attributes.subresource,
            not attributes.namespace,
            attributes.obj is None,
        )
        plugins = self._concerned.get(key)
        if plugins is None:
            plugins = tuple(plugin for plugin in self.plugins if plugin.handles(attributes))
            self._concerned[key] = plugins
        return plugins
