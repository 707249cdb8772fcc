"""How a container comes to run: back-off, image, creation, start, postStart hook.

Source: pkg/kubelet/images/image_manager.go and kuberuntime_container.go startContainer.
"""

from typing import TYPE_CHECKING, Any

from mockapi.kubelet import images
from mockapi.kubelet.backoff import text
from mockapi.kubelet.behaviour import ContainerBehaviour
from mockapi.kubelet.containers import EXITED, RUNNING, Container
from mockapi.kubelet.fibers import Process, until
from mockapi.kubelet.shape import Spec
from mockapi.kubelet.stopping import kill_container
from mockapi.runtime.backoff import Backoff

if TYPE_CHECKING:
    from mockapi.kubelet.worker import PodWorker

Obj = dict[str, Any]

CRASH_LOOP = "CrashLoopBackOff"
_REGISTRY = "RegistryUnavailable"
_SIGNATURE = "SignatureValidationFailed"


class Failed(Exception):
    """A step failed: the container waits with this reason. `retry_at`: when to try again."""

    def __init__(self, reason: str, message: str = "", *, retry_at: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.message = message
        self.retry_at = retry_at


def start_container(worker: "PodWorker", spec: Spec) -> Process:
    """All steps; raises Failed at the first that fails."""
    _back_off(worker, spec)
    previous = worker.runtime.latest(spec.name)
    attempt = 0 if previous is None else previous.attempt + 1
    attempt = max(attempt, worker.known_restarts(spec.name))
    behaviour = worker.host.behaviours.of_container(worker.pod, spec.container, attempt)
    if behaviour.wait is not None:
        yield from _hold(worker, spec, behaviour)
    image = yield from ensure_image(worker, spec, behaviour)
    container = _create(worker, spec, behaviour, image, attempt)
    yield from _start(worker, spec, container)
    if ((spec.container.get("lifecycle") or {}).get("postStart")) is not None:
        yield from _post_start(worker, spec, container)


def _back_off(worker: "PodWorker", spec: Spec) -> None:
    exited = worker.runtime.latest(spec.name)
    if exited is None or exited.state != EXITED:
        return
    key = (spec.name, spec.container.get("image", ""))
    backoff = worker.restarts.setdefault(key, Backoff())
    now = worker.now
    if not backoff.holds_since(exited.finished_at, now):
        backoff.next(exited.finished_at, now)
        return
    pod = worker.described
    worker.record(
        spec, "Warning", "BackOff", f"Back-off restarting failed container {spec.name} in pod {pod}"
    )
    message = f"back-off {text(backoff.seconds)} restarting failed container={spec.name} pod={pod}"
    raise Failed(CRASH_LOOP, message, retry_at=exited.finished_at + backoff.seconds)


def _hold(worker: "PodWorker", spec: Spec, behaviour: ContainerBehaviour) -> Process:
    """The behaviour says: waiting, for this reason."""
    wait = behaviour.wait
    assert wait is not None
    since = worker.held_since.setdefault(spec.name, worker.now)
    if wait.seconds is not None and worker.now >= since + wait.seconds:
        return
    retry_at = None if wait.seconds is None else since + wait.seconds
    raise Failed(wait.reason, wait.message, retry_at=retry_at)
    yield


def ensure_image(worker: "PodWorker", spec: Spec, behaviour: ContainerBehaviour) -> Process:
    """Returns the image once it is on the node."""
    asked = spec.container.get("image", "")
    try:
        image = yield from _ensure_image(worker, spec, behaviour, asked)
    except Failed as failure:
        worker.record(spec, "Warning", "Failed", f"Error: {failure.reason}")
        raise
    return image


def _ensure_image(
    worker: "PodWorker", spec: Spec, behaviour: ContainerBehaviour, asked: str
) -> Process:
    image = _parsed(worker, spec, behaviour, asked)
    policy = spec.container.get("imagePullPolicy") or "IfNotPresent"
    present = behaviour.pull.present or worker.host.has_image(image.name)
    if policy != "Always":
        if behaviour.pull.inspect_error:
            message = f'Failed to inspect image "": {behaviour.pull.inspect_error}'
            worker.record(spec, "Warning", "InspectFailed", message)
            raise Failed("ImageInspectError", message)
        if (policy == "Never" and not present) or behaviour.pull.reason == "ErrImageNeverPull":
            message = f'Container image "{asked}" is not present with pull policy of Never'
            worker.record(spec, "Warning", "ErrImageNeverPull", message)
            raise Failed("ErrImageNeverPull", message)
        pull = behaviour.pull
        slow = pull.seconds > 0 and not pull.present and asked not in worker.pulls
        if present and not slow and not pull.failure(worker.pulls.get(asked, 0)):
            message = (
                f'Container image "{asked}" already present on machine and can be accessed by '
                "the pod"
            )
            worker.record(spec, "Normal", "Pulled", message)
            return image
    yield from _pull(worker, spec, behaviour, asked, image)
    return image


def _parsed(
    worker: "PodWorker", spec: Spec, behaviour: ContainerBehaviour, asked: str
) -> images.Image:
    try:
        if behaviour.pull.reason == "InvalidImageName":
            raise images.InvalidImage(
                f'couldn\'t parse image name "{asked}": invalid reference format'
            )
        return images.parse(asked)
    except images.InvalidImage as error:
        message = f'Failed to apply default image tag "{asked}": {error}'
        worker.record(spec, "Warning", "InspectFailed", message)
        raise Failed("InvalidImageName", message) from None


def _pull(
    worker: "PodWorker", spec: Spec, behaviour: ContainerBehaviour, asked: str, image: images.Image
) -> Process:
    backoff = worker.image_backoffs.setdefault(asked, Backoff())
    if backoff.holds(worker.now):
        message = f'Back-off pulling image "{asked}"'
        worker.record(spec, "Normal", "BackOff", message)
        before = worker.pull_errors.get(asked)
        raise Failed("ImagePullBackOff", f"{message}: {before}" if before else message)
    worker.pull_errors.pop(asked, None)
    worker.record(spec, "Normal", "Pulling", f'Pulling image "{asked}"')
    began = worker.now
    tries = worker.pulls.get(asked, 0)
    worker.pulls[asked] = tries + 1
    if behaviour.pull.seconds:
        yield from until(began + behaviour.pull.seconds)
    if behaviour.pull.failure(tries):
        error = behaviour.pull.error or images.default_pull_error(asked)
        worker.record(spec, "Warning", "Failed", f'Failed to pull image "{asked}": {error}')
        backoff.next(worker.now, worker.now)
        reason, message = pull_failure(asked, error, behaviour.pull.reason)
        worker.pull_errors[asked] = f"{reason}: {message}"
        raise Failed(reason, message)
    took = go_duration(worker.now - began)
    size = behaviour.pull.size or images.invented_size(image.name)
    worker.host.add_image(image, size)
    worker.record(
        spec,
        "Normal",
        "Pulled",
        f'Successfully pulled image "{asked}" in {took} ({took} including waiting). '
        f"Image size: {size} bytes.",
    )


def pull_failure(asked: str, error: str, reason: str = "") -> tuple[str, str]:
    """Reason and message of a failed pull. Source: evalCRIPullErr."""
    for known, why in (
        (_REGISTRY, "registry is unavailable"),
        (_SIGNATURE, "signature validation failed"),
    ):
        if error.startswith(known):
            rest = error[len(known) :]
            return known, f"image pull failed for {asked} because the {why}{rest}"
    return reason or "ErrImagePull", error


def go_duration(seconds: float) -> str:
    """Truncated to milliseconds, as Go prints it: `0s`, `1.5s`, `20ms`, `1m2.5s`."""
    millis = int(seconds * 1000 + 1e-6)
    if millis == 0:
        return "0s"
    if millis < 1000:
        return f"{millis}ms"
    minutes, rest = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    second = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{second}"
    return f"{minutes}m{second}" if minutes else second


def _create(
    worker: "PodWorker",
    spec: Spec,
    behaviour: ContainerBehaviour,
    image: images.Image,
    attempt: int,
) -> Container:
    problem = worker.config_problem(spec)
    if problem:
        worker.record(spec, "Warning", "Failed", f"Error: {problem}")
        raise Failed("CreateContainerConfigError", problem)
    tries = worker.tries(spec.name, "create")
    if behaviour.create.failure(tries):
        worker.record(spec, "Warning", "Failed", f"Error: {behaviour.create.error}")
        raise Failed(behaviour.create.reason or "CreateContainerError", behaviour.create.error)
    container = Container(
        name=spec.name,
        id=worker.host.ids.hex(64),
        attempt=attempt,
        image=image.name,
        image_id=image.image_id,
        asked_image=spec.container.get("image", ""),
        created_at=worker.now,
        behaviour=behaviour,
        resources=spec.resources,
    )
    worker.held_since.pop(spec.name, None)
    worker.record(spec, "Normal", "Created", "Container created")
    return container


def _start(worker: "PodWorker", spec: Spec, container: Container) -> Process:
    step = container.behaviour.start
    if step.seconds:
        yield from until(worker.now + step.seconds)
    if step.failure(worker.tries(spec.name, "start")):
        container.ends_at = worker.now
        container.ends_with = (128, step.reason or "StartError", step.error)
        container.end()
        container.started_at = 0.0
        worker.runtime.add(container)
        worker.record(spec, "Warning", "Failed", f"Error: {step.error}")
        raise Failed("RunContainerError", step.error)
    container.begin(worker.now)
    worker.runtime.add(container)
    worker.started = True
    worker.record(spec, "Normal", "Started", "Container started")


def _post_start(worker: "PodWorker", spec: Spec, container: Container) -> Process:
    step = container.behaviour.post_start
    if step.seconds:
        yield from until(worker.now + step.seconds)
    if not step.failure(worker.tries(spec.name, "postStart")):
        return
    worker.record(spec, "Warning", "FailedPostStartHook", "PostStartHook failed")
    if container.state == RUNNING:
        yield from kill_container(worker, spec, container, "FailedPostStartHook")
    raise Failed("PostStartHookError", step.error)
