"""What of a cluster and its requests is measured, by the names of the real server's metrics."""

from collections import Counter
from collections.abc import Iterable

from mockapi.api import process
from mockapi.api.call import Call
from mockapi.api.kernel import Kernel
from mockapi.api.metrics import REQUEST, Labels
from mockapi.api.process import Gauge, Sample
from mockapi.api.routes import Route
from mockapi.machinery import discovery

_VERBS = {"update": "PUT", "create": "POST", "deletecollection": "DELETE"}
_BUILD = {
    "build_date": "buildDate",
    "compiler": "compiler",
    "git_commit": "gitCommit",
    "git_tree_state": "gitTreeState",
    "git_version": "gitVersion",
    "go_version": "goVersion",
    "major": "major",
    "minor": "minor",
    "platform": "platform",
}


def labels_of(call: Call) -> Labels:
    """As apiserver_request_total names a request whose route is known."""
    assert call.route is not None
    dry_run = "All" if "dryRun" in call.query else ""
    is_apply = call.content_type.startswith("application/apply-patch")
    return _labels(call.route, dry_run=dry_run, is_apply=is_apply)


def _labels(route: Route, *, dry_run: str = "", is_apply: bool = False) -> Labels:
    gvr = route.resource.gvr
    verb = _VERBS.get(route.verb, route.verb.upper())
    if verb == "PATCH" and is_apply:
        verb = "APPLY"
    if route.name or verb == "POST":
        scope = "resource"
    else:
        scope = "namespace" if route.namespace else "cluster"
    where = (gvr.group, gvr.resource, scope, route.subresource, verb, gvr.version)
    return ("apiserver", dry_run, *where)


def gauges(kernel: Kernel) -> list[Gauge]:
    def stored() -> Iterable[Sample]:
        for resource in kernel.registry.all():
            if resource.stores and "list" in resource.verbs:
                count = len(kernel.pipeline.store.list(resource.prefix("")).entries)
                gvr = resource.gvr
                yield {"group": gvr.group, "resource": gvr.resource}, float(count)

    def running() -> Iterable[Sample]:
        routes = (stream.route for stream in kernel.streams if stream.route is not None)
        for labels, count in sorted(Counter(map(_labels, routes)).items()):
            named = dict(zip(REQUEST, labels, strict=True))
            del named["dry_run"]
            yield named, float(count)

    def build() -> Iterable[Sample]:
        told = discovery.version(kernel.registry.catalogue)
        yield {label: told.get(field, "") for label, field in _BUILD.items()}, 1.0

    def revision() -> Iterable[Sample]:
        yield {}, float(kernel.pipeline.store.revision)

    return [
        ("apiserver_resource_objects", "Stored objects by resource.", stored),
        ("apiserver_longrunning_requests", "Open watches and other streams.", running),
        ("kubernetes_build_info", "The release that is imitated.", build),
        ("mockapi_store_revision", "Revision of the latest write.", revision),
        *process.gauges(),
    ]
