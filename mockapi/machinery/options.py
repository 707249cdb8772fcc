"""The query options of every verb, parsed and refused as the real server does.

Source: apimachinery pkg/apis/meta/v1 conversion and validation, internalversion validation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockapi.meta import fields, gofmt
from mockapi.meta.errors import BadRequest, Invalid
from mockapi.meta.fields import FieldError, Path

Query = Mapping[str, Sequence[str]]

MAX_MANAGER = 128
IGNORE_READ_ERROR = "ignoreStoreReadErrorWithClusterBreakingPotential"
_PROPAGATION = ("Foreground", "Background", "Orphan", "nil")


@dataclass(slots=True)
class WriteOptions:
    """CreateOptions, UpdateOptions and PatchOptions."""

    dry_run: bool = False
    field_manager: str = ""
    field_validation: str = "Warn"
    force: bool = False
    asked_validation: str = ""
    """fieldValidation as the request says it."""

    def said(self) -> dict[str, Any]:
        """What of it an object of options holds, as a webhook is shown it."""
        return _set(
            dryRun=["All"] if self.dry_run else None,
            fieldManager=self.field_manager,
            fieldValidation=self.asked_validation,
        )


def _set(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in (None, "")}


DEFAULT_WRITE = WriteOptions()


@dataclass(slots=True)
class ListOptions:
    label_selector: str = ""
    field_selector: str = ""
    watch: bool = False
    allow_bookmarks: bool = False
    resource_version: str = ""
    resource_version_match: str = ""
    timeout_seconds: int | None = None
    limit: int = 0
    continue_token: str = ""
    send_initial_events: bool | None = None


DEFAULT_LIST = ListOptions()


@dataclass(slots=True)
class DeleteOptions:
    grace_period_seconds: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    orphan_dependents: bool | None = None
    propagation_policy: str | None = None
    dry_run: bool = False
    ignore_read_error: bool = False
    """`ignoreStoreReadErrorWithClusterBreakingPotential`: only what cannot be read may go."""

    def said(self) -> dict[str, Any]:
        """See `WriteOptions.said`."""
        return _set(
            gracePeriodSeconds=self.grace_period_seconds,
            preconditions=_set(uid=self.uid, resourceVersion=self.resource_version) or None,
            orphanDependents=self.orphan_dependents,
            propagationPolicy=self.propagation_policy,
            dryRun=["All"] if self.dry_run else None,
        )


def _first(query: Query, name: str) -> str:
    values = query.get(name)
    return values[0] if values else ""


def _bool(query: Query, name: str) -> bool | None:
    """Go's conversion: present is true, but for `false` and `0`."""
    values = query.get(name)
    if not values:
        return None
    return values[0].lower() not in ("false", "0")


def _integer(query: Query, name: str) -> int | None:
    values = query.get(name)
    if not values:
        return None
    text = values[0]
    if text == "":
        return 0
    digits = text[1:] if text[:1] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        raise BadRequest(f"strconv.ParseInt: parsing {gofmt.quote(text)}: invalid syntax")
    number = int(text)
    if not -(1 << 63) <= number < 1 << 63:
        raise BadRequest(f"strconv.ParseInt: parsing {gofmt.quote(text)}: value out of range")
    return number


def _dry_run_errors(values: Sequence[str]) -> list[FieldError]:
    if any(value != "All" for value in values):
        return [fields.not_supported("dryRun", list(values), ("All",))]
    return []


def _manager_errors(manager: str, *, required: bool) -> list[FieldError]:
    if not manager:
        return [fields.required("fieldManager", "is required for apply patch")] if required else []
    errors = []
    if len(manager.encode()) > MAX_MANAGER:
        errors.append(fields.too_long(Path("fieldManager"), MAX_MANAGER))
    for index, char in enumerate(manager):
        if not char.isprintable():
            detail = f"invalid character U+{ord(char):04X} (at position {index})"
            errors.append(fields.invalid("fieldManager", manager, detail))
            break
    return errors


def parse_write(query: Query, kind: str, *, apply: bool = False) -> WriteOptions:
    """`kind` is CreateOptions, UpdateOptions or PatchOptions; raises BadRequest or Invalid."""
    if not query and not apply:
        return DEFAULT_WRITE
    manager = _first(query, "fieldManager")
    validation = _first(query, "fieldValidation")
    dry_run = query.get("dryRun", ())
    force = _bool(query, "force") if kind == "PatchOptions" else None
    errors: list[FieldError] = []
    if force is not None and not apply:
        errors.append(fields.forbidden("force", "may not be specified for non-apply patch"))
    errors.extend(_manager_errors(manager, required=apply))
    errors.extend(_dry_run_errors(dry_run))
    if validation not in ("", "Ignore", "Strict", "Warn"):
        supported = ("", "Ignore", "Strict", "Warn")
        errors.append(fields.not_supported("fieldValidation", validation, supported))
    if errors:
        raise Invalid("meta.k8s.io", kind, "", errors)
    return WriteOptions(
        dry_run=bool(dry_run),
        field_manager=manager,
        field_validation=validation or "Warn",
        asked_validation=validation,
        force=bool(force),
    )


