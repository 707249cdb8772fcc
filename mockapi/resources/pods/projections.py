"""Volumes that are made of files: secret, configMap, downwardAPI, projected."""

from typing import Any

from mockapi.machinery.validation import internal, labels, names, rules
from mockapi.machinery.validation.metadata import MAX_ANNOTATIONS
from mockapi.meta import fields
from mockapi.meta.fields import Path
from mockapi.resources.pods import environment

Errors = rules.Errors

_VOLUME_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_DUPLICATE = "conflicting duplicate paths"


def key_to_path(item: Any, path: Path) -> Errors:
    errors: Errors = []
    rules.required(item, "key", path, errors)
    rules.required(item, "path", path, errors)
    errors += rules.local_not_reserved_path(item.get("path", ""), path.child("path"))
    return errors + rules.file_mode(item, "mode", path)


def _items(source: Any, path: Path) -> Errors:
    errors = rules.file_mode(source, "defaultMode", path)
    for index, item in enumerate(source.get("items") or ()):
        errors += key_to_path(item, path.child("items").index(index))
    return errors


def secret(source: Any, path: Path) -> Errors:
    errors: Errors = []
    rules.required(source, "secretName", path, errors)
    return errors + _items(source, path)


def config_map(source: Any, path: Path) -> Errors:
    errors: Errors = []
    rules.required(source, "name", path, errors)
    return errors + _items(source, path)


def downward_api(source: Any, path: Path) -> Errors:
    errors = rules.file_mode(source, "defaultMode", path)
    for file in source.get("items") or ():
        errors += _downward_file(file, path)
    return errors


def _downward_file(file: Any, path: Path) -> Errors:
    errors: Errors = []
    rules.required(file, "path", path, errors)
    errors += rules.local_not_reserved_path(file.get("path", ""), path.child("path"))
    reference, resource = file.get("fieldRef"), file.get("resourceFieldRef")
    if reference is not None:
        errors += environment.field_reference(reference, _VOLUME_FIELDS, path.child("fieldRef"))
        if resource is not None:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(fields.invalid(path, "resource", detail))
    elif resource is not None:
        where = path.child("resourceFieldRef")
        errors += environment.resource_reference(resource, where, volume=True)
    else:
        errors.append(fields.required(path, "one of fieldRef and resourceFieldRef is required"))
    return errors + rules.file_mode(file, "mode", path)


def projected(source: Any, path: Path) -> Errors:
    errors = rules.file_mode(source, "defaultMode", path)
    taken: set[str] = set()
    for index, part in enumerate(source.get("sources") or ()):
        errors += _Projection(path, path.child("sources").index(index), taken).validate(part)
    return errors


