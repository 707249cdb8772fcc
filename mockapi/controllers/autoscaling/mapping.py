"""Which resource a kind is served as, from discovery (client-go's RESTMapper)."""

from collections.abc import Iterator

from mockapi.client.protocol import Client
from mockapi.meta.errors import ApiError
from mockapi.meta.gofmt import quote


class NoMatch(Exception):
    """No resource serves the kind; str() is the mapper's text."""


def resources_of(client: Client, group: str, kind: str) -> list[str]:
    """`apps/v1/deployments`, ... in the preferred version that has the kind. Raises NoMatch."""
    for version in _versions(client, group):
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        prefix = f"{group}/{version}" if group else version
        rows = client.fetch(path)["resources"]
        found = [row["name"] for row in rows if row["kind"] == kind and "/" not in row["name"]]
        if found:
            return [f"{prefix}/{name}" for name in found]
    raise NoMatch(f"no matches for kind {quote(kind)} in group {quote(group)}")


def _versions(client: Client, group: str) -> Iterator[str]:
    if not group:
        yield "v1"
        return
    try:
        found = client.fetch(f"/apis/{group}")
    except ApiError:
        return
    preferred = found["preferredVersion"]["version"]
    yield preferred
    yield from (row["version"] for row in found["versions"] if row["version"] != preferred)
