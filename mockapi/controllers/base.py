"""What every controller stands on: its client, recorder, guarded queue, and tests of errors."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockapi.client.protocol import Client, Obj
from mockapi.controllers import objects
from mockapi.meta.errors import ApiError
from mockapi.runtime.informer import Informer
from mockapi.runtime.loop import Runtime
from mockapi.runtime.queue import FIRST_BACK_OFF, LAST_BACK_OFF, Queue
from mockapi.runtime.recorder import Recorder

Names = Callable[[Obj], Iterable[str]]
"""Which names of other objects an object uses."""

MANAGER = "kube-controller-manager"

# Set on an object or its namespace: names of controllers to keep off, `-job,-cronjob` or `-*`.
OPT_OUT = "mockapi.dev/controllers"


class Retry(ApiError):
    """A sync has to be tried again for a reason that is no answer of the API."""

    def __init__(self, message: str) -> None:
        super().__init__(500, "InternalError", message)


def client(runtime: Runtime) -> Client:
    """All controllers write in one name, as in the real cluster."""
    return runtime.client(MANAGER)


def recorder(runtime: Runtime, component: str) -> Recorder:
    """Events name the controller as their source, and are written by the manager's client."""
    return Recorder(client(runtime), clock=runtime.clock, ids=runtime.ids, component=component)


def queue(
    runtime: Runtime,
    controller: str,
    sync: Callable[[str], None],
    primary: Informer,
    *,
    part: str = "",
    back_off: tuple[float, float] = (FIRST_BACK_OFF, LAST_BACK_OFF),
) -> Queue:
    """A work queue whose sync leaves out objects that opted out of `controller`. A controller with
    several queues names each further one's `part`."""
    keep_off = opt_out(runtime, controller)

    def guarded(key: str) -> None:
        obj = primary.get_key(key)
        if obj is None or not keep_off(obj):
            sync(key)

    name = f"{controller}-{part}" if part else controller
    return runtime.queue(name, guarded, back_off=back_off)


def opt_out(runtime: Runtime, controller: str) -> Callable[[Obj], bool]:
    """A test whether `controller` is to keep off an object."""
    namespaces = runtime.informer("v1/namespaces")
    known = {f"-{name}" for name, whose in runtime.names.items() if whose == controller}
    words = frozenset({f"-{controller}", "-*"} | known)

    def keep_off(obj: Obj) -> bool:
        if _says(obj, words):
            return True
        inside = objects.namespace(obj)
        home = namespaces.get("", inside) if inside else None
        return home is not None and _says(home, words)

    return keep_off


def _says(obj: Obj, words: frozenset[str]) -> bool:
    text = objects.annotations(obj).get(OPT_OUT)
    return text is not None and any(word.strip() in words for word in text.split(","))


def not_found(error: ApiError) -> bool:
    return error.code == 404 and error.reason == "NotFound"


def conflict(error: ApiError) -> bool:
    return error.code == 409 and error.reason == "Conflict"


def already_exists(error: ApiError) -> bool:
    return error.code == 409 and error.reason == "AlreadyExists"


def invalid(error: ApiError) -> bool:
    return error.code == 422


def forbidden(error: ApiError) -> bool:
    return error.code == 403


def has_cause(error: ApiError, reason: str) -> bool:
    causes = (error.details or {}).get("causes") or ()
    return any(cause.get("reason") == reason for cause in causes)


def namespace_terminating(error: ApiError) -> bool:
    return has_cause(error, "NamespaceTerminating")


def delete_if_there(client: Client, resource: str, obj: Obj, **options: Any) -> bool:
    """Delete; False when it was gone already."""
    try:
        client.delete(resource, objects.namespace(obj), objects.name(obj), **options)
    except ApiError as error:
        if not_found(error):
            return False
        raise
    return True


def get_or_none(client: Client, resource: str, namespace: str, name: str) -> Obj | None:
    try:
        return client.get(resource, namespace, name)
    except ApiError as error:
        if not_found(error):
            return None
        raise


def resolver(
    informer: Informer, kind: str
) -> Callable[[str, Mapping[str, Any] | None], Obj | None]:
    """Find the owner that a controller reference means, if it is of `kind` and still the same."""

    def resolve(namespace: str, reference: Mapping[str, Any] | None) -> Obj | None:
        if reference is None or reference.get("kind") != kind:
            return None
        owner = informer.get(namespace, reference["name"])
        return owner if owner is not None and objects.uid(owner) == reference["uid"] else None

    return resolve


def update_status(client: Client, resource: str, obj: Obj, new: Obj, *, retries: int = 1) -> Obj:
    """Write a status computed from `obj`; after a failure once more on the fresh object."""
    while True:
        try:
            return client.update(
                resource,
                objects.namespace(obj),
                objects.with_status(obj, new),
                subresource="status",
            )
        except ApiError:
            if not retries:
                raise
            retries -= 1
            obj = client.get(resource, objects.namespace(obj), objects.name(obj))


def every(
    runtime: Runtime, name: str, seconds: float, work: Callable[[], None], *, first: float = 0.0
) -> Queue:
    """Call `work` periodically, the first time after `first` seconds."""

    def sync(key: str) -> None:
        rounds.add_after(key, seconds)
        work()

    rounds = runtime.queue(name, sync)
    rounds.add_after("round", first)
    return rounds
