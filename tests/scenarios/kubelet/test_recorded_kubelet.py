"""Our decisions against those of the real kubelet 1.37.2, recorded from its own functions."""

import gzip
import json
from pathlib import Path

import pytest
from kubelet_cases import MAKERS, answer, comparable

RECORDINGS = Path(__file__).parent / "recordings"


@pytest.mark.parametrize("op", sorted(MAKERS))
def test_decisions_are_the_real_kubelet_s(op: str) -> None:
    with gzip.open(RECORDINGS / f"{op}.jsonl.gz") as lines:
        recorded = [json.loads(line) for line in lines]
    assert len(recorded) == MAKERS[op][2]
    wrong = [
        (r["case"], ours, theirs)
        for r in recorded
        if (ours := answer(r["case"])) != (theirs := comparable(r["case"], r["answer"]))
    ]
    assert not wrong, f"{len(wrong)} of {len(recorded)}, the first: {wrong[0]}"
