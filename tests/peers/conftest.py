"""Tests marked `toolchain` build something with a foreign toolchain; only `--peers` runs them.

At the end it is said what was run against which real program, and what was not and why.
"""

from collections import Counter
from typing import Any

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


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not config.getoption("--peers"):
        return
    counts: dict[str, Counter[str]] = {}
    reasons: dict[str, str] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            test = report.nodeid.partition("[")[0].removeprefix("tests/peers/")
            counts.setdefault(test, Counter())[outcome] += 1
            if outcome == "skipped":
                reasons[test] = str(report.longrepr[2]).removeprefix("Skipped: ")
    terminalreporter.section("peers")
    for test, found in sorted(counts.items()):
        why = f": {reasons[test]}" if test in reasons else ""
        told = ", ".join(f"{number} {outcome}" for outcome, number in found.items())
        terminalreporter.write_line(f"{test}: {told}{why}")
