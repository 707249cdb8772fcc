"""Emptying and finalizing deleted namespaces. Source: pkg/controller/namespace/deletion."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, served
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

RESOURCE = "v1/namespaces"
FINALIZER = "kubernetes"
GRACE = 5.0
FINALIZER_ESTIMATE = 15

CONDITIONS = (
    (
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
    (
        "NamespaceFinalizersRemaining",
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    ),
)
BREATH = 0.05


@dataclass(slots=True)
class _Remaining:
    """What one attempt to empty a namespace left."""

    estimate: int = 0
    resources: Counter[str] = field(default_factory=Counter)
    finalizers: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


class NamespaceController:
    name = "namespace-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.served = served.Served(runtime)
        self.namespaces = runtime.informer(RESOURCE)
        self.queue = base.queue(runtime, self.name, self.sync, self.namespaces)
        self.namespaces.on_event(self._changed)

    def _changed(self, event: Event) -> None:
        """A deletion is left some seconds, for creations on their way to be refused meanwhile."""
        namespace = event.object
        if event.type != "DELETED" and objects.deleting(namespace):
            self.queue.add_after(objects.name(namespace), GRACE)

    def sync(self, key: str) -> None:
        namespace = base.get_or_none(self.client, RESOURCE, "", key)
        if namespace is None or not objects.deleting(namespace):
            return
        if objects.status(namespace).get("phase") != "Terminating":
            new = {**objects.status(namespace), "phase": "Terminating"}
            namespace = base.update_status(self.client, RESOURCE, namespace, new)
        if not objects.spec(namespace).get("finalizers"):
            return
        if self._pods_went(key):
            self.queue.add_after(key, BREATH)
            return
        left = self._empty(namespace)
        self._report(namespace, left)
        if left.errors:
            raise base.Retry(", ".join(left.errors))
        if left.estimate > 0:
            self.queue.add_after(key, left.estimate // 2 + 1)
            return
        self._finalize(key)

    def _pods_went(self, inside: str) -> bool:
        """Pods that end at once have ended: their owners see it before they go themselves, for
        the real controller is some time about its round."""
        items = self.client.list("v1/pods", inside).items
        if not items or any(objects.node_name(pod) or objects.finalizers(pod) for pod in items):
            return False
        try:
            self._delete_all("v1/pods", inside, items)
        except ApiError:
            return False
        return not self.client.list("v1/pods", inside).items

    def _empty(self, namespace: Obj) -> _Remaining:
        """Pods first, and nothing else while there are any, which then are not told of."""
        left = _Remaining()
        self._remove_all("v1/pods", namespace, left)
        if left.resources:
            return _Remaining(estimate=left.estimate, errors=left.errors)
        for resource in self.served.deletable(namespaced=True):
            if resource != "v1/pods":
                self._remove_all(resource, namespace, left)
        return left

    def _remove_all(self, resource: str, namespace: Obj, left: _Remaining) -> None:
        inside = objects.name(namespace)
        try:
            items = self.client.list(resource, inside).items
            if not items:
                return
            wait = self._grace_left(items, namespace) if resource == "v1/pods" else 0
            self._delete_all(resource, inside, items)
            items = self.client.list(resource, inside).items
        except ApiError as error:
            if error.code not in (404, 405):
                left.errors.append(error.message)
            return
        self._count(resource, items, wait, inside, left)

    def _delete_all(self, resource: str, inside: str, items: Sequence[Obj]) -> None:
        """All at once, where the resource allows it."""
        try:
            self.client.delete_collection(resource, inside, propagation_policy="Background")
        except ApiError as error:
            if error.code not in (404, 405):
                raise
            for item in items:
                base.delete_if_there(self.client, resource, item, propagation_policy="Background")

    def _count(
        self, resource: str, rows: Sequence[Obj], wait: int, inside: str, left: _Remaining
    ) -> None:
        if not rows:
            return
        label = served.qualified(resource)
        left.resources[label] += len(rows)
        for item in rows:
            left.finalizers.update(objects.finalizers(item))
        held = any(objects.finalizers(item) for item in rows)
        if wait or held:
            left.estimate = max(left.estimate, wait or FINALIZER_ESTIMATE)
        else:
            left.errors.append(
                f"unexpected items still remain in namespace: {inside} for gvr: "
                f"{served.go_resource(resource)}"
            )

    def _grace_left(self, pods: Sequence[Obj], namespace: Obj) -> int:
        """The longest grace period of the running pods, while it may still last."""
        graces = [
            pod["spec"].get("terminationGracePeriodSeconds", 0)
            for pod in pods
            if not objects.pod_finished(pod)
        ]
        longest = int(max(graces, default=0))
        since = parse_timestamp(namespace["metadata"]["deletionTimestamp"])
        return 0 if self.clock.now() - since >= longest else longest

    def _report(self, namespace: Obj, left: _Remaining) -> None:
        news = _problems(left)
        now = timestamp(self.clock.now())
        conditions = [dict(c) for c in objects.status(namespace).get("conditions") or ()]
        changed = False
        for type, reason, message in CONDITIONS:
            value, why, text = news.get(type, ("False", reason, message))
            known = next((c for c in conditions if c["type"] == type), None)
            if known is None:
                known = {"type": type, "lastTransitionTime": now}
                conditions.append(known)
            elif (known["status"], known["reason"], known["message"]) == (value, why, text):
                continue
            elif known["status"] != value:
                known["lastTransitionTime"] = now
            known.update(status=value, reason=why, message=text)
            changed = True
        if changed:
            new = {**objects.status(namespace), "conditions": conditions}
            base.update_status(self.client, RESOURCE, namespace, new)

    def _finalize(self, name: str) -> None:
        namespace = base.get_or_none(self.client, RESOURCE, "", name)
        if namespace is None:
            return
        left = sorted(f for f in objects.spec(namespace).get("finalizers") or () if f != FINALIZER)
        new = {**namespace, "spec": {**objects.spec(namespace), "finalizers": left}}
        try:
            self.client.update(RESOURCE, "", new, subresource="finalize")
        except ApiError as error:
            if not base.not_found(error):
                raise


def _problems(left: _Remaining) -> dict[str, tuple[str, str, str]]:
    news = {}
    if left.errors:
        text = ", ".join(sorted(left.errors))
        news["NamespaceDeletionContentFailure"] = (
            "True",
            "ContentDeletionFailed",
            f"Failed to delete all resource types, {len(left.errors)} remaining: {text}",
        )
    if left.resources:
        rows = sorted(f"{name} has {n} resource instances" for name, n in left.resources.items())
        news["NamespaceContentRemaining"] = (
            "True",
            "SomeResourcesRemain",
            f"Some resources are remaining: {', '.join(rows)}",
        )
    if left.finalizers:
        rows = sorted(f"{name} in {n} resource instances" for name, n in left.finalizers.items())
        news["NamespaceFinalizersRemaining"] = (
            "True",
            "SomeFinalizersRemain",
            f"Some content in the namespace has finalizers remaining: {', '.join(rows)}",
        )
    return news
