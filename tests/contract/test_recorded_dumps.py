"""Priority and fairness are shown as by a real server on which nobody waits."""

import json

from mockapi.cluster import MockCluster
from tests.contract.harness import Target, differences
from tests.contract.record_dumps import RECORDING, dumps


def test_tables_are_the_recorded_ones() -> None:
    with MockCluster(controllers="-*", scheduler=False, nodes=0) as cluster:
        found = dumps(Target(cluster.url))
    assert differences(json.loads(RECORDING.read_text()), found) == []
