"""What a pod asks for, in whole numbers: milli-cores of cpu, units of everything else.

Sums and maxima are formed exactly (in nano-units) and rounded up once, as resource.Quantity does.
Sources: component-helpers resource/helpers.go, pkg/scheduler/framework/types.go.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from mockapi.client.protocol import Obj
from mockapi.meta import quantity, selectors

Nanos = dict[str, int]

CPU: Final = "cpu"
MEMORY: Final = "memory"
EPHEMERAL: Final = "ephemeral-storage"
PODS: Final = "pods"

# What a container without requests counts for when nodes are compared (util/pod_resources.go).
DEFAULT_MILLI_CPU: Final = 100
DEFAULT_MEMORY: Final = 200 * 1024 * 1024
DEFAULTS: Final[Nanos] = {CPU: DEFAULT_MILLI_CPU * 10**6, MEMORY: DEFAULT_MEMORY * 10**9}

_NO_SCALARS: Final[dict[str, int]] = {}


class Amounts(NamedTuple):
    """A resource list as the scheduler counts it; `scalars` are all resources that have no field
    of their own (extended ones, huge pages)."""

    cpu: int = 0
    memory: int = 0
    ephemeral: int = 0
    pods: int = 0
    scalars: dict[str, int] = _NO_SCALARS

    @property
    def nothing(self) -> bool:
        return not (self.cpu or self.memory or self.ephemeral or self.scalars)

    def get(self, name: str) -> int:
        if name == CPU:
            return self.cpu
        if name == MEMORY:
            return self.memory
        if name == EPHEMERAL:
            return self.ephemeral
        return self.scalars.get(name, 0)


@lru_cache(maxsize=8192)
def nanos(text: str | int | float) -> int:
    """A quantity in units of 10**-9."""
    return quantity.parse(str(text)).scaled_value(quantity.NANO)


@lru_cache(maxsize=1024)
def is_extended(name: str) -> bool:
    """Source: v1helper.IsExtendedResourceName."""
    if "/" not in name or "kubernetes.io/" in name or name.startswith("requests."):
        return False
    return not selectors.key_problems(f"requests.{name}")


@lru_cache(maxsize=1024)
def is_scalar(name: str) -> bool:
    """Does the scheduler count this resource? Source: util.IsScalarResourceName."""
    return (
        is_extended(name)
        or name.startswith(("hugepages-", "attachable-volumes-"))
        or "kubernetes.io/" in name
    )


def rounded(value: int, unit: int) -> int:
    """Nano-units in larger ones, rounded away from zero."""
    return -(-value // unit) if value >= 0 else value // unit


def amounts(resources: Nanos) -> Amounts:
    scalars = {
        name: rounded(value, 10**9)
        for name, value in resources.items()
        if name not in _FIELDS and is_scalar(name)
    }
    return Amounts(
        rounded(resources.get(CPU, 0), 10**6),
        rounded(resources.get(MEMORY, 0), 10**9),
        rounded(resources.get(EPHEMERAL, 0), 10**9),
        rounded(resources.get(PODS, 0), 10**9),
        scalars or _NO_SCALARS,
    )


_FIELDS: Final = frozenset((CPU, MEMORY, EPHEMERAL, PODS))


def parsed(resources: Mapping[str, Any] | None) -> Nanos:
    return {name: nanos(value) for name, value in resources.items()} if resources else {}


def _add(total: Nanos, more: Nanos) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def _raise_to(total: Nanos, other: Nanos) -> None:
    for name, value in other.items():
        if name not in total or value > total[name]:
            total[name] = value


def is_sidecar(container: Mapping[str, Any]) -> bool:
    return container.get("restartPolicy") == "Always"


RequestsOf = Callable[[Mapping[str, Any]], Nanos]


def _combined(spec: Mapping[str, Any], requests_of: RequestsOf) -> Nanos:
    """Containers run together, init containers one after the other before them, sidecars from
    their start on beside everything that follows."""
    total: Nanos = {}
    for container in spec["containers"]:
        _add(total, requests_of(container))
    if "initContainers" not in spec:
        return total
    sidecars: Nanos = {}
    initial: Nanos = {}
    for container in spec["initContainers"]:
        wanted = requests_of(container)
        if is_sidecar(container):
            _add(total, wanted)
            _add(sidecars, wanted)
            wanted = sidecars
        else:
            wanted = dict(wanted)
            _add(wanted, sidecars)
        _raise_to(initial, wanted)
    _raise_to(total, initial)
    return total


def _spec_requests(container: Mapping[str, Any]) -> Nanos:
    resources = container.get("resources")
    return parsed(resources.get("requests")) if resources else {}


def _with_defaults(requests_of: RequestsOf, defaults: Nanos) -> RequestsOf:
    def wanted(container: Mapping[str, Any]) -> Nanos:
        return defaults | requests_of(container)

    return wanted if defaults else requests_of


def pod_requests(
    pod: Obj, *, from_status: bool = False, pod_level: bool = True, defaults: Nanos | None = None
) -> Nanos:
    """Everything that a pod asks for.

    `from_status` also counts what the kubelet says is allocated or still in use (a resize under
    way); `pod_level` lets spec.resources override the containers' sum; `defaults` stands in for
    cpu and memory that a container does not name.
    """
    spec = pod["spec"]
    status = pod.get("status") or {}
    fill = defaults or {}
    if from_status and has_allocations(status):
        total = _resized(pod, fill)
    else:
        total = _combined(spec, _with_defaults(_spec_requests, fill))
    if pod_level and (level := spec.get("resources")):
        total |= _effective_pod_level(level.get("requests"), status, from_status=from_status)
    if "overhead" in spec:
        _add(total, parsed(spec["overhead"]))
    return total


def _effective_pod_level(
    requests: Mapping[str, Any] | None, status: Mapping[str, Any], *, from_status: bool
) -> Nanos:
    wanted = {name: value for name, value in parsed(requests).items() if is_pod_level(name)}
    if not wanted or not from_status or not status.get("resources"):
        return wanted
    if _resize_infeasible(status):
        wanted = {}
    for known in (status["resources"].get("requests"), status.get("allocatedResources")):
        _raise_to(wanted, {n: v for n, v in parsed(known).items() if is_pod_level(n)})
    return wanted


def is_pod_level(name: str) -> bool:
    return name in (CPU, MEMORY) or name.startswith("hugepages-")


def has_pod_level_requests(spec: Mapping[str, Any]) -> bool:
    requests = (spec.get("resources") or {}).get("requests") or {}
    return any(is_pod_level(name) for name in requests)


def has_allocations(status: Mapping[str, Any]) -> bool:
    """Does the status have a say in what the pod takes?"""
    if "allocatedResources" in status or _resize_infeasible(status):
        return True
    return any(
        "resources" in container or "allocatedResources" in container
        for container in _container_statuses(status)
    )


def allocations(status: Mapping[str, Any]) -> Obj:
    """All that `pod_requests` reads from a status: the same parts of it."""
    found = {name: status[name] for name in _ALLOCATIONS if name in status}
    for name in ("containerStatuses", "initContainerStatuses"):
        if name in status:
            containers = [
                {part: container[part] for part in _OF_CONTAINERS if part in container}
                for container in status[name] or ()
            ]
            if any(len(parts) > 1 for parts in containers):
                found[name] = containers
    for condition in status.get("conditions") or ():
        if condition["type"] == _RESIZE:
            found["conditions"] = [{"type": _RESIZE, "reason": condition.get("reason")}]
            break
    return found


_ALLOCATIONS: Final = ("allocatedResources", "resources")
_OF_CONTAINERS: Final = ("name", *_ALLOCATIONS)
_RESIZE: Final = "PodResizePending"


def _container_statuses(status: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield from status.get("containerStatuses") or ()
    yield from status.get("initContainerStatuses") or ()


def _resize_infeasible(status: Mapping[str, Any]) -> bool:
    for condition in status.get("conditions") or ():
        if condition["type"] == _RESIZE:
            return bool(condition.get("reason") == "Infeasible")
    return False


def _resized(pod: Obj, defaults: Nanos) -> Nanos:
    """The largest of what is asked for, allocated and in use."""
    status = pod["status"]
    infeasible = _resize_infeasible(status)
    known = {container["name"]: container for container in reversed([*_container_statuses(status)])}

    def allocated(container: Mapping[str, Any]) -> Nanos:
        found = known.get(container["name"], {})
        if "allocatedResources" in found:
            return parsed(found["allocatedResources"])
        return {} if infeasible else _spec_requests(container)

    def actuated(container: Mapping[str, Any]) -> Nanos:
        found = known.get(container["name"], {})
        if (in_use := found.get("resources", {}).get("requests")) is not None:
            return parsed(in_use)
        return allocated(container)

    spec = pod["spec"]
    at_pod_level = (status.get("resources") or {}).get("requests")
    if at_pod_level and status.get("allocatedResources"):
        total = parsed(at_pod_level)
        _raise_to(total, parsed(status["allocatedResources"]))
    else:
        total = _combined(spec, _with_defaults(actuated, defaults))
        _raise_to(total, _combined(spec, _with_defaults(allocated, defaults)))
    if not infeasible:
        _raise_to(total, _combined(spec, _with_defaults(_spec_requests, defaults)))
    return total
