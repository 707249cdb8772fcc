"""The packages: those of `mockapi/`, and the tables of `openapi/` as `mockapi/_openapi`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["mockapi*"]), "mockapi._openapi"],
    package_dir={"mockapi._openapi": "openapi"},
)
