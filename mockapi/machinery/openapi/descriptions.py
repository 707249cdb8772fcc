"""Field descriptions for `kubectl explain`, from the optional package kubernetes-validate."""

import importlib.util
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import orjson


class Descriptions(Protocol):
    """Texts by type and field; "" where there is none."""

    def type(self, name: str) -> str: ...

    def field(self, type_name: str, field: str) -> str: ...


class NoDescriptions:
    def type(self, name: str) -> str:
        return ""

    def field(self, type_name: str, field: str) -> str:
        return ""


class PackageDescriptions:
    """Read from a `_definitions.json` of kubernetes-validate when first asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _definitions(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self._path.read_bytes())["$defs"]
        return found

    def type(self, name: str) -> str:
        return str(self._definitions.get(name, {}).get("description", ""))

    def field(self, type_name: str, field: str) -> str:
        properties = self._definitions.get(type_name, {}).get("properties", {})
        return str(properties.get(field, {}).get("description", ""))


def installed(minor: str) -> Descriptions:
    """The descriptions of a minor if kubernetes-validate is installed, else none."""
    found = importlib.util.find_spec("kubernetes_validate")
    if found is None or found.origin is None:
        return NoDescriptions()
    root = Path(found.origin).parent / "kubernetes-json-schema"
    files = sorted(root.glob(f"v{minor}.*-local/_definitions.json"))
    return PackageDescriptions(files[-1]) if files else NoDescriptions()
