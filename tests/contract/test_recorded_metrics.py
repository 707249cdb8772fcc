"""Requests are counted as the real server counts them."""

import json

from mockapi.cluster import MockCluster
from tests.contract.harness import Target
from tests.contract.record_metrics import RECORDING, counted


def test_metrics_grow_as_recorded() -> None:
    with MockCluster(controllers="-*", scheduler=False, nodes=0) as cluster:
        found = counted(Target(cluster.url))
    assert found == json.loads(RECORDING.read_text())
