"""get and list: what a reader sees at a revision, selected and in pages.

Source: apiserver pkg/storage/etcd3 (store.go, continue.go) and pkg/endpoints/handlers/get.go.
"""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import orjson

from mockapi.machinery.objects import Objects
from mockapi.machinery.options import ListOptions, parse_list, parse_revision
from mockapi.machinery.request import Item, ListResult, Request, Result
from mockapi.machinery.resource import Obj, Resource
from mockapi.meta import gofmt, messages, selectors
from mockapi.meta.errors import ApiError, BadRequest, Expired, NotFound, Timeout
from mockapi.store.protocol import Compacted, Entry, FutureRevision, Store

Match = Callable[[Obj], bool]
_TOKEN_VERSION = "meta.k8s.io/v1"
_BAD_TOKEN = "invalid continue token: continue key is not valid: "
_BATCH = 500
# Kinds whose own conversion names the label only; the rest name what they know.
_TERSE = frozenset(
    (
        "Pod",
        "Node",
        "ReplicationController",
        "Event",
        "Namespace",
        "Secret",
        "Service",
        "CertificateSigningRequest",
        "ClusterTrustBundle",
        "PodCertificateRequest",
    )
)


class Computed(Protocol):
    """Objects that are worked out when somebody reads them. They begin with kind and apiVersion."""

    def get(self, namespace: str, name: str) -> Obj:
        """Raises NotFound."""

    def list(self, namespace: str, match: Match) -> Sequence[Obj]:
        """Of one namespace or (empty) of all, in order; `match` looks at metadata."""


class Reading:
    """Reads for the pipeline; also the `Reader` that strategies and admission use."""

    def __init__(self, store: Store, objects: Objects) -> None:
        self.store = store
        self.objects = objects
        self.computed: dict[str, Computed] = {}
        """By bucket: resources that are not in the store."""

    # -- Reader --------------------------------------------------------------------------------

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        key = f"{resource}/{namespace}/{name}" if namespace else f"{resource}/{name}"
        entry = self.store.get(key)
        return None if entry is None else self.objects.parsed(entry)

    def list(self, resource: str, namespace: str | None = None) -> Sequence[Obj]:
        prefix = f"{resource}/{namespace}/" if namespace else f"{resource}/"
        return [self.objects.parsed(entry) for entry in self.store.list(prefix).entries]

    # -- get -----------------------------------------------------------------------------------

    def read(self, request: Request) -> Result:
        """GET of one object. A resourceVersion means "not older than" and is only checked."""
        resource = request.resource
        if "export" in request.query:
            raise BadRequest("the export parameter, deprecated since v1.14, is no longer supported")
        computed = self.computed.get(resource.bucket) if self.computed else None
        if computed is not None:
            return Result(200, computed.get(request.namespace, request.name))
        asked = request.option("resourceVersion")
        if asked:
            # Events are read from the storage itself, which says it in other words.
            read = _revision if resource.bucket == "events" else storage_revision
            self._check_not_future(read(asked))
        entry = self.store.get(resource.path(request.namespace, request.name))
        if entry is None:
            raise NotFound(resource.gvr.group, resource.gvr.resource, request.name)
        obj = self.objects.parsed(entry)
        if resource.is_storage_version:
            return Result(200, obj, entry)
        return Result(200, self.objects.from_storage(resource, obj))

    def _check_not_future(self, revision: int) -> None:
        if revision > self.store.revision:
            raise too_large(revision, self.store.revision)

    # -- list ----------------------------------------------------------------------------------

    def page(self, request: Request) -> ListResult:
        options = parse_list(request.query, watch=False)
        match = matcher(request.resource, options, request.name)
        computed = self.computed.get(request.resource.bucket) if self.computed else None
        if computed is not None:
            found = computed.list(request.namespace, match or _everything)
            return ListResult(request.resource, [Item(obj, None) for obj in found], {})
        if options.continue_token:
            return self._continued(request, options, match)
        return self._first(request, options, match)

    def _first(self, request: Request, options: ListOptions, match: Match | None) -> ListResult:
        asked = _revision(options.resource_version)
        self._check_not_future(asked)
        exact = options.resource_version_match == "Exact" or (
            not options.resource_version_match
            and options.limit > 0
            and asked > 0
            and _named(request, options) is None
        )
        revision = asked if exact and asked else None
        try:
            return self._collect(request, options, match, revision=revision, after=None)
        except Compacted:
            raise Expired(messages.LIST_TOO_OLD) from None

    def _continued(self, request: Request, options: ListOptions, match: Match | None) -> ListResult:
        prefix = request.resource.prefix(request.namespace)
        revision, after = decode_continue(options.continue_token, prefix)
        if options.resource_version not in ("", "0"):
            raise BadRequest("specifying resource version is not allowed when using continue")
        if revision < 0:
            return self._collect(request, options, match, revision=None, after=after)
        try:
            return self._collect(request, options, match, revision=revision, after=after)
        except Compacted:
            token = encode_continue(-1, after, prefix)
            metadata = {"continue": token}
            raise Expired(messages.CONTINUE_TOO_OLD, metadata=metadata) from None
        except FutureRevision as error:
            raise too_large(revision, error.current) from None

    def _collect(
        self,
        request: Request,
        options: ListOptions,
        match: Match | None,
        *,
        revision: int | None,
        after: str | None,
    ) -> ListResult:
        resource = request.resource
        prefix = resource.prefix(request.namespace)
        # As if served from the watch cache, which knows no pages; events have none.
        cached = options.resource_version == "0" and resource.bucket != "events"
        limit = 0 if cached else max(options.limit, 0)
        at = self.store.revision if revision is None else revision
        if match is None:
            page = self.store.list(prefix, revision=revision, after=after, limit=limit or None)
            entries, remaining = page.entries, page.remaining
        else:
            indexed = _indexed(request, options) if limit else None
            entries, remaining = self._matching(prefix, revision, after, match, limit, indexed)
        metadata: dict[str, Any] = {"resourceVersion": str(at)}
        if remaining:
            metadata["continue"] = encode_continue(at, entries[-1].key, prefix)
            if match is None:
                metadata["remainingItemCount"] = remaining
        return ListResult(resource, [self._item(resource, entry) for entry in entries], metadata)

    def _matching(
        self,
        prefix: str,
        revision: int | None,
        after: str | None,
        match: Match,
        limit: int,
        indexed: Match | None,
    ) -> tuple[Sequence[Entry], int]:
        """Up to `limit` entries that match (all, when there is none), and whether any entry
        follows, which need not match but for what is looked up by an index."""
        found: list[Entry] = []
        for entry in self._scan(prefix, revision, after, _BATCH if limit else None):
            if indexed is not None and not indexed(self.objects.parsed(entry)):
                continue
            if limit and len(found) == limit:
                return found, 1
            if match(self.objects.parsed(entry)):
                found.append(entry)
        return found, 0

    def _scan(
        self, prefix: str, revision: int | None, after: str | None, batch: int | None
    ) -> Iterator[Entry]:
        while True:
            page = self.store.list(prefix, revision=revision, after=after, limit=batch)
            yield from page.entries
            if not page.remaining:
                return
            after = page.entries[-1].key

    def _item(self, resource: Resource, entry: Entry) -> Item:
        if resource.is_storage_version:
            return LazyItem(self.objects, entry)
        return Item(self.objects.from_storage(resource, self.objects.parsed(entry)), None)


