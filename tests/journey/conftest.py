"""The journey was recorded on a cluster without metrics-server."""

from typing import Any

import pytest


@pytest.fixture(scope="session")
def mockapi_settings() -> dict[str, Any]:
    return {"metrics_server": False}
