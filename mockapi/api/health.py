"""/healthz, /livez and /readyz: the checks of the real server, all of one process here.

Source of texts: apiserver pkg/server/healthz.
"""

from collections.abc import Callable, Sequence

from mockapi.api import reply
from mockapi.api.call import Call
from mockapi.api.reply import Reply
from mockapi.api.routes import PlainNotFound

_HOOKS = (
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "storage-object-count-tracker-hook",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "start-system-namespaces-controller",
    "peer-endpoint-reconciler-controller",
    "start-cluster-authentication-info-controller",
    "start-kube-apiserver-identity-lease-controller",
    "start-kube-apiserver-identity-lease-garbage-collector",
    "storage-readiness",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "bootstrap-controller",
    "start-kubernetes-service-cidr-controller",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
)
_LATE_HOOKS = ("apiservice-openapi-controller", "apiservice-openapiv3-controller")
_STARTED = (
    *(f"poststarthook/{hook}" for hook in _HOOKS),
    "autoregister-completion",
    *(f"poststarthook/{hook}" for hook in _LATE_HOOKS),
)
_ALIVE = ("ping", "log", "loopback-serving-certificate", "etcd", *_STARTED)
_READY = ("ping", "log", "etcd", "etcd-readiness", "informer-sync", *_STARTED, "shutdown")
CHECKS = {"healthz": _ALIVE, "livez": _ALIVE, "readyz": _READY}

Failing = Callable[[], Sequence[str]]


class Health:
    """`failing` names the checks that fail now; those of readyz may, while it starts or ends."""

    def __init__(self, failing: Failing) -> None:
        self._failing = failing

    def serve(self, call: Call) -> Reply:
        endpoint, _, check = call.path[1:].partition("/")
        checks = CHECKS[endpoint]
        if call.path == f"/{endpoint}":
            return self._all(endpoint, checks, call)
        if check not in checks:
            raise PlainNotFound()
        return self._one(check)

    def _one(self, check: str) -> Reply:
        if check in self._failing():
            return reply.text(500, f"internal server error: {check} is not ready\n")
        return Reply(200, b"ok", "text/plain; charset=utf-8")

    def _all(self, endpoint: str, checks: Sequence[str], call: Call) -> Reply:
        excluded = set(call.query.get("exclude", ()))
        failing = set(self._failing()) - excluded
        lines = [_line(check, failing, excluded) for check in checks]
        unknown = sorted(excluded.difference(checks))
        if unknown:
            names = ", ".join(f'"{name}"' for name in unknown)
            lines.append(f"warn: some health checks cannot be excluded: no matches for {names}\n")
        if not failing.isdisjoint(checks):
            return reply.text(500, f"{''.join(lines)}{endpoint} check failed\n")
        if "verbose" not in call.query:
            return reply.text(200, "ok")
        return reply.text(200, f"{''.join(lines)}{endpoint} check passed\n")


def _line(check: str, failing: set[str], excluded: set[str]) -> str:
    if check in excluded:
        return f"[+]{check} excluded: ok\n"
    if check in failing:
        return f"[-]{check} failed: reason withheld\n"
    return f"[+]{check} ok\n"
