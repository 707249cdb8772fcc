"""Finding pods by a selector, and selectors by a pod, without scanning: through indexes."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from mockapi.client.protocol import Obj
from mockapi.controllers import objects
from mockapi.meta import selectors
from mockapi.runtime.informer import Informer

SMALL = 32


def by_labels(obj: Obj) -> Iterable[str]:
    """Index values: one per label, in its namespace."""
    metadata = obj["metadata"]
    labels = metadata.get("labels")
    if not labels:
        return ()
    inside = metadata.get("namespace", "")
    return [f"{inside}/{name}={value}" for name, value in labels.items()]


def select(informer: Informer, namespace: str, wanted: Mapping[str, str]) -> list[Obj]:
    """Objects that carry all the labels (an empty map selects everything in the namespace)."""
    candidates: Sequence[Obj] | None = None
    for name, value in wanted.items():
        found = informer.by("labels", f"{namespace}/{name}={value}")
        if candidates is None or len(found) < len(candidates):
            candidates = found
        if len(candidates) <= SMALL:
            break
    if candidates is None:
        return list(informer.list(namespace))
    matches = selectors.from_labels(wanted).matches
    return [obj for obj in candidates if matches(objects.labels(obj))]


def select_by(
    informer: Informer, namespace: str, selector: Mapping[str, object] | None
) -> list[Obj]:
    """Objects that a metav1.LabelSelector selects."""
    matches = selectors.from_object(selector).matches
    exact = (selector or {}).get("matchLabels")
    if isinstance(exact, dict) and exact:
        candidates: Iterable[Obj] = select(informer, namespace, exact)
    else:
        candidates = informer.list(namespace)
    return [obj for obj in candidates if matches(objects.labels(obj))]


def by_selector(read: Callable[[Obj], Mapping[str, str] | None]) -> Callable[[Obj], Iterable[str]]:
    """Index values of an object that selects by exact labels: one of them stands for all."""

    def values(obj: Obj) -> Iterable[str]:
        wanted = read(obj)
        inside = objects.namespace(obj)
        for name, value in (wanted or {}).items():
            return (f"{inside}/{name}={value}",)
        return (f"{inside}/",) if wanted is not None else ()

    return values


def selecting(
    informer: Informer, pod: Obj, read: Callable[[Obj], Mapping[str, str] | None]
) -> list[Obj]:
    """The objects (indexed by `by_selector` as "selector") whose labels the pod carries."""
    found: list[Obj] = []
    labels = objects.labels(pod)
    for value in (f"{objects.namespace(pod)}/", *by_labels(pod)):
        for obj in informer.by("selector", value):
            wanted = read(obj) or {}
            if all(labels.get(name) == text for name, text in wanted.items()):
                found.append(obj)
    return found
