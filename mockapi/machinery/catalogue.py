"""The catalogue: what a Kubernetes minor serves and how its types are built, read from `openapi/`.

Tables are parsed when first asked for, and a type's own values are built when first looked up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import orjson

from mockapi.meta.names import GroupVersionKind, GroupVersionResource

PACKAGE = Path(__file__).parents[1]
LATEST = "1.37"

Shape = str | dict[str, Any]
"""A field's type: "string", "int32", "int64", "bool", "float64", "bytes", "any",
{"ref": <type name>}, {"list": Shape} or {"map": Shape}."""


@dataclass(frozen=True, slots=True)
class Field:
    """One JSON field of a Go struct."""

    name: str
    type: Shape
    go: str
    """The Go field's name."""
    pointer: bool = False
    omit: str = ""
    """When Go leaves it out: "empty", "zero" or "" (it is always written)."""
    inline: bool = False
    """It comes from an embedded struct."""
    required: bool = False
    """Listed under `required` in OpenAPI."""
    default: Any = None
    """An OpenAPI default that has an effect."""
    enum: tuple[str, ...] = ()
    """Allowed values: of the field, or of its elements if it is a list or map."""
    list_type: str = ""
    """map, set, atomic or ""."""
    keys: tuple[str, ...] = ()
    map_type: str = ""
    """atomic, granular or ""."""
    patch_strategy: str = ""
    """The Go tag patchStrategy: merge, replace, retainKeys or a list with commas."""
    patch_merge_key: str = ""
    shown_default: Any = None
    """A default that OpenAPI documents show and that has no effect."""
    bare: bool = False
    """OpenAPI shows nothing beside the reference (no description)."""


@dataclass(frozen=True, slots=True)
class Type:
    """One named type. A scalar has its own JSON form and no fields."""

    name: str
    go: str
    fields: Mapping[str, Field]
    scalar: str = ""
    """quantity, time, microtime, duration, intorstring, raw, fieldsv1, json, schemaorarray,
    schemaorbool, schemaorstringarray or ""."""
    struct: str = ""
    """"atomic": server-side apply owns the struct as a whole."""
    gvks: tuple[GroupVersionKind, ...] = ()
    unions: tuple[Mapping[str, Any], ...] = ()
    """x-kubernetes-unions, as it stands."""


class Types(Mapping[str, Type]):
    """Type name (`io.k8s.api.core.v1.Pod`) -> Type, built on first use."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table
        """The parsed types.json itself."""
        self._built: dict[str, Type] = {}

    def __getitem__(self, name: str) -> Type:
        found = self._built.get(name)
        if found is None:
            found = self._built[name] = _type(name, self.table[name])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def kinds(self) -> Mapping[GroupVersionKind, str]:
        """Kind -> type name. The metav1 types that are kinds of every group come last."""
        names = sorted(self.table, key=lambda name: len(self.table[name].get("gvks", ())))
        found: dict[GroupVersionKind, str] = {}
        for name in names:
            for gvk in self.table[name].get("gvks", ()):
                found.setdefault(GroupVersionKind(*gvk), name)
        return found


@dataclass(frozen=True, slots=True)
class ServedSubresource:
    """`kind` is what its requests and replies carry (`Scale` of autoscaling/v1 for `scale`)."""

    name: str
    kind: GroupVersionKind
    verbs: tuple[str, ...]
    has_own_group: bool
    """Discovery names a group version for it that is not the parent's."""


@dataclass(frozen=True, slots=True)
class ServedResource:
    """One row of discovery, with what only asking the server tells."""

    gvr: GroupVersionResource
    kind: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    storage_version_hash: str
    storage_group: str
    storage_version: str
    """Where its objects live; equal to group and version except for events.k8s.io and the like."""
    selectable: tuple[str, ...]
    """Accepted field labels, metadata.name and metadata.namespace among them."""
    subresources: tuple[ServedSubresource, ...]
    delete_returns_object: bool = False
    """DELETE of one answers with the object and not with a Status."""
    custom: bool = False
    """Declared by a CustomResourceDefinition."""

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.gvr.group, self.gvr.version, self.kind)


@dataclass(frozen=True, slots=True)
class Group:
    """An API group; versions in the order discovery shows them."""

    name: str
    versions: tuple[str, ...]
    preferred: str


