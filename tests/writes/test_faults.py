"""With calls that fail, answers that get lost, watches that break and controllers that start anew
in the middle, scenarios come to the same end.

A few runs by default; `pytest tests/writes/test_faults.py --faults 10` runs every scenario with ten
seeds, `--faults-from 100` with others.
"""

import itertools
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from mockapi.harness.faults import Faults, FaultyClients, Rates
from tests.writes import recordings
from tests.writes.plain import Plain, content
from tests.writes.shapes import RESOURCES
from tests.writes.steps import play
from tests.writes.worlds import Mock

Obj = dict[str, Any]

# Scenarios in which nothing hangs on how fast the controllers are.
SCENARIOS = [
    *(f"replicaset/{name}" for name in (
        "created", "scaled-up-and-down", "orphan-is-adopted", "failed-pod-is-replaced",
        "relabelled-pod-is-released", "deleted-in-the-foreground", "deleted-leaving-orphans",
        "ten-start-slowly",
    )),
    *(f"deployment/{name}" for name in (
        "created", "rolled-all-at-once", "recreated-at-once", "scaled-in-the-middle",
        "paused-in-the-middle", "no-history", "deleted-in-the-background", "a-set-is-adopted",
    )),
    *(f"statefulset/{name}" for name in (
        "created-in-parallel", "created-in-order", "rolled-in-parallel", "claims-are-made",
        "on-delete", "orphan-is-adopted",
    )),
    *(f"daemonset/{name}" for name in ("created", "rolled-by-percent", "deleted-pod-is-replaced")),
    *(f"job/{name}" for name in (
        "completes", "completions-in-parallel", "indexed", "no-back-off-limit",
        "parallelism-changes", "suspended-while-running",
        "ttl-after-finished",
    )),
    *(f"garbage/{name}" for name in (
        "chain-in-the-foreground", "two-owners-one-goes", "owner-is-deleted-leaving-orphans",
    )),
    *(f"disruption/{name}" for name in ("minimum-by-percent", "changed")),
    "namespace/emptied-and-gone",
    "ephemeral/claim-is-made",
    *(f"attachments/{name}" for name in (
        "attached-and-detached", "in-use-on-the-node", "two-pods-on-the-node",
        "used-on-another-node", "shared-by-two-nodes",
    )),
]  # fmt: skip
# So long does nothing happen between the tries of what fails again and again.
QUIET_SECONDS = 45.0
RESTARTED = ("job-controller", "replicaset-controller", "deployment-controller",
             "statefulset-controller", "daemonset-controller", "disruption-controller",
             "persistentvolume-attach-detach-controller")  # fmt: skip


class Shaken(Mock):
    """A world whose controllers' calls fail now and then, and which are started anew."""

    quiet = QUIET_SECONDS

    def __init__(self, faults: Faults, *, resync: bool = False) -> None:
        """`resync`: after each step the Deployments are looked at once more. The real controller
        forgets that an old set could not be made smaller (reconcileOldReplicaSets), and goes on
        when it next hears of the Deployment."""
        self.faults = faults
        self._resync = resync
        self._turns = itertools.count(faults.seed)
        active, faults.active = faults.active, False
        super().__init__(interpose=lambda clients: FaultyClients(clients, faults))
        faults.active = active

    def breathe(self) -> None:
        if self.faults.active:
            self.restart(RESTARTED[next(self._turns) % len(RESTARTED)])
        super().breathe()

    def rest(self) -> None:
        super().rest()
        if self._resync and self.faults.active:
            self.faults.active = False
            self.restart("deployment-controller")
            super().rest()
            self.faults.active = True


def end_of(world: Shaken, scenario: str) -> list[str]:
    """All objects after a scenario, made comparable: without what counts writes, and events."""
    subject, _, name = scenario.partition("/")
    play(world, recordings.scenarios(subject)[name])
    world.faults.active = False
    world.cluster.advance(120)
    plain = Plain(world.namespace)
    found = [
        (resource, obj)
        for resource in RESOURCES.values()
        if resource not in ("v1/events", "v1/nodes", "coordination.k8s.io/v1/leases")
        for obj in world.client.list(resource).items
        if world.namespace in (obj["metadata"].get("namespace"), obj["metadata"]["name"])
    ]
    for _, obj in found:
        title = f"{obj['kind']} {plain.name(obj['metadata']['name'])}"
        plain.know(obj["metadata"]["uid"], title)
    return sorted(f"{resource} {plain.value(_settled(obj))}" for resource, obj in found)


_COUNTERS = ("generation", "observedGeneration")


def _settled(value: Any) -> Any:
    """Without generations, and conditions in the order of their types."""
    if isinstance(value, Mapping):
        value = content(value) if "metadata" in value and "kind" in value else value
        if value.get("type") == "Progressing":
            # Of a rollout that was over before anybody could say so, the last word is of another.
            value = {**value, "message": ""}
        return {k: _settled(v) for k, v in sorted(value.items()) if k not in _COUNTERS}
    if isinstance(value, list):
        return [_settled(item) for item in value]
    return value


def difference(expected: list[str], found: list[str]) -> str:
    missing, more = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    return "\n".join([*(f"- {row}" for row in missing), *(f"+ {row}" for row in more)])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" not in metafunc.fixturenames:
        return
    runs: int | None = metafunc.config.getoption("--faults")
    first: int = metafunc.config.getoption("--faults-from")
    cases = [
        (scenario, number * 1000 + first + seed)
        for number, scenario in enumerate(SCENARIOS)
        for seed in range(runs if runs is not None else 1)
    ]
    if runs is None:
        cases = cases[::3]
    metafunc.parametrize(("scenario", "seed"), cases, ids=[f"{s}-{n}" for s, n in cases])


def test_the_end_is_the_same_whatever_fails(scenario: str, seed: int) -> None:
    calm = Shaken(Faults(0, active=False))
    expected = end_of(calm, scenario)
    calm.close()
    faults = Faults(seed, Rates(conflict=0.1, error=0.1, lost=0.1, expired=0.1))
    world = Shaken(faults, resync=scenario.startswith("deployment/"))
    try:
        found = end_of(world, scenario)
    finally:
        world.close()
    assert not difference(expected, found), difference(expected, found)


def test_a_run_is_the_same_for_the_same_seed() -> None:
    counts = []
    for _ in range(2):
        faults = Faults(5, Rates(conflict=0.1, error=0.1, lost=0.1, expired=0.1))
        world = Shaken(faults)
        play(world, recordings.scenarios("deployment")["rolled"])
        world.close()
        counts.append(faults.counts)
    assert counts[0] == counts[1]
    assert set(counts[0]) == {"conflict", "error", "lost", "expired"}
