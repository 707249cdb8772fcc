"""The kubeconfig that a cluster writes: complete, of its own, never merged into another.

Nothing here looks for a kubeconfig: only files that a caller names are read.
"""

import base64
from pathlib import Path
from typing import Any

import yaml

NAME = "mockapi"


def document(
    url: str, *, ca: bytes | None = None, token: str = "", namespace: str = "default"
) -> dict[str, Any]:
    """A kubeconfig for one cluster. `ca` is the PEM of the authority under TLS."""
    cluster: dict[str, Any] = {"server": url}
    if ca is not None:
        cluster["certificate-authority-data"] = base64.b64encode(ca).decode()
    elif url.startswith("http:"):
        # The Node client refuses plain HTTP without it; to all others it says nothing.
        cluster["insecure-skip-tls-verify"] = True
    user = {"token": token} if token else {}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": NAME, "user": user}],
        "contexts": [
            {"name": NAME, "context": {"cluster": NAME, "user": NAME, "namespace": namespace}}
        ],
        "current-context": NAME,
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Write it, readable by its owner only. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def server_of(path: Path) -> tuple[str, str]:
    """(URL, path of a file with the authority's PEM or empty) of a kubeconfig written by us."""
    cluster = read(path)["clusters"][0]["cluster"]
    data = cluster.get("certificate-authority-data")
    if not data:
        return cluster["server"], ""
    certificate = path.with_suffix(".crt")
    certificate.write_bytes(base64.b64decode(data))
    return cluster["server"], str(certificate)


def headers_of(path: Path) -> dict[str, str]:
    token = read(path)["users"][0]["user"].get("token")
    return {"Authorization": f"Bearer {token}"} if token else {}
