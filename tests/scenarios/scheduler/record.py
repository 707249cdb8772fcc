"""Record what the real scheduler makes of the generated cases.

usage: python -m tests.scenarios.scheduler.record ORACLE [COUNT [THEME...]]
ORACLE is the program that tests/peers/scheduler_oracle/build makes.
"""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.scenarios.scheduler import generate

RECORDINGS = Path(__file__).parent / "recordings"
COUNT = 270
COUNTS = {"preemption": 700, "claims": 400}


def ask(oracle: str, cases: Sequence[generate.Case]) -> list[dict[str, Any]]:
    lines = "\n".join(json.dumps(case) for case in cases)
    done = subprocess.run([oracle], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def recorded(theme: str) -> Iterator[tuple[generate.Case, dict[str, Any]]]:
    """Cases of a theme with the real answers."""
    with gzip.open(RECORDINGS / f"{theme}.jsonl.gz", "rt") as lines:
        for line in lines:
            case, answer = json.loads(line)
            yield case, answer


def record(oracle: str, theme: str, count: int) -> None:
    cases = [generate.case(theme, seed) for seed in range(count)]
    answers = ask(oracle, cases)
    RECORDINGS.mkdir(exist_ok=True)
    pairs = zip(cases, answers, strict=True)
    text = "".join(json.dumps(pair, separators=(",", ":")) + "\n" for pair in pairs)
    path = RECORDINGS / f"{theme}.jsonl.gz"
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.encode())


def main(arguments: Sequence[str]) -> None:
    oracle, *rest = arguments
    count = int(rest[0]) if rest else COUNT
    for theme in rest[1:] or generate.THEMES:
        record(oracle, theme, COUNTS.get(theme, count))


if __name__ == "__main__":
    main(sys.argv[1:])
