"""Requests belong to the flow schema and priority level that the real server puts them in."""

import json

from mockapi.cluster import MockCluster
from tests.contract.harness import Target
from tests.contract.record_fairness import RECORDING, flows


def test_requests_belong_to_the_recorded_flows() -> None:
    with MockCluster(controllers="-*", scheduler=False, nodes=0) as cluster:
        found = flows(Target(cluster.url), settle_seconds=0)
    assert found == json.loads(RECORDING.read_text())
