"""Replies have the headers that the real server gives, and no others."""

import json

from mockapi.cluster import MockCluster
from tests.contract.harness import Target, differences
from tests.contract.record_headers import RECORDING, headers


def test_all_headers_are_the_recorded_ones() -> None:
    with MockCluster(controllers="-*", scheduler=False, nodes=0) as cluster:
        found = headers(Target(cluster.url))
    assert differences(json.loads(RECORDING.read_text()), found) == []
