"""The two servers: mockapi started here, the real one named by a kubeconfig."""

import os
import re
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


@dataclass
class Server:
    """Where to send requests, and what is known of its start."""

    name: str
    url: str
    headers: dict[str, str]
    context: ssl.SSLContext | None = None
    """Set when it speaks TLS."""
    certificate: tuple[str, str] | None = None
    """Files of the client certificate and its key."""
    ready_seconds: float | None = None
    pids: tuple[int, ...] = ()

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "127.0.0.1", parts.port or 443

    def resident_megabytes(self) -> float | None:
        """Memory of its processes, None when they are not known."""
        if not self.pids:
            return None
        return sum(_resident(pid) for pid in self.pids) / 1024


def processor_seconds(pid: int) -> float:
    """What a process has had of the processors since its start."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return float(found[1]) if found else 0.0


@contextmanager
def mockapi(*arguments: str) -> Iterator[Server]:
    """A mockapi process, timed from its start until it says that it serves."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        command = [sys.executable, "-m", "mockapi", "serve", "--port", "0"]
        begin = time.monotonic()
        process = subprocess.Popen(
            [*command, "--kubeconfig", str(path), *arguments], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            seconds = time.monotonic() - begin
            if not line:
                raise RuntimeError("mockapi did not start")
            url = line.split()[-1]
            yield Server("mockapi", url, {}, ready_seconds=seconds, pids=(process.pid,))
        finally:
            process.terminate()
            process.wait()


def real(kubeconfig: str | None = None) -> Server | None:
    """The real server of MOCKAPI_ORACLE, None when there is none."""
    path = kubeconfig or os.environ.get("MOCKAPI_ORACLE")
    if not path:
        return None
    content: dict[str, Any] = yaml.safe_load(Path(path).read_text())
    url = content["clusters"][0]["cluster"]["server"]
    user = content["users"][0]["user"]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    pair = None
    if "client-certificate" in user:
        pair = (user["client-certificate"], user["client-key"])
    headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
    port = str(urlsplit(url).port)
    return Server("real", url, headers, context, pair, pids=_processes(port))


def _processes(port: str) -> tuple[int, ...]:
    """kube-apiserver on the port, and the etcd that it names."""
    found, etcd = [], ""
    commands = {int(p.name): _command(p) for p in Path("/proc").iterdir() if p.name.isdigit()}
    for pid, command in commands.items():
        if "kube-apiserver" in command and f"--secure-port={port}" in command:
            found.append(pid)
            etcd = re.sub(r".*--etcd-servers=(\S+).*", r"\1", command)
    found += [
        p
        for p, c in commands.items()
        if etcd and f"--listen-client-urls {etcd}" in c and "etcd" in c
    ]
    return tuple(found)


def _command(path: Path) -> str:
    try:
        return (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def table(rows: list[tuple[str, str, str, str]]) -> str:
    """Aligned columns: what, mockapi, real, ratio."""
    rows = [("", "mockapi", "real", "ratio"), *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
