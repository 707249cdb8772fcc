"""The command line: one clear line for each mistake, and an end at once when it is asked to end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml

SECONDS = 30


def _run(
    *arguments: str, folder: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mockapi", *arguments],
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder), **(environment or {})},
        timeout=SECONDS,
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--prot", "1"], "unknown option --prot; did you mean --port?"),
        (["--port", "abc"], "--port: 'abc': must be a whole number"),
        (["--port", "80000"], "--port: '80000': must be between 0 and 65535"),
        (["--kubernetes-version", "1.30"], "--kubernetes-version: '1.30': must be one of 1.37"),
        (["--config", "absent.yaml"], "--config: absent.yaml: No such file or directory"),
        (["--config", "wrong.yaml"], "wrong.yaml: unknown setting prot; did you mean port?"),
    ],
)
def test_a_bad_setting_is_one_line_and_code_2(
    arguments: list[str], line: str, tmp_path: Path
) -> None:
    (tmp_path / "wrong.yaml").write_text("prot: 1\n")
    done = _run("serve", *arguments, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"mockapi: {line}\n")


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "MOCKAPI_PROT",
            "1",
            "unknown environment variable MOCKAPI_PROT; did you mean MOCKAPI_PORT?",
        ),
        ("MOCKAPI_PORT", "x", "MOCKAPI_PORT: 'x': must be a whole number"),
    ],
)
def test_a_bad_variable_is_one_line_and_code_2(
    name: str, value: str, line: str, tmp_path: Path
) -> None:
    done = _run("serve", folder=tmp_path, environment={name: value})
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"mockapi: {line}\n")


def test_a_port_in_use_is_one_line_and_code_1(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _run("serve", "--port", str(port), folder=tmp_path)
    line = f"mockapi: port {port} on 127.0.0.1 is already in use\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)


@contextmanager
def _served(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in the folder, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mockapi", "serve", "--port", "0", *arguments],
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder), "MOCKAPI_NODES": "1"},
        text=True,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        told = [process.stdout.readline().rstrip("\n") for _ in range(3)]
        assert told[1] == f"export KUBECONFIG={folder / 'mockapi.kubeconfig'}"
        yield process, told[0].rpartition(" ")[2]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_and_open_watches_properly(
    number: signal.Signals, tmp_path: Path
) -> None:
    with _served(tmp_path) as (process, url):
        watch = requests.get(f"{url}/api/v1/nodes?watch=1", stream=True, timeout=SECONDS)
        lines = watch.iter_lines()
        assert b'"type":"ADDED"' in next(lines)
        begun = time.monotonic()
        process.send_signal(number)
        rest = list(lines)  # raises when the last chunk is missing
        assert process.wait(timeout=SECONDS) == 0
        assert time.monotonic() - begun < SECONDS / 3
        assert all(line.startswith(b'{"type":') for line in rest)


def test_arguments_win_over_variables_and_these_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("nodes: 7\nseed: 3\n")
    with _served(tmp_path, "--config", "settings.yaml") as (_, url):
        assert len(requests.get(f"{url}/api/v1/nodes", timeout=SECONDS).json()["items"]) == 1
    with _served(tmp_path, "--config", "settings.yaml", "--nodes", "2") as (_, url):
        assert len(requests.get(f"{url}/api/v1/nodes", timeout=SECONDS).json()["items"]) == 2


def test_under_tls_the_kubeconfig_is_complete(tmp_path: Path) -> None:
    with _served(tmp_path, "--tls") as (_, url):
        config = yaml.safe_load((tmp_path / "mockapi.kubeconfig").read_text())
        cluster = config["clusters"][0]["cluster"]
        assert cluster["server"] == url and url.startswith("https:")
        assert cluster.keys() == {"server", "certificate-authority-data"}
        assert config["users"][0]["user"].keys() == {"token"}
        shown = _run("kubeconfig", "--tls", folder=tmp_path)
        assert yaml.safe_load(shown.stdout) == config
