"""Ask the real kubelet's functions: `python tests/scenarios/kubelet/record_kubelet.py ORACLE`.

ORACLE is the program that tests/peers/kubelet_oracle/build makes; further words: only these.
"""

import gzip
import json
import subprocess
import sys
from pathlib import Path

from kubelet_cases import MAKERS, cases

RECORDINGS = Path(__file__).parent / "recordings"


def record(oracle: str, op: str) -> None:
    asked = list(cases(op))
    lines = "".join(json.dumps(case) + "\n" for case in asked)
    done = subprocess.run([oracle], input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    path = RECORDINGS / f"{op}.jsonl.gz"
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as out:
        for case, found in zip(asked, answers, strict=True):
            out.write(json.dumps({"case": case, "answer": found}).encode() + b"\n")


if __name__ == "__main__":
    for name in sys.argv[2:] or MAKERS:
        record(sys.argv[1], name)
