"""ClusterRoleBinding, RoleBinding."""

from collections.abc import Callable
from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import declared, formats, internal, names, rules
from mockapi.machinery.validation.declarations import Declarations, Field
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_GROUP = "rbac.authorization.k8s.io"
_REF = Path("roleRef")


def _name(holder: Any, path: Path, errors: Errors) -> bool:
    """False, and an error, when there is none."""
    if holder.get("name"):
        return True
    errors += declared.covered([fields.required(path.child("name"))])
    return False


def _role_ref(ref: Any, kinds: tuple[str, ...]) -> Errors:
    errors = rules.one_of(ref.get("apiGroup", ""), _REF.child("apiGroup"), (_GROUP,))
    errors += rules.one_of(ref.get("kind", ""), _REF.child("kind"), kinds)
    if _name(ref, _REF, errors):
        errors += rules.each(formats.path_segment, ref["name"], _REF.child("name"))
    return errors


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
    errors: Errors = []
    _name(subject, path, errors)
    kind = subject.get("kind", "")
    if kind == "ServiceAccount":
        return errors + _service_account(subject, namespaced, path)
    if kind in ("User", "Group"):
        where = path.child("apiGroup")
        return errors + rules.one_of(subject.get("apiGroup", ""), where, (_GROUP,))
    valid = ("ServiceAccount", "User", "Group")
    return [*errors, fields.not_supported(path.child("kind"), kind, valid)]


def _written(obj: Obj, namespaced: bool) -> Errors:
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    errors = _role_ref(obj.get("roleRef") or {}, kinds)
    for index, subject in enumerate(obj.get("subjects") or ()):
        errors += _subject(subject, namespaced, Path("subjects").index(index))
    return errors


_DECLARED = Declarations(
    {
        "Binding": (
            Field("subjects", kind="Subject"),
            Field("roleRef", kind="RoleRef", is_frozen=True),
        ),
        "Subject": (Field("name", is_required=True),),
        "RoleRef": (Field("name", is_required=True),),
    }
)


def _validate(namespaced: bool) -> Callable[[Obj], Errors]:
    return lambda obj: _DECLARED.settle(_written(obj, namespaced), "Binding", obj, None, None)


def _validate_update(namespaced: bool) -> Callable[[Obj, Obj], Errors]:
    def validate(obj: Obj, old: Obj) -> Errors:
        now, was = obj.get("roleRef"), old.get("roleRef")
        shown = internal.shown("rbac.RoleRef", now or {})
        fixed = rules.immutable(now, was, _REF, shown=shown)
        return _DECLARED.settle(_written(obj, namespaced) + fixed, "Binding", obj, old, None)

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
