"""What leaves the socket: Go's manners for bad requests, bodies, keep-alive, streams, the end.

The literal replies are recorded from kube-apiserver 1.37.2 over a raw connection.
"""

import base64
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mockapi import kubeconfig
from mockapi.api.serve import PortInUse
from mockapi.cluster import MockCluster

BARE: dict[str, Any] = {"controllers": "-*", "scheduler": False, "nodes": 0}


@pytest.fixture(scope="module")
def cluster() -> Iterator[MockCluster]:
    with MockCluster(**BARE) as running:
        yield running


def connect(cluster: MockCluster) -> socket.socket:
    host, port = cluster.url.partition("://")[2].split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def received(sock: socket.socket) -> bytes:
    """Everything until the server closes."""
    data = b""
    while chunk := sock.recv(65536):
        data += chunk
    return data


def exchange(cluster: MockCluster, request: bytes) -> bytes:
    with connect(cluster) as sock:
        sock.sendall(request)
        return received(sock)


def refusal(text: str) -> bytes:
    head = f"HTTP/1.1 {text}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close"
    return f"{head}\r\n\r\n{text}".encode()


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (b"garbage\r\n\r\n", "400 Bad Request"),
        (b"GET /version\r\n\r\n", "400 Bad Request"),
        (b"GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request"),
        (b"GET foo HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request"),
        (b"GET /a HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", "400 Bad Request"),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", "400 Bad Request"),
        (b"GET /a HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header"),
        (
            b"GET /a HTTP/1.1\r\nHost: x\r\nbad : header\r\n\r\n",
            "400 Bad Request: invalid header name",
        ),
        (
            b"GET /a HTTP/3.0\r\nHost: x\r\n\r\n",
            "505 HTTP Version Not Supported: unsupported protocol version",
        ),
    ],
)
def test_unreadable_request_ends_the_connection(
    cluster: MockCluster, request_: bytes, text: str
) -> None:
    assert exchange(cluster, request_) == refusal(text)


def test_connection_is_kept_and_requests_may_be_pipelined(cluster: MockCluster) -> None:
    first = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    reply = exchange(cluster, first + last)
    assert reply.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert reply.endswith(b"\r\n\r\nok")


def test_head_has_a_length_and_no_body(cluster: MockCluster) -> None:
    reply = exchange(cluster, b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"\r\nContent-Length: 2\r\n" in reply
    assert reply.endswith(b"\r\n\r\n")


def test_body_may_come_in_chunks_and_after_100_continue(cluster: MockCluster) -> None:
    head = (
        b"POST /api/v1/namespaces?dryRun=All HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with connect(cluster) as sock:
        sock.sendall(head)
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b'c\r\n{"metadata":\r\ne\r\n{"name":"abc"}\r\n1\r\n}\r\n0\r\n\r\n')
        assert received(sock).startswith(b"HTTP/1.1 201 Created\r\n")


def test_broken_chunk_is_a_status(cluster: MockCluster) -> None:
    head = b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert exchange(cluster, head + b"zz\r\n").endswith(
        b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
        b'"message":"invalid byte in chunk length","code":500}\n'
    )


def test_http_1_0_is_answered_in_kind(cluster: MockCluster) -> None:
    reply = exchange(cluster, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert reply.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"Connection" not in reply


def test_large_list_is_compressed_for_who_takes_it(cluster: MockCluster) -> None:
    head = b"GET /openapi/v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    reply = exchange(cluster, head + b"Accept-Encoding: deflate, gzip\r\n\r\n")
    assert b"\r\nContent-Encoding: gzip\r\n" in reply.partition(b"\r\n\r\n")[0] + b"\r\n"


def watch(sock: socket.socket, seconds: int) -> None:
    """Of an object that there is not: nothing follows the head."""
    path = f"/api/v1/configmaps?watch=1&timeoutSeconds={seconds}&fieldSelector=metadata.name=none"
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def test_head_of_a_watch_leaves_before_the_first_event(cluster: MockCluster) -> None:
    with connect(cluster) as sock:
        watch(sock, 60)
        head = sock.recv(4096)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head


def test_watch_of_a_client_that_has_gone_is_forgotten(cluster: MockCluster) -> None:
    streams = cluster.cluster.kernel.streams
    with connect(cluster) as sock:
        watch(sock, 60)
        sock.recv(4096)
        assert cluster.call(lambda: len(streams)) >= 1
    for _ in range(200):
        if cluster.call(lambda: len(streams)) == 0:
            return
    pytest.fail("the stream is still open")


def test_open_watches_end_properly_when_the_server_stops() -> None:
    with MockCluster(**BARE) as running:
        sock = connect(running)
        watch(sock, 60)
        sock.recv(4096)
    assert received(sock) == b"0\r\n\r\n"
    sock.close()


def test_port_in_use_is_an_exception(cluster: MockCluster) -> None:
    port = int(cluster.url.rpartition(":")[2])
    with pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is already in use"):
        MockCluster(port=port, **BARE).start()


def test_tls_serves_who_trusts_the_authority_and_has_the_token(tmp_path: Path) -> None:
    with MockCluster(tls=True, **BARE) as running:
        config = kubeconfig.read(Path(running.kubeconfig))
        authority = tmp_path / "ca.pem"
        encoded = config["clusters"][0]["cluster"]["certificate-authority-data"]
        authority.write_bytes(base64.b64decode(encoded))
        url = f"{running.url}/api/v1/namespaces/default"
        refused = requests.get(url, verify=str(authority), timeout=10)
        headers = kubeconfig.headers_of(Path(running.kubeconfig))
        served = requests.get(url, verify=str(authority), headers=headers, timeout=10)
    assert (refused.status_code, refused.json()["message"]) == (401, "Unauthorized")
    assert served.json()["metadata"]["name"] == "default"
