"""Adopting and releasing by selector and owner reference. Source: controller_ref_manager.go."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockapi.client.protocol import Client, Obj
from mockapi.controllers import base, objects
from mockapi.meta.errors import ApiError


@dataclass(slots=True)
class Claimer:
    """Claims objects of one resource for one owner during one sync."""

    client: Client
    owner: Obj
    owner_resource: str
    api_version: str
    kind: str
    resource: str
    """What is claimed, `v1/pods`."""
    matches: Callable[[Obj], bool]
    finalizers: Sequence[str] = ()
    _may_adopt: bool = field(default=False)

    def claim(self, candidates: Iterable[Obj]) -> list[Obj]:
        """Those that belong to the owner now; the first failure is raised after all were tried."""
        claimed: list[Obj] = []
        failure: ApiError | None = None
        for obj in candidates:
            try:
                if self._claim(obj):
                    claimed.append(obj)
            except ApiError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return claimed

    def _claim(self, obj: Obj) -> bool:
        reference = objects.controller_of(obj)
        if reference is not None:
            if reference["uid"] != objects.uid(self.owner):
                return False
            if self.matches(obj):
                return True
            if not objects.deleting(self.owner):
                self._release(obj)
            return False
        if objects.deleting(self.owner) or objects.deleting(obj) or not self.matches(obj):
            return False
        if objects.namespace(self.owner) != objects.namespace(obj):
            return False
        return self._adopt(obj)

    def _adopt(self, obj: Obj) -> bool:
        self._recheck(obj)
        metadata: dict[str, Any] = {
            "uid": objects.uid(obj),
            "ownerReferences": [
                objects.controller_reference(self.owner, self.api_version, self.kind)
            ],
        }
        if self.finalizers:
            metadata["finalizers"] = list(self.finalizers)
        try:
            self._patch(obj, metadata)
        except ApiError as error:
            if base.not_found(error):
                return False
            raise
        return True

    def _release(self, obj: Obj) -> None:
        metadata: dict[str, Any] = {
            "uid": objects.uid(obj),
            "ownerReferences": [{"$patch": "delete", "uid": objects.uid(self.owner)}],
        }
        if self.finalizers:
            metadata["$deleteFromPrimitiveList/finalizers"] = list(self.finalizers)
        try:
            self._patch(obj, metadata)
        except ApiError as error:
            # Gone, or not the object it was: either way it is released.
            if not base.not_found(error) and not base.invalid(error):
                raise

    def _patch(self, obj: Obj, metadata: Obj) -> None:
        self.client.patch(
            self.resource,
            objects.namespace(obj),
            objects.name(obj),
            {"metadata": metadata},
            patch_type=objects.STRATEGIC,
        )

    def _recheck(self, obj: Obj) -> None:
        """Ask the server, once per sync, that the owner is still there and not being deleted."""
        if self._may_adopt:
            return
        inside, name = objects.namespace(self.owner), objects.name(self.owner)
        fresh = self.client.get(self.owner_resource, inside, name)
        if objects.uid(fresh) != objects.uid(self.owner):
            raise base.Retry(
                f"original {self.kind} {inside}/{name} is gone: got uid {objects.uid(fresh)}, "
                f"wanted {objects.uid(self.owner)}"
            )
        if objects.deleting(fresh):
            deleted = fresh["metadata"]["deletionTimestamp"]
            raise base.Retry(f"{inside}/{name} has just been deleted at {deleted}")
        self._may_adopt = True