def parse_list(query: Query, *, watch: bool | None = None) -> ListOptions:
    """Raises BadRequest or Invalid. `watch` overrides what the query says (legacy paths)."""
    if not query and not watch:
        return DEFAULT_LIST
    options = ListOptions(
        label_selector=_first(query, "labelSelector"),
        field_selector=_first(query, "fieldSelector"),
        watch=watch if watch is not None else bool(_bool(query, "watch")),
        allow_bookmarks=bool(_bool(query, "allowWatchBookmarks")),
        resource_version=_first(query, "resourceVersion"),
        resource_version_match=_first(query, "resourceVersionMatch"),
        timeout_seconds=_integer(query, "timeoutSeconds"),
        limit=_integer(query, "limit") or 0,
        continue_token=_first(query, "continue"),
        send_initial_events=_bool(query, "sendInitialEvents"),
    )
    errors = _watch_errors(options) if options.watch else _list_errors(options)
    if errors:
        raise Invalid("meta.k8s.io", "ListOptions", "", errors)
    return options


def _implies_initial_events(options: ListOptions) -> bool:
    """A watch from "" or 0 without a match stands for one with initial events."""
    return (
        options.send_initial_events is None
        and options.resource_version in ("", "0")
        and not options.resource_version_match
    )


def _match_forbidden(detail: str) -> FieldError:
    return fields.forbidden("resourceVersionMatch", detail)


def _watch_errors(options: ListOptions) -> list[FieldError]:
    match, errors = options.resource_version_match, []
    if options.send_initial_events is not None:
        if match != "NotOlderThan":
            errors.append(
                _match_forbidden(
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
                )
            )
    elif match:
        errors.append(
            _match_forbidden(
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            )
        )
    if match not in ("", "NotOlderThan"):
        errors.append(fields.not_supported("resourceVersionMatch", match, ("NotOlderThan",)))
    asks = options.send_initial_events is not None or _implies_initial_events(options)
    if options.continue_token and asks:
        errors.append(
            _match_forbidden("resourceVersionMatch is forbidden when continue is provided")
        )
    return errors


def _list_errors(options: ListOptions) -> list[FieldError]:
    match, errors = options.resource_version_match, []
    if match:
        if not options.resource_version:
            errors.append(
                _match_forbidden(
                    "resourceVersionMatch is forbidden unless resourceVersion is provided"
                )
            )
        if options.continue_token:
            errors.append(
                _match_forbidden("resourceVersionMatch is forbidden when continue is provided")
            )
        if match not in ("Exact", "NotOlderThan"):
            errors.append(
                fields.not_supported("resourceVersionMatch", match, ("Exact", "NotOlderThan", ""))
            )
        if match == "Exact" and options.resource_version == "0":
            errors.append(
                _match_forbidden(
                    'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
                )
            )
    if options.send_initial_events is not None:
        errors.append(
            fields.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")
        )
    return errors


def parse_revision(text: str) -> int:
    """A resourceVersion, 0 when empty; raises ValueError with Go's text."""
    if not text or text == "0":
        return 0
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"strconv.ParseUint: parsing {gofmt.quote(text)}: invalid syntax")
    number = int(text)
    if number >= 1 << 64:
        raise ValueError(f"strconv.ParseUint: parsing {gofmt.quote(text)}: value out of range")
    return number


def delete_from_query(query: Query) -> DeleteOptions:
    """DeleteOptions given as query parameters."""
    if not query:
        return DeleteOptions()
    dry_run = list(query.get("dryRun", ()))
    return checked_delete(
        DeleteOptions(
            grace_period_seconds=_integer(query, "gracePeriodSeconds"),
            orphan_dependents=_bool(query, "orphanDependents"),
            propagation_policy=_first(query, "propagationPolicy") or None,
            ignore_read_error=bool(_bool(query, IGNORE_READ_ERROR)),
        ),
        dry_run,
    )


def delete_from_object(obj: Mapping[str, Any]) -> DeleteOptions:
    """A decoded DeleteOptions object."""
    return checked_delete(unchecked_delete(obj), obj.get("dryRun") or [])


def unchecked_delete(obj: Mapping[str, Any]) -> DeleteOptions:
    """The same, when it is not yet to be refused."""
    preconditions = obj.get("preconditions") or {}
    return DeleteOptions(
        grace_period_seconds=obj.get("gracePeriodSeconds"),
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        orphan_dependents=obj.get("orphanDependents"),
        propagation_policy=obj.get("propagationPolicy"),
        ignore_read_error=bool(obj.get(IGNORE_READ_ERROR)),
    )


def _unsafe_errors(options: DeleteOptions) -> list[FieldError]:
    if not options.ignore_read_error:
        return []
    beside = {
        "propagationPolicy": options.propagation_policy,
        "orphanDependents": options.orphan_dependents,
        "gracePeriodSeconds": options.grace_period_seconds,
        "preconditions": options.uid or options.resource_version,
    }
    return [
        fields.invalid(IGNORE_READ_ERROR, True, f"cannot be set together with .{name}")
        for name, value in beside.items()
        if value is not None
    ]


def check_collection(options: DeleteOptions) -> None:
    """What one object may be deleted with, but no collection; raises Invalid."""
    if options.ignore_read_error:
        detail = "is not allowed with DELETECOLLECTION, try again after removing the option"
        errors = [fields.invalid(IGNORE_READ_ERROR, True, detail)]
        raise Invalid("meta.k8s.io", "DeleteOptions", "", errors)


def checked_delete(options: DeleteOptions, dry_run: Sequence[str]) -> DeleteOptions:
    """Raises Invalid."""
    errors = []
    policy = options.propagation_policy
    if policy is not None and options.orphan_dependents is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(fields.invalid("propagationPolicy", policy, detail))
    if policy is not None and policy not in _PROPAGATION[:3]:
        errors.append(fields.not_supported("propagationPolicy", policy, _PROPAGATION))
    errors.extend(_dry_run_errors(dry_run))
    errors.extend(_unsafe_errors(options))
    if errors:
        raise Invalid("meta.k8s.io", "DeleteOptions", "", errors)
    options.dry_run = bool(dry_run)
    return options
