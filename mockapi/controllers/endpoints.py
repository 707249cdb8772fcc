"""What Endpoints and EndpointSlices have in common: which pods, which ports, which moment."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import objects, selecting
from mockapi.runtime.informer import Informer

TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS = "service.kubernetes.io/headless"
SERVICE_NAME = "kubernetes.io/service-name"


def service_selector(service: Obj) -> Mapping[str, str] | None:
    """The labels a service selects by; None when it selects nothing."""
    return service["spec"].get("selector") or None


def watch_pods(pods: Informer, services: Informer, add: Callable[[str], None]) -> None:
    """Add the key of each service whose endpoints a pod's change may concern."""
    services.index("selector", selecting.by_selector(service_selector))
    pods.index("labels", selecting.by_labels, of_status=False)

    def changed(event: Event) -> None:
        pod, old = event.object, event.old
        if event.type == "MODIFIED" and old is not None:
            for key in _concerned(services, pod, old):
                add(key)
            return
        for service in selecting.selecting(services, pod, service_selector):
            add(objects.key(service))

    pods.on_event(changed)


def _concerned(services: Informer, pod: Obj, old: Obj) -> Iterable[str]:
    relabelled = objects.labels(pod) != objects.labels(old) or any(
        pod["spec"].get(field) != old["spec"].get(field) for field in ("hostname", "subdomain")
    )
    changed = _state(pod) != _state(old)
    if not relabelled and not changed:
        return ()
    now = [objects.key(s) for s in selecting.selecting(services, pod, service_selector)]
    if not relabelled:
        return now
    before = [objects.key(s) for s in selecting.selecting(services, old, service_selector)]
    if changed:
        return dict.fromkeys([*now, *before])
    return [key for key in dict.fromkeys([*now, *before]) if (key in now) != (key in before)]


def _state(pod: Obj) -> tuple[Any, ...]:
    """Whatever of a pod shows in endpoints, besides its labels."""
    status = objects.status(pod)
    return (
        pod["metadata"].get("deletionTimestamp"),
        objects.pod_ready(pod),
        status.get("podIPs"),
    )


def has_endpoint(pod: Obj, *, terminating: bool) -> bool:
    """The pod has an address and is not over; `terminating` pods count if asked."""
    if objects.pod_finished(pod) or not objects.status(pod).get("podIP"):
        return False
    return terminating or not objects.deleting(pod)


def pod_addresses(pod: Obj, *, ipv6: bool) -> list[str]:
    """The pod's addresses of one family."""
    status = objects.status(pod)
    found = [item["ip"] for item in status.get("podIPs") or ()]
    return [ip for ip in found if (":" in ip) == ipv6]


def find_port(pod: Obj, port: Obj) -> int | None:
    """The number of a service's target port in a pod; None when the pod has no such port."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target or int(port["port"])
    spec = pod["spec"]
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    for container in (*spec["containers"], *sidecars):
        for item in container.get("ports") or ():
            same = item.get("protocol", "TCP") == port.get("protocol", "TCP")
            if item.get("name") == target and same:
                return int(item["containerPort"])
    return None


def hostname(pod: Obj, service: Obj) -> str:
    """The name under which DNS shows the pod in its subdomain."""
    spec = pod["spec"]
    if spec.get("hostname") and spec.get("subdomain") == objects.name(service):
        return str(spec["hostname"])
    return ""


def headless(service: Obj) -> bool:
    return service["spec"].get("clusterIP", "") in ("", "None")


def target(pod: Obj) -> Obj:
    """The reference to the pod behind an address."""
    return {
        "kind": "Pod",
        "namespace": objects.namespace(pod),
        "name": objects.name(pod),
        "uid": objects.uid(pod),
    }


class TriggerTimes:
    """When the change happened that a write of endpoints answers to (for latency metrics)."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, dict[str, str]]] = {}

    def changed(self, service: Obj, pods: Iterable[Obj]) -> str:
        """The earliest new moment among the service's creation and its pods' readiness."""
        key = objects.key(service)
        created = objects.created(service)
        before = self._known.get(key)
        moments: dict[str, str] = {}
        for pod in pods:
            ready = objects.condition(pod, "Ready")
            if ready and ready.get("lastTransitionTime"):
                moments[objects.name(pod)] = ready["lastTransitionTime"]
        self._known[key] = (created, moments)
        if before is None:
            return created
        news = [moment for name, moment in moments.items() if moment > before[1].get(name, "")]
        if created > before[0]:
            news.append(created)
        return min(news, default="")

    def forget(self, key: str) -> None:
        self._known.pop(key, None)
