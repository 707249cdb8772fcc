"""Java clients (Fabric8's and the official one): what a program prints is its report."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mockapi.cluster import MockCluster

SOURCE = Path(__file__).parent / "java"
MAVEN, JAVA = shutil.which("mvn"), shutil.which("java")
# The first build on a machine downloads both clients.
BUILD_SECONDS = 600.0
RUN_SECONDS = 90.0
CHECKS = {"Fabric8": 4, "Official": 5}

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.slow,
    pytest.mark.skipif(MAVEN is None or JAVA is None, reason="java and mvn are not on PATH"),
]


@pytest.fixture(scope="module")
def classpath(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("java") / "peer"
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("target"))
    command = [str(MAVEN), "-q", "-B", "compile", "dependency:copy-dependencies"]
    done = subprocess.run(
        command, cwd=folder, timeout=BUILD_SECONDS, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return os.pathsep.join([f"{folder}/target/classes", f"{folder}/target/dependency/*"])


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("program", CHECKS)
def test_a_java_client(program: str, tls: bool, classpath: str) -> None:
    with MockCluster(mode="subprocess", tls=tls) as cluster:
        command = [str(JAVA), "-cp", classpath, f"peer.{program}", cluster.kubeconfig]
        done = subprocess.run(
            command, timeout=RUN_SECONDS, text=True, capture_output=True, check=False
        )
    told = done.stdout.count("ok ")
    assert (done.returncode, told) == (0, CHECKS[program]), f"{done.stdout}\n{done.stderr}"
