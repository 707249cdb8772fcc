"""Heavy optional modules, imported by the first thing that needs them."""

from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def module(name: str) -> ModuleType:
    return import_module(name)
