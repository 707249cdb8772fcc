"""Creating and deleting pods for a controller, with its events. Source: controller_utils.go."""

from collections.abc import Callable, Iterable
from typing import Any

from mockapi.client.protocol import Client, Obj
from mockapi.controllers import base, objects
from mockapi.meta.errors import ApiError
from mockapi.runtime.recorder import Recorder

MAX_NAME = 253


def from_template(
    template: Obj, owner: Obj, reference: Obj, *, name: str = "", generate_name: str = ""
) -> Obj:
    """The pod a template describes; its spec is shared with the template."""
    source = template.get("metadata") or {}
    metadata: dict[str, Any] = {"generateName": generate_name or _prefix(objects.name(owner))}
    if name:
        metadata["name"] = name
    for part in ("labels", "annotations", "finalizers"):
        if source.get(part):
            metadata[part] = source[part]
    metadata["ownerReferences"] = [reference]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": template.get("spec") or {},
    }


def _prefix(owner: str) -> str:
    return f"{owner}-" if len(owner) < MAX_NAME else owner


class PodControl:
    """Writes pods in the name of an owner, and says so in events about the owner."""

    def __init__(self, client: Client, recorder: Recorder) -> None:
        self.client = client
        self.recorder = recorder

    def create(self, pod: Obj, owner: Obj) -> Obj:
        if not objects.labels(pod):
            raise base.Retry("unable to create pods, no labels")
        try:
            made = self.client.create("v1/pods", objects.namespace(owner), pod)
        except ApiError as error:
            if not base.namespace_terminating(error):
                message = f"Error creating: {error.message}"
                self.recorder.event(owner, "Warning", "FailedCreate", message)
            raise
        message = f"Created pod: {objects.name(made)}"
        self.recorder.event(owner, "Normal", "SuccessfulCreate", message)
        return made

    def delete(self, pod: Obj, owner: Obj) -> None:
        """Raises NotFound when it is gone already, without an event."""
        name = objects.name(pod)
        try:
            self.client.delete("v1/pods", objects.namespace(pod), name)
        except ApiError as error:
            if base.not_found(error):
                raise
            message = f"Error deleting: {error.message}"
            self.recorder.event(owner, "Warning", "FailedDelete", message)
            raise base.Retry(f"unable to delete pods: {error.message}") from error
        self.recorder.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")


def slow_start(
    count: int, make: Callable[[], object], *, first: int = 1
) -> tuple[int, ApiError | None]:
    """Call `make` in batches of 1, 2, 4, ... and stop after the batch that failed.

    Returns how many succeeded and the first error: a quota that is full is hit a few times only.
    """
    done, remaining, size = 0, count, min(count, first)
    while size > 0:
        failures = 0
        failure: ApiError | None = None
        for _ in range(size):
            try:
                make()
            except ApiError as error:
                failures += 1
                failure = failure or error
        done += size - failures
        if failure is not None:
            return done, failure
        remaining -= size
        size = min(2 * size, remaining)
    return done, None


def delete_all(
    control: PodControl, pods: Iterable[Obj], owner: Obj, gone: Callable[[Obj], None]
) -> ApiError | None:
    """Delete each; `gone(pod)` is called where no deletion will be seen. The first real error."""
    failure: ApiError | None = None
    for pod in pods:
        try:
            control.delete(pod, owner)
        except ApiError as error:
            gone(pod)
            if not base.not_found(error):
                failure = failure or error
    return failure
