"""The official Node client: what the program prints is the report, one line per check."""

import shutil
import subprocess
from pathlib import Path

import pytest

from mockapi.cluster import MockCluster

SOURCE = Path(__file__).parent / "node"
NPM, NODE = shutil.which("npm"), shutil.which("node")
INSTALL_SECONDS = 300.0
RUN_SECONDS = 60.0

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.slow,
    pytest.mark.skipif(NPM is None or NODE is None, reason="node and npm are not on PATH"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node") / "peer"
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules"))
    command = [str(NPM), "install", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(
        command, cwd=folder, timeout=INSTALL_SECONDS, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "main.mjs"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_node_client(program: Path, tls: bool) -> None:
    with MockCluster(mode="subprocess", tls=tls) as cluster:
        command = [str(NODE), str(program), cluster.kubeconfig]
        done = subprocess.run(
            command, timeout=RUN_SECONDS, text=True, capture_output=True, check=False
        )
    assert (done.returncode, done.stdout.count("ok ")) == (0, 5), f"{done.stdout}\n{done.stderr}"
