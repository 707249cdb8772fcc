"""Requests belong to the flow schema and priority level that the real server puts them in."""

import json

from mockapi.cluster import MockCluster
from tests.contract.harness import Target, differences
from tests.contract.record_fairness import RECORDING, UPKEEP, flows, upkeep


def test_requests_belong_to_the_recorded_flows() -> None:
    with MockCluster(controllers="-*", scheduler=False, nodes=0) as cluster:
        found = flows(Target(cluster.url), settle_seconds=0)
    assert found == json.loads(RECORDING.read_text())


def test_changes_to_a_new_clusters_own_are_undone_as_recorded() -> None:
    with MockCluster(clock="manual", controllers="-*", scheduler=False, nodes=0) as cluster:
        found = upkeep(Target(cluster.url), cluster.advance)
    assert differences(json.loads(UPKEEP.read_text()), found) == []
