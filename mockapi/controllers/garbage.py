"""The garbage collector: what nobody owns any more is deleted.

Source: pkg/controller/garbagecollector. A graph of all objects by uid is kept from the informers of
all resources. An owner that is only named by its dependents is a virtual node until it is seen; if
the server does not know it, its dependents are collected.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, served
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
IGNORED = frozenset(("v1/events", "events.k8s.io/v1/events"))


@dataclass(slots=True, eq=False)
class Node:
    """An object as the graph knows it."""

    uid: str
    resource: str
    api_version: str
    kind: str
    namespace: str
    name: str
    virtual: bool = False
    owners: tuple[Obj, ...] = ()
    dependents: dict[str, "Node"] = field(default_factory=dict)
    deleting: bool = False
    deleting_dependents: bool = False

    @property
    def blocking(self) -> list["Node"]:
        """Dependents that hold up a foreground deletion."""
        return [
            node
            for node in self.dependents.values()
            if any(o["uid"] == self.uid and o.get("blockOwnerDeletion") for o in node.owners)
        ]


class GarbageCollector:
    name = "garbage-collector-controller"

    def start(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, self.name)
        self.served = served.Served(runtime)
        self.keep_off = base.opt_out(runtime, self.name)
        self.nodes: dict[str, Node] = {}
        self.watched: set[str] = set()
        self.absent: set[tuple[str, str]] = set()
        self.deletions = runtime.queue(self.name, self._attempt_delete)
        self.orphans = runtime.queue(f"{self.name}-orphans", self._orphan)
        for row in self.served.all():
            self._watch(row)
        if self.served.definitions is not None:
            self.served.definitions.on_event(self._definition_changed)

    def _definition_changed(self, event: Event) -> None:
        row = served.custom(event.object) if event.type != "DELETED" else None
        if row is not None:
            self._watch(row)

    def _watch(self, row: served.Row) -> None:
        if row.resource in IGNORED or row.resource in self.watched:
            return
        try:
            informer = self.runtime.informer(row.resource)
        except ApiError:
            return
        self.watched.add(row.resource)
        informer.on_event(self._handler(row))

    # The graph.

    def _handler(self, row: served.Row) -> Callable[[Event], None]:
        def changed(event: Event) -> None:
            if event.type == "DELETED":
                self._remove(objects.uid(event.object))
            elif event.old is None or _differs(event.object, event.old):
                self._observe(row, event.object)

        return changed

    def _observe(self, row: served.Row, obj: Obj) -> None:
        uid = objects.uid(obj)
        node = self.nodes.get(uid)
        if node is None:
            node = self.nodes[uid] = Node(
                uid,
                row.resource,
                obj.get("apiVersion", ""),
                row.kind,
                objects.namespace(obj),
                objects.name(obj),
            )
        elif node.virtual:
            self._recognise(node, row, obj)
        self._link(node, tuple(obj["metadata"].get("ownerReferences") or ()))
        self._note_deletion(node, obj)

    def _recognise(self, node: Node, row: served.Row, obj: Obj) -> None:
        """A virtual node is seen; dependents that named it wrongly are looked at again."""
        node.virtual = False
        node.resource, node.kind = row.resource, row.kind
        node.api_version = obj.get("apiVersion", "")
        node.namespace, node.name = objects.namespace(obj), objects.name(obj)
        for dependent in node.dependents.values():
            if not _may_own(node, dependent):
                self.deletions.add(dependent.uid)

    def _link(self, node: Node, owners: tuple[Obj, ...]) -> None:
        before = {owner["uid"]: owner for owner in node.owners}
        after = {owner["uid"]: owner for owner in owners}
        node.owners = owners
        for uid, owner in after.items():
            if uid not in before:
                self._add_owner(node, owner)
        for uid, owner in before.items():
            known = self.nodes.get(uid)
            if known is None:
                continue
            unblocked = owner.get("blockOwnerDeletion") and not after.get(uid, {}).get(
                "blockOwnerDeletion"
            )
            if uid not in after:
                known.dependents.pop(node.uid, None)
            if unblocked and known.deleting_dependents:
                self.deletions.add(uid)
        if before.keys() - after.keys():
            self.deletions.add(node.uid)

    def _add_owner(self, node: Node, owner: Obj) -> None:
        known = self.nodes.get(owner["uid"])
        if known is None:
            row = self.served.find(owner["apiVersion"], owner["kind"])
            inside = node.namespace if row is None or row.namespaced else ""
            known = self.nodes[owner["uid"]] = Node(
                owner["uid"],
                row.resource if row else "",
                owner["apiVersion"],
                owner["kind"],
                inside,
                owner["name"],
                virtual=True,
            )
            self.deletions.add(known.uid)
        elif not known.virtual and not _may_own(known, node):
            self.deletions.add(node.uid)
        known.dependents[node.uid] = node

    def _note_deletion(self, node: Node, obj: Obj) -> None:
        if not objects.deleting(obj):
            return
        node.deleting = True
        held = objects.finalizers(obj)
        if ORPHAN in held:
            self.orphans.add(node.uid)
        elif FOREGROUND in held and not node.deleting_dependents:
            node.deleting_dependents = True
            for dependent in node.dependents.values():
                self.deletions.add(dependent.uid)
            self.deletions.add(node.uid)

    def _remove(self, uid: str) -> None:
        node = self.nodes.pop(uid, None)
        if node is None:
            return
        for owner in node.owners:
            known = self.nodes.get(owner["uid"])
            if known is not None:
                known.dependents.pop(uid, None)
                if known.deleting_dependents:
                    self.deletions.add(known.uid)
                elif known.virtual and not known.dependents:
                    del self.nodes[known.uid]
        for dependent in node.dependents.values():
            self.deletions.add(dependent.uid)

    # Deleting.

    def _attempt_delete(self, uid: str) -> None:
        node = self.nodes.get(uid)
        if node is None or (node.deleting and not node.deleting_dependents):
            return
        latest = self._live(node)
        if latest is None:
            if node.virtual and not node.resource:
                return
            self._remove(uid)
            return
        if self.keep_off(latest):
            return
        if node.virtual:
            # It lives, and its informer will tell.
            return
        if node.deleting_dependents:
            self._finish_foreground(node, latest)
            return
        owners = latest["metadata"].get("ownerReferences") or ()
        if owners:
            self._judge(node, latest, owners)

    def _live(self, node: Node) -> Obj | None:
        """The object as the server has it; None when it is gone or another of that name."""
        if not node.resource:
            return None
        found = base.get_or_none(self.client, node.resource, node.namespace, node.name)
        return found if found is not None and objects.uid(found) == node.uid else None

    def _judge(self, node: Node, latest: Obj, owners: Iterable[Obj]) -> None:
        solid, dangling, waiting = self._classify(node, owners)
        if solid:
            if dangling or waiting:
                self._drop_owners(node, latest, [o["uid"] for o in (*dangling, *waiting)])
            return
        if waiting and node.dependents:
            if any(dependent.deleting_dependents for dependent in node.dependents.values()):
                self._unblock(node, latest)
            self._delete(node, latest, "Foreground")
            return
        held = objects.finalizers(latest)
        policy = "Background"
        if ORPHAN in held:
            policy = "Orphan"
        elif FOREGROUND in held:
            policy = "Foreground"
        self._delete(node, latest, policy)

    def _classify(
        self, node: Node, owners: Iterable[Obj]
    ) -> tuple[list[Obj], list[Obj], list[Obj]]:
        solid: list[Obj] = []
        dangling: list[Obj] = []
        waiting: list[Obj] = []
        for reference in owners:
            owner = self._owner(node, reference)
            if owner is None:
                dangling.append(reference)
            elif objects.deleting(owner) and FOREGROUND in objects.finalizers(owner):
                waiting.append(reference)
            else:
                solid.append(reference)
        return solid, dangling, waiting

    def _owner(self, node: Node, reference: Obj) -> Obj | None:
        """The live owner, None when there is no such object."""
        row = self.served.find(reference["apiVersion"], reference["kind"])
        if row is None:
            raise base.Retry(
                f'no matches for kind "{reference["kind"]}" in version "{reference["apiVersion"]}"'
            )
        if row.namespaced and not node.namespace:
            self._invalid_namespace(node, reference)
            return {"metadata": {}}
        inside = node.namespace if row.namespaced else ""
        if (reference["uid"], inside) in self.absent:
            return None
        found = base.get_or_none(self.client, row.resource, inside, reference["name"])
        if found is None or objects.uid(found) != reference["uid"]:
            self.absent.add((reference["uid"], inside))
            return None
        return found

    def _invalid_namespace(self, node: Node, reference: Obj) -> None:
        """A cluster-scoped object cannot be owned from inside a namespace: it is left alone."""
        about = {
            "apiVersion": node.api_version,
            "kind": node.kind,
            "name": node.name,
            "uid": node.uid,
        }
        message = (
            f"ownerRef [{reference['apiVersion']}/{reference['kind']}, namespace: , "
            f"name: {reference['name']}, uid: {reference['uid']}] does not exist in namespace "
            f'"{node.namespace}"'
        )
        self.recorder.event_about(about, "Warning", "OwnerRefInvalidNamespace", message)

    def _delete(self, node: Node, latest: Obj, policy: str) -> None:
        try:
            self.client.delete(
                node.resource,
                node.namespace,
                node.name,
                propagation_policy=policy,
                uid=node.uid,
                resource_version=latest["metadata"].get("resourceVersion"),
            )
        except ApiError as error:
            if not base.not_found(error):
                raise

    def _finish_foreground(self, node: Node, latest: Obj) -> None:
        """Delete what blocks, and when nothing does any more let the owner go."""
        blocking = node.blocking
        if not blocking:
            self._remove_finalizer(node, latest, FOREGROUND)
            return
        for dependent in blocking:
            if not dependent.deleting_dependents:
                self.deletions.add(dependent.uid)

    def _remove_finalizer(self, node: Node, latest: Obj, finalizer: str) -> None:
        held = objects.finalizers(latest)
        if finalizer not in held:
            return
        patch = {
            "metadata": {
                "resourceVersion": latest["metadata"]["resourceVersion"],
                "finalizers": [name for name in held if name != finalizer] or None,
            }
        }
        try:
            self.client.patch(node.resource, node.namespace, node.name, patch)
        except ApiError as error:
            if not base.not_found(error):
                raise

    def _drop_owners(self, node: Node, latest: Obj, uids: list[str]) -> None:
        owners = latest["metadata"].get("ownerReferences") or ()
        self._patch_owners(
            node,
            latest,
            [{"$patch": "delete", "uid": uid} for uid in uids],
            [owner for owner in owners if owner["uid"] not in uids],
        )

    def _unblock(self, node: Node, latest: Obj) -> None:
        """Break a circle of foreground deletions: nobody waits for this one any more."""
        owners = latest["metadata"].get("ownerReferences") or ()
        blocking = [owner for owner in owners if owner.get("blockOwnerDeletion")]
        self._patch_owners(
            node,
            latest,
            [{"uid": owner["uid"], "blockOwnerDeletion": False} for owner in blocking],
            [{**owner, "blockOwnerDeletion": False} for owner in owners],
        )

    def _patch_owners(
        self, node: Node, latest: Obj, strategic: list[Obj], merged: list[Obj]
    ) -> None:
        """Custom resources take no strategic patch: they get the whole list, at their version."""
        row = self.served.find(node.api_version, node.kind)
        version = latest["metadata"]["resourceVersion"]
        patch: Obj = {"metadata": {"uid": node.uid, "ownerReferences": strategic}}
        kind = objects.STRATEGIC
        if row is not None and row.custom:
            kind = objects.MERGE
            patch = {"metadata": {"resourceVersion": version, "ownerReferences": merged or None}}
        try:
            self.client.patch(node.resource, node.namespace, node.name, patch, patch_type=kind)
        except ApiError as error:
            if not base.not_found(error):
                raise

    # Orphaning.

    def _orphan(self, uid: str) -> None:
        node = self.nodes.get(uid)
        if node is None:
            return
        for dependent in list(node.dependents.values()):
            latest = self._live(dependent)
            if latest is None:
                continue
            owners = latest["metadata"].get("ownerReferences") or ()
            if any(owner["uid"] == uid for owner in owners):
                self._drop_owners(dependent, latest, [uid])
        latest = self._live(node)
        if latest is not None:
            self._remove_finalizer(node, latest, ORPHAN)


def _may_own(owner: Node, dependent: Node) -> bool:
    """An owner is cluster-scoped or in the same namespace."""
    return not owner.namespace or owner.namespace == dependent.namespace


def _differs(obj: Obj, old: Obj) -> bool:
    """Only these parts of an object concern the graph."""
    now, before = obj["metadata"], old["metadata"]
    return any(
        now.get(part) != before.get(part)
        for part in ("ownerReferences", "deletionTimestamp", "finalizers")
    )
