"""Which resources a cluster serves: the catalogue joined with the strategies, and custom ones."""

from collections.abc import Iterable, Mapping

from mockapi.machinery.catalogue import Catalogue, ServedResource
from mockapi.machinery.resource import Resource, Strategy, Subresource
from mockapi.meta.names import GroupVersionKind

# Served versions that answer with a Warning (the types' APILifecycle methods).
_DEPRECATIONS = {
    GroupVersionKind("", "v1", "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+",
    GroupVersionKind("", "v1", "Endpoints"): (
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    ),
}

Strategies = Mapping[tuple[str, str], Strategy]


class Registry:
    """Finds a served resource by path, kind or bucket. Custom resources come and go."""

    def __init__(self, catalogue: Catalogue, strategies: Strategies) -> None:
        self.catalogue = catalogue
        self._strategies = strategies
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[GroupVersionKind, Resource] = {}
        self._stored: dict[str, Resource] = {}
        self._groups: dict[str, int] = {}
        self.revision = 0
        """Grows when a resource comes or goes."""
        for served in catalogue.resources.values():
            self.declare(served)

    def declare(self, served: ServedResource) -> Resource:
        """Add a resource whose type is in the catalogue's tables."""
        resource = _resource(served, self.catalogue, self._strategies)
        self.add(resource)
        return resource

    def add(self, resource: Resource) -> None:
        gvr = resource.gvr
        self._by_path[gvr.group, gvr.version, gvr.resource] = resource
        self._by_kind[resource.gvk] = resource
        self._groups[gvr.group] = self._groups.get(gvr.group, 0) + 1
        self.revision += 1
        if resource.stores:
            self._stored[resource.bucket] = resource

    def remove(self, resource: Resource) -> None:
        gvr = resource.gvr
        if self._by_path.pop((gvr.group, gvr.version, gvr.resource), None) is None:
            return
        self.revision += 1
        self._by_kind.pop(resource.gvk, None)
        self._groups[gvr.group] -= 1
        if not self._groups[gvr.group]:
            del self._groups[gvr.group]
        if self._stored.get(resource.bucket) is resource:
            del self._stored[resource.bucket]

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._by_path.get((group, version, plural))

    def equivalents(self, resource: Resource) -> list[Resource]:
        """The same resource in the other versions that are served."""
        return [r for r in self.all() if r.bucket == resource.bucket and r is not resource]

    def find_text(self, resource: str) -> Resource:
        """`v1/pods` or `apps/v1/deployments`; KeyError when it is not served."""
        group_version, _, plural = resource.rpartition("/")
        group, _, version = group_version.rpartition("/")
        return self._by_path[group, version, plural]

    def find_kind(self, gvk: GroupVersionKind) -> Resource | None:
        return self._by_kind.get(gvk)

    def stored(self, bucket: str) -> Resource | None:
        """The resource in its storage version, by group resource (`deployments.apps`)."""
        return self._stored.get(bucket)

    def has_group(self, group: str) -> bool:
        return group in self._groups

    def has_version(self, group: str, version: str) -> bool:
        return any(key[0] == group and key[1] == version for key in self._by_path)

    def all(self) -> Iterable[Resource]:
        return list(self._by_path.values())


def _resource(served: ServedResource, catalogue: Catalogue, strategies: Strategies) -> Resource:
    kinds = catalogue.types.kinds
    storage = GroupVersionKind(served.storage_group, served.storage_version, served.kind)
    own = strategies.get((served.gvr.group, served.kind))
    strategy = own or strategies.get((served.storage_group, served.kind))
    if strategy is None:
        raise RuntimeError(f"no strategy is declared for {served.storage_group}/{served.kind}")
    return Resource(
        gvr=served.gvr,
        kind=served.kind,
        singular=served.singular,
        namespaced=served.namespaced,
        verbs=served.verbs,
        short_names=served.short_names,
        categories=served.categories,
        subresources={s.name: Subresource(s.name, s.kind, s.verbs) for s in served.subresources},
        type_name=kinds[served.gvk],
        storage_version=served.storage_version,
        storage_type_name=kinds[storage],
        storage_version_hash=served.storage_version_hash,
        strategy=strategy,
        storage_group=served.storage_group,
        selectable=served.selectable,
        deprecation=_DEPRECATIONS.get(served.gvk, ""),
        delete_returns_object=served.delete_returns_object,
    )
