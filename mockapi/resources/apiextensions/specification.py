"""The spec of a CustomResourceDefinition, in the form that the real server judges."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields, gofmt
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import webhook_client
from mockapi.resources.apiextensions import paths, schemas, shapes

Errors = list[FieldError]

_SPEC = Path("spec")
_SCOPES = ("Cluster", "Namespaced")
_STRATEGIES = ("None", "Webhook")
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = (
    "byte",
    "date",
    "date-time",
    "double",
    "float",
    "int32",
    "int64",
    "password",
)
_MOST_SELECTABLE = 8
_LONGEST_WARNING = 256
_MIXED = "may have mixed case, but should otherwise match: "


def validate(given: Obj) -> Errors:
    """Of a spec as it is on the wire."""
    spec = shapes.lifted(given)
    errors = _group(spec.get("group", "")) + _scope(spec.get("scope", ""))
    errors += _schemas_given(spec) + _defaults_kept(given)
    versions = spec["versions"]
    for index, version in enumerate(versions):
        where, name = _SPEC.child("versions").index(index), version.get("name", "")
        if details := formats.dns1035_label(name):
            errors.append(fields.invalid(where.child("name"), name, ",".join(details)))
        errors += _version(version, spec, where)
    errors += _together(None if given.get("versions") is None else versions)
    if versions and (details := formats.dns1035_label(versions[0].get("name", ""))):
        shown = versions[0].get("name", "")
        if shown:
            errors.append(fields.invalid(_SPEC.child("version"), shown, ",".join(details)))
    names = spec.get("names") or {}
    for name in ("plural", "singular", "kind", "listKind"):
        rules.required(names, name, _SPEC.child("names"), errors)
    errors += validate_names(names, _SPEC.child("names"))
    errors += _parts(spec, _any_status(spec), "validation", _SPEC)
    errors += _selectable(spec, (spec.get("validation") or {}), "validation", _SPEC)
    return errors + _conversion(spec.get("conversion"), _SPEC.child("conversion"))


def _group(group: str) -> Errors:
    path = _SPEC.child("group")
    if not group:
        return [fields.required(path)]
    if details := formats.dns1123_subdomain(group):
        return [fields.invalid(path, group, ",".join(details))]
    if "." not in group:
        return [fields.invalid(path, group, "should be a domain with at least one dot")]
    return []


def _scope(scope: str) -> Errors:
    return rules.required_one_of(scope, _SPEC.child("scope"), _SCOPES)


def _schemas_given(spec: Obj) -> Errors:
    """Every version has a schema."""
    if _schema_of(spec.get("validation")) is not None:
        return []
    return [
        fields.required(_SPEC.child("versions").index(index).child("schema", "openAPIV3Schema"))
        for index, version in enumerate(spec["versions"])
        if _schema_of(version.get("schema")) is None
    ]


def _defaults_kept(spec: Obj) -> Errors:
    if not spec.get("preserveUnknownFields"):
        return []
    held = [_schema_of(version.get("schema")) for version in spec.get("versions") or ()]
    parts = (part for schema in held if schema for part in schemas.every_part(schema))
    if all(part.get("default") is None for part in parts):
        return []
    detail = "must be false in order to use defaults in the schema"
    return [fields.invalid(_SPEC.child("preserveUnknownFields"), True, detail)]


def _schema_of(validation: Any) -> Any:
    return None if validation is None else validation.get("openAPIV3Schema")


def _has_status(subresources: Any) -> bool:
    return subresources is not None and subresources.get("status") is not None


def _any_status(spec: Obj) -> bool:
    held = [spec.get("subresources"), *(v.get("subresources") for v in spec["versions"])]
    return any(map(_has_status, held))


def _version(version: Obj, spec: Obj, path: Path) -> Errors:
    errors = _deprecation(version, path.child("deprecationWarning"))
    per_version = any(v.get("subresources") is not None for v in spec["versions"])
    own = version.get("subresources") if per_version else spec.get("subresources")
    errors += _parts(version, _has_status(own), "schema", path)
    return errors + _selectable(version, version.get("schema") or {}, "schema", path)


def _deprecation(version: Obj, path: Path) -> Errors:
    text = version.get("deprecationWarning")
    if text is None:
        return []
    details: list[str] = []
    if not version.get("deprecated"):
        details = ["can only be set for deprecated versions"]
    else:
        if formats.size(text) > _LONGEST_WARNING:
            details.append("must be <= 256 characters long")
        if not text:
            details.append("must not be an empty string")
        if (bad := next((i for i, c in enumerate(text) if not c.isprintable()), None)) is not None:
            at = formats.size(text[:bad])
            details.append(
                "must only contain printable UTF-8 characters; non-printable character found at "
                f"index {at}"
            )
    return [fields.invalid(path, gofmt.Pointed(text), detail) for detail in details]


def _parts(holder: Obj, has_status: bool, name: str, path: Path) -> Errors:
    """Schema, subresources and columns, of a version or of all."""
    errors: Errors = []
    if (schema := _schema_of(holder.get(name))) is not None:
        where = path.child(name, "openAPIV3Schema")
        errors += schemas.validate(schema, where, has_status=has_status)
    errors += _scale(holder.get("subresources"), path.child("subresources"))
    for index, column in enumerate(holder.get("additionalPrinterColumns") or ()):
        errors += _column(column, path.child("additionalPrinterColumns").index(index))
    return errors


def _scale(subresources: Any, path: Path) -> Errors:
    scale = (subresources or {}).get("scale")
    if scale is None:
        return []
    errors: Errors = []
    for name, root in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        where, text = path.child("scale", name), scale.get(name, "")
        if not text:
            errors.append(fields.required(where))
        elif wrong := paths.simple(text, where):
            errors += wrong
        elif not text.startswith(root):
            detail = f"should be a json path under {root.rstrip('.')}"
            errors.append(fields.invalid(where, text, detail))
    where, text = path.child("scale", "labelSelectorPath"), scale.get("labelSelectorPath")
    if not text:
        return errors
    if wrong := paths.simple(text, where):
        return errors + wrong
    if not text.startswith((".spec.", ".status.")):
        detail = "should be a json path under either .spec or .status"
        errors.append(fields.invalid(where, text, detail))
    return errors


def _column(column: Obj, path: Path) -> Errors:
    errors: Errors = []
    rules.required(column, "name", path, errors)
    kind, form, text = (column.get(name, "") for name in ("type", "format", "jsonPath"))
    detail = f"must be one of {','.join(_COLUMN_TYPES)}"
    if not kind:
        errors.append(fields.required(path.child("type"), detail))
    elif kind not in _COLUMN_TYPES:
        errors.append(fields.invalid(path.child("type"), kind, detail))
    if form and form not in _COLUMN_FORMATS:
        detail = f"must be one of {','.join(_COLUMN_FORMATS)}"
        errors.append(fields.invalid(path.child("format"), form, detail))
    where = path.child("JSONPath")
    return errors + (paths.simple(text, where) if text else [fields.required(where)])


def _selectable(holder: Obj, validation: Any, name: str, path: Path) -> Errors:
    given, where = holder.get("selectableFields") or (), path.child("selectableFields")
    schema = _schema_of(validation)
    if not given:
        return []
    if schema is None:
        unset = "may only be set when `version.schema.openAPIV3Schema` is not included"
        above = "may only be set when validations.schema is included"
        return [fields.invalid(where, "", unset if name == "schema" else above)]
    errors: Errors = []
    seen: set[tuple[str, ...]] = set()
    for index, field in enumerate(given):
        at, text = where.index(index).child("jsonPath"), field.get("jsonPath", "")
        if not text:
            errors.append(fields.required(at))
            continue
        try:
            steps, place = paths.find(text, schema, allow_brackets=False)
        except paths.PathError as error:
            errors.append(fields.invalid(at, text, f"is an invalid path: {error}"))
            continue
        errors += _selected(steps, place, text, at)
        if tuple(steps) in seen:
            errors.append(fields.duplicate(at, text))
        seen.add(tuple(steps))
    if len(seen) > _MOST_SELECTABLE:
        errors.append(fields.too_many(where, len(seen), _MOST_SELECTABLE))
    return errors


def _selected(steps: Sequence[str], place: Any, text: str, path: Path) -> Errors:
    errors: Errors = []
    if steps[0] == "metadata":
        errors.append(fields.invalid(path, text, "must not point to fields in metadata"))
    if (place or {}).get("type") not in ("string", "boolean", "integer"):
        detail = (
            "must point to a field of type string, boolean or integer. Enum string fields and "
            "strings with formats are allowed."
        )
        errors.append(fields.invalid(path, text, detail))
    return errors


def _together(given: list[Obj] | None) -> Errors:
    path, errors = _SPEC.child("versions"), []
    versions = given or []
    names = [version.get("name", "") for version in versions]
    details = []
    if len(set(names)) < len(names):
        details.append("must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        details.append("must have exactly one version marked as storage version")
    for detail in details:
        errors.append(fields.invalid(path, shapes.shown_versions(given), detail))
    return errors


def validate_names(names: Obj, path: Path) -> Errors:
    """Of a spec or of accepted names."""
    errors: Errors = []
    for name in ("plural", "singular"):
        errors += _label(names.get(name, ""), path.child(name))
    for name in ("kind", "listKind"):
        errors += _label(names.get(name, ""), path.child(name), mixed=True)
    for index, short in enumerate(names.get("shortNames") or ()):
        errors += _label(short, path.child("shortNames").index(index), optional=False)
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        detail = "kind and listKind may not be the same"
        errors.append(fields.invalid(path.child("listKind"), names["listKind"], detail))
    for index, category in enumerate(names.get("categories") or ()):
        errors += _label(category, path.child("categories").index(index), optional=False)
    return errors


def _label(text: str, path: Path, *, mixed: bool = False, optional: bool = True) -> Errors:
    if optional and not text:
        return []
    details = formats.dns1035_label(text.lower() if mixed else text)
    if not details:
        return []
    return [fields.invalid(path, text, (_MIXED if mixed else "") + ",".join(details))]


def _conversion(conversion: Any, path: Path) -> Errors:
    if conversion is None:
        return []
    strategy = conversion.get("strategy", "")
    errors = rules.required_one_of(strategy, path.child("strategy"), _STRATEGIES)
    webhook = conversion.get("webhook") or {}
    client, reviews = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    where = path.child("webhookClientConfig")
    at = path.child("conversionReviewVersions")
    if strategy != "Webhook":
        detail = "should not be set when strategy is not set to Webhook"
        errors += [fields.forbidden(where, detail)] if client is not None else []
        return errors + ([fields.forbidden(at, detail)] if reviews else [])
    if client is None:
        errors.append(fields.required(where, "required when strategy is set to Webhook"))
    else:
        errors += webhook_client.validate(client, where)
    return errors + webhook_client.review_versions(reviews, at, missing="")
