"""Groups that are served without being stored: what an aggregated API server would answer.

An extension names its resources for discovery and answers GETs below its versions.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from mockapi.machinery import discovery
from mockapi.machinery.catalogue import ServedResource
from mockapi.machinery.discovery import Served
from mockapi.machinery.resource import Obj
from mockapi.meta.errors import PathNotFound

Query = Mapping[str, Sequence[str]]


class Extension(Protocol):
    """One served group."""

    group: str

    def resources(self) -> Sequence[ServedResource]:
        """The rows of discovery; none: the group is not served now."""

    def get(self, version: str, path: Sequence[str], query: Query) -> Obj:
        """Answer a GET; `path` is what follows the version. Raises ApiError."""


class Extensions:
    """All extensions of a cluster, and discovery with them. `base` is what is served without."""

    def __init__(self, base: Callable[[], Served]) -> None:
        self._base = base
        self._by_group: dict[str, Extension] = {}
        self._known: tuple[Served, Sequence[ServedResource]] | None = None
        self._served: Served | None = None

    def add(self, extension: Extension) -> None:
        self._by_group[extension.group] = extension

    def find(self, group: str) -> Extension | None:
        """The extension, while it serves anything."""
        extension = self._by_group.get(group)
        return extension if extension is not None and extension.resources() else None

    def served(self) -> Served:
        """The same value until something changes."""
        base = self._base()
        rows = [row for one in self._by_group.values() for row in one.resources()]
        if not rows:
            return base
        if self._served is None or self._known != (base, rows):
            self._known = base, rows
            groups = [*base.groups, *discovery.groups_of(rows)]
            self._served = Served(groups, [*base.resources, *rows], base.definitions)
        return self._served

    def fetch(self, path: str, query: Mapping[str, str]) -> Obj:
        """GET of a discovery document or of an extension's path; raises ApiError."""
        steps = path.strip("/").split("/")
        if len(steps) > 3 and (extension := self.find(steps[1])) is not None:
            return extension.get(steps[2], steps[3:], {key: [query[key]] for key in query})
        document = discovery.document(self.served(), steps)
        if document is None:
            raise PathNotFound()
        return document
