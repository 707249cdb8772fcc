"""A wrong value at every field of every built-in type, and the real server's refusals.

`MOCKAPI_ORACLE=KUBECONFIG python -m tests.contract.bad_values` records them. A field of a type
that several kinds share is tried once; which wrong value it gets is drawn from a fixed seed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from tests.contract import replies as recorded
from tests.contract.fuzz.bodies import placed, positions, wrong_values
from tests.contract.fuzz.kinds import Kind, Tree, every_kind
from tests.contract.fuzz.operations import compact
from tests.contract.fuzz.pair import Side
from tests.contract.harness import Step

FILE = Path(__file__).parent / "recordings/sweep/bad_values.jsonl.gz"
_HEADERS = {"User-Agent": "sweep/1.0", "Content-Type": "application/json"}
_VALUES = 3
"""So many wrong values for each field."""


def sequences() -> Mapping[str, Sequence[Step]]:
    """By `apps/v1 Deployment`."""
    seen: set[tuple[str, str]] = set()
    return {name: _steps(kind, seen, Random(name)) for name, kind in every_kind().items()}


def _steps(kind: Kind, seen: set[tuple[str, str]], random: Random) -> list[Step]:
    found = []
    for path, owner, shape in positions(kind):
        field = (owner, str(path[-1]))
        if field in seen:
            continue
        seen.add(field)
        values = wrong_values(shape)
        for value in random.sample(values, min(_VALUES, len(values))):
            validation = random.choice(("Strict", "Warn", "Ignore"))
            query = f"?dryRun=All&fieldValidation={validation}"
            body = compact(placed(kind, path, value)).replace("Infinity", "1e400")
            found.append(Step("POST", kind.collection + query, _HEADERS, body))
    return found


def brief(reply: Tree) -> Tree:
    """What is kept of a reply: of an object that was taken, its spec and the like."""
    body = reply.get("body") or {"text": reply.get("text", "")}
    if reply["status"] < 300:
        body = {key: value for key, value in body.items() if key != "metadata"}
    warnings = reply.get("headers", {}).get("Warning", [])
    return {"status": reply["status"], "warnings": warnings, "body": body}


def load() -> Mapping[str, list[Tree]]:
    return recorded.load(FILE)


def main() -> None:
    side = Side(recorded.oracle())
    found = {name: [brief(one) for one in side.run(steps)] for name, steps in sequences().items()}
    side.close()
    recorded.save(FILE, found)


if __name__ == "__main__":
    main()
