"""What two runs of one scenario have in common: names, uids, times made the same."""

import base64
import re
from collections.abc import Mapping
from typing import Any

Obj = dict[str, Any]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# `SimpleNameGenerator`'s alphabet; CronJobs name their Jobs by the minute.
_SUFFIX = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b")
_MINUTES = re.compile(r"-2\d{7}\b")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?")
_ENCODED = re.compile(r"^LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0t[A-Za-z0-9+/=]+$")
# A moment in a Secret.
_ENCODED_TIME = re.compile(r"^MjAy[A-Za-z0-9+/]{22,44}=*$")
_TOKEN = re.compile(r"^ZXlK[A-Za-z0-9+/=]+$")
# Attachments are named by a hash of what they attach where.
_ATTACHMENT = re.compile(r"\bcsi-[0-9a-f]{64}\b")
# The next free range of pods depends on the nodes that there are besides.
_RANGE = re.compile(r"\b10\.244\.\d+\.0/24\b")
# Types of kinds are named by the nanosecond in which they were made.
_TYPE = re.compile(r"(?<=[( ])([A-Z][A-Za-z]*)\d{1,9}(?=[.,)])")
_VERSION = re.compile(r'(resourceVersion:? ?"?)\d+')


_OPAQUE = {"ca.crt": "CA", "resourceVersion": "N"}


class Plain:
    """Makes values of one run comparable with those of another."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._encoded = base64.b64encode(namespace.encode()).decode()
        self._uids: dict[str, str] = {}

    def know(self, uid: str, key: str) -> None:
        self._uids.setdefault(uid, key)

    def name(self, text: str) -> str:
        text = _MINUTES.sub("-MINUTE", _SUFFIX.sub("-*", text))
        text = _RANGE.sub("10.244.N.0/24", _ATTACHMENT.sub("csi-HASH", text))
        return text.replace(self._namespace, "NS").replace(self._encoded, "encoded NS")

    def text(self, text: str) -> str:
        text = _CERTIFICATE.sub("CERTIFICATE", text)
        text = _ENCODED_TIME.sub("TIME", text)
        text = _TOKEN.sub("TOKEN", _ENCODED.sub("CERTIFICATE", text))
        text = _UID.sub(lambda m: f"UID of {self._uids.get(m[0], 'nobody')}", text)
        text = _TYPE.sub(r"\1N", text)
        return self.name(_VERSION.sub(r"\1N", _TIME.sub("TIME", text)))

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {
                self.text(key): _OPAQUE.get(key) or self._member(key, inner)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def _member(self, key: str, value: Any) -> Any:
        if key.rpartition(".")[2] == "resourceVersion" and isinstance(value, str):
            return "N"
        return self.value(value)


def content(obj: Mapping[str, Any]) -> Obj:
    """An object without what the server counts and stamps."""
    metadata = {
        key: value
        for key, value in obj["metadata"].items()
        if key not in ("uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink")
    }
    if obj["kind"] == "CertificateSigningRequest":
        # Who asks: another user on each side.
        asked = ("username", "groups", "extra", "uid")
        spec = {key: value for key, value in obj["spec"].items() if key not in asked}
        return {**obj, "metadata": metadata, "spec": spec}
    return {**obj, "metadata": metadata}


def _keyed(items: list[Any]) -> dict[str, Any] | None:
    """Conditions by their types, owners by kind and name; None for other lists."""
    if items and all(isinstance(item, dict) and "type" in item for item in items):
        keys = [str(item["type"]) for item in items]
    elif items and all(
        isinstance(item, dict) and "controllerRef" not in item and "uid" in item and "kind" in item
        for item in items
    ):
        keys = [f"{item['kind']} {item['name']}" for item in items]
    else:
        return None
    return dict(zip(keys, items, strict=True)) if len(set(keys)) == len(keys) else None


def changes(old: Any, new: Any, path: str = "") -> Obj:
    """What differs, by path; `None` is what is gone."""
    if old == new:
        return {}
    if isinstance(old, list) and isinstance(new, list):
        before, after = _keyed(old), _keyed(new)
        if before is not None and after is not None:
            found = _members(before, after, path, "[{}]")
            if list(before) != list(after):
                found[f"{path}[]"] = list(after)
            return found
    if isinstance(old, dict) and isinstance(new, dict):
        return _members(old, new, path, ".{}" if path else "{}")
    return {path: new}


def _members(old: Mapping[str, Any], new: Mapping[str, Any], path: str, step: str) -> Obj:
    found: Obj = {}
    for key in [*old, *(key for key in new if key not in old)]:
        inner = path + step.format(key)
        if key not in new:
            found[inner] = None
        elif key not in old:
            found[inner] = new[key]
        else:
            found.update(changes(old[key], new[key], inner))
    return found
