"""ComponentStatuses: the health of the control plane, asked for when somebody reads it.

Source: kubernetes pkg/registry/core/componentstatus.
"""

from collections.abc import Callable, Sequence

from mockapi.machinery.reading import Match
from mockapi.machinery.resource import Obj
from mockapi.meta.errors import NotFound

_PORTS = {"controller-manager": 10257, "scheduler": 10259}

Running = Callable[[], Sequence[str]]
"""Which of `controller-manager` and `scheduler` run; the store always does."""


class ComponentStatuses:
    """See `reading.Computed`."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def get(self, namespace: str, name: str) -> Obj:
        for status in self._all():
            if status["metadata"]["name"] == name:
                return status
        raise NotFound("", "componentstatus", name)

    def list(self, namespace: str, match: Match) -> Sequence[Obj]:
        return [status for status in self._all() if match(status)]

    def _all(self) -> Sequence[Obj]:
        running = self._running()
        parts = [_status(name, _refused(port, name in running)) for name, port in _PORTS.items()]
        return [*parts, _status("etcd-0", "")]


def _refused(port: int, running: bool) -> str:
    if running:
        return ""
    address = f"127.0.0.1:{port}"
    return f'Get "https://{address}/healthz": dial tcp {address}: connect: connection refused'


def _status(name: str, failure: str) -> Obj:
    condition = {
        "type": "Healthy",
        "status": "False" if failure else "True",
        "message": failure or "ok",
    }
    return {
        "kind": "ComponentStatus",
        "apiVersion": "v1",
        "metadata": {"name": name},
        "conditions": [condition],
    }
