"""A client of the cluster's own pipeline: no bytes, no HTTP, the same rules."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockapi.client.protocol import Client, Event, ListResult, Obj
from mockapi.machinery import request as requests
from mockapi.machinery.options import DeleteOptions
from mockapi.machinery.pipeline import Pipeline
from mockapi.machinery.registry import Registry
from mockapi.machinery.request import Normal, Request
from mockapi.machinery.resource import Resource, UserInfo
from mockapi.machinery.watching import WatchStream
from mockapi.meta import users
from mockapi.meta.errors import PathNotFound

_APPLY = "application/apply-patch+yaml"
_GROUPS = (users.AUTHENTICATED,)


Fetch = Callable[[str, Mapping[str, str]], Obj]


def nothing(path: str, query: Mapping[str, str]) -> Obj:
    """For pipelines without discovery."""
    raise PathNotFound()


class InProcessClients:
    """Makes clients that call the pipeline directly. `audit` sees every request; `fetch` answers
    for what is not in the registry."""

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        audit: Callable[[Request], None] | None = None,
        fetch: Fetch = nothing,
    ) -> None:
        self._pipeline = pipeline
        self._audit = audit
        self._fetch = fetch

    def client(self, component: str, *, user: str = "") -> Client:
        name = user or f"system:{component}"
        groups = ("system:nodes", *_GROUPS) if name.startswith(users.NODE) else _GROUPS
        return InProcessClient(
            self._pipeline,
            UserInfo(name, groups=groups),
            component,
            audit=self._audit,
            fetch=self._fetch,
        )


class InProcessClient:
    """See `protocol.Client`."""

    def __init__(
        self,
        pipeline: Pipeline,
        user: UserInfo,
        component: str,
        *,
        audit: Callable[[Request], None] | None = None,
        fetch: Fetch = nothing,
    ) -> None:
        self._pipeline = pipeline
        self._fetch = fetch
        self._registry: Registry = pipeline.registry
        self._user = user
        self._agent = component
        self._audit = audit
        self._resources: dict[str, Resource] = {}
        self._seen = 0

    def _resource(self, resource: str) -> Resource:
        if self._registry.revision != self._seen:  # custom resources came or went
            self._seen = self._registry.revision
            self._resources.clear()
        found = self._resources.get(resource)
        if found is None:
            try:
                found = self._registry.find_text(resource)
            except KeyError:
                raise PathNotFound() from None
            self._resources[resource] = found
        return found

    def _request(
        self,
        verb: str,
        resource: str,
        namespace: str,
        name: str = "",
        *,
        subresource: str = "",
        obj: Any = None,
        content_type: str = "",
        query: Mapping[str, Sequence[str]] = requests.NO_QUERY,
    ) -> Request:
        request = Request(
            verb,
            self._resource(resource),
            namespace,
            name,
            subresource,
            self._user,
            self._agent,
            query,
            None,
            content_type,
            obj,
        )
        if self._audit is not None:
            self._audit(request)
        return request

    def _answer(self, request: Request) -> Obj:
        result = self._pipeline.handle(request)
        assert isinstance(result, requests.Result)
        return result.obj

    def get(self, resource: str, namespace: str, name: str, *, subresource: str = "") -> Obj:
        request = self._request("get", resource, namespace, name, subresource=subresource)
        return self._answer(request)

    def fetch(self, path: str, query: Mapping[str, str] | None = None) -> Obj:
        return self._fetch(path, query or {})

    def list(
        self,
        resource: str,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> ListResult:
        query = _selecting(label_selector, field_selector)
        request = self._request("list", resource, namespace, query=query)
        result = self._pipeline.handle(request)
        assert isinstance(result, requests.ListResult)
        items = [item.obj for item in result.items]
        return ListResult(items, result.metadata.get("resourceVersion", ""))

    def watch(
        self,
        resource: str,
        *,
        resource_version: str,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
    ) -> "InProcessWatch":
        query = dict(_selecting(label_selector, field_selector))
        query["resourceVersion"] = [resource_version]
        request = self._request("watch", resource, namespace, query=query)
        return InProcessWatch(self._pipeline.watch(request))

    def create(
        self,
        resource: str,
        namespace: str,
        obj: Obj | Normal,
        *,
        name: str = "",
        subresource: str = "",
    ) -> Obj:
        return self._answer(
            self._request("create", resource, namespace, name, subresource=subresource, obj=obj)
        )

    def update(self, resource: str, namespace: str, obj: Obj, *, subresource: str = "") -> Obj:
        name = obj["metadata"]["name"]
        return self._answer(
            self._request("update", resource, namespace, name, subresource=subresource, obj=obj)
        )

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
        return self._answer(
            self._request(
                "patch",
                resource,
                namespace,
                name,
                subresource=subresource,
                obj=patch,
                content_type=patch_type,
            )
        )

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
        return self._answer(
            self._request(
                "patch",
                resource,
                namespace,
                name,
                subresource=subresource,
                obj=obj,
                content_type=_APPLY,
                query={"fieldManager": [manager], "force": ["true"]},
            )
        )

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
        options = DeleteOptions(
            grace_period_seconds=grace_period_seconds,
            uid=uid,
            resource_version=resource_version,
            propagation_policy=propagation_policy,
        )
        self._pipeline.handle(self._request("delete", resource, namespace, name, obj=options))

    def delete_collection(
        self, resource: str, namespace: str, *, propagation_policy: str | None = None
    ) -> None:
        options = DeleteOptions(propagation_policy=propagation_policy)
        self._pipeline.handle(self._request("deletecollection", resource, namespace, obj=options))


class InProcessWatch:
    """See `protocol.Watch`."""

    def __init__(self, stream: WatchStream) -> None:
        self._stream = stream

    def poll(self) -> Sequence[Event]:
        events: list[Event] = []
        while True:
            batch = self._stream.poll()
            if not batch:
                return events
            events.extend(Event(e.type, e.obj) for e in batch if e.type != "BOOKMARK")

    def listen(self, wake: Callable[[], None]) -> None:
        self._stream.listen(wake)

    def close(self) -> None:
        self._stream.close()


def _selecting(labels: str, fields: str) -> Mapping[str, Sequence[str]]:
    query = {}
    if labels:
        query["labelSelector"] = [labels]
    if fields:
        query["fieldSelector"] = [fields]
    return query
