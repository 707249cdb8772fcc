"""Sequences that once showed a difference, with the real server's replies: they run always."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.contract.harness import Step, Tree

FILE = Path(__file__).parents[1] / "recordings/fuzz/sequences.jsonl.gz"


@dataclass(frozen=True)
class Recording:
    steps: tuple[Step, ...]
    replies: tuple[Tree, ...]

    @property
    def title(self) -> str:
        return f"{len(self.steps)} steps, {self.steps[-1].title}"


def load(file: Path = FILE) -> list[Recording]:
    if not file.exists():
        return []
    with gzip.open(file, "rt") as lines:
        return [_recording(json.loads(line)) for line in lines]


def save(recordings: Iterable[Recording], file: Path = FILE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps(_row(one), separators=(",", ":")) for one in recordings]
    text = "".join(f"{row}\n" for row in rows)
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
