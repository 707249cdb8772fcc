"""Tests marked `toolchain` build something with a foreign toolchain; only `--peers` runs them."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "toolchain: needs a foreign toolchain, runs with --peers")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--peers"):
        return
    skipped = pytest.mark.skip(reason="only with --peers")
    for item in items:
        if item.get_closest_marker("toolchain"):
            item.add_marker(skipped)
