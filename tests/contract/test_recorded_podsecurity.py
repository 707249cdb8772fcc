"""Pods are warned about under each security level in the real server's words."""

import json

from mockapi.cluster import MockCluster
from tests.contract.harness import Target, differences
from tests.contract.record_podsecurity import RECORDING, comparable, verdicts


def test_levels_of_all_versions_judge_pods_as_recorded() -> None:
    with MockCluster(controllers="-*", scheduler=False, kubelet=False, nodes=0) as cluster:
        found = comparable(verdicts(Target(cluster.url)))
    assert differences(json.loads(RECORDING.read_text()), found) == []
