"""Which resources the server serves, built in and custom: for those who care for all of them."""

from collections.abc import Iterator
from typing import NamedTuple

from mockapi.client.protocol import Obj
from mockapi.machinery import catalogue
from mockapi.meta.errors import ApiError
from mockapi.meta.names import split_api_version
from mockapi.runtime.informer import Informer
from mockapi.runtime.loop import Runtime

CUSTOM = "apiextensions.k8s.io/v1/customresourcedefinitions"


class Row(NamedTuple):
    """A resource as text (`apps/v1/deployments`), in its preferred version."""

    resource: str
    group: str
    kind: str
    namespaced: bool
    custom: bool = False


class Served:
    """All resources that can be listed, watched and deleted."""

    def __init__(self, runtime: Runtime) -> None:
        tables = catalogue.load()
        preferred = {group.name: group.preferred for group in tables.groups}
        self._built_in = [
            Row(text(*gvr), gvr.group, row.kind, row.namespaced)
            for gvr, row in tables.resources.items()
            if preferred.get(gvr.group) == gvr.version
            and {"delete", "list", "watch"} <= set(row.verbs)
        ]
        self._by_kind = {(row.group, row.kind): row for row in self._built_in}
        self.definitions = definitions_of(runtime)

    def all(self) -> Iterator[Row]:
        yield from self._built_in
        for definition in self.definitions.list() if self.definitions is not None else ():
            row = custom(definition)
            if row is not None:
                yield row

    def deletable(self, *, namespaced: bool) -> list[str]:
        return [row.resource for row in self.all() if row.namespaced is namespaced]

    def find(self, api_version: str, kind: str) -> Row | None:
        """The resource of a kind, whatever the version."""
        try:
            group = split_api_version(api_version)[0]
        except ValueError:
            return None
        found = self._by_kind.get((group, kind))
        if found is not None:
            return found
        return next((r for r in self.all() if r.kind == kind and r.group == group), None)


def definitions_of(runtime: Runtime) -> Informer | None:
    """None where there are no custom resources."""
    try:
        return runtime.informer(CUSTOM)
    except ApiError:
        return None


def custom(definition: Obj) -> Row | None:
    """What an established definition adds."""
    if not any(
        c["type"] == "Established" and c["status"] == "True"
        for c in (definition.get("status") or {}).get("conditions") or ()
    ):
        return None
    spec = definition["spec"]
    for version in spec["versions"]:
        if version.get("storage") and version.get("served"):
            resource = text(spec["group"], version["name"], spec["names"]["plural"])
            inside = spec["scope"] == "Namespaced"
            return Row(resource, spec["group"], spec["names"]["kind"], inside, custom=True)
    return None


def text(group: str, version: str, resource: str) -> str:
    return f"{group}/{version}/{resource}" if group else f"{version}/{resource}"


def qualified(resource: str) -> str:
    """`deployments.apps`, `pods.` as Go's `%s.%s`."""
    version, _, name = resource.rpartition("/")
    return f"{name}.{version.rpartition('/')[0]}"


def go_resource(resource: str) -> str:
    """`apps/v1, Resource=deployments`."""
    version, _, name = resource.rpartition("/")
    group_version = version if "/" in version else f"/{version}"
    return f"{group_version}, Resource={name}"
