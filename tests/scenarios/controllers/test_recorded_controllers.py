"""The same scenarios as recorded from the real kube-controller-manager give the same outcome."""

import json
from typing import Any

import pytest
from controller_replay import RECORDINGS, SCENARIOS, Obj, run

from mockapi.composition import Cluster
from mockapi.settings import Settings

RECORDED: dict[str, Any] = json.loads(RECORDINGS.read_text())


class MockTarget:
    """The default namespace of a cluster on a manual clock."""

    namespace = "default"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._client = cluster.clients.client("kubectl")

    def create(self, resource: str, obj: Obj) -> None:
        self._client.create(resource, self.namespace, obj)

    def patch(self, resource: str, name: str, patch: Obj) -> None:
        self._client.patch(resource, self.namespace, name, patch)

    def list(self, resource: str) -> list[Obj]:
        return list(self._client.list(resource, self.namespace).items)

    def wait(self) -> None:
        self._cluster.advance(1)


@pytest.mark.parametrize("name", RECORDED)
def test_outcome_equals_the_real_one(name: str) -> None:
    cluster = Cluster(Settings(clock="manual", nodes=3, seed=1))
    cluster.start(listen=False)
    try:
        assert run(MockTarget(cluster), SCENARIOS[name]) == RECORDED[name]
    finally:
        cluster.stop()
