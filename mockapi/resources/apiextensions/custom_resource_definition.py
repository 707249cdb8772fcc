"""CustomResourceDefinition."""

import base64
from collections.abc import Iterator
from typing import Any

from mockapi.machinery.cel import programs
from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.schema import formats
from mockapi.machinery.validation import names, rules
from mockapi.machinery.validation.names import NameRule
from mockapi.meta import fields, gofmt, gourl, pem
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.apiextensions import schemas, specification
from mockapi.resources.certificates import x509

Errors = list[FieldError]

_STORED = Path("status", "storedVersions")
_APPROVED = "api-approved.kubernetes.io"
_CA_BUNDLE = Path("spec", "conversion", "webhookClientConfig", "caBundle")
_POLICY = "https://github.com/kubernetes/enhancements/pull/1111"
_FREE_FORMATS = ("password", "k8sshortname", "k8slongname")
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"


def _note_storage(obj: Obj) -> None:
    """The storage version is among those in which objects may be stored."""
    status = obj["status"]
    stored = status.get("storedVersions") or []
    name = next((v["name"] for v in obj["spec"].get("versions") or () if v.get("storage")), None)
    if name is not None and name not in stored:
        obj["status"] = {**status, "storedVersions": [*stored, name]}


def _prepare_create(obj: Obj, context: Context) -> None:
    _note_storage(obj)


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    _note_storage(obj)


def _mark_deleted(obj: Obj, now: str) -> None:
    """The objects go first: the finalizer waits for that."""
    finalizers = obj["metadata"].setdefault("finalizers", [])
    if FINALIZER not in finalizers:
        finalizers.append(FINALIZER)
    condition = {
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": now,
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; "
        "CustomResource deletion will begin soon",
    }
    conditions = [c for c in obj["status"].get("conditions") or () if c["type"] != "Terminating"]
    obj["status"]["conditions"] = [*conditions, condition]


def _unasked(obj: Obj, old: Obj | None) -> list[str]:
    """Rules that will not be asked are not passed over in silence."""
    if programs.available() or not _has_rules(obj["spec"].get("versions")):
        return []
    return ["x-kubernetes-validations are not evaluated: install mockapi[cel]"]


def _has_rules(schema: Any) -> bool:
    if isinstance(schema, dict):
        return "x-kubernetes-validations" in schema or any(map(_has_rules, schema.values()))
    return isinstance(schema, list) and any(map(_has_rules, schema))


def _name_rule(obj: Obj) -> NameRule:
    spec = obj["spec"]
    needed = f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"

    def rule(name: str, prefix: bool) -> list[str]:
        details = list(names.dns_subdomain(name, prefix))
        if name != needed:
            details.append('must be spec.names.plural+"."+spec.group')
        return details

    return rule


def _stored_versions(obj: Obj) -> Errors:
    stored = (obj.get("status") or {}).get("storedVersions") or []
    if not stored:
        return [fields.invalid(_STORED, None, "must have at least one stored version")]
    errors: Errors = []
    missing = dict.fromkeys(stored)
    for version in obj["spec"].get("versions") or ():
        name = version.get("name", "")
        if version.get("storage") and name not in missing:
            detail = f"must have the storage version {name}"
            errors.append(fields.invalid(_STORED, stored, detail))
        missing.pop(name, None)
    for index, name in enumerate(stored):
        if name in missing:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must "
                "remain in spec.versions until a storage migration ensures no data remains "
                f"persisted in {name} and removes {name} from status.storedVersions"
            )
            errors.append(fields.invalid(_STORED.index(index), name, detail))
    return errors


def _approval(obj: Obj) -> tuple[str, str]:
    """(state, why) of a definition in one of Kubernetes' own groups."""
    given = (obj["metadata"].get("annotations") or {}).get(_APPROVED, "")
    start = f"protected groups must have approval annotation {gofmt.quote(_APPROVED)}"
    if not given:
        return "missing", f"{start}, see {_POLICY}"
    if given.startswith("unapproved"):
        return "bypassed", ""
    try:
        url = gourl.parse(given)
    except gourl.UrlError:
        url = None
    if url is not None and url.host and url.scheme:
        return "approved", ""
    return (
        "invalid",
        f'{start} with either a URL or a reason starting with "unapproved", see {_POLICY}',
    )


def _approved(obj: Obj, old: Obj | None) -> Errors:
    group = f".{obj['spec'].get('group', '')}"
    if not group.endswith((".k8s.io", ".kubernetes.io")):
        return []
    state, why = _approval(obj)
    if not why or (old is not None and _approval(old)[0] == state):
        return []
    path = Path("metadata", "annotations").key(_APPROVED)
    if state == "missing":
        return [fields.required(path, why)]
    return [fields.invalid(path, obj["metadata"]["annotations"][_APPROVED], why)]


