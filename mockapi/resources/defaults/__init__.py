"""What the real server fills in, per type. Source: pkg/apis/*/v1/defaults.go of Kubernetes 1.37
with the feature gates' defaults. Simple defaults of single fields come from the type tables.

`defaulters` gives the functions for `Schemas`. They fill in place; absent and zero are the same.
"""

from collections.abc import Callable
from typing import Any

from mockapi.resources.defaults import core, extension, infrastructure, normal, pod, workloads

Defaulter = Callable[[dict[str, Any]], None]


def defaulters(now: Callable[[], str]) -> dict[str, Defaulter]:
    """Type name -> function. `now` gives the time of a request as metav1.Time."""
    return {
        **core.DEFAULTS,
        **pod.DEFAULTS,
        **workloads.DEFAULTS,
        **infrastructure.DEFAULTS,
        **extension.DEFAULTS,
        **infrastructure.with_time(now),
    }


NORMALISERS: dict[str, Defaulter] = normal.NORMALISERS
"""Type name of a kind -> what the server's internal form changes in it, after the defaults."""
