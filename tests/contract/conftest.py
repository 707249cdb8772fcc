"""Options of the comparison with a real server."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fuzz-operations",
        type=int,
        default=560,
        help="how many random requests both servers are given, all areas together",
    )
    parser.addoption("--fuzz-seed", type=int, default=0)
