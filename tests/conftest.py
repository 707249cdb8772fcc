"""Options that hold for all the tests, wherever pytest is started from."""

import pytest
from hypothesis import HealthCheck, settings

# How fast the machine is decides nothing.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--peers",
        action="store_true",
        help="also run clients in other languages, as far as their toolchains are here",
    )
    parser.addoption(
        "--binaries",
        default="",
        metavar="FOLDER",
        help="programs of the real release (kube-apiserver, etcd, kube-scheduler) to compare with",
    )
    parser.addoption(
        "--controllers-seconds",
        type=float,
        default=20.0,
        help="how long the real kube-controller-manager works on mockapi (tests/peers)",
    )
    parser.addoption(
        "--faults",
        type=int,
        help="with how many seeds each scenario of tests/writes/test_faults.py is shaken; without "
        "it a few are",
    )
    parser.addoption(
        "--faults-from", type=int, default=0, metavar="SEED", help="the first of those seeds"
    )