def _everything(obj: Obj) -> bool:
    return True


class LazyItem(Item):
    """An item whose tree is parsed when somebody wants it."""

    __slots__ = ("_entry", "_objects")

    def __init__(self, objects: Objects, entry: Entry) -> None:
        self._objects = objects
        self._entry = entry
        self.raw = entry.value

    @property
    def obj(self) -> Obj:  # type: ignore[override]
        return self._objects.parsed(self._entry)


def too_large(asked: int, current: int) -> Timeout:
    return Timeout(
        f"Too large resource version: {asked}, current: {current}",
        retry_after=1,
        causes=[{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
    )


def _revision(text: str) -> int:
    try:
        return parse_revision(text)
    except ValueError as error:
        raise BadRequest(
            "invalid resource version: resourceVersion: Invalid value: "
            f"{gofmt.quote(text)}: {error}"
        ) from None


def storage_revision(text: str) -> int:
    """A resourceVersion as get and watch read it: nonsense is an error without a reason."""
    try:
        return parse_revision(text)
    except ValueError as error:
        shown = gofmt.quote(text)
        message = f"resourceVersion: Invalid value: {shown}: {error}"
        raise ApiError(500, "", message) from None


def encode_continue(revision: int, key: str, prefix: str) -> str:
    """The token that goes on after `key`."""
    token = {"v": _TOKEN_VERSION, "rv": revision, "start": key[len(prefix) :] + "\0"}
    return base64.urlsafe_b64encode(orjson.dumps(token)).decode().rstrip("=")


def _not_base64(token: str) -> int | None:
    """Where a text is no base64 for URLs without padding, as Go counts; None: it is."""
    for index, char in enumerate(token):
        if not (char.isascii() and (char.isalnum() or char in "-_")):
            return index
    return len(token) - 1 if len(token) % 4 == 1 else None


def decode_continue(token: str, prefix: str) -> tuple[int, str]:
    """(revision, the key to go on after); raises BadRequest."""
    broken = _not_base64(token)
    if broken is not None:
        raise BadRequest(f"{_BAD_TOKEN}illegal base64 data at input byte {broken}")
    text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    try:
        fields = json.loads(text)
    except ValueError:
        first = chr(text[0]) if text else ""
        reason = (
            f"invalid character {gofmt.quote_rune(first)} looking for beginning of value"
            if first
            else "unexpected end of JSON input"
        )
        raise BadRequest(f"{_BAD_TOKEN}{reason}") from None
    if not isinstance(fields, dict) or fields.get("v") != _TOKEN_VERSION:
        version = fields.get("v", "") if isinstance(fields, dict) else ""
        raise BadRequest(
            f"{_BAD_TOKEN}server does not recognize this version {gofmt.quote(str(version))}"
        )
    start, revision = fields.get("start"), fields.get("rv", 0)
    if not isinstance(revision, int) or revision == 0:
        raise BadRequest(
            _BAD_TOKEN + "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
        )
    if not start or not isinstance(start, str):
        raise BadRequest(_BAD_TOKEN + "encoded start key empty (version meta.k8s.io/v1)")
    after = start.removesuffix("\0")
    if after.startswith("/") or ".." in after.split("/"):
        raise BadRequest(f"{_BAD_TOKEN}{start}")
    return revision, prefix + after


def matcher(resource: Resource, options: ListOptions, name: str = "") -> Match | None:
    """What selects: labels, fields, and a name in the path; None when everything is wanted."""
    labels = selectors.parse_labels(options.label_selector) if options.label_selector else None
    field = _field_selector(resource, options.field_selector) if options.field_selector else None
    tests: list[Match] = []
    if name:
        tests.append(lambda obj: obj["metadata"]["name"] == name)
    if labels is not None and not labels.empty:
        tests.append(lambda obj: labels.matches(obj["metadata"].get("labels")))
    if field is not None and not field.empty:
        tests.append(lambda obj: field.matches(_getter(resource, obj)))
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda obj: all(test(obj) for test in tests)


def _named(request: Request, options: ListOptions) -> tuple[str, str] | None:
    """(name, namespace) when the selector asks for one object, which is looked up by its key."""
    if not options.field_selector:
        return None
    selector = selectors.parse_fields(options.field_selector)
    name = selector.exact("metadata.name")
    namespace = request.namespace or selector.exact("metadata.namespace") or ""
    if name is None or request.resource.namespaced != bool(namespace):
        return None
    return name, namespace


def _indexed(request: Request, options: ListOptions) -> Match | None:
    """What the real server looks up without scanning: one object by its name, a node's pods."""
    if not options.field_selector:
        return None
    wanted = _named(request, options)
    if wanted is not None:
        return lambda obj: _identity(obj) == wanted
    node = selectors.parse_fields(options.field_selector).exact("spec.nodeName")
    cached = options.resource_version in ("", "0") and not options.continue_token
    if node is not None and cached and request.resource.bucket == "pods":
        return lambda obj: obj["spec"].get("nodeName", "") == node
    return None


def _identity(obj: Obj) -> tuple[str, str]:
    metadata = obj["metadata"]
    return metadata["name"], metadata.get("namespace", "")


def _getter(resource: Resource, obj: Obj) -> Callable[[str], str]:
    def get(label: str) -> str:
        if label == "metadata.name":
            return str(obj["metadata"]["name"])
        if label == "metadata.namespace":
            return str(obj["metadata"].get("namespace", ""))
        value = resource.strategy.selectable.get(label)
        # A label may be accepted without a value behind it (status.podIPs).
        return "" if value is None else value(obj)

    return get


def _field_selector(resource: Resource, text: str) -> selectors.FieldSelector:
    def convert(label: str, value: str) -> tuple[str, str]:
        if not label and not value:
            return label, value
        if label == "spec.host" and resource.bucket == "pods":
            label = "spec.nodeName"
        if label not in resource.selectable:
            raise BadRequest(_unknown_label(resource, label))
        return _ALIASES.get((resource.bucket, label), label), value

    return selectors.parse_fields(text).transform(convert)


# events.k8s.io/v1 has its own names for fields of the stored core/v1 Event.
_ALIASES = {
    ("events", "regarding.kind"): "involvedObject.kind",
    ("events", "regarding.namespace"): "involvedObject.namespace",
    ("events", "regarding.name"): "involvedObject.name",
    ("events", "regarding.uid"): "involvedObject.uid",
    ("events", "regarding.apiVersion"): "involvedObject.apiVersion",
    ("events", "regarding.resourceVersion"): "involvedObject.resourceVersion",
    ("events", "regarding.fieldPath"): "involvedObject.fieldPath",
    ("events", "reportingController"): "reportingComponent",
}


def _unknown_label(resource: Resource, label: str) -> str:
    if resource.kind == "Job":
        return f"field label {gofmt.quote(label)} not supported for Job"
    if resource.kind == "ResourceSlice":
        return (
            f"field label not supported for {resource.gvk.api_version}, Kind=ResourceSlice: {label}"
        )
    if resource.kind in _TERSE or resource.custom is not None:
        return f"field label not supported: {label}"
    known = '"metadata.name", "metadata.namespace"'
    return f"{gofmt.quote(label)} is not a known field selector: only {known}"
