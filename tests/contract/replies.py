"""Recorded replies to sequences of requests, by name: a file has a line for each sequence."""

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.contract import harness
from tests.contract.fuzz.pair import Side
from tests.contract.harness import Step, Target, Tree


def load(file: Path, *, key: str = "kind") -> Mapping[str, list[Tree]]:
    with gzip.open(file, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return {row[key]: row["replies"] for row in rows}


def save(file: Path, found: Mapping[str, Sequence[Tree]], *, key: str = "kind") -> None:
    rows = [{key: name, "replies": replies} for name, replies in found.items()]
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(rows)} {key}s, {sum(map(len, found.values()))} replies")


def oracle() -> Target:
    """The real server that MOCKAPI_ORACLE names."""
    return harness.target_of(Path(os.environ["MOCKAPI_ORACLE"]))


def real(make: Callable[[Target], Side]) -> Iterator[Side]:
    """For a fixture: a side of the real server, where there is one."""
    if not os.environ.get("MOCKAPI_ORACLE"):
        pytest.skip("MOCKAPI_ORACLE names no real server")
    side = make(oracle())
    yield side
    side.close()


def differences(
    steps: Sequence[Step], expected: Sequence[Tree], actual: Sequence[Tree]
) -> list[str]:
    """With the request before each line."""
    return [
        f"{step.title} {step.body or ''}: {line}"
        for step, one, other in zip(steps, expected, actual, strict=True)
        for line in harness.differences(one, other)
    ]
