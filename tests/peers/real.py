"""Programs of the real release, where somebody has built them: a control plane of one's own.

`--binaries FOLDER` (or MOCKAPI_BINARIES) names a folder with kube-apiserver and etcd, and
kube-scheduler and kube-controller-manager; whatever of these is there is used.
"""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mockapi.base.clock import Clock, monotonic
from mockapi.base.ids import Ids
from mockapi.client.http import HttpClients
from mockapi.runtime.loop import Runtime

SECONDS = 60.0
TOKEN = "mockapi-peers"
_KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{{name: real, cluster: {{server: "https://127.0.0.1:{port}", insecure-skip-tls-verify: true}}}}]
users: [{{name: admin, user: {{token: {token}}}}}]
contexts: [{{name: real, context: {{cluster: real, user: admin}}}}]
current-context: real
"""  # noqa: E501


def program(config: pytest.Config, name: str, variable: str = "") -> str:
    """Its path, from a variable of its own or from the folder; empty when it is not there."""
    given = os.environ.get(variable, "") if variable else ""
    if given:
        return given
    folder = config.getoption("--binaries") or os.environ.get("MOCKAPI_BINARIES", "")
    path = Path(folder) / name if folder else None
    return str(path) if path is not None and path.exists() else ""


@contextmanager
def control_plane(etcd: str, apiserver: str, folder: Path) -> Iterator[Path]:
    """kube-apiserver and etcd on loopback; the path of a kubeconfig for them."""
    client, peer, port = _free_ports(3)
    write_keys(folder)
    with ExitStack() as stack:
        stack.enter_context(running(_etcd(etcd, folder, client, peer), folder / "etcd.log"))
        command = _apiserver(apiserver, folder, client, port)
        stack.enter_context(running(command, folder / "kube-apiserver.log"))
        _wait(f"https://127.0.0.1:{port}/readyz")
        path = folder / "kubeconfig"
        path.write_text(_KUBECONFIG.format(port=port, token=TOKEN))
        yield path


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def write_keys(folder: Path) -> None:
    """`sa.key`, `sa.pub` and `tokens.csv`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (folder / "sa.key").write_bytes(private)
    (folder / "sa.pub").write_bytes(key.public_key().public_bytes(pem, form))
    (folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")


def _etcd(path: str, folder: Path, client: int, peer: int) -> list[str]:
    url, own = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        path,
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={own}",
        f"--initial-advertise-peer-urls={own}",
        f"--initial-cluster=default={own}",
    ]


def _apiserver(path: str, folder: Path, client: int, port: int) -> list[str]:
    return [
        path,
        f"--etcd-servers=http://127.0.0.1:{client}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'sa.pub'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        "--endpoint-reconciler-type=none",
    ]


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[None]:
    """A program that writes to `log` and ends with the block."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


def _wait(url: str) -> None:
    end = monotonic() + SECONDS
    session = requests.Session()
    session.trust_env = False
    while monotonic() < end:
        try:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            if session.get(url, verify=False, headers=headers, timeout=5).text == "ok":
                return
        except requests.RequestException:
            pass
        Event().wait(0.1)
    raise TimeoutError("kube-apiserver did not become ready")


class Ours:
    """Our components in a thread, on any server; `fill` adds them to the loop."""

    def __init__(
        self, clients: HttpClients, fill: Callable[[Runtime], None], seconds: float
    ) -> None:
        self._clients = clients
        self._fill = fill
        self._seconds = seconds
        self._end = Event()
        self._started = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._started.wait(seconds)

    def _run(self) -> None:
        runtime = Runtime(self._clients, clock=Clock(), ids=Ids(1))
        self._fill(runtime)
        self._started.set()
        while not self._end.is_set():
            if not runtime.step():
                self._end.wait(0.01)
        runtime.close()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(self._seconds)
