"""Probing: when each probe is made, what it finds, and what follows. Source: pkg/kubelet/prober.

What a probe finds is the behaviour's to say; here is what the kubelet makes of it.
"""

from collections.abc import Callable
from typing import Any

from mockapi.kubelet.behaviour import Finding, finding_at
from mockapi.kubelet.containers import RUNNING, Container
from mockapi.kubelet.shape import Spec

Obj = dict[str, Any]

INITIAL = {"Readiness": "Failure", "Liveness": "Success", "Startup": "Unknown"}
Record = Callable[[Spec, str, str, str], None]
"""(container, event type, reason, message)."""


class Prober:
    """One probe of one container of a pod, for all of the container's lives."""

    __slots__ = (
        "_hold",
        "_known",
        "_last",
        "_run",
        "kind",
        "made_at",
        "next_at",
        "probe",
        "spec",
    )

    def __init__(self, spec: Spec, kind: str, now: float) -> None:
        self.spec = spec
        self.kind = kind
        self.probe = spec.probes[kind]
        self.next_at = now + self.period
        self.made_at = -1.0
        """When it was last looked at: once a moment is enough. The first look comes before the
        container is there, so there is something to see one period later."""
        self._known = ""
        self._hold = False
        self._last = ""
        self._run = 0

    @property
    def period(self) -> float:
        return float(self.probe.get("periodSeconds") or 10)

    def tick(
        self, container: Container | None, *, started: bool, pod_ip: str, now: float, record: Record
    ) -> str | None:
        """Probe if it is time to; a new result (`Success`, `Failure`, `Unknown`) or None."""
        self.next_at = now + self.period
        self.made_at = now
        if container is None:
            return None
        changed = self._meet(container)
        if self._hold:
            return changed
        if container.state != RUNNING:
            return self._result(container, "Failure")
        delay = self.probe.get("initialDelaySeconds") or 0
        if int(now - container.started_at) < delay or started == (self.kind == "Startup"):
            return changed
        return self._found(container, pod_ip, now, record) or changed

    def _meet(self, container: Container) -> str | None:
        """A new life of the container starts with the initial value."""
        if container.id == self._known:
            return None
        self._known = container.id
        self._hold = False
        return self._result(container, INITIAL[self.kind])

    def _found(self, container: Container, pod_ip: str, now: float, record: Record) -> str | None:
        result = self._look(container, pod_ip, now, record)
        if not result:
            return None
        self._run = self._run + 1 if result == self._last else 1
        self._last = result
        name = "failureThreshold" if result == "Failure" else "successThreshold"
        threshold = self.probe.get(name) or (3 if result == "Failure" else 1)
        if self._run < threshold:
            return None
        changed = self._result(container, result)
        if self.kind == "Startup" or (self.kind == "Liveness" and result == "Failure"):
            self._hold = True
            self._run = 0
        return changed

    def _look(self, container: Container, pod_ip: str, now: float, record: Record) -> str:
        findings = container.behaviour.findings(self.kind)
        finding = finding_at(findings, now - container.started_at)
        if finding is None or finding.result == "pass":
            return "Success"
        output = finding.output or output_of(finding, self.probe, self.spec.container, pod_ip)
        if finding.result == "warn":
            text = f"{self.kind} probe warning: {output}"
            record(self.spec, "Warning", "ProbeWarning", text)
            return "Success"
        if finding.result == "error":
            text = f"{self.kind} probe errored and resulted in unknown state: {output}"
            record(self.spec, "Warning", "Unhealthy", text)
            return ""
        record(self.spec, "Warning", "Unhealthy", f"{self.kind} probe failed: {output}")
        return "Failure"

    def _result(self, container: Container, result: str) -> str | None:
        if container.probed.get(self.kind) == result:
            return None
        container.probed[self.kind] = result
        return result


def output_of(finding: Finding, probe: Obj, container: Obj, pod_ip: str) -> str:
    """What the probe says of a failure when the behaviour has no words for it."""
    if finding.result == "warn":
        return "Probe terminated redirects, Response body: "
    seconds = probe.get("timeoutSeconds") or 1
    if "httpGet" in probe:
        return _http_output(finding, probe["httpGet"], container, pod_ip)
    if "tcpSocket" in probe:
        socket = probe["tcpSocket"]
        address = _address(socket.get("host") or pod_ip, port_of(socket["port"], container))
        why = "i/o timeout" if finding.timeout else "connect: connection refused"
        return f"dial tcp {address}: {why}"
    if "grpc" in probe:
        if not finding.timeout:
            return 'service unhealthy (responded with "NOT_SERVING")'
        address = _address(pod_ip, probe["grpc"]["port"])
        return (
            f'timeout: failed to connect service "{address}" within {seconds}s: '
            "context deadline exceeded"
        )
    if finding.timeout:
        command = " ".join((probe.get("exec") or {}).get("command") or ())
        return f'command timed out: "{command}" timed out after {seconds}s'
    return ""


def _http_output(finding: Finding, action: Obj, container: Obj, pod_ip: str) -> str:
    if finding.status:
        return f"HTTP probe failed with statuscode: {finding.status}"
    if not finding.timeout:
        return "HTTP probe failed with statuscode: 500"
    address = _address(action.get("host") or pod_ip, port_of(action["port"], container))
    scheme = (action.get("scheme") or "HTTP").lower()
    path = action.get("path") or "/"
    path = path if path.startswith("/") else f"/{path}"
    return (
        f'Get "{scheme}://{address}{path}": context deadline exceeded '
        "(Client.Timeout exceeded while awaiting headers)"
    )


def _address(host: str, port: int | str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def port_of(port: int | str, container: Obj) -> int | str:
    """A named port is looked up among the container's."""
    if isinstance(port, int) or port.isdigit():
        return port
    for known in container.get("ports") or ():
        if known.get("name") == port:
            number: int = known["containerPort"]
            return number
    return port
