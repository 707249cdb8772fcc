"""Write `recordings/priority_dumps.json`: the tables of a server's priority and fairness, and
what it tells of its health checks.

    MOCKAPI_ORACLE=kubeconfig python -m tests.contract.record_dumps

The order of levels is random where the real server walks a map; who asks, when, and how many
asked before is not compared.
"""

import json
import os
import re
from pathlib import Path

from tests.contract.fuzz.pair import Side
from tests.contract.harness import HERE, Target, target_of

RECORDING = HERE / "recordings" / "priority_dumps.json"
_PREFIX = "/debug/api_priority_and_fairness"
_DISPATCHED = 6


def dumps(target: Target) -> dict[str, list[str]]:
    """The head of each table and its rows, sorted."""
    side = Side(target)
    levels = _lines(side, "dump_priority_levels")
    found = {
        "dump_priority_levels": [levels[0], *map(_uncounted, levels[1:])],
        "dump_queues": [_unmoved(line) for line in _lines(side, "dump_queues")],
        "dump_requests": _lines(side, "dump_requests"),
        "dump_requests?includeRequestDetails=1": _lines(
            side, "dump_requests?includeRequestDetails=1"
        ),
    }
    for endpoint in ("healthz", "livez", "readyz"):
        side.send("GET", f"/{endpoint}")
    slis = side.send("GET", "/metrics/slis")["content"].decode().splitlines()
    # A real server fails some while it starts.
    slis = [line for line in slis if 'status="error"' not in line]
    found["metrics/slis"] = [re.sub(r" [0-9.e+]+$", " <n>", line) for line in slis]
    side.close()
    return found


def _lines(side: Side, name: str) -> list[str]:
    reply = side.send("GET", f"{_PREFIX}/{name}")
    head, *rows = reply["content"].decode().splitlines()
    if name.startswith("dump_requests"):
        head, rows = _narrow(head), [_timeless(_narrow(row)) for row in rows]
    return [head, *sorted(rows)]


def _narrow(line: str) -> str:
    """Without what fills up columns whose width depends on who asks and when."""
    return re.sub(r", +", ", ", line)


def _timeless(row: str) -> str:
    row = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "<time>", row)
    return re.sub(r"<time>, [\w:-]+, get", "<time>, <user>, get", row)


def _uncounted(row: str) -> str:
    cells = row.split(",")
    cells[_DISPATCHED] = re.sub(r"\d+", "<n>", cells[_DISPATCHED]).rstrip()
    cells[_DISPATCHED + 1] = cells[_DISPATCHED + 1].lstrip()
    return ",".join(cells)


def _unmoved(row: str) -> str:
    """Whatever has passed through a queue."""
    return re.sub(r"0\.\d{8}ss", "0.00000000ss", row)


def main() -> None:
    found = dumps(target_of(Path(os.environ["MOCKAPI_ORACLE"])))
    RECORDING.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
