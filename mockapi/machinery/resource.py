"""How a resource is declared: what is served (data) and its strategy (pure functions).

The catalogue (`openapi/`) says what exists; a `Strategy` says how objects of a kind behave. An
object is a plain JSON tree in the kind's storage version, wire names, decoded and defaulted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from mockapi.base.ids import Ids
from mockapi.machinery.schema.empties import Places
from mockapi.meta.fields import FieldError
from mockapi.meta.names import GroupVersionKind, GroupVersionResource, qualified

Obj = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who asks: authentication.k8s.io/v1 UserInfo."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Reader(Protocol):
    """Reads other objects of the cluster, in their storage version; they are not to be changed."""

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        """`resource` is a group resource: `pods`, `deployments.apps`."""

    def list(self, resource: str, namespace: str | None = None) -> Sequence[Obj]: ...


class Refusal(Protocol):
    """Why a user may not do something with a resource, in the real words; "" when they may."""

    def __call__(
        self,
        user: UserInfo,
        verb: str,
        *,
        group: str,
        resource: str,
        subresource: str,
        namespace: str = "",
        name: str = "",
    ) -> str: ...


def no_refusal(user: UserInfo, verb: str, **asked: str) -> str:
    return ""


@dataclass(slots=True)
class Context:
    """What a strategy may ask of the cluster at the moment of one request."""

    now: str
    """metav1.Time of the request."""
    user: UserInfo
    ids: Ids
    reader: Reader
    dry_run: bool = False
    subresource: str = ""
    warnings: list[str] = field(default_factory=list)
    """Texts for the Warning header (code 299), in order."""

    unsettled: bool = False
    """The object will be read back otherwise than it was stored."""
    emptied: Places = ()
    """What the request gave and the object is without."""
    verb: str = ""
    refusal: Refusal = no_refusal

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def no_errors(obj: Obj) -> list[FieldError]:
    return []


def no_update_errors(obj: Obj, old: Obj) -> list[FieldError]:
    return []


def nothing_to_prepare(obj: Obj, context: Context) -> None:
    return None


def nothing_to_prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    return None


def no_warnings(obj: Obj, old: Obj | None) -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class StatusStrategy:
    """How the `status` subresource writes (other writes of spec are reset by the pipeline)."""

    prepare_update: Callable[[Obj, Obj, Context], None] = nothing_to_prepare_update
    validate_update: Callable[[Obj, Obj], list[FieldError]] = no_update_errors
    judge_update: Callable[[Obj, Obj, Context], list[FieldError]] | None = None
    """In place of `validate_update`, for rules that ask what time it is."""
    kept_metadata: tuple[str, ...] = ()
    """What of the metadata stays as it is."""
    is_whole: bool = False
    """`prepare_update` itself puts back what the subresource does not write."""


METADATA_OF_STATUS = (
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
    "generation",
    "deletionTimestamp",
)
"""What most kinds' status subresources leave alone. Source: metav1.ResetObjectMetaForStatus."""


