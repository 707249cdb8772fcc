"""ClusterRoleBinding, RoleBinding."""

from collections.abc import Callable
from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import internal, names, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_GROUP = "rbac.authorization.k8s.io"
_REF = Path("roleRef")


def _role_ref(ref: Any, kinds: tuple[str, ...]) -> Errors:
    errors = rules.one_of(ref.get("apiGroup", ""), _REF.child("apiGroup"), (_GROUP,))
    errors += rules.one_of(ref.get("kind", ""), _REF.child("kind"), kinds)
    name = ref.get("name", "")
    details = names.path_segment(name, False) if name else []
    return errors + [fields.invalid(_REF.child("name"), name, detail) for detail in details]


def _service_account(subject: Any, namespaced: bool, path: Path) -> Errors:
    errors: Errors = []
    if name := subject.get("name"):
        errors += rules.object_name(name, path.child("name"))
    if group := subject.get("apiGroup"):
        errors.append(fields.not_supported(path.child("apiGroup"), group, ("",)))
    if not namespaced and not subject.get("namespace"):
        errors.append(fields.required(path.child("namespace")))
    return errors


def _subject(subject: Any, namespaced: bool, path: Path) -> Errors:
    kind = subject.get("kind", "")
    if kind == "ServiceAccount":
        return _service_account(subject, namespaced, path)
    if kind in ("User", "Group"):
        return rules.one_of(subject.get("apiGroup", ""), path.child("apiGroup"), (_GROUP,))
    valid = ("ServiceAccount", "User", "Group")
    return [fields.not_supported(path.child("kind"), kind, valid)]


def _missing_names(obj: Obj) -> Errors:
    """Noted after all else."""
    errors: Errors = []
    for index, subject in enumerate(obj.get("subjects") or ()):
        rules.required(subject, "name", Path("subjects").index(index), errors)
    rules.required(obj.get("roleRef") or {}, "name", _REF, errors)
    return errors


def _checks(obj: Obj, namespaced: bool) -> Errors:
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    errors = _role_ref(obj.get("roleRef") or {}, kinds)
    for index, subject in enumerate(obj.get("subjects") or ()):
        errors += _subject(subject, namespaced, Path("subjects").index(index))
    return errors


def _validate(namespaced: bool) -> Callable[[Obj], Errors]:
    return lambda obj: _checks(obj, namespaced) + _missing_names(obj)


def _validate_update(namespaced: bool) -> Callable[[Obj, Obj], Errors]:
    def validate(obj: Obj, old: Obj) -> Errors:
        now, was = obj.get("roleRef"), old.get("roleRef")
        shown = internal.shown("rbac.RoleRef", now or {})
        errors = _checks(obj, namespaced) + _missing_names(obj)
        return errors + rules.immutable(now, was, _REF, shown=shown)

    return validate


CLUSTER_ROLE_BINDING = Strategy(
    group=_GROUP,
    kind="ClusterRoleBinding",
    validate_name=names.path_segment,
    validate=_validate(namespaced=False),
    validate_update=_validate_update(namespaced=False),
    create_on_update=True,
)
ROLE_BINDING = Strategy(
    group=_GROUP,
    kind="RoleBinding",
    validate_name=names.path_segment,
    validate=_validate(namespaced=True),
    validate_update=_validate_update(namespaced=True),
    create_on_update=True,
)
