"""A plugin's verdict on a pod or on a pod and a node. Source: kube-scheduler framework Status."""

from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """`UNRESOLVABLE`: removing pods would not help. `PENDING`: waits for something outside."""

    ERROR = 1
    UNSCHEDULABLE = 2
    UNRESOLVABLE = 3
    PENDING = 4


@dataclass(frozen=True, slots=True)
class Status:
    """A rejection (there is none for success); `reasons` are the server's words."""

    code: Code
    reasons: tuple[str, ...] = ()
    plugin: str = ""

    @property
    def message(self) -> str:
        return ", ".join(self.reasons)


def unschedulable(plugin: str, *reasons: str) -> Status:
    return Status(Code.UNSCHEDULABLE, reasons, plugin)


def unresolvable(plugin: str, *reasons: str) -> Status:
    return Status(Code.UNRESOLVABLE, reasons, plugin)


class SchedulingError(Exception):
    """A plugin could not decide; the pod is tried again after its back-off."""
