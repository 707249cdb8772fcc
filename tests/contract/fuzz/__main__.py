"""Fuzzes both servers side by side: `python -m tests.contract.fuzz --operations N --seed S`.

The real one is that of the kubeconfig which MOCKAPI_ORACLE names. Prints each sort of difference
once, by the fewest steps that show it; `--keep NAME` adds them to a file of the recordings that
run always, and `--again` records those anew.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from mockapi.cluster import MockCluster
from tests.contract import harness
from tests.contract.fuzz import recordings
from tests.contract.fuzz.kinds import kinds
from tests.contract.fuzz.operations import AREAS, sequence
from tests.contract.fuzz.pair import Difference, Pair, Side
from tests.contract.fuzz.recordings import Recording
from tests.contract.harness import Step, Target

_LENGTH = 40


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--operations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default="", help="only kinds whose name contains it")
    parser.add_argument("--without", default="", help="no kinds of these, with commas between")
    parser.add_argument("--areas", default=",".join(AREAS))
    parser.add_argument("--stop-after", type=int, default=25, help="sorts of differences")
    parser.add_argument("--keep", default="", metavar="NAME", help="file of recordings")
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    real = harness.target_of(Path(os.environ["MOCKAPI_ORACLE"]))
    if arguments.again:
        for name in recordings.names():
            _record(real, name, [one.steps for one in recordings.load(name)])
        return 0
    with MockCluster(
        controllers="-*", scheduler=False, kubelet=False, nodes=0, mode="subprocess"
    ) as cluster:
        pair = Pair(Target(cluster.url), real)
        found = _run(pair, arguments)
        pair.close()
    if arguments.keep:
        known = [one.steps for one in recordings.load(arguments.keep)]
        _record(real, arguments.keep, [*known, *(one.steps for one in found)])
    return 1 if found else 0


def _record(target: Target, name: str, sequences: Sequence[tuple[Step, ...]]) -> None:
    side = Side(target)
    recordings.save(name, [Recording(steps, tuple(side.run(steps))) for steps in sequences])
    side.close()


def _run(pair: Pair, arguments: argparse.Namespace) -> list[Difference]:
    random = Random(arguments.seed)
    without = arguments.without.split(",")
    chosen = [
        kind
        for name, kind in kinds().items()
        if arguments.kinds in name and kind.gvk.kind not in without
    ]
    areas = arguments.areas.split(",")
    found: dict[str, Difference] = {}
    begun, done = time.monotonic(), 0
    while done < arguments.operations and len(found) < arguments.stop_after:
        steps = sequence(random, chosen, length=_LENGTH, areas=areas)
        difference = pair.compare(steps)
        done += len(steps)
        if difference is None or difference.signature in found:
            continue
        difference = pair.confirmed(difference)
        if difference is None or difference.signature in found:
            continue
        shortest = pair.shortest(difference)
        if shortest.signature not in found:
            print(shortest.report(), flush=True)
        found[shortest.signature] = found[difference.signature] = shortest
    unique = list({id(one): one for one in found.values()}.values())
    seconds = time.monotonic() - begun
    print(f"seed {arguments.seed}: {done} operations in {seconds:.0f} s, {len(unique)} differences")
    return unique


if __name__ == "__main__":
    sys.exit(main())
