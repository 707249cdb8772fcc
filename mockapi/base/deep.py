"""Trees that are nested deeper than Python's functions may call themselves by default."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LIMIT: Final = 100_000


@contextmanager
def recursion() -> Iterator[None]:
    """Lets functions written in Python call themselves some ten thousand levels deep. Nothing
    inside may switch to other greenlets."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
