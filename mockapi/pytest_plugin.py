"""Fixtures for anybody's tests: installed with mockapi, nothing to import.

`mock_cluster` is one cluster for the whole run, brought back to its initial state for each test.
Settings come from the `mockapi_settings` fixture, which a conftest may override.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from mockapi.base.lazy import module


@pytest.fixture(scope="session")
def mockapi_settings() -> dict[str, Any]:
    """Settings of `mock_cluster` by name; override it to change them."""
    return {}


@pytest.fixture(scope="session")
def _mockapi_session(mockapi_settings: dict[str, Any]) -> Iterator[Any]:
    with module("mockapi.cluster").MockCluster(**mockapi_settings) as cluster:
        yield cluster


@pytest.fixture
def mock_cluster(_mockapi_session: Any) -> Iterator[Any]:
    """A `mockapi.cluster.MockCluster` in its initial state."""
    yield _mockapi_session
    _mockapi_session.reset()


@pytest.fixture
def mock_cluster_url(mock_cluster: Any) -> str:
    """Where the cluster serves, `http://127.0.0.1:PORT`."""
    url: str = mock_cluster.url
    return url


@pytest.fixture
def mock_kubeconfig(mock_cluster: Any) -> str:
    """The path of a kubeconfig for the cluster."""
    path: str = mock_cluster.kubeconfig
    return path
