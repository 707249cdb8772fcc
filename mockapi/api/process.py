"""What Prometheus clients tell about their process, under the names they agree on."""

import os
import resource
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mockapi.base.clock import machine_seconds

Sample = tuple[Mapping[str, str], float]
Gauge = tuple[str, str, Callable[[], Iterable[Sample]]]
"""Name, help, and what it is now."""

_STARTED = float(machine_seconds())


def started() -> int:
    """When, in seconds of the epoch."""
    return int(_STARTED)


def gauges() -> list[Gauge]:
    """Only what this system tells: without /proc some are left out."""
    return [
        ("process_cpu_seconds_total", "CPU time used, of user and system.", _cpu),
        ("process_max_fds", "File descriptors that may be open.", _limit),
        ("process_open_fds", "File descriptors that are open.", _open),
        ("process_resident_memory_bytes", "Memory in use.", lambda: _memory(1)),
        ("process_start_time_seconds", "When it started, as seconds of the epoch.", _start),
        ("process_virtual_memory_bytes", "Memory that is mapped.", lambda: _memory(0)),
    ]


def _cpu() -> Iterable[Sample]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield {}, usage.ru_utime + usage.ru_stime


def _limit() -> Iterable[Sample]:
    yield {}, float(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _open() -> Iterable[Sample]:
    folder = Path("/proc/self/fd")
    if folder.is_dir():
        yield {}, float(len(list(folder.iterdir())))


def _memory(column: int) -> Iterable[Sample]:
    """0 is mapped, 1 is resident."""
    path = Path("/proc/self/statm")
    if path.exists():
        pages = int(path.read_text().split()[column])
        yield {}, float(pages * os.sysconf("SC_PAGE_SIZE"))


def _start() -> Iterable[Sample]:
    yield {}, _STARTED
