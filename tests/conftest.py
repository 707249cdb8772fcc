"""Options that hold for all the tests, wherever pytest is started from."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--peers",
        action="store_true",
        help="also run clients in other languages, as far as their toolchains are here",
    )
