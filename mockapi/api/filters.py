"""What happens to every request before it is dispatched: an ordered list, read from the top.

A filter looks at the call, may change it, may end it with a reply or an ApiError.
"""

import itertools
import random
from collections.abc import Callable, Iterable

from mockapi.api.call import Call
from mockapi.api.reply import Reply

Filter = Callable[[Call], Reply | None]


def run(filters: Iterable[Filter], call: Call) -> Reply | None:
    for each in filters:
        reply = each(call)
        if reply is not None:
            return reply
    return None


class AuditIds:
    """Every reply names its request: the client's own Audit-ID, or a new one."""

    def __init__(self) -> None:
        bits = random.getrandbits(64)
        self._start = f"{bits >> 32:08x}-{bits >> 16 & 0xFFFF:04x}-4{bits & 0xFFF:03x}-8000"
        self._count = itertools.count(1)

    def __call__(self, call: Call) -> None:
        given = call.header("AUDIT_ID")
        call.audit_id = given or f"{self._start}-{next(self._count):012x}"
        call.headers.append(("Audit-Id", call.audit_id))
