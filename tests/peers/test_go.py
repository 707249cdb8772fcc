"""Programs on client-go: what they print is the report, one line per check."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mockapi.cluster import MockCluster

SOURCE = Path(__file__).parent / "go"
GO = shutil.which("go")
# The first build on a machine downloads and compiles client-go.
BUILD_SECONDS = 1200.0
RUN_SECONDS = 90.0

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.slow,
    pytest.mark.skipif(GO is None, reason="go is not on PATH"),
]


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the built programs."""
    folder = tmp_path_factory.mktemp("go")
    command = [str(GO), "build", "-mod=readonly", "-o", f"{folder}{os.sep}", "./..."]
    built = subprocess.run(
        command, cwd=SOURCE, timeout=BUILD_SECONDS, text=True, capture_output=True
    )
    assert built.returncode == 0, built.stderr
    return folder


def _run(program: Path, kubeconfig: str) -> None:
    command = [str(program), f"--kubeconfig={kubeconfig}"]
    done = subprocess.run(command, timeout=RUN_SECONDS, text=True, capture_output=True)
    assert done.returncode == 0 and "FAIL" not in done.stdout, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_client_go(programs: Path, tls: bool) -> None:
    with MockCluster(mode="subprocess", tls=tls) as cluster:
        _run(programs / "client", cluster.kubeconfig)


def test_controller_runtime(programs: Path) -> None:
    with MockCluster(mode="subprocess") as cluster:
        _run(programs / "manager", cluster.kubeconfig)
