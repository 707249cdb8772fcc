"""Sequences that once showed a difference, with the real server's replies: they run always."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.contract.harness import Step, Tree

FOLDER = Path(__file__).parents[1] / "recordings/fuzz"
SUFFIX = ".jsonl.gz"


@dataclass(frozen=True)
class Recording:
    steps: tuple[Step, ...]
    replies: tuple[Tree, ...]

    @property
    def title(self) -> str:
        return f"{len(self.steps)} steps, {self.steps[-1].title}"


def names() -> list[str]:
    return sorted(file.name.removesuffix(SUFFIX) for file in FOLDER.glob(f"*{SUFFIX}"))


def load(name: str) -> list[Recording]:
    """Those of one file; none if there is no such file yet."""
    file = FOLDER / f"{name}{SUFFIX}"
    if not file.exists():
        return []
    with gzip.open(file, "rt") as lines:
        return [_recording(json.loads(line)) for line in lines]


def save(name: str, recordings: Iterable[Recording]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps(_row(one), separators=(",", ":")) for one in recordings]
    text = "".join(f"{row}\n" for row in rows)
    file = FOLDER / f"{name}{SUFFIX}"
    file.write_bytes(gzip.compress(text.encode(), mtime=0))


def step_of(row: Tree) -> Step:
    during = tuple(step_of(inner) for inner in row.get("during", ()))
    return Step(row["method"], row["path"], row["headers"], row.get("body"), during)


def steps_of(rows: Sequence[Tree]) -> tuple[Step, ...]:
    return tuple(step_of(row) for row in rows)


def _recording(row: Tree) -> Recording:
    return Recording(steps_of(row["steps"]), tuple(row["replies"]))


def _row(recording: Recording) -> Tree:
    return {"steps": [asdict(step) for step in recording.steps], "replies": recording.replies}
