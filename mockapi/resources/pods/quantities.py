"""Names and amounts of compute resources: requests, limits, overhead."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields, quantity
from mockapi.meta.fields import FieldError, Path

Errors = rules.Errors
NameRule = Callable[[str, Path], Errors]

INTEGER = "must be an integer"
_HUGE_PAGES = "hugepages-"
_CONTAINER = frozenset(("cpu", "memory", "ephemeral-storage"))
_COUNTED = frozenset(
    (
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    )
)
_STANDARD = (
    _CONTAINER
    | _COUNTED
    | {f"requests.{name}" for name in (*_CONTAINER, "storage")}
    | {f"limits.{name}" for name in _CONTAINER}
    | {"storage"}
)


def is_huge_page(name: str) -> bool:
    return name.startswith(_HUGE_PAGES)


def is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    if is_native(name) or name.startswith("requests."):
        return False
    return not formats.qualified_name(f"requests.{name}")


def is_integer(name: str) -> bool:
    return name in _COUNTED or is_extended(name)


def is_overcommit_allowed(name: str) -> bool:
    return is_native(name) and not is_huge_page(name)


def resource_name(name: str, path: Path) -> Errors:
    if errors := rules.qualified_name(name, path):
        return errors
    if "/" in name or name in _STANDARD or name.startswith((_HUGE_PAGES, "requests.hugepages-")):
        return []
    detail = "must be a standard resource type or fully qualified"
    return [fields.invalid(path, name, detail)]


def container_resource_name(name: str, path: Path) -> Errors:
    if name in _CONTAINER:
        return []
    errors = resource_name(name, path)
    if "/" not in name:
        if not is_huge_page(name):
            detail = "must be a standard resource for containers"
            errors.append(fields.invalid(path, name, detail))
    elif not is_native(name) and not is_extended(name):
        detail = "doesn't follow extended resource name standard"
        errors.append(fields.invalid(path, name, detail))
    return errors


def pod_resource_name(name: str, path: Path) -> Errors:
    if errors := resource_name(name, path):
        return errors
    if name in ("cpu", "memory") or is_huge_page(name):
        return []
    return [fields.not_supported(path, name, ("cpu", "hugepages-", "memory"))]


def resource_value(name: str, value: str, path: Path) -> Errors:
    errors = rules.not_negative_quantity(value, path)
    if is_integer(name) and quantity.parse(value).milli_value() % 1000:
        errors.append(fields.invalid(path, value, INTEGER))
    return errors


def _huge_page_value(name: str, value: str, path: Path) -> Errors:
    if _divides(name, value):
        return []
    return [fields.invalid(path, value, f"{value} is not positive integer multiple of {name}")]


def _divides(name: str, value: str) -> bool:
    try:
        page = quantity.parse(name.removeprefix(_HUGE_PAGES))
    except quantity.QuantityError:
        return False
    if page.sign <= 0 or page.milli_value() % 1000:
        return False
    return quantity.parse(value).value() % page.value() == 0


def validate_requirements(
    requirements: Mapping[str, Any],
    claims: Iterable[str],
    path: Path,
    *,
    name_rule: NameRule = container_resource_name,
) -> Errors:
    """`requests`, `limits` and `claims` of a container or a pod."""
    if not requirements:
        return []
    limits = requirements.get("limits") or {}
    requests = requirements.get("requests") or {}
    errors: Errors = []
    for name, value in limits.items():
        errors += _amount(name, value, path.child("limits").key(name), name_rule)
    for name, value in requests.items():
        where = path.child("requests")
        own, huge = _amount_parts(name, value, where.key(name), name_rule)
        errors += own
        errors += _against_limit(name, value, limits.get(name), path)
        errors += huge
    names = {*limits, *requests}
    if any(map(is_huge_page, names)) and not names & {"cpu", "memory"}:
        errors.append(fields.forbidden(path, "HugePages require cpu or memory"))
    if requirements.get("claims"):
        errors += _claims(requirements["claims"], set(claims), path.child("claims"))
    return errors


def _amount(name: str, value: str, path: Path, name_rule: NameRule) -> Errors:
    own, huge = _amount_parts(name, value, path, name_rule)
    return own + huge


def _amount_parts(name: str, value: str, path: Path, name_rule: NameRule) -> tuple[Errors, Errors]:
    own = name_rule(name, path) + resource_value(name, value, path)
    return own, _huge_page_value(name, value, path) if is_huge_page(name) else []


def _against_limit(name: str, value: str, limit: str | None, path: Path) -> Errors:
    if limit is None:
        if is_overcommit_allowed(name):
            return []
        detail = "Limit must be set for non overcommitable resources"
        return [fields.required(path.child("limits"), detail)]
    if value == limit:
        return []
    order = quantity.parse(value).cmp(quantity.parse(limit))
    where = path.child("requests")
    if order and not is_overcommit_allowed(name):
        return [fields.invalid(where, value, f"must be equal to {name} limit of {limit}")]
    if order > 0:
        detail = f"must be less than or equal to {name} limit of {limit}"
        return [fields.invalid(where, value, detail)]
    return []


def _claims(claims: Iterable[Any], known: set[str], path: Path) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        name = claim.get("name", "")
        if not name:
            errors.append(fields.required(path.index(index)))
            continue
        errors += _claim_name(claim, seen, path.index(index))
        if name not in known:
            errors.append(_unknown_claim(name, known, path.index(index)))
    return errors


def _claim_name(claim: Any, seen: set[str], path: Path) -> Errors:
    name, request = claim["name"], claim.get("request", "")
    if name in seen:
        return [fields.duplicate(path, name)]
    errors: Errors = rules.dns_label(request, path.child("request")) if request else []
    key = f"{name}/{request}" if request else name
    if key in seen:
        errors.append(fields.duplicate(path, key))
    elif not request:
        earlier = [k for k in seen if k.startswith(f"{name}/")]
        errors += [fields.duplicate(path, name) for _ in earlier]
    seen.add(key)
    return errors


def _unknown_claim(name: str, known: set[str], path: Path) -> FieldError:
    error = fields.not_found(path, name)
    which = f": {', '.join(sorted(known))}" if known else " which is empty"
    error.detail = f"must be one of the names in pod.spec.resourceClaims{which}"
    return error
