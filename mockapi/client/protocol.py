"""What a control loop may ask of an API server, whichever it is (ours in process, any over HTTP).

`resource` is a group version resource given as text, `v1/pods` or `apps/v1/deployments`.
Every failure is a `mockapi.meta.errors.ApiError`. Returned objects are JSON trees; those of
`get`, `list` and watch events may be shared: copy before changing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mockapi.machinery.request import Normal

Obj = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A watch event. `type` is ADDED, MODIFIED, DELETED; `old` is the object before the write
    where the server knows it (in process), else None."""

    type: str
    object: Obj
    old: Obj | None = None


class Watch(Protocol):
    """Non-blocking: the loop polls when it is woken."""

    def poll(self) -> Sequence[Event]:
        """What has happened since the last poll; raises Expired when a relist is needed."""

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever `poll` may have something."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ListResult:
    items: Sequence[Obj]
    resource_version: str


class Client(Protocol):
    """Bound to one identity (user name and field manager): see `Clients`."""

    def get(self, resource: str, namespace: str, name: str, *, subresource: str = "") -> Obj: ...

    def fetch(self, path: str, query: Mapping[str, str] | None = None) -> Obj:
        """GET of a path that no resource stands for: discovery, groups of aggregated servers."""

    def list(
        self,
        resource: str,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> ListResult: ...

    def watch(
        self,
        resource: str,
        *,
        resource_version: str,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
    ) -> Watch: ...

    def create(
        self,
        resource: str,
        namespace: str,
        obj: Obj | Normal,
        *,
        name: str = "",
        subresource: str = "",
    ) -> Obj:
        """`name` and `subresource` for creations on an object (`binding`, `eviction`, `token`)."""

    def update(self, resource: str, namespace: str, obj: Obj, *, subresource: str = "") -> Obj: ...

    def patch(
        self,
        resource: str,
        namespace: str,
        name: str,
        patch: Any,
        *,
        patch_type: str = "application/merge-patch+json",
        subresource: str = "",
    ) -> Obj:
        """`patch` is a tree, or a `PartPatch` (of the strategic kind) of a subresource's part."""

    def apply(
        self,
        resource: str,
        namespace: str,
        name: str,
        obj: Obj,
        *,
        manager: str,
        subresource: str = "",
    ) -> Obj:
        """Server-side apply as `manager`, taking over what others own."""

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        propagation_policy: str | None = None,
        grace_period_seconds: int | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None: ...

    def delete_collection(
        self, resource: str, namespace: str, *, propagation_policy: str | None = None
    ) -> None: ...


class Clients(Protocol):
    """Makes clients for named components."""

    def client(self, component: str, *, user: str = "") -> Client:
        """`component` is the field manager and user agent (`kube-scheduler`); `user` defaults to
        `system:<component>`."""