@dataclass(frozen=True, slots=True)
class ScaleStrategy:
    """Where the `scale` subresource finds its fields."""

    replicas: Callable[[Obj], int]
    set_replicas: Callable[[Obj, int], None]
    status_replicas: Callable[[Obj], int]
    selector: Callable[[Obj], str]
    """The selector as text (`app=web,tier in (a,b)`)."""
    path: tuple[str, ...] = ("spec", "replicas")
    """Where the replicas are."""
    has_replicas: Callable[[Obj], bool] = lambda obj: True
    """Custom resources may lack them: then there is no Scale to read."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """How objects of one kind behave. Pure; `obj` is owned by the caller and mutated in place,
    `old` never is. Order of a create: prepare_create, validate, (warnings); of an update:
    prepare_update, validate_update. metadata is validated by the pipeline, before these.
    """

    group: str
    kind: str
    validate_name: Callable[[str, bool], list[str]] | None = None
    """(name, is_generate_name_prefix) -> details of what is wrong; None: DNS subdomain."""
    name_rule: Callable[[Obj], Callable[[str, bool], list[str]]] | None = None
    """The same, where other fields tell what the name must be."""
    prepare_create: Callable[[Obj, Context], None] = nothing_to_prepare
    """Drop what a client may not set (status), fill what the server decides."""
    prepare_update: Callable[[Obj, Obj, Context], None] = nothing_to_prepare_update
    validate: Callable[[Obj], list[FieldError]] = no_errors
    validate_update: Callable[[Obj, Obj], list[FieldError]] = no_update_errors
    """All errors of an update (call the create rules from here where the real server does)."""
    repeats_errors: bool = False
    """Errors that are found twice are told twice, as only kinds without declared rules do."""
    warnings: Callable[[Obj, Obj | None], list[str]] = no_warnings
    has_generation: bool = False
    """generation is 1 at creation and grows when anything but metadata and status changes."""
    generation_counts: Callable[[Obj, Obj], bool] | None = None
    """(obj, old) -> generation grows; None: anything but metadata and status differs."""
    counts_as_sent: bool = False
    """generation also grows for what `prepare_update` takes back."""
    judges_emptied: bool = False
    """The rules tell what is given empty from what is not there, as Go's do for this kind."""
    counts_emptied: bool = False
    """generation also grows when something is given empty that was not there: Go compares it so."""
    has_status: bool = False
    """status is kept from the old object on ordinary updates, and dropped on create."""
    status: StatusStrategy = field(default_factory=StatusStrategy)
    status_creates: bool = False
    """An apply to `status` creates what is not there (the real StatusREST lets it)."""
    parts: Mapping[str, tuple[str, StatusStrategy]] = field(default_factory=dict)
    """Other subresources that write one top-level key of the object: name -> (key, how)."""
    scale: ScaleStrategy | None = None
    selectable: Mapping[str, Callable[[Obj], str]] = field(default_factory=dict)
    """Field selectors besides metadata.name and metadata.namespace."""
    create_on_update: bool = False
    """PUT of a missing object creates it (the real AllowCreateOnUpdate)."""
    unconditional_update: bool = True
    """PUT without a resourceVersion is allowed (the real AllowUnconditionalUpdate)."""
    graceful_delete: Callable[[Obj, int | None, Context], int | None] | None = None
    """(obj, asked grace period in seconds) -> seconds to wait, None: delete at once."""
    mark_deleted: Callable[[Obj, str], None] | None = None
    """(obj, now) -> what the first DELETE of a kind whose objects always go in two steps writes,
    besides the deletionTimestamp."""
    before_metadata: Callable[[Obj], list[FieldError]] = no_errors
    """Rules whose errors stand before those of metadata at creation, and after them at update."""
    metadata_last: bool = False
    """The kind's own rules leave metadata alone: it is judged at creation if they find nothing."""
    complete: Callable[[Obj], None] | None = None
    """What a new object found valid gets before it is stored."""
    settles: Callable[[Obj], bool] = lambda obj: False
    """Whether an object just created is read back otherwise than it was stored, so that its
    first update writes it even if it changes nothing."""
    default_propagation: str = "Background"
    """When the caller names none: Background, or Orphan for old kinds; Unsupported: there is
    nothing to choose."""
    orphan_warning: str = ""
    """What the caller hears who leaves it to that default."""
    after_create: Callable[[Obj, Context], None] | None = None


@dataclass(frozen=True, slots=True)
class Custom:
    """What only a resource of a CustomResourceDefinition has."""

    list_kind: str
    columns: tuple[Obj, ...] = ()
    """`additionalPrinterColumns`."""
    outgrown: bool = False
    """The schema or the storage version has changed since objects were stored: what is stored is
    read through the schema that it is stored by."""
    terminating: bool = False
    """The definition is being deleted: nothing may be created any more."""


@dataclass(frozen=True, slots=True)
class Subresource:
    """One row of the catalogue: `pods/binding`."""

    name: str
    kind: GroupVersionKind
    verbs: tuple[str, ...]


@dataclass(frozen=True)
class Resource:
    """One served resource of one group version. `storage_version` is where objects live."""

    gvr: GroupVersionResource
    kind: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    subresources: Mapping[str, Subresource]
    type_name: str
    """Its type in the type tables (`io.k8s.api.core.v1.Pod`)."""
    storage_version: str
    storage_type_name: str
    storage_version_hash: str
    strategy: Strategy
    deprecation: str = ""
    """The Warning header's text when the version is deprecated."""
    storage_group: str | None = None
    """The group whose bucket holds the objects, where it is not the served one (events)."""
    selectable: tuple[str, ...] = ("metadata.name", "metadata.namespace")
    """The field labels that the served version accepts."""
    delete_returns_object: bool = False
    """A deletion answers with the object instead of a Status (the real ReturnDeletedObject)."""
    custom: Custom | None = None

    @cached_property
    def bucket(self) -> str:
        """The store's bucket, `pods` or `deployments.apps`."""
        group = self.gvr.group if self.storage_group is None else self.storage_group
        return qualified(self.gvr.resource, group)

    @cached_property
    def storage_api_version(self) -> str:
        group = self.gvr.group if self.storage_group is None else self.storage_group
        return f"{group}/{self.storage_version}" if group else self.storage_version

    @cached_property
    def is_storage_version(self) -> bool:
        """Objects are served as they are stored."""
        return self.stores and not (self.custom is not None and self.custom.outgrown)

    @cached_property
    def stores(self) -> bool:
        """Objects live in this version."""
        return self.gvk.api_version == self.storage_api_version

    @cached_property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.gvr.group, self.gvr.version, self.kind)

    @property
    def list_kind(self) -> str:
        return f"{self.kind}List" if self.custom is None else self.custom.list_kind

    def path(self, namespace: str, name: str) -> str:
        """The store's key."""
        return f"{self.bucket}/{namespace}/{name}" if self.namespaced else f"{self.bucket}/{name}"

    def prefix(self, namespace: str | None) -> str:
        return f"{self.bucket}/{namespace}/" if namespace else f"{self.bucket}/"
