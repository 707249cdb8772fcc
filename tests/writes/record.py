"""Records scenarios from a real control plane, many at a time.

`MOCKAPI_ORACLE=KUBECONFIG python -m tests.writes.record [SUBJECT[/SCENARIO] ...]` records what is
not recorded yet; `--again` records the named ones anew, `--more` adds runs to what is there;
`--runs N` (3) runs each so often, `--beside N` (12) scenarios at once.
"""

import argparse
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import urllib3

from tests.writes import comparing, recordings
from tests.writes.recordings import Obj
from tests.writes.steps import play
from tests.writes.worlds import Feed


class Session:
    """Recordings of this call; each is written as soon as it is made."""

    def __init__(self, feed: Feed, runs: int) -> None:
        self._feed = feed
        self._runs = runs
        self._lock = threading.Lock()

    def record(self, subject: str, name: str, steps: list[Obj], *, fresh: bool) -> None:
        try:
            made = [self._run(steps) for _ in range(self._runs)]
        except (LookupError, OSError, ValueError) as error:
            print(f"{subject}/{name}: not recorded: {error!r}", file=sys.stderr, flush=True)
            return
        with self._lock:
            recorded = recordings.load(subject)
            if fresh or name not in recorded:
                recorded[name] = comparing.merged(made)
            else:
                for run in made:
                    comparing.add(recorded[name], run)
            recordings.save(subject, recorded)
        print(f"{subject}/{name}", file=sys.stderr, flush=True)

    def _run(self, steps: list[Obj]) -> Obj:
        world = self._feed.world()
        try:
            run = play(world, steps)
        finally:
            world.close()
        mistakes = recordings.mistakes(run["replies"])
        if mistakes:
            raise ValueError(f"the server did not understand: {mistakes}")
        return run


def main() -> None:
    urllib3.disable_warnings()
    arguments = _arguments()
    feed = Feed(Path(os.environ["MOCKAPI_ORACLE"]))
    session = Session(feed, arguments.runs)
    with ThreadPoolExecutor(arguments.beside) as pool:
        jobs = [
            pool.submit(session.record, subject, name, steps, fresh=arguments.again)
            for subject in recordings.subjects()
            for name, steps in recordings.scenarios(subject).items()
            if _wanted(arguments, subject, name)
        ]
    for job in jobs:
        job.result()
    feed.close()


def _wanted(arguments: argparse.Namespace, subject: str, name: str) -> bool:
    names = arguments.names
    if names and not {subject, f"{subject}/{name}"} & set(names):
        return False
    return arguments.again or arguments.more or name not in recordings.load(subject)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--more", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--beside", type=int, default=12)
    return parser.parse_args()


if __name__ == "__main__":
    main()
