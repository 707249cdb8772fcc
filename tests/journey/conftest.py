"""The journey was recorded on a cluster without metrics-server.

It has a cluster of its own: the plugin's is one for the whole session, with the settings of
whoever asks first.
"""

from collections.abc import Iterator

import pytest

from mockapi.cluster import MockCluster


@pytest.fixture(scope="session")
def _journey_cluster() -> Iterator[MockCluster]:
    with MockCluster(metrics_server=False) as cluster:
        yield cluster


@pytest.fixture
def mock_cluster(_journey_cluster: MockCluster) -> MockCluster:
    """As it was at its start."""
    _journey_cluster.reset()
    return _journey_cluster
