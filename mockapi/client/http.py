"""The same client over HTTP: our control loops on any API server.

Requests are made on the calling greenlet's thread; watches read in threads of their own and wake
the loop. Source of the protocol: the published Kubernetes API concepts.
"""

import base64
import queue
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import requests
import yaml
from requests.adapters import HTTPAdapter

from mockapi.client.protocol import Client, Event, ListResult, Obj
from mockapi.machinery.patch.two_way import PartPatch
from mockapi.machinery.request import Normal
from mockapi.meta.errors import ApiError, Conflict, Expired, Gone, NotFound

_PAGE = 500
_CONNECTIONS = 100
_STREAM_TIMEOUT = 3600


class HttpClients:
    """Makes clients for one server. Names of components become User-Agents."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        verify: str | bool = True,
        certificate: tuple[str, str] | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._verify = verify
        self._certificate = certificate

    @classmethod
    def from_kubeconfig(cls, path: Path) -> "HttpClients":
        """For the current context of a named kubeconfig."""
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        context = _named(content["contexts"], content["current-context"])["context"]
        cluster = _named(content["clusters"], context["cluster"])["cluster"]
        user = _named(content["users"], context["user"])["user"]
        pair = None
        if "client-certificate" in user:
            pair = (user["client-certificate"], user["client-key"])
        verify: str | bool = not cluster.get("insecure-skip-tls-verify", False)
        if "certificate-authority-data" in cluster:
            verify = _written(base64.b64decode(cluster["certificate-authority-data"]))
        return cls(cluster["server"], token=user.get("token", ""), verify=verify, certificate=pair)

    @property
    def url(self) -> str:
        return self._url

    def client(self, component: str, *, user: str = "") -> Client:
        """`user` is not impersonated: the server knows who the credentials belong to."""
        return HttpClient(self.session(component), self._url)

    def session(self, component: str) -> requests.Session:
        """With the credentials, for requests of one's own."""
        session = requests.Session()
        session.trust_env = False
        session.headers.update(self._headers)
        session.headers["User-Agent"] = component
        session.verify = self._verify
        session.cert = self._certificate
        # Each watch holds a connection of its own.
        session.mount(self._url, HTTPAdapter(pool_maxsize=_CONNECTIONS))
        return session


