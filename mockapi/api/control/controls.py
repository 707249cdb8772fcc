"""What the control API may do to a cluster."""

from collections.abc import Sequence
from typing import Any, Protocol

Obj = dict[str, Any]


class Controls(Protocol):
    """Implemented by the composition root. Every refusal is an ApiError."""

    def now(self) -> float: ...

    def settle(self) -> None: ...

    def advance(self, seconds: float) -> None: ...

    def reset(self) -> None: ...

    def explain(self, namespace: str, name: str) -> Obj:
        """Each node's verdict by plugin and score, for a stored pod."""

    def explain_proposed(self, pod: Obj) -> Obj:
        """The same for a pod that is not stored."""

    def behaviours(self) -> Sequence[Obj]:
        """The fake kubelet's rules."""

    def set_behaviours(self, rules: Sequence[Obj]) -> None: ...

    def schema(self, name: str) -> Obj | None:
        """The JSON schema of what is written for the fake kubelet: behaviour, rules or nodes."""

    def metrics(self) -> Obj:
        """The custom and external metrics that are set."""

    def set_metrics(self, custom: Sequence[Obj], external: Sequence[Obj]) -> None:
        """Rows as `harness.metrics.CustomValue` and `ExternalValue`; replaces everything."""
