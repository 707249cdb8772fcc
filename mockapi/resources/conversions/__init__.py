"""Kinds that are served in a form other than the one they are stored in.

A conversion takes an object of ours and gives a new tree; parts may be shared with the old one.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from mockapi.resources.conversions import autoscaler, event

Obj = dict[str, Any]


class Conversion(NamedTuple):
    to_storage: Callable[[Obj], Obj]
    from_storage: Callable[[Obj], Obj]


CONVERSIONS: Final[Mapping[tuple[str, str], Mapping[str, Conversion]]] = {
    ("autoscaling", "HorizontalPodAutoscaler"): {
        "v1": Conversion(autoscaler.to_v2, autoscaler.from_v2),
    },
    ("events.k8s.io", "Event"): {
        "v1": Conversion(event.to_core, event.from_core),
    },
}
"""(group, kind) -> version -> the way to the storage version and back."""
