"""Record the real server's replies: `python -m tests.contract.record [--only FILE] [--new]`.

The server is the one of the kubeconfig that MOCKAPI_ORACLE names.
"""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.contract import harness


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="one file of cases, without .yaml")
    parser.add_argument("--new", action="store_true", help="keep what is recorded already")
    arguments = parser.parse_args()
    target = harness.target_of(Path(os.environ["MOCKAPI_ORACLE"]))
    for file in sorted({case.file for case in harness.all_cases(arguments.only)}):
        cases = harness.all_cases(file)
        known = harness.recording(file) if arguments.new else {}
        missing = [case for case in cases if case.name not in known]
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda case: harness.run(case, target), missing))
        known |= {case.name: reply for case, reply in zip(missing, replies, strict=True)}
        harness.write_recording(file, {case.name: known[case.name] for case in cases})
        print(f"{file}: {len(missing)} recorded, {len(cases)} in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
