"""kubectls of other minors do the basics, as far as their packages are installed."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers import kubectls

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
CHANGED = MANIFEST.replace("replicas: 1", "replicas: 2")
BAD = MANIFEST.replace("replicas: 1", "replicas: -1").replace("name: web}", "name: bad}", 1)

Kubectl = Callable[..., str]


@pytest.fixture(params=kubectls.MINORS)
def minor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def kubectl(minor: str, mock_kubeconfig: str, tmp_path: Path) -> Kubectl:
    program = kubectls.kubectl(minor, tmp_path)
    if program is None:
        pytest.skip(f"there is no kubectl 1.{minor} here; scripts/peers gets it")
    environment = {"HOME": str(tmp_path), "KUBECONFIG": mock_kubeconfig, "PATH": os.defpath}

    def run(arguments: str, stdin: str = "", *, code: int = 0) -> str:
        done = subprocess.run(
            [str(program), *arguments.split()],
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert code or all(line.startswith("Warning: ") for line in done.stderr.splitlines())
        return done.stderr if code else done.stdout

    return run


def test_it_creates_applies_gets_and_deletes(minor: str, kubectl: Kubectl) -> None:
    assert f"v1.{minor}." in kubectl("version --client")
    assert kubectl("create configmap one --from-literal=a=1") == "configmap/one created\n"
    assert kubectl("get configmap one -o jsonpath={.data.a}") == "1"
    assert kubectl("apply -f -", MANIFEST) == "deployment.apps/web created\n"
    assert kubectl("apply -f -", MANIFEST) == "deployment.apps/web unchanged\n"
    assert kubectl("rollout status deployment/web").endswith("successfully rolled out\n")
    assert kubectl("get deployments --no-headers").split()[:2] == ["web", "1/1"]
    assert "Available      True" in kubectl("describe deployment web")
    assert "ConfigMap" in kubectl("explain configmap.data").splitlines()[0]
    assert kubectl("delete deployment web").startswith('deployment.apps "web" deleted')


def test_it_changes_scales_labels_and_waits(kubectl: Kubectl) -> None:
    kubectl("apply -f -", MANIFEST)
    assert kubectl("apply -f -", CHANGED) == "deployment.apps/web configured\n"
    assert kubectl("scale deployment/web --replicas=3") == "deployment.apps/web scaled\n"
    assert "condition met" in kubectl("wait --for=condition=Available deployment/web")
    kubectl("rollout status deployment/web")
    assert len(kubectl("get pods -l app=web -o name").split()) == 3
    assert kubectl("label deployment web tier=one") == "deployment.apps/web labeled\n"
    assert kubectl("get deployment -l tier=one -o name") == "deployment.apps/web\n"
    kubectl("set image deployment/web web=nginx:2")
    kubectl("rollout status deployment/web")
    assert kubectl("rollout undo deployment/web") == "deployment.apps/web rolled back\n"
    kubectl("expose deployment web --port=80")
    assert "80/TCP" in kubectl("get service web")
    patched = kubectl('patch service web -p {"spec":{"sessionAffinity":"ClientIP"}}')
    assert patched == "service/web patched\n"


def test_it_applies_on_the_server_and_compares(kubectl: Kubectl) -> None:
    assert kubectl("apply --server-side -f -", MANIFEST).startswith("deployment.apps/web server")
    kubectl("apply --server-side --field-manager=other --force-conflicts -f -", CHANGED)
    assert "conflict" in kubectl("apply --server-side -f -", MANIFEST, code=1)


def test_it_shows_refusals_and_what_there_is(kubectl: Kubectl) -> None:
    refused = kubectl("apply -f -", BAD, code=1)
    assert 'The Deployment "bad" is invalid: spec.replicas: Invalid value: -1' in refused
    assert kubectl("get pod absent", code=1) == (
        'Error from server (NotFound): pods "absent" not found\n'
    )
    assert "deployments" in kubectl("api-resources --api-group=apps -o name")
    assert "apps/v1" in kubectl("api-versions").split()
    assert kubectl("auth can-i create pods") == "yes\n"
    assert kubectl("get nodes --no-headers").count(" Ready ") == 3
    assert kubectl("get --raw /readyz") == "ok"