def _check(obj: Obj, old: Obj | None) -> Errors:
    accepted = (obj.get("status") or {}).get("acceptedNames") or {}
    errors = specification.validate_names(accepted, Path("status", "acceptedNames"))
    errors += _stored_versions(obj) + _approved(obj, old)
    if obj["spec"].get("preserveUnknownFields") and not (
        old is not None and old["spec"].get("preserveUnknownFields")
    ):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
            "spec.versions[*].schema instead"
        )
        errors.append(fields.invalid(Path("spec", "preserveUnknownFields"), True, detail))
    return errors


def _validate(obj: Obj) -> Errors:
    return specification.validate(obj["spec"]) + _check(obj, None)


def _is_established(obj: Obj) -> bool:
    listed = (obj.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Established" and c.get("status") == "True" for c in listed)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj["spec"], old["spec"]
    errors = specification.validate(spec)
    if _is_established(old) and not _authority(before):
        errors += _judge_authority(_authority(spec))
    fixed = [("group",), ("names", "plural")]
    if _is_established(old):
        fixed = [("scope",), ("names", "kind"), *fixed]
    for way in fixed:
        now, was = (_at(one, way) for one in (spec, before))
        errors += rules.immutable(now, was, Path("spec", *way))
    return errors + _check(obj, old)


def _authority(spec: Obj) -> str:
    webhook = (spec.get("conversion") or {}).get("webhook") or {}
    return (webhook.get("clientConfig") or {}).get("caBundle") or ""


def _judge_authority(bundle: str) -> Errors:
    """What conversion needs must work, once there is something to convert."""
    if not bundle:
        return []
    blocks = [b for b in pem.blocks(base64.b64decode(bundle)) if b.kind == "CERTIFICATE"]
    if blocks and all(x509.certificate(block.body) for block in blocks):
        return []
    detail = "unable to load root certificates: unable to parse bytes as PEM block"
    return [fields.invalid(_CA_BUNDLE, bundle, detail)]


def _at(spec: Obj, way: tuple[str, ...]) -> Any:
    value: Any = spec
    for step in way:
        value = (value or {}).get(step, "")
    return value


def _validate_status(obj: Obj, old: Obj) -> Errors:
    accepted = (obj.get("status") or {}).get("acceptedNames") or {}
    return specification.validate_names(accepted, Path("status", "acceptedNames"))


def _every_schema(obj: Obj) -> Iterator[Obj]:
    seen: list[Obj] = []
    for version in obj["spec"].get("versions") or ():
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if schema is not None and schema not in seen:
            seen.append(schema)
            yield from schemas.every_part(schema)


_INTEGERS, _NUMBERS = ("int32", "int64"), ("float", "double")


def _is_known_format(schema: Obj) -> bool:
    form, kind = schema["format"], schema.get("type", "")
    if kind in ("", "string"):
        return formats.checker(form) is not None or form.replace("-", "") in _FREE_FORMATS
    return form in {"integer": _INTEGERS, "number": _NUMBERS}.get(kind, ())


def _unknown_formats(obj: Obj) -> list[str]:
    held = [s for s in _every_schema(obj) if s.get("format")]
    return [schema["format"] for schema in held if not _is_known_format(schema)]


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    known = _unknown_formats(old) if old is not None else []
    found = [
        f"unrecognized format {gofmt.quote(form)}"
        for form in _unknown_formats(obj)
        if form not in known
    ]
    found += _unasked(obj, old)
    return found + sorted(_unfit_sets(obj) - (_unfit_sets(old) if old is not None else set()))


def _unfit_sets(obj: Obj) -> set[str]:
    return {
        "x-kubernetes-list-type: set for items of type "
        f"{gofmt.quote(schema['items']['type'])} is not supported by server-side apply or CEL "
        "validation rules"
        for schema in _every_schema(obj)
        if schema.get("x-kubernetes-list-type") == "set"
        and isinstance(schema.get("items"), dict)
        and schema["items"].get("type") in ("object", "array")
    }


STRATEGY = Strategy(
    group="apiextensions.k8s.io",
    kind="CustomResourceDefinition",
    name_rule=_name_rule,
    repeats_errors=True,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    status=StatusStrategy(validate_update=_validate_status),
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    mark_deleted=_mark_deleted,
    has_generation=True,
    has_status=True,
    unconditional_update=False,
)
