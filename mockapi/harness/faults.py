"""Faults between control loops and the API: refusals, failures, answers that get lost, watches
that break. Whether a call fails is drawn from a seeded source, so a run can be repeated.

    faults = Faults(seed=7, rates=Rates(conflict=0.1))
    cluster.runtime.interpose(lambda clients: FaultyClients(clients, faults))
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mockapi.base.ids import Ids
from mockapi.client.protocol import Client, Clients, Event, ListResult, Obj, Watch
from mockapi.machinery.request import Normal
from mockapi.meta.errors import ApiError, Conflict, Expired

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Rates:
    """How often each fault happens, from 0 (never) to 1."""

    conflict: float = 0.05
    """409: the write is refused as if somebody had been faster. Updates, patches, deletions."""
    error: float = 0.05
    """500 before anything happened."""
    lost: float = 0.05
    """500 although the write was done: the answer got lost."""
    expired: float = 0.02
    """A watch ends with 410 and has to be begun anew."""


@dataclass(slots=True)
class Faults:
    """Decides which calls fail while `active`; `counts` tells how many did, by kind."""

    seed: int
    rates: Rates = field(default_factory=Rates)
    active: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    _ids: Ids = field(init=False)

    def __post_init__(self) -> None:
        self._ids = Ids(self.seed)

    def strikes(self, kind: str) -> bool:
        """Draws for one of the fields of Rates."""
        rate: float = getattr(self.rates, kind)
        if not self.active or self._ids.random.random() >= rate:
            return False
        self.counts[kind] += 1
        return True


class FaultyClients:
    """See `protocol.Clients`."""

    def __init__(self, clients: Clients, faults: Faults) -> None:
        self._clients = clients
        self._faults = faults

    def client(self, component: str, *, user: str = "") -> Client:
        return FaultyClient(self._clients.client(component, user=user), self._faults)


class FaultyClient:
    """See `protocol.Client`."""

    def __init__(self, client: Client, faults: Faults) -> None:
        self._client = client
        self._faults = faults

    def _read(self, call: Callable[[], Result]) -> Result:
        if self._faults.strikes("error"):
            raise _failure()
        return call()

    def _write(self, call: Callable[[], Result], resource: str, name: str) -> Result:
        if self._faults.strikes("error"):
            raise _failure()
        if name and self._faults.strikes("conflict"):
            message = "the object has been modified; please apply your changes to the latest "
            raise Conflict("", resource, name, f"{message}version and try again")
        result = call()
        if self._faults.strikes("lost"):
            raise _failure()
        return result

    def get(self, resource: str, namespace: str, name: str, *, subresource: str = "") -> Obj:
        return self._read(
            lambda: self._client.get(resource, namespace, name, subresource=subresource)
        )

    def fetch(self, path: str, query: Mapping[str, str] | None = None) -> Obj:
        return self._read(lambda: self._client.fetch(path, query))

    def list(
        self,
        resource: str,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> ListResult:
        return self._read(
            lambda: self._client.list(
                resource, namespace, label_selector=label_selector, field_selector=field_selector
            )
        )

    def watch(
        self,
        resource: str,
        *,
        resource_version: str,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
    ) -> Watch:
        watch = self._read(
            lambda: self._client.watch(
                resource,
                resource_version=resource_version,
                namespace=namespace,
                label_selector=label_selector,
                field_selector=field_selector,
            )
        )
        return FaultyWatch(watch, self._faults)

    def create(
        self,
        resource: str,
        namespace: str,
        obj: Obj | Normal,
        *,
        name: str = "",
        subresource: str = "",
    ) -> Obj:
        return self._write(
            lambda: self._client.create(
                resource, namespace, obj, name=name, subresource=subresource
            ),
            resource,
            "",
        )

    def update(self, resource: str, namespace: str, obj: Obj, *, subresource: str = "") -> Obj:
        return self._write(
            lambda: self._client.update(resource, namespace, obj, subresource=subresource),
            resource,
            obj["metadata"]["name"],
        )

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
        return self._write(
            lambda: self._client.patch(
                resource, namespace, name, patch, patch_type=patch_type, subresource=subresource
            ),
            resource,
            name,
        )

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
        return self._write(
            lambda: self._client.apply(
                resource, namespace, name, obj, manager=manager, subresource=subresource
            ),
            resource,
            name,
        )

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
    ) -> None:
        self._write(
            lambda: self._client.delete(
                resource,
                namespace,
                name,
                propagation_policy=propagation_policy,
                grace_period_seconds=grace_period_seconds,
                uid=uid,
                resource_version=resource_version,
            ),
            resource,
            name,
        )

    def delete_collection(
        self, resource: str, namespace: str, *, propagation_policy: str | None = None
    ) -> None:
        self._write(
            lambda: self._client.delete_collection(
                resource, namespace, propagation_policy=propagation_policy
            ),
            resource,
            "",
        )


class FaultyWatch:
    """See `protocol.Watch`. What came before it breaks is lost with it."""

    def __init__(self, watch: Watch, faults: Faults) -> None:
        self._watch = watch
        self._faults = faults

    def poll(self) -> Sequence[Event]:
        events = self._watch.poll()
        if events and self._faults.strikes("expired"):
            raise Expired("the watch was broken on purpose")
        return events

    def listen(self, wake: Callable[[], None]) -> None:
        self._watch.listen(wake)

    def close(self) -> None:
        self._watch.close()


def _failure() -> ApiError:
    return ApiError(500, "InternalError", "Internal error occurred: failed on purpose")
