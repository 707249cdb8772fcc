"""Programs on other Python clients, each in a process of its own. See `python/`."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from mockapi.cluster import MockCluster

FOLDER = Path(__file__).parent / "python"
PROGRAMS = {
    "asyncio_client": "kubernetes_asyncio",
    "kopf_operator": "kopf",
    "kr8s_client": "kr8s",
    "lightkube_client": "lightkube",
    "pykube_client": "pykube",
}
SECONDS = 60.0


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_gets_what_it_expects(name: str, mock_cluster: MockCluster, tmp_path: Path) -> None:
    package = PROGRAMS[name]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed; scripts/peers installs it")
    command = [sys.executable, str(FOLDER / f"{name}.py"), mock_cluster.kubeconfig]
    environment = {"KUBECONFIG": mock_cluster.kubeconfig, "HOME": str(tmp_path)}
    done = subprocess.run(
        command, env=environment, timeout=SECONDS, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
