"""Write `recordings/websockets.json`: watches over a WebSocket, as a real server holds them.

    MOCKAPI_ORACLE=kubeconfig python -m tests.contract.record_websockets

The conversations are in `websockets.yaml`: a request, what others write meanwhile, what the client
sends. Recorded are the head of the reply, every message and how the connection ends.
"""

import json
import os
import secrets
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from tests.contract.harness import HERE, Normal, Target, target_of

RECORDING = HERE / "recordings" / "websockets.json"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    "Origin": "http://localhost",
    "Accept": "application/json",
}
_TIMEOUT = 10
_UNSTEADY = ("Audit-Id", "Date", "X-Kubernetes-Pf-")

Tree = dict[str, Any]


def conversations() -> dict[str, Tree]:
    found: dict[str, Tree] = yaml.safe_load((HERE / "websockets.yaml").read_text())
    return found


def talk(target: Target, conversation: Tree) -> Tree:
    """One conversation in a namespace of its own."""
    namespace = f"contract-{secrets.token_hex(5)}"
    path = conversation["path"].replace("{ns}", namespace)
    _post(target, "/api/v1/namespaces", {"metadata": {"name": namespace}})
    normal = Normal({namespace: "{ns}"}, ())
    with _connected(target) as sock:
        wanted = {**_HANDSHAKE, **target.headers, **conversation.get("headers", {})}
        head = {name: value for name, value in wanted.items() if value is not None}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        host = urlsplit(target.url).netloc
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode())
        status, headers, rest = _head(sock)
        found: Tree = {"status": status, "headers": headers}
        if status.startswith("HTTP/1.1 200"):
            return found
        if not status.startswith("HTTP/1.1 101"):
            return found | {"body": normal.text(_refusal(sock, rest, headers))}
        for name in conversation.get("create", ()):
            _post(
                target,
                f"/api/v1/namespaces/{namespace}/configmaps",
                {"metadata": {"name": name}, "data": {"text": "<&>"}},
            )
        return found | {"messages": list(_messages(sock, rest, conversation, normal))}


def _connected(target: Target) -> socket.socket:
    parts = urlsplit(target.url)
    plain = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_TIMEOUT)
    if target.context is None:
        return plain
    wrapped: ssl.SSLSocket = target.context.wrap_socket(plain, server_hostname=parts.hostname)
    return wrapped


def _post(target: Target, path: str, body: Tree) -> None:
    connection = target.connect()
    headers = {"Content-Type": "application/json", "User-Agent": "contract/1.0", **target.headers}
    connection.request("POST", path, json.dumps(body), headers)
    reply = connection.getresponse()
    assert reply.status == 201, reply.read()
    connection.close()


def _head(sock: socket.socket) -> tuple[str, list[str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            break
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    return status, sorted(x for x in headers if not x.startswith(_UNSTEADY)), rest


def _refusal(sock: socket.socket, rest: bytes, headers: list[str]) -> str:
    """To the end of the connection, or as long as it says that it is."""
    lengths = [int(line.split(": ")[1]) for line in headers if line.startswith("Content-Length")]
    while not lengths or len(rest) < lengths[0]:
        more = sock.recv(65536)
        if not more:
            break
        rest += more
    return rest.decode()


def _messages(
    sock: socket.socket, data: bytes, conversation: Tree, normal: Normal
) -> Iterator[list[Any]]:
    """[kind, content] of what comes; after as many as wanted the client says goodbye."""
    client = Connection(ConnectionType.CLIENT)
    left = conversation.get("messages", 99)
    unsent = list(conversation.get("send", ()))
    text = ""
    while True:
        client.receive_data(data)
        for event in client.events():
            match event:
                case TextMessage():
                    text += event.data
                    if event.message_finished:
                        yield ["text", _text(normal, text)]
                        left, text = left - 1, ""
                        _say(sock, client, unsent)
                case BytesMessage():
                    yield ["bytes", bytes(event.data[:4]).decode("latin-1")]
                    left -= 1
                case Pong():
                    yield ["pong", event.payload.decode()]
                case CloseConnection():
                    yield ["close", event.code]
        if left == 0:
            sock.sendall(client.send(CloseConnection(1000)))
            left = -1
        data = sock.recv(65536)
        if not data:
            yield ["end", ""]
            return


def _say(sock: socket.socket, client: Connection, unsent: list[str]) -> None:
    while unsent:
        said = unsent.pop(0)
        sock.sendall(client.send(Ping(payload=b"x") if said == "ping" else TextMessage(said)))


def _text(normal: Normal, text: str) -> Any:
    found = [normal.tree(text)]
    return found + (["line break"] if text.endswith("\n") else [])


def main() -> None:
    target = target_of(Path(os.environ["MOCKAPI_ORACLE"]))
    found = {name: talk(target, each) for name, each in conversations().items()}
    RECORDING.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
