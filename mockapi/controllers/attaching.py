"""What an attach/detach controller knows: which volumes are attached where, and what is under way.

Source: pkg/controller/volume/attachdetach/cache, pkg/volume/util/nestedpendingoperations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mockapi.client.protocol import Obj
from mockapi.controllers import objects
from mockapi.meta import csi

ATTACH, DETACH = "attach", "detach"
PATIENCE_SECONDS = 120.0
"""So long a driver has for one operation."""
FIRST_DELAY, LAST_DELAY = 0.5, 122.0

Key = tuple[str, str]
"""A volume's unique name, and the node where the volume may be on several at once."""


def shared(volume: Obj | None) -> bool:
    """May be attached to several nodes at once, as far as is known."""
    modes = (volume or {"spec": {}})["spec"].get("accessModes") or ()
    return not modes or any(mode in ("ReadWriteMany", "ReadOnlyMany") for mode in modes)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A volume that pods on a node need."""

    volume: Obj
    pods: tuple[Obj, ...]


@dataclass(slots=True)
class Place:
    """A volume on a node; not `certain` after an operation failed."""

    volume: Obj | None
    certain: bool
    unwanted_since: float | None = None


@dataclass(slots=True)
class Operation:
    """Attaching or detaching, under way (`deadline`) or failed and to be tried again."""

    kind: str
    unique: str
    node: str
    deadline: float | None = None
    pods: tuple[Obj, ...] = ()
    volume: Obj | None = None
    delay: float = 0.0
    again_at: float = 0.0

    @property
    def pending(self) -> bool:
        return self.deadline is not None

    @property
    def attachment(self) -> str:
        return csi.attachment_name(self.unique, self.node)

    def failed(self, now: float) -> None:
        self.deadline = None
        self.delay = min(self.delay * 2, LAST_DELAY) if self.delay else FIRST_DELAY
        self.again_at = now + self.delay

    def timed_out(self) -> str:
        # The driver of what is detached is no longer at hand in the real one.
        driver = csi.driver_of(self.unique) if self.kind == ATTACH else "unknown"
        return (
            f"timed out waiting for external-attacher of {driver} CSI driver to "
            f"{self.kind} volume {csi.handle_of(self.unique)}"
        )

    def outcome(self, attachment: Obj | None) -> tuple[bool, str]:
        """Whether it is done, and else why it fails, by what the driver says."""
        if attachment is None:
            return self.kind == DETACH, ""
        status = objects.status(attachment)
        if self.kind == DETACH:
            return False, (status.get("detachError") or {}).get("message", "")
        if objects.deleting(attachment):
            return False, "volume attachment is being deleted"
        if status.get("attached"):
            return True, ""
        return False, (status.get("attachError") or {}).get("message", "")


@dataclass(slots=True)
class Actual:
    """Where volumes are, what nodes use, and what nodes' statuses are to list."""

    nodes: dict[str, dict[str, Place]] = field(default_factory=dict)
    volumes: dict[str, dict[str, Place]] = field(default_factory=dict)
    in_use: dict[str, set[str]] = field(default_factory=dict)
    reported: dict[str, dict[str, None]] = field(default_factory=dict)
    unsaid: set[str] = field(default_factory=set)
    """Nodes whose status does not list yet what `reported` has."""

    def on(self, node: str) -> Mapping[str, Place]:
        return dict(self.nodes.get(node, {}))

    def place(self, unique: str, node: str) -> Place | None:
        return self.nodes.get(node, {}).get(unique)

    def certainly_on(self, unique: str) -> list[str]:
        return [node for node, place in self.volumes.get(unique, {}).items() if place.certain]

    def put(self, unique: str, node: str, volume: Obj | None, *, certain: bool) -> None:
        place = self.place(unique, node)
        if place is None:
            place = Place(volume, certain)
            self.nodes.setdefault(node, {})[unique] = place
            self.volumes.setdefault(unique, {})[node] = place
            # Taken to be mounted until the node says otherwise.
            self.in_use.setdefault(node, set()).add(unique)
        place.volume, place.certain = volume, certain
        if certain:
            self.report(unique, node)

    def drop(self, unique: str, node: str) -> None:
        for places, one, other in ((self.nodes, node, unique), (self.volumes, unique, node)):
            inner = places.get(one, {})
            inner.pop(other, None)
            if not inner:
                places.pop(one, None)
        self.unreport(unique, node)

    def report(self, unique: str, node: str) -> None:
        if unique not in self.reported.setdefault(node, {}):
            self.reported[node][unique] = None
            self.unsaid.add(node)

    def unreport(self, unique: str, node: str) -> bool:
        listed = self.reported.get(node, {})
        if unique not in listed:
            return False
        del listed[unique]
        self.unsaid.add(node)
        return True

    def uses(self, node: str, names: Iterable[str]) -> None:
        self.in_use[node] = set(names)
