"""What CustomResourceDefinitions add to a server: resources, types, versions and owned fields.

Source: apiextensions-apiserver pkg/apiserver/customresource_handler.go. When a definition is
served, and what its conditions say, is decided elsewhere (`mockapi.apiextensions`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mockapi.machinery import discovery
from mockapi.machinery.catalogue import ServedResource
from mockapi.machinery.managedfields.nodes import Node
from mockapi.machinery.managedfields.shapes import CustomShapes
from mockapi.machinery.objects import Objects
from mockapi.machinery.registry import Registry
from mockapi.machinery.resource import Custom, Obj, Resource, Strategy, Subresource
from mockapi.machinery.schema.structural import Structural
from mockapi.meta.errors import InternalError

StrategyOf = Callable[[Obj, Obj], Strategy]
"""(definition, one of its versions) -> how its objects behave."""


@dataclass(frozen=True, slots=True)
class _Installed:
    """One definition as it is served now."""

    definition: Obj
    resources: Mapping[str, Resource]
    """By version; only those that are served."""
    schemas: Mapping[str, Structural]
    nodes: Mapping[str, Node]


class Customs:
    """The custom resources of one server."""

    def __init__(
        self,
        *,
        registry: Registry,
        objects: Objects,
        shapes: CustomShapes,
        strategy: StrategyOf,
    ) -> None:
        self._registry = registry
        self._objects = objects
        self._shapes = shapes
        self._strategy = strategy
        self._installed: dict[str, _Installed] = {}
        self._by_group: dict[tuple[str, str], _Installed] = {}
        objects.customs = self

    @property
    def definitions(self) -> list[Obj]:
        """Those that are served, by name."""
        return [self._installed[name].definition for name in sorted(self._installed)]

    def put(self, definition: Obj) -> None:
        """Serve an apiextensions.k8s.io/v1 definition whose names are accepted, also anew."""
        name = definition["metadata"]["name"]
        known = self._installed.get(name)
        if known is not None:
            if not _changed(known.definition, definition):
                return
            self._withdraw(known)
        installed = self._install(definition)
        self._installed[name] = installed
        self._by_group[_key(definition)] = installed

    def remove(self, name: str) -> None:
        known = self._installed.pop(name, None)
        if known is not None:
            self._withdraw(known)
            self._by_group.pop(_key(known.definition), None)

    def _withdraw(self, known: _Installed) -> None:
        for resource in known.resources.values():
            self._registry.remove(resource)
        for version in known.schemas:
            self._objects.schemas.forget(_type_name(known.definition, version))

    def _install(self, definition: Obj) -> _Installed:
        versions = {version["name"]: version for version in definition["spec"]["versions"]}
        schemas = {name: Structural(_schema(version)) for name, version in versions.items()}
        nodes = {name: self._shapes.node(_schema(v) or {}) for name, v in versions.items()}
        for name, schema in schemas.items():
            self._objects.schemas.register(_type_name(definition, name), schema)
        resources = {}
        for row in discovery.custom_resources(definition):
            version = versions[row.gvr.version]
            resource = self._resource(definition, version, row)
            resources[row.gvr.version] = resource
            self._registry.add(resource)
        return _Installed(definition, resources, schemas, nodes)

    def _resource(self, definition: Obj, version: Obj, row: ServedResource) -> Resource:
        return Resource(
            gvr=row.gvr,
            kind=row.kind,
            singular=row.singular,
            namespaced=row.namespaced,
            verbs=discovery.CUSTOM_VERBS,
            short_names=row.short_names,
            categories=row.categories,
            subresources={s.name: Subresource(s.name, s.kind, s.verbs) for s in row.subresources},
            type_name=_type_name(definition, row.gvr.version),
            storage_version=row.storage_version,
            storage_type_name=_type_name(definition, row.storage_version),
            storage_version_hash=row.storage_version_hash,
            strategy=self._strategy(definition, version),
            deprecation=_deprecation(definition, version),
            selectable=row.selectable,
            custom=Custom(
                list_kind=definition["status"]["acceptedNames"]["listKind"],
                columns=tuple(version.get("additionalPrinterColumns") or ()),
                outgrown=_outgrown(definition),
                terminating=bool(definition["metadata"].get("deletionTimestamp")),
            ),
        )

    # -- versions: see `objects.CustomVersions` -------------------------------------------------

    def current(self, resource: Resource, obj: Obj) -> Obj:
        installed = self._of(resource)
        version = obj["apiVersion"].rpartition("/")[2]
        schema = installed.schemas.get(version)
        if schema is not None:
            obj = self._coerced(schema, obj)
            schema.default(obj)
        return self.to_version(resource, obj, resource.storage_version)

    def to_version(self, resource: Resource, obj: Obj, version: str) -> Obj:
        wanted = f"{resource.gvr.group}/{version}"
        if obj.get("apiVersion") == wanted:
            return obj
        installed = self._of(resource)
        conversion = installed.definition["spec"].get("conversion") or {}
        if conversion.get("strategy") == "Webhook":
            said = f"{obj['apiVersion']}, Kind={resource.kind}"
            raise InternalError(f"conversion webhook for {said} failed: webhooks are not called")
        return self._coerced(installed.schemas[version], {**obj, "apiVersion": wanted})

    def _coerced(self, schema: Structural, obj: Obj) -> Obj:
        return schema.coerce(obj, self._objects.schemas.read_metadata)[0]

    def _of(self, resource: Resource) -> _Installed:
        return self._by_group[resource.gvr.group, resource.gvr.resource]

    # -- owned fields --------------------------------------------------------------------------

    def node(self, resource: Resource) -> Node | None:
        installed = self._by_group.get((resource.gvr.group, resource.gvr.resource))
        return None if installed is None else installed.nodes.get(resource.gvr.version)

    def version(self, resource: Resource, api_version: str) -> Resource | None:
        """The same resource in another served version."""
        group, _, version = api_version.rpartition("/")
        if group != resource.gvr.group:
            return None
        return self._registry.find(group, version, resource.gvr.resource)


def _key(definition: Obj) -> tuple[str, str]:
    return definition["spec"]["group"], definition["status"]["acceptedNames"]["plural"]


def _type_name(definition: Obj, version: str) -> str:
    """Not a name that a built-in type can have."""
    kind = definition["status"]["acceptedNames"]["kind"]
    return f"{definition['spec']['group']}/{version}/{kind}"


def _schema(version: Obj) -> Obj | None:
    found: Any = (version.get("schema") or {}).get("openAPIV3Schema")
    return found if isinstance(found, dict) else None


def _changed(old: Obj, new: Obj) -> bool:
    keys = ("uid", "deletionTimestamp")
    return (
        old["spec"] != new["spec"]
        or old["status"]["acceptedNames"] != new["status"]["acceptedNames"]
        or any(old["metadata"].get(key) != new["metadata"].get(key) for key in keys)
    )


def _outgrown(definition: Obj) -> bool:
    """Whether objects may be stored that another schema than today's was asked about."""
    stored = definition["status"].get("storedVersions") or ()
    return definition["metadata"].get("generation", 1) > 1 or len(stored) > 1


def _deprecation(definition: Obj, version: Obj) -> str:
    """The Warning of a deprecated version. Source: defaultDeprecationWarning."""
    if not version.get("deprecated"):
        return ""
    if version.get("deprecationWarning"):
        return str(version["deprecationWarning"])
    spec = definition["spec"]
    group, kind, priority = spec["group"], spec["names"]["kind"], discovery.version_priority
    text = f"{group}/{version['name']} {kind} is deprecated"
    better = [
        other["name"]
        for other in spec["versions"]
        if other["served"]
        and not other.get("deprecated")
        and priority(other["name"]) > priority(version["name"])
    ]
    return f"{text}; use {group}/{max(better, key=priority)} {kind}" if better else text
