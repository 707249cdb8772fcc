"""Users who may not do everything are answered as by a real server with RBAC."""

import json
from pathlib import Path

from mockapi.cluster import MockCluster
from tests.contract.harness import differences
from tests.contract.record_authorized import RECORDING, replies, target_of_token


def test_replies_are_the_recorded_ones() -> None:
    with MockCluster(
        authorization="RBAC", controllers="-*", scheduler=False, kubelet=False, nodes=0
    ) as cluster:
        found = replies(target_of_token(Path(cluster.kubeconfig)))
    assert differences(json.loads(RECORDING.read_text()), found) == []