class Catalogue:
    """Everything known about one minor."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.minor = directory.name.removeprefix("v")

    def table(self, name: str) -> Any:
        """The parsed table of that name (not cached)."""
        return orjson.loads((self.directory / f"{name}.json").read_bytes())

    @cached_property
    def types(self) -> Types:
        return Types(self.table("types"))

    @cached_property
    def _served(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.table("resources")
        return found

    @property
    def release(self) -> str:
        """The release the tables were made from, `1.37.2`."""
        return str(self._served["release"])

    @property
    def version(self) -> Mapping[str, str]:
        """The body of /version."""
        found: Mapping[str, str] = self._served["version"]
        return found

    @property
    def paths(self) -> Sequence[str]:
        """The paths listed at / besides those of the API groups."""
        found: Sequence[str] = self._served["paths"]
        return found

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """In discovery's order, the core group ("") first."""
        return tuple(
            Group(group["name"], tuple(group["versions"]), group["preferred"])
            for group in self._served["groups"]
        )

    @cached_property
    def resources(self) -> Mapping[GroupVersionResource, ServedResource]:
        """In discovery's order."""
        rows = [_resource(row) for row in self._served["resources"]]
        return {row.gvr: row for row in rows}

    @cached_property
    def resource_of_kind(self) -> Mapping[GroupVersionKind, ServedResource]:
        return {resource.gvk: resource for resource in self.resources.values()}

    def type_name(self, gvk: GroupVersionKind) -> str:
        """Raises KeyError for what is not built in."""
        return self.types.kinds[gvk]


@cache
def load(minor: str = LATEST) -> Catalogue:
    """The tables of a minor; raises FileNotFoundError naming those there are."""
    root = openapi_directory()
    directory = root / f"v{minor}"
    if not directory.is_dir():
        raise FileNotFoundError(f"No tables for Kubernetes {minor}; there are: {minors()}")
    return Catalogue(directory)


def minors() -> Sequence[str]:
    """The minors there are tables for, oldest first."""
    found = [path.name.removeprefix("v") for path in openapi_directory().glob("v*.*")]
    return sorted(found, key=lambda minor: tuple(map(int, minor.split("."))))


def openapi_directory() -> Path:
    """In a wheel the tables are inside the package, in a checkout beside it."""
    shipped = PACKAGE / "_openapi"
    return shipped if shipped.is_dir() else PACKAGE.parent / "openapi"


def _type(name: str, row: Mapping[str, Any]) -> Type:
    return Type(
        name=name,
        go=row["go"],
        fields={key: _field(key, fact) for key, fact in row.get("fields", {}).items()},
        scalar=row.get("scalar", ""),
        struct=row.get("struct", ""),
        gvks=tuple(GroupVersionKind(*gvk) for gvk in row.get("gvks", ())),
        unions=tuple(row.get("unions", ())),
    )


def _field(name: str, fact: Mapping[str, Any]) -> Field:
    return Field(
        name=name,
        type=fact["t"],
        go=fact["go"],
        pointer=fact.get("ptr", False),
        omit=fact.get("omit", ""),
        inline=fact.get("inline", False),
        required=fact.get("req", False),
        default=fact.get("def"),
        enum=tuple(fact.get("enum", ())),
        list_type=fact.get("list", ""),
        keys=tuple(fact.get("keys", ())),
        map_type=fact.get("map", ""),
        patch_strategy=fact.get("pm", ""),
        patch_merge_key=fact.get("pk", ""),
        shown_default=fact.get("odef"),
        bare=fact.get("bare", False),
    )


def _resource(row: Mapping[str, Any]) -> ServedResource:
    gvr = GroupVersionResource(row["group"], row["version"], row["name"])
    return ServedResource(
        gvr=gvr,
        kind=row["kind"],
        singular=row["singularName"],
        namespaced=row["namespaced"],
        verbs=tuple(row["verbs"]),
        short_names=tuple(row.get("shortNames", ())),
        categories=tuple(row.get("categories", ())),
        storage_version_hash=row.get("storageVersionHash", ""),
        storage_group=row.get("storageGroup", gvr.group),
        storage_version=row.get("storageVersion", gvr.version),
        selectable=tuple(row.get("selectable", ())),
        subresources=tuple(_subresource(gvr, entry) for entry in row.get("subresources", ())),
        delete_returns_object=row.get("deleteReturnsObject", False),
    )


def _subresource(parent: GroupVersionResource, row: Mapping[str, Any]) -> ServedSubresource:
    group, version = row.get("group", parent.group), row.get("version", parent.version)
    kind = GroupVersionKind(group, version, row["kind"])
    return ServedSubresource(row["name"], kind, tuple(row["verbs"]), "version" in row)
