"""/healthz, /livez and /readyz: the checks of the real server, all of one process here.

Source of texts: apiserver pkg/server/healthz.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from mockapi.api import metrics, process, reply
from mockapi.api.call import Call
from mockapi.api.process import Gauge, Sample
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

_LAST_TEXT = "[STABLE] This metric records the result of a single healthcheck."
_ALL_TEXT = "[STABLE] This metric records the results of all healthcheck."
_STARTED_TEXT = "[ALPHA] Start time of the process since unix epoch in seconds."

Failing = Callable[[], Sequence[str]]


class Health:
    """`failing` names the checks that fail now; those of readyz may, while it starts or ends."""

    def __init__(self, failing: Failing) -> None:
        self._failing = failing
        self._last: dict[tuple[str, str], bool] = {}
        self._results: Counter[tuple[str, str, str]] = Counter()

    def slis(self, call: Call) -> Reply:
        """/metrics/slis: what the checks that were asked for have said."""
        return metrics.page(metrics.written(self._gauges()), call)

    def _gauges(self) -> list[Gauge]:
        return [
            ("kubernetes_healthcheck", _LAST_TEXT, self._last_results),
            ("kubernetes_healthchecks_total", _ALL_TEXT, self._all_results),
            ("process_start_time_seconds", _STARTED_TEXT, lambda: [({}, process.started())]),
        ]

    def _last_results(self) -> Iterator[Sample]:
        for (name, endpoint), passed in sorted(self._last.items()):
            yield {"name": name, "type": endpoint}, float(passed)

    def _all_results(self) -> Iterator[Sample]:
        for (name, status, endpoint), count in sorted(self._results.items()):
            yield {"name": name, "status": status, "type": endpoint}, float(count)

    def _noted(self, endpoint: str, checks: Iterable[str], failing: Container[str]) -> None:
        for check in checks:
            passed = check not in failing
            self._last[check, endpoint] = passed
            self._results[check, "success" if passed else "error", endpoint] += 1

    def serve(self, call: Call) -> Reply:
        endpoint, _, check = call.path[1:].partition("/")
        checks = CHECKS[endpoint]
        if call.path == f"/{endpoint}":
            return self._all(endpoint, checks, call)
        if check not in checks:
            raise PlainNotFound()
        return self._one(endpoint, check)

    def _one(self, endpoint: str, check: str) -> Reply:
        failing = self._failing()
        self._noted(endpoint, (check,), failing)
        if check in failing:
            return reply.text(500, f"internal server error: {check} is not ready\n")
        return Reply(200, b"ok", "text/plain; charset=utf-8")

    def _all(self, endpoint: str, checks: Sequence[str], call: Call) -> Reply:
        excluded = set(call.query.get("exclude", ()))
        failing = set(self._failing()) - excluded
        self._noted(endpoint, (check for check in checks if check not in excluded), failing)
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