def _named(entries: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def _written(data: bytes) -> str:
    with tempfile.NamedTemporaryFile(prefix="mockapi-ca-", suffix=".crt", delete=False) as file:
        file.write(data)
    return file.name


def error_of(reply: requests.Response) -> ApiError:
    """The ApiError that a reply stands for."""
    try:
        status = reply.json()
    except ValueError:
        status = {}
    return error_from_status(status, reply.status_code, reply.text)


def error_from_status(status: Mapping[str, Any], code: int, text: str = "") -> ApiError:
    """Of the class that control loops ask for, with the server's own words."""
    reason, message = status.get("reason", ""), status.get("message") or text
    details = status.get("details")
    kinds = {"NotFound": NotFound, "Conflict": Conflict, "Expired": Expired, "Gone": Gone}
    error = ApiError(code, reason, message, details=details)
    kind = kinds.get(reason)
    if kind is not None:
        error.__class__ = kind
    return error


class HttpClient:
    """See `protocol.Client`."""

    def __init__(self, session: requests.Session, url: str) -> None:
        self._session = session
        self._url = url

    def _path(self, resource: str, namespace: str, name: str = "", subresource: str = "") -> str:
        group_version, _, plural = resource.rpartition("/")
        root = "apis" if "/" in group_version else "api"
        parts = [self._url, root, group_version]
        if namespace:
            parts += ["namespaces", namespace]
        parts.append(plural)
        return "/".join([*parts, *(part for part in (name, subresource) if part)])

    def _send(self, method: str, url: str, **more: Any) -> Any:
        reply = self._session.request(method, url, **more)
        if reply.status_code >= 400:
            raise error_of(reply)
        return orjson.loads(reply.content)

    def _write(self, method: str, url: str, obj: Any, content_type: str) -> Obj:
        headers = {"Content-Type": content_type}
        result: Obj = self._send(method, url, data=orjson.dumps(obj), headers=headers)
        return result

    def get(self, resource: str, namespace: str, name: str, *, subresource: str = "") -> Obj:
        result: Obj = self._send("GET", self._path(resource, namespace, name, subresource))
        return result

    def fetch(self, path: str, query: Mapping[str, str] | None = None) -> Obj:
        result: Obj = self._send("GET", self._url + path, params=query)
        return result

    def list(
        self,
        resource: str,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> ListResult:
        url, items = self._path(resource, namespace), []
        query: dict[str, Any] = _selecting(label_selector, field_selector)
        query["limit"] = _PAGE
        while True:
            page = self._send("GET", url, params=query)
            kind = page["kind"].removesuffix("List")
            items += [_typed(item, kind, page["apiVersion"]) for item in page["items"]]
            if not page["metadata"].get("continue"):
                return ListResult(items, page["metadata"]["resourceVersion"])
            query["continue"] = page["metadata"]["continue"]

    def watch(
        self,
        resource: str,
        *,
        resource_version: str,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
    ) -> "HttpWatch":
        query = _selecting(label_selector, field_selector)
        url = self._path(resource, namespace)
        return HttpWatch(self._session, url, query, resource_version)

    def create(
        self,
        resource: str,
        namespace: str,
        obj: Obj | Normal,
        *,
        name: str = "",
        subresource: str = "",
    ) -> Obj:
        url = self._path(resource, namespace, name, subresource)
        tree = obj.tree if isinstance(obj, Normal) else obj
        return self._write("POST", url, tree, "application/json")

    def update(self, resource: str, namespace: str, obj: Obj, *, subresource: str = "") -> Obj:
        url = self._path(resource, namespace, obj["metadata"]["name"], subresource)
        return self._write("PUT", url, obj, "application/json")

    def patch(
        self,
        resource: str,
        namespace: str,
        name: str,
        patch: Any,
        *,
        patch_type: str = "application/merge-patch+json",
        subresource: str = "",
    ) -> Obj:
        url = self._path(resource, namespace, name, subresource)
        tree = patch.tree() if isinstance(patch, PartPatch) else patch
        return self._write("PATCH", url, tree, patch_type)

    def apply(
        self,
        resource: str,
        namespace: str,
        name: str,
        obj: Obj,
        *,
        manager: str,
        subresource: str = "",
    ) -> Obj:
        url = self._path(resource, namespace, name, subresource)
        query = {"fieldManager": manager, "force": "true"}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        result: Obj = self._send(
            "PATCH", url, data=orjson.dumps(obj), headers=headers, params=query
        )
        return result

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        propagation_policy: str | None = None,
        grace_period_seconds: int | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        options: Obj = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if propagation_policy is not None:
            options["propagationPolicy"] = propagation_policy
        if grace_period_seconds is not None:
            options["gracePeriodSeconds"] = grace_period_seconds
        asked = {"uid": uid, "resourceVersion": resource_version}
        preconditions = {key: value for key, value in asked.items() if value is not None}
        if preconditions:
            options["preconditions"] = preconditions
        url = self._path(resource, namespace, name)
        self._write("DELETE", url, options, "application/json")

    def delete_collection(
        self, resource: str, namespace: str, *, propagation_policy: str | None = None
    ) -> None:
        options: Obj = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if propagation_policy is not None:
            options["propagationPolicy"] = propagation_policy
        self._write("DELETE", self._path(resource, namespace), options, "application/json")


class HttpWatch:
    """A watch whose reader thread fills a queue; it reconnects from where it was."""

    def __init__(
        self, session: requests.Session, url: str, query: dict[str, Any], revision: str
    ) -> None:
        self._session = session
        self._url = url
        self._query = query
        self._revision = revision
        self._events: queue.SimpleQueue[Event | ApiError] = queue.SimpleQueue()
        self._wake: Callable[[], None] = lambda: None
        self._closed = threading.Event()
        self._reply: requests.Response | None = None
        self._thread = threading.Thread(target=self._read, name=f"watch {url}", daemon=True)
        self._thread.start()

    def listen(self, wake: Callable[[], None]) -> None:
        """`wake` is called on the reader's thread."""
        self._wake = wake
        if not self._events.empty():
            wake()

    def poll(self) -> Sequence[Event]:
        events: list[Event] = []
        while not self._events.empty():
            item = self._events.get_nowait()
            if isinstance(item, ApiError):
                raise item
            events.append(item)
        return events

    def _read(self) -> None:
        while not self._closed.is_set():
            try:
                if not self._follow():
                    return
            except (requests.RequestException, AttributeError, ValueError):
                self._closed.wait(0.2)

    def _follow(self) -> bool:
        """Read one connection to its end; False when the watch is over for good."""
        query = {
            **self._query,
            "watch": "true",
            "resourceVersion": self._revision,
            "allowWatchBookmarks": "true",
        }
        with self._session.get(
            self._url, params=query, stream=True, timeout=_STREAM_TIMEOUT
        ) as reply:
            self._reply = reply
            if reply.status_code >= 400:
                self._put(error_of(reply))
                return False
            for line in reply.iter_lines(chunk_size=None):
                if line and not self._take(orjson.loads(line)):
                    return False
        return True

    def _take(self, frame: Mapping[str, Any]) -> bool:
        obj = frame["object"]
        if frame["type"] == "ERROR":
            self._put(error_from_status(obj, obj.get("code", 500)))
            return False
        self._revision = obj["metadata"]["resourceVersion"]
        if frame["type"] != "BOOKMARK":
            self._put(Event(frame["type"], obj))
        return True

    def _put(self, item: Event | ApiError) -> None:
        self._events.put(item)
        self._wake()

    def close(self) -> None:
        self._closed.set()
        if self._reply is not None:
            self._reply.raw.shutdown()


def _typed(item: Obj, kind: str, api_version: str) -> Obj:
    """Items of typed lists lack what they are."""
    return {"kind": kind, "apiVersion": api_version, **item}


def _selecting(labels: str, fields: str) -> dict[str, Any]:
    query = {"labelSelector": labels, "fieldSelector": fields}
    return {key: value for key, value in query.items() if value}