class _Projection:
    """One source of a projected volume; `taken` are the file names of those before it."""

    def __init__(self, volume: Path, path: Path, taken: set[str]) -> None:
        self.volume = volume
        self.path = path
        self.taken = taken

    def validate(self, source: Any) -> Errors:
        errors: Errors = []
        count = 0
        for name, rule in (
            ("secret", self._keys),
            ("configMap", self._keys),
            ("downwardAPI", self._downward),
            ("serviceAccountToken", self._token),
            ("clusterTrustBundle", self._trust_bundle),
            ("podCertificate", self._certificate),
        ):
            part = source.get(name)
            if part is not None:
                count += 1
                errors += rule(part, self.path.child(name))
        if count > 1:
            detail = "may not specify more than 1 volume type per source"
            errors.append(fields.forbidden(self.path, detail))
        return errors

    def _take(self, name: str, shown: str) -> Errors:
        if name not in self.taken:
            self.taken.add(name)
            return []
        return [fields.invalid(self.volume, shown, _DUPLICATE)]

    def _keys(self, part: Any, path: Path) -> Errors:
        errors: Errors = []
        rules.required(part, "name", path, errors)
        for index, item in enumerate(part.get("items") or ()):
            errors += key_to_path(item, path.child("items").index(index))
            if item.get("path"):
                errors += self._take(item["path"], part.get("name", ""))
        return errors

    def _downward(self, part: Any, path: Path) -> Errors:
        errors: Errors = []
        for file in part.get("items") or ():
            errors += _downward_file(file, path)
            if file.get("path"):
                errors += self._take(file["path"], file["path"])
        return errors

    def _token(self, part: Any, path: Path) -> Errors:
        errors: Errors = []
        seconds = part.get("expirationSeconds")
        where = path.child("expirationSeconds")
        if seconds is None:
            errors.append(fields.required(where))
        elif seconds < 600:
            detail = "may not specify a duration less than 10 minutes"
            errors.append(fields.invalid(where, seconds, detail))
        elif seconds > 1 << 32:
            detail = "may not specify a duration larger than 2^32 seconds"
            errors.append(fields.invalid(where, seconds, detail))
        if not part.get("path"):
            return [*errors, fields.required(self.volume.child("path"))]
        return errors + rules.local_not_reserved_path(part["path"], self.volume.child("path"))

    def _trust_bundle(self, part: Any, path: Path) -> Errors:
        errors = self._which_bundle(part, path)
        name = part.get("path", "")
        if not name:
            errors.append(fields.required(path.child("path")))
        errors += rules.local_not_reserved_path(name, path.child("path"))
        return errors + self._take(name, name)

    def _which_bundle(self, part: Any, path: Path) -> Errors:
        name, signer = part.get("name"), part.get("signerName")
        if name is not None and signer is not None:
            return [_both_bundles(part, path)]
        if name is not None:
            return self._bundle_by_name(part, name, path)
        if signer is None:
            return [fields.required(path, "either name or signerName must be specified")]
        where = path.child("signerName")
        errors = [] if signer else [fields.required(where, "must be a valid signer name")]
        errors += rules.signer_name(signer, where)
        return errors + labels.validate_selector(
            part.get("labelSelector"), path.child("labelSelector")
        )

    def _bundle_by_name(self, part: Any, name: str, path: Path) -> Errors:
        where = path.child("name")
        errors = [] if name else [fields.required(where, "must be a valid object name")]
        signer = name.rpartition(":")[0].replace(":", "/")
        for detail in names.cluster_trust_bundle(signer)(name, False):
            text = f"not a valid clustertrustbundlename: {detail}"
            errors.append(fields.invalid(where, name, text))
        if part.get("labelSelector") is not None:
            detail = "labelSelector must be unset if name is specified"
            where = path.child("labelSelector")
            errors.append(fields.invalid(where, part["labelSelector"], detail))
        return errors

    def _certificate(self, part: Any, path: Path) -> Errors:
        errors = rules.signer_name(part.get("signerName"), path.child("signerName"))
        if part.get("userAnnotations"):
            errors += user_annotations(part["userAnnotations"], path.child("userAnnotations"))
        errors += rules.one_of(part.get("keyType", ""), path.child("keyType"), _KEY_TYPES)
        errors += self._lifetime(part, path.child("maxExpirationSeconds"))
        count = 0
        for name in ("credentialBundlePath", "keyPath", "certificateChainPath"):
            if target := part.get(name):
                count += 1
                errors += rules.local_not_reserved_path(target, path.child(name))
                errors += self._take(target, target)
        if not count:
            detail = (
                "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"
            )
            errors.append(fields.required(path, detail))
        return errors

    @staticmethod
    def _lifetime(part: Any, path: Path) -> Errors:
        seconds = part.get("maxExpirationSeconds")
        if seconds is None:
            return []
        host = part.get("signerName", "").partition("/")[0]
        by_us = host == "kubernetes.io" or host.endswith(".kubernetes.io")
        limit = 24 * 3600 if by_us else 91 * 24 * 3600
        errors: Errors = []
        if seconds < 3600:
            detail = "if provided, maxExpirationSeconds must be >= 3600"
            errors.append(fields.invalid(path, seconds, detail))
        if seconds > limit:
            detail = f"if provided, maxExpirationSeconds must be <= {limit}"
            errors.append(fields.invalid(path, seconds, detail))
        return errors


def _both_bundles(part: Any, path: Path) -> fields.FieldError:
    shown = internal.shown("core.ClusterTrustBundleProjection", part)
    return fields.invalid(path, shown, "only one of name and signerName may be used")


def user_annotations(annotations: dict[str, str], path: Path) -> Errors:
    errors: Errors = []
    for key in annotations:
        errors += rules.domain_prefixed_key(key.lower(), path)
    if sum(len(k.encode()) + len(v.encode()) for k, v in annotations.items()) > MAX_ANNOTATIONS:
        errors.append(fields.too_long(path, MAX_ANNOTATIONS))
    return errors
