"""What priority and fairness is doing now, as tables for people.

Source: apiserver pkg/util/flowcontrol/apf_controller_debug.go. Nothing waits here: requests are
served in turn, so the only one that is being executed is the one that asks.
"""

from collections.abc import Callable, Iterable, Sequence

from mockapi.api.call import Call
from mockapi.api.fairness import Fairness
from mockapi.api.reply import Reply
from mockapi.base.clock import Clock, micro_timestamp
from mockapi.machinery.resource import Obj, Reader

PREFIX = "/debug/api_priority_and_fairness"
_NARROWEST = 8
_LEVELS = (
    "PriorityLevelName",
    "ActiveQueues",
    "IsIdle",
    "IsQuiescing",
    "WaitingRequests",
    "ExecutingRequests",
    "DispatchedRequests",
    "RejectedRequests",
    "TimedoutRequests",
    "CancelledRequests",
)
_QUEUES = (
    "PriorityLevelName",
    "Index",
    "PendingRequests",
    "ExecutingRequests",
    "SeatsInUse",
    "NextDispatchR",
    "InitialSeatsSum",
    "MaxSeatsSum",
    "TotalWorkSum",
)
_REQUESTS = (
    "PriorityLevelName",
    "FlowSchemaName",
    "QueueIndex",
    "RequestIndexInQueue",
    "FlowDistingsher",
    "ArriveTime",
    "InitialSeats",
    "FinalSeats",
    "AdditionalLatency",
    "StartTime",
)
_DETAILS = (
    "UserName",
    "Verb",
    "APIPath",
    "Namespace",
    "Name",
    "APIVersion",
    "Resource",
    "SubResource",
)
_NO_WORK = "0.00000000ss"

Row = Sequence[str]


class PriorityDumps:
    def __init__(self, fairness: Fairness, reader: Reader, clock: Clock) -> None:
        self._fairness, self._reader, self._clock = fairness, reader, clock

    def all(self) -> Iterable[tuple[str, Callable[[Call], Reply]]]:
        """Their names and how they are served."""
        yield "dump_priority_levels", self.levels
        yield "dump_queues", self.queues
        yield "dump_requests", self.requests

    def levels(self, call: Call) -> Reply:
        mine = self._fairness.names_of(call)[1]
        counts = self._fairness.dispatched()
        rows = []
        for level in self._sorted():
            busy = level["metadata"]["name"] == mine
            dispatched = counts.get(level["metadata"]["uid"], 0)
            name, numbers = level["metadata"]["name"], (0, int(busy), dispatched, 0, 0, 0)
            rows.append((name, "0", "false" if busy else "true", "false", *map(str, numbers)))
        return _table(_LEVELS, rows)

    def queues(self, call: Call) -> Reply:
        rows = [
            (level["metadata"]["name"], str(index), "0", "0", "0", _NO_WORK, "0", "0", _NO_WORK)
            for level in self._sorted()
            for index in range(_queues(level))
        ]
        return _table(_QUEUES, rows)

    def requests(self, call: Call) -> Reply:
        schema, level = self._fairness.names_of(call)
        now = _nanoseconds(self._clock.now())
        rows: list[Row] = []
        if level:
            rows.append((level, schema, "-1", "-1", "", now, "1", "0", "0s", now))
        if not call.query.get("includeRequestDetails", [""])[0]:
            return _table(_REQUESTS, rows)
        details = (call.user.name, call.method.lower(), call.path, "", "", "", "", "")
        return _table((*_REQUESTS, *_DETAILS), [(*row, *details) for row in rows])

    def _sorted(self) -> list[Obj]:
        levels = self._reader.list("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io")
        return sorted(levels, key=lambda level: str(level["metadata"]["name"]))


def _queues(level: Obj) -> int:
    response = (level["spec"].get("limited") or {}).get("limitResponse") or {}
    count: int = (response.get("queuing") or {}).get("queues", 0)
    return count


def _nanoseconds(seconds: float) -> str:
    """RFC3339Nano, whose fraction has no zeros at its end."""
    return micro_timestamp(seconds).rstrip("Z").rstrip("0").rstrip(".") + "Z"


def _table(head: Row, rows: Iterable[Row]) -> Reply:
    """Columns as Go's tabwriter aligns them; the last one is not filled up."""
    lines = [head, *rows]
    cells = [[f"{cell}," for cell in line[:-1]] for line in lines]
    widths = [
        max(_NARROWEST, *(len(cell) + 1 for cell in column)) for column in zip(*cells, strict=True)
    ]
    filled = [
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in cells
    ]
    text = "".join(f"{''.join(row)}{line[-1]}\n" for row, line in zip(filled, lines, strict=True))
    return Reply(200, text.encode(), "text/plain; charset=utf-8")
