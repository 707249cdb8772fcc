"""The bodies of discovery, as values: /api, /apis and below, aggregated, / and /version.

Everything is built from a `Served`: the groups in their order and the resources of all of them.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from mockapi.machinery.catalogue import Catalogue, Group, ServedResource, ServedSubresource
from mockapi.meta.names import GroupVersionKind, GroupVersionResource

Obj = dict[str, Any]

AGGREGATED_VERSION = "apidiscovery.k8s.io/v2"
CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
TERMINATING_VERBS = ("delete", "deletecollection", "get", "list", "watch")
READ_WRITE = ("get", "patch", "update")
SCALE = GroupVersionKind("autoscaling", "v1", "Scale")
_KUBE_VERSION = re.compile(r"v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?")


@dataclass(frozen=True)
class Served:
    """What a server serves at one moment."""

    groups: Sequence[Group]
    resources: Sequence[ServedResource]
    definitions: Sequence[Obj] = ()
    """The CustomResourceDefinitions behind the custom ones."""
    aggregated: Sequence[tuple[str, str]] = ()
    """Groups and versions that are answered by other servers."""

    @cached_property
    def by_version(self) -> dict[tuple[str, str], list[ServedResource]]:
        found: dict[tuple[str, str], list[ServedResource]] = {
            (group.name, version): [] for group in self.groups for version in group.versions
        }
        for resource in self.resources:
            found[resource.gvr.group, resource.gvr.version].append(resource)
        return found

    def group(self, name: str) -> Group | None:
        return next((group for group in self.groups if group.name == name), None)


def served(
    catalogue: Catalogue,
    definitions: Iterable[Obj] = (),
    aggregated: tuple[Sequence[Group], Sequence[ServedResource]] = ((), ()),
) -> Served:
    """The built-in resources, those of CustomResourceDefinitions, which must be established, and
    the groups and resources of aggregated servers."""
    kept = list(definitions)
    custom = [row for definition in kept for row in custom_resources(definition)]
    groups, others = aggregated
    rows = [*catalogue.resources.values(), *custom, *others]
    versions = [(group.name, version) for group in groups for version in group.versions]
    return Served([*catalogue.groups, *groups_of(custom), *groups], rows, kept, versions)


def custom_resources(definition: Obj) -> list[ServedResource]:
    """One row per served version of an apiextensions.k8s.io/v1 CustomResourceDefinition."""
    spec = definition["spec"]
    storage = next(version for version in spec["versions"] if version["storage"])
    versions = (version for version in spec["versions"] if version["served"])
    return [_custom_resource(definition, version, storage) for version in versions]


def _custom_resource(definition: Obj, version: Obj, storage: Obj) -> ServedResource:
    spec, names = definition["spec"], _accepted_names(definition)
    group, kind = spec["group"], names["kind"]
    selectable = [
        entry["jsonPath"].removeprefix(".") for entry in version.get("selectableFields", ())
    ]
    namespaced = spec["scope"] == "Namespaced"
    metadata = ["metadata.name", "metadata.namespace"] if namespaced else ["metadata.name"]
    return ServedResource(
        gvr=GroupVersionResource(group, version["name"], names["plural"]),
        kind=kind,
        singular=names.get("singular", ""),
        namespaced=namespaced,
        verbs=TERMINATING_VERBS if _is_terminating(definition) else CUSTOM_VERBS,
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        storage_version_hash=(
            storage_version_hash(group, storage["name"], kind) if storage["served"] else ""
        ),
        storage_group=group,
        storage_version=storage["name"],
        selectable=tuple(metadata + selectable),
        subresources=_custom_subresources(group, version, kind),
        custom=True,
    )


def _accepted_names(definition: Obj) -> Obj:
    accepted: Obj = definition.get("status", {}).get("acceptedNames", {})
    names: Obj = accepted if accepted.get("plural") else definition["spec"]["names"]
    return names


def _is_terminating(definition: Obj) -> bool:
    conditions = definition.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Terminating" and c["status"] == "True" for c in conditions)


def _custom_subresources(group: str, version: Obj, kind: str) -> tuple[ServedSubresource, ...]:
    declared, found = version.get("subresources") or {}, []
    if declared.get("status") is not None:
        own = GroupVersionKind(group, version["name"], kind)
        found.append(ServedSubresource("status", own, READ_WRITE, False))
    if declared.get("scale") is not None:
        found.append(ServedSubresource("scale", SCALE, READ_WRITE, True))
    return tuple(found)


def groups_of(rows: Iterable[ServedResource]) -> list[Group]:
    """The groups of resources that are not built in."""
    versions: dict[str, set[str]] = {}
    for row in rows:
        versions.setdefault(row.gvr.group, set()).add(row.gvr.version)
    found = []
    for name, unordered in versions.items():
        ordered = tuple(sorted(unordered, key=version_priority, reverse=True))
        found.append(Group(name, ordered, ordered[0]))
    # As the aggregator sorts equal priorities: by the name of the APIService of the first version.
    return sorted(found, key=lambda group: f"{group.preferred}.{group.name}")


def version_priority(version: str) -> tuple[int, int, int, list[int]]:
    """The higher, the earlier a version is listed: v10, v2, v1, v11beta2, v3alpha1, foo10, foo2.

    Source: apimachinery pkg/version CompareKubeAwareVersionStrings; others are in reverse order
    of their text.
    """
    match = _KUBE_VERSION.fullmatch(version)
    if match is None:
        return (0, 0, 0, [*(-ord(character) for character in version), 1])
    level = {None: 3, "beta": 2, "alpha": 1}[match[2]]
    return (level, int(match[1]), int(match[3] or 0), [])


def storage_version_hash(group: str, version: str, kind: str) -> str:
    digest = hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def api_versions(server_address: str) -> Obj:
    """/api"""
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": server_address}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def api_group_list(served: Served) -> Obj:
    """/apis"""
    groups = [_group(group) for group in served.groups if group.name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(served: Served, name: str) -> Obj | None:
    """/apis/NAME"""
    found = served.group(name)
    return {"kind": "APIGroup", "apiVersion": "v1"} | _group(found) if found else None


def _group(group: Group) -> Obj:
    return {
        "name": group.name,
        "versions": [_group_version(group.name, version) for version in group.versions],
        "preferredVersion": _group_version(group.name, group.preferred),
    }


def _group_version(group: str, version: str) -> Obj:
    return {"groupVersion": f"{group}/{version}", "version": version}


def api_resource_list(served: Served, group: str, version: str) -> Obj | None:
    """/api/v1 or /apis/GROUP/VERSION"""
    rows = served.by_version.get((group, version))
    if rows is None:
        return None
    resources = [entry for row in rows for entry in _api_resources(row)]
    body: Obj = {"kind": "APIResourceList"}
    if group:
        body["apiVersion"] = "v1"
    body["groupVersion"] = f"{group}/{version}" if group else version
    return body | {"resources": resources}


def _api_resources(row: ServedResource) -> Iterable[Obj]:
    entry: Obj = {"name": row.gvr.resource, "singularName": row.singular}
    entry |= {"namespaced": row.namespaced, "kind": row.kind, "verbs": list(row.verbs)}
    entry |= _names(row)
    if row.storage_version_hash:
        entry["storageVersionHash"] = row.storage_version_hash
    yield entry
    for sub in row.subresources:
        entry = {"name": f"{row.gvr.resource}/{sub.name}", "singularName": ""}
        entry["namespaced"] = row.namespaced
        if sub.has_own_group:
            entry |= {"group": sub.kind.group, "version": sub.kind.version}
        yield entry | {"kind": sub.kind.kind, "verbs": list(sub.verbs)}


def _names(row: ServedResource) -> Obj:
    names: Obj = {}
    if row.short_names:
        names["shortNames"] = list(row.short_names)
    if row.categories:
        names["categories"] = list(row.categories)
    return names


def aggregated(served: Served, *, core: bool) -> Obj:
    """/api (core) or /apis as apidiscovery.k8s.io/v2 APIGroupDiscoveryList.

    Custom groups come last, by name: their order differs from that of /apis.
    """
    groups = [group for group in served.groups if (group.name == "") == core]
    customs = {row.gvr.group for row in served.resources if row.custom}
    groups.sort(key=lambda group: group.name if group.name in customs else "")
    items = [_group_discovery(served, group) for group in groups]
    kind = {"kind": "APIGroupDiscoveryList", "apiVersion": AGGREGATED_VERSION}
    return kind | {"metadata": {}, "items": items}


def _group_discovery(served: Served, group: Group) -> Obj:
    versions = [
        {
            "version": version,
            "resources": [_resource_discovery(row) for row in _sorted(served, group.name, version)],
            "freshness": "Current",
        }
        for version in group.versions
    ]
    return {"metadata": {"name": group.name} if group.name else {}, "versions": versions}


def _sorted(served: Served, group: str, version: str) -> list[ServedResource]:
    return sorted(served.by_version[group, version], key=lambda row: row.gvr.resource)


def _resource_discovery(row: ServedResource) -> Obj:
    entry: Obj = {"resource": row.gvr.resource, "responseKind": _response_kind(row.gvk, row.custom)}
    entry |= {"scope": "Namespaced" if row.namespaced else "Cluster"}
    entry |= {"singularResource": row.singular, "verbs": list(row.verbs)}
    entry |= _names(row)
    if row.subresources:
        entry["subresources"] = [
            _subresource_discovery(sub, row.custom) for sub in row.subresources
        ]
    return entry


def _subresource_discovery(sub: ServedSubresource, custom: bool) -> Obj:
    kind = _response_kind(sub.kind, custom or sub.has_own_group)
    return {"subresource": sub.name, "responseKind": kind, "verbs": list(sub.verbs)}


def _response_kind(kind: GroupVersionKind, explicit: bool) -> Obj:
    """The built-in groups leave group and version empty where they are the parent's."""
    group, version = (kind.group, kind.version) if explicit else ("", "")
    return {"group": group, "version": version, "kind": kind.kind}


def etag(body: Obj) -> str:
    """The ETag of an aggregated body, quotes included."""
    content = {key: value for key, value in body.items() if key not in ("kind", "apiVersion")}
    return f'"{hashlib.sha512(orjson.dumps(content)).hexdigest().upper()}"'


def document(served: Served, steps: Sequence[str]) -> Obj | None:
    """The body at /apis, /apis/GROUP, /apis/GROUP/VERSION or /api/v1, as JSON."""
    match steps:
        case ["apis"]:
            return api_group_list(served)
        case ["apis", group]:
            return api_group(served, group)
        case ["apis", group, version]:
            return api_resource_list(served, group, version)
        case ["api", version]:
            return api_resource_list(served, "", version)
    return None


def root_paths(served: Served, others: Iterable[str]) -> Obj:
    """/"""
    paths = {"/api", "/api/v1", "/apis", "/apis/", *others}
    for group in served.groups:
        if group.name:
            paths.add(f"/apis/{group.name}")
            paths |= {f"/apis/{group.name}/{version}" for version in group.versions}
    return {"paths": sorted(paths)}


def version(catalogue: Catalogue) -> Obj:
    """/version"""
    return dict(catalogue.version)
