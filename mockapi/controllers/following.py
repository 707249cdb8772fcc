"""Pods of owners that adopt by selector: which owner a pod's change concerns."""

from collections.abc import Callable

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.meta import selectors
from mockapi.runtime.informer import Informer
from mockapi.runtime.queue import Queue


def follow_pods(
    pods: Informer,
    owners: Informer,
    kind: str,
    queue: Queue,
    observed: Callable[[Event, Obj], None] | None = None,
    *,
    delay: float = 0.0,
) -> None:
    """Queue the owner of each changed pod, an old owner it left, and who selects an orphan, all
    after `delay` seconds.

    `observed(event, owner)` is told of each event of an owned pod, for expectations.
    """
    pods.index("owner", objects.by_owner, of_status=False)
    resolve = base.resolver(owners, kind)

    def changed(event: Event) -> None:
        pod, old = event.object, event.old
        inside = objects.namespace(pod)
        reference = objects.controller_of(pod)
        before = objects.controller_of(old) if old is not None else reference
        if before != reference and (left := resolve(inside, before)) is not None:
            queue.add_after(objects.key(left), delay)
        if reference is not None:
            owner = resolve(inside, reference)
            if owner is not None:
                if observed is not None:
                    observed(event, owner)
                _queue_owner(queue, owner, pod, old, delay)
        elif event.type != "DELETED" and not objects.deleting(pod):
            moved = before != reference
            if old is None or moved or objects.labels(old) != objects.labels(pod):
                _queue_selecting(queue, owners, pod, delay)

    pods.on_event(changed)


def _queue_owner(queue: Queue, owner: Obj, pod: Obj, old: Obj | None, delay: float) -> None:
    key = objects.key(owner)
    queue.add_after(key, delay)
    wait = owner["spec"].get("minReadySeconds", 0)
    if wait and old is not None and objects.pod_ready(pod) and not objects.pod_ready(old):
        queue.add_after(key, wait)


def _queue_selecting(queue: Queue, owners: Informer, pod: Obj, delay: float) -> None:
    labels = objects.labels(pod)
    for owner in owners.list(objects.namespace(pod)) if labels else ():
        selector = selectors.from_object(owner["spec"].get("selector"))
        if not selector.empty and selector.matches(labels):
            queue.add_after(objects.key(owner), delay)
