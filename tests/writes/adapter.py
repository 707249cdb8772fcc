"""The three metrics APIs beside a real cluster, as an aggregated server, from the same values that
mockapi is given."""

import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from mockapi.api.certificates import Authority
from mockapi.base import selfsigned
from mockapi.base.clock import timestamp
from mockapi.client.protocol import Client
from mockapi.harness.metrics import CustomValue, ExternalValue, Metrics
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError, NotFound

Obj = dict[str, Any]

GROUPS = {
    "metrics.k8s.io": "v1beta1",
    "custom.metrics.k8s.io": "v1beta2",
    "external.metrics.k8s.io": "v1beta1",
}
# The autoscaler looks so often which versions there are.
DISCOVERY_SECONDS = 16.0


@dataclass
class Usage:
    """What pods use, by the beginning of their names. See `reading.computed`."""

    pods: Callable[[str], Iterable[Obj]]
    now: Callable[[], float]
    rows: list[Obj] = field(default_factory=list)
    """`{namespace, of, usage: {cpu: ...}, containers: {name: {cpu: ...}}}`."""

    def get(self, namespace: str, name: str) -> Obj:
        raise NotFound("metrics.k8s.io", "pods", name)

    def list(self, namespace: str, match: Callable[[Obj], bool]) -> Sequence[Obj]:
        pods = sorted(filter(match, self.pods(namespace)), key=lambda p: str(p["metadata"]["name"]))
        found = (self._of(pod) for pod in pods)
        return [one for one in found if one is not None]

    def _of(self, pod: Obj) -> Obj | None:
        metadata = pod["metadata"]
        for row in self.rows:
            if row["namespace"] != metadata["namespace"]:
                continue
            if metadata["name"].startswith(row["of"]):
                return self._metrics(metadata, row)
        return None

    def _metrics(self, metadata: Obj, row: Obj) -> Obj:
        usages = row.get("containers") or {"c": row["usage"]}
        moment = timestamp(self.now())
        return {
            "kind": "PodMetrics",
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": {
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "creationTimestamp": moment,
                "labels": metadata.get("labels", {}),
            },
            "timestamp": moment,
            "window": "0s",
            "containers": [{"name": name, "usage": usages[name]} for name in usages],
        }


def rows_of(what: Mapping[str, Any], namespace: str) -> list[Obj]:
    return [{**row, "namespace": namespace} for row in what.get("pods", ())]


def custom_of(what: Mapping[str, Any], namespace: str) -> list[CustomValue]:
    return [CustomValue(namespace=namespace, **row) for row in what.get("custom", ())]


def external_of(what: Mapping[str, Any], namespace: str) -> list[ExternalValue]:
    return [ExternalValue(namespace=namespace, **row) for row in what.get("external", ())]


class Adapter:
    """Serves on loopback and is registered at a real API server as long as it lives."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._values: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.Lock()
        self._usage = Usage(lambda ns: client.list("v1/pods", ns).items, time.time)
        self._metrics = Metrics(time.time, self._described)
        self._server = _server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._register()

    def set(self, namespace: str, what: Mapping[str, Any]) -> None:
        with self._lock:
            self._values[namespace] = what
            pairs = [(values, name) for name, values in self._values.items()]
            self._usage.rows = [row for pair in pairs for row in rows_of(*pair)]
            self._metrics.set(
                [value for pair in pairs for value in custom_of(*pair)],
                [value for pair in pairs for value in external_of(*pair)],
            )

    def _described(self, resource: str, namespace: str) -> Iterable[Obj]:
        found = "v1/namespaces" if resource == "namespaces" else f"v1/{resource}"
        return self._client.list(found, "" if resource == "namespaces" else namespace).items

    def answer(self, path: str, query: Mapping[str, Sequence[str]]) -> Obj:
        steps = path.strip("/").split("/")
        group = steps[1] if len(steps) > 1 else ""
        if len(steps) == 3 and group in GROUPS:
            return self._resources(group)
        if group == "metrics.k8s.io" and len(steps) == 6:
            match = selectors.parse_labels((query.get("labelSelector") or [""])[0])
            items = self._usage.list(steps[4], lambda p: match.matches(p["metadata"].get("labels")))
            kind = {"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1"}
            return {**kind, "metadata": {}, "items": list(items)}
        for extension in self._metrics.extensions:
            if extension.group == group and len(steps) > 3:
                return extension.get(steps[2], steps[3:], query)
        raise NotFound("", "paths", path)

    def _resources(self, group: str) -> Obj:
        version = GROUPS[group]
        body: Obj = {"kind": "APIResourceList", "apiVersion": "v1"}
        body["groupVersion"] = f"{group}/{version}"
        kind = {"singularName": "", "namespaced": True, "kind": "PodMetrics"}
        row: Obj = {"name": "pods", **kind, "verbs": ["get", "list"]}
        return {**body, "resources": [row]}

    def _register(self) -> None:
        port = self._server.server_address[1]
        spec = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "adapter"}}
        self.close_registration()
        self._client.create("v1/services", "default", {**service, "spec": spec})
        for group, version in GROUPS.items():
            registered: Obj = {
                "group": group,
                "version": version,
                "insecureSkipTLSVerify": True,
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "service": {"name": "adapter", "namespace": "default", "port": port},
            }
            self._client.create(SERVICES, "", _api_service(group, version, registered))
        for group, version in GROUPS.items():
            self._wait(f"{version}.{group}")
        time.sleep(DISCOVERY_SECONDS)

    def _wait(self, name: str) -> None:
        for _ in range(60):
            status = self._client.get(SERVICES, "", name).get("status") or {}
            for condition in status.get("conditions", ()):
                if condition["type"] == "Available" and condition["status"] == "True":
                    return
            time.sleep(0.5)
        raise AssertionError(f"{name} does not become available")

    def close_registration(self) -> None:
        places = [("v1/services", "default", "adapter")]
        places += [(SERVICES, "", f"{version}.{group}") for group, version in GROUPS.items()]
        for place in places:
            try:
                self._client.delete(*place)
            except ApiError:
                continue

    def close(self) -> None:
        self.close_registration()
        self._server.shutdown()
        self._server.server_close()


SERVICES = "apiregistration.k8s.io/v1/apiservices"


def _api_service(group: str, version: str, spec: Obj) -> Obj:
    metadata = {"name": f"{version}.{group}"}
    kind = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService"}
    return {**kind, "metadata": metadata, "spec": spec}


def _server(adapter: Adapter) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            try:
                code, body = 200, adapter.answer(unquote(url.path), parse_qs(url.query))
            except ApiError as error:
                code, body = error.code, error.status()
            data = orjson.dumps(body)
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            return None

    pair = Authority(selfsigned.authority("adapter", 0, 4e9)).serving(())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.pem"
        path.write_bytes(pair.certificate + pair.key)
        context.load_cert_chain(path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server
