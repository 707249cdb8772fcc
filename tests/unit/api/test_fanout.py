"""One write, many watchers: nobody misses an event, and who does not read holds nobody up."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from mockapi.cluster import MockCluster

MAPS = "/api/v1/namespaces/default/configmaps"
BIG = "x" * 200_000


@pytest.fixture(scope="module")
def cluster() -> Iterator[MockCluster]:
    with MockCluster(controllers="-*", scheduler=False, nodes=0) as running:
        yield running


class Watcher:
    """A watch over a socket with a small buffer; it reads nothing until `events` is asked for."""

    def __init__(self, cluster: MockCluster) -> None:
        host, port = cluster.url.partition("://")[2].split(":")
        self._sock = socket.socket()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._sock.settimeout(30)
        self._sock.connect((host, int(port)))
        self._sock.sendall(f"GET {MAPS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self._lines = self._sock.makefile("rb")
        while self._lines.readline() != b"\r\n":
            pass

    def events(self, last: str) -> list[tuple[str, str]]:
        """(type, name) of each until an event is about `last`."""
        found: list[tuple[str, str]] = []
        while not found or found[-1][1] != last:
            chunk = self._lines.read(int(self._lines.readline(), 16) + 2)
            for line in chunk[:-2].splitlines():
                event = json.loads(line)
                found.append((event["type"], event["object"]["metadata"]["name"]))
        return found

    def close(self) -> None:
        self._lines.close()
        self._sock.close()


def create(cluster: MockCluster, name: str, text: str = "") -> None:
    body: dict[str, Any] = {"metadata": {"name": name}, "data": {"text": text}}
    assert requests.post(cluster.url + MAPS, json=body, timeout=30).status_code == 201


def names(cluster: MockCluster) -> list[str]:
    listed = requests.get(cluster.url + MAPS, timeout=30).json()
    return [item["metadata"]["name"] for item in listed["items"]]


def test_each_of_many_watchers_gets_every_event_in_order(cluster: MockCluster) -> None:
    watchers = [Watcher(cluster) for _ in range(50)]
    already = [("ADDED", name) for name in names(cluster)]
    expected = already + [("ADDED", f"many-{i}") for i in range(5)]
    for index in range(5):
        create(cluster, f"many-{index}")
    assert [watcher.events("many-4") for watcher in watchers] == [expected] * 50
    for watcher in watchers:
        watcher.close()


def test_who_does_not_read_delays_nobody_and_misses_nothing(cluster: MockCluster) -> None:
    idle, reader = Watcher(cluster), Watcher(cluster)
    already = [("ADDED", name) for name in names(cluster)]
    expected = already + [("ADDED", f"big-{i}") for i in range(60)]
    read: list[list[tuple[str, str]]] = []
    thread = threading.Thread(target=lambda: read.append(reader.events("big-59")))
    thread.start()
    for index in range(60):
        create(cluster, f"big-{index}", BIG)
    thread.join(60)
    assert read == [expected]
    assert idle.events("big-59") == expected
    idle.close()
    reader.close()
