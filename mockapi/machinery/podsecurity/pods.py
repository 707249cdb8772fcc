"""A pod, or a template of pods, as the checks look at it, and the words they share."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Tree = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pod:
    annotations: Mapping[str, str]
    spec: Tree

    @property
    def security(self) -> Tree:
        return self.spec.get("securityContext") or {}

    @property
    def containers(self) -> Iterator["Container"]:
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            for tree in self.spec.get(kind) or ():
                yield Container(tree["name"], tree, tree.get("securityContext") or {})

    @property
    def volumes(self) -> Iterable[Tree]:
        return self.spec.get("volumes") or ()

    @property
    def is_windows(self) -> bool:
        return (self.spec.get("os") or {}).get("name") == "windows"

    @property
    def has_own_users(self) -> bool:
        """It runs in a user namespace: root in it is nobody outside."""
        return self.spec.get("hostUsers") is False


@dataclass(frozen=True, slots=True)
class Container:
    name: str
    tree: Tree
    security: Tree


def pod_of(obj: Tree) -> Pod:
    """Of anything with metadata and a pod's spec."""
    metadata = obj.get("metadata") or {}
    return Pod(metadata.get("annotations") or {}, obj.get("spec") or {})


def number(singular: str, count: int, plural: str = "") -> str:
    return singular if count == 1 else plural or f"{singular}s"


def quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def named(word: str, names: list[str]) -> str:
    """`containers "a", "b"`"""
    return f"{number(word, len(names))} {quoted(names)}"


def setters(pod: bool, containers: list[str]) -> str:
    """Who sets something: `pod and container "a"`, or nothing."""
    found = ["pod"] if pod else []
    if containers:
        found.append(named("container", containers))
    return " and ".join(found)
