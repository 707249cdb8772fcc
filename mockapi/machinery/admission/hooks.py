"""Webhook configurations, read once and kept until one changes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from mockapi.machinery.admission.matching import GROUP, Matching, matching
from mockapi.machinery.resource import Obj, Reader
from mockapi.store.protocol import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook of one configuration."""

    said: Obj
    matching: Matching

    @property
    def name(self) -> str:
        return str(self.said["name"])

    @property
    def ignores_failures(self) -> bool:
        return bool(self.said.get("failurePolicy") == "Ignore")

    @property
    def allows_dry_run(self) -> bool:
        return self.said.get("sideEffects") in ("None", "NoneOnDryRun")


def hooks(configurations: Iterable[Obj]) -> list[Hook]:
    """By the names of their configurations, then in their order."""
    ordered = sorted(configurations, key=lambda config: str(config["metadata"]["name"]))
    return [
        Hook(said, matching(said)) for config in ordered for said in config.get("webhooks") or ()
    ]


class Kept(Generic[T]):
    """What is made of the objects of some buckets, made anew when one of those has changed."""

    def __init__(self, store: Store, kinds: Iterable[str], make: Callable[[], T]) -> None:
        self._make = make
        self._known: T | None = None
        for kind in kinds:
            store.watch(f"{bucket(kind)}/", after=store.revision).listen(self._forget)

    def __call__(self) -> T:
        if self._known is None:
            self._known = self._make()
        return self._known

    def _forget(self) -> None:
        self._known = None


def bucket(kind: str) -> str:
    return f"{kind}.{GROUP}"


def configured(reader: Reader, store: Store, kind: str) -> Callable[[], Sequence[Hook]]:
    """`kind` is `mutating` or `validating`."""
    plural = f"{kind}webhookconfigurations"
    return Kept(store, (plural,), lambda: hooks(reader.list(bucket(plural))))
