"""What several recorded runs have in common, and what of it a run does not do.

Real controllers run beside each other: how many of three new pods a ReplicaSet has seen when it
writes its status depends on the moment. A recording therefore holds, for each object and step, all
sequences that were seen; a run has to do one of them.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

Obj = dict[str, Any]


def merged(runs: Sequence[Obj]) -> Obj:
    """The recording that several runs make."""
    recording: Obj = {"runs": 0, "replies": [], "objects": {}, "events": {}, "before": None}
    for run in runs:
        add(recording, run)
    return recording


def add(recording: Obj, run: Obj) -> None:
    recording["runs"] += 1
    _add(recording["replies"], run["replies"])
    before = _before(run["order"])
    for key, variants in _slots(recording, run):
        _add(variants, _found(run, key))
    known = recording["before"]
    recording["before"] = before if known is None else [row for row in known if row in before]


def _slots(recording: Obj, run: Obj) -> Iterable[tuple[tuple[str, ...], list[Any]]]:
    """Every place that a run or a recording knows, with the variants recorded there.

    A place that one of them lacks has the variant "nothing"."""
    late: list[Any] = [[]] if recording["runs"] > 1 else []
    for key in _keys(recording["events"], run["events"]):
        yield ("events", key), recording["events"].setdefault(key, list(late))
    for key in _keys(recording["objects"], run["objects"]):
        steps = recording["objects"].setdefault(key, {})
        for step in _keys(steps, run["objects"].get(key, {})):
            yield ("objects", key, step), steps.setdefault(step, list(late))


def _keys(one: Obj, other: Obj) -> list[str]:
    return [*one, *(key for key in other if key not in one)]


def _found(run: Obj, place: Sequence[str]) -> Any:
    value: Any = run
    for part in place:
        value = value.get(part)
        if value is None:
            return []
    return value


def _add(variants: list[Any], value: Any) -> None:
    if value not in variants:
        variants.append(value)


def _before(order: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Of objects and their owners, which wrote first and which wrote last in a step."""
    first: dict[tuple[int, str], int] = {}
    last: dict[tuple[int, str], int] = {}
    related: set[tuple[str, str]] = set()
    for position, (step, key, owners, _) in enumerate(order):
        first.setdefault((step, key), position)
        last[step, key] = position
        related.update((key, owner) for owner in owners)
    found = []
    for word, places in (("first", first), ("last", last)):
        for (step, key), position in places.items():
            for (other_step, other), after in places.items():
                near = (key, other) in related or (other, key) in related
                if step == other_step and near and position < after:
                    found.append([word, step, key, other])
    return sorted(found)


def differences(recording: Obj, run: Obj) -> list[str]:
    """What a run does that no recorded one did, as readable lines; empty when it is the same."""
    lines = []
    if run["replies"] not in recording["replies"]:
        lines += _told("replies", recording["replies"], run["replies"])
    for place, variants in _slots(json.loads(json.dumps(recording)), run):
        value = _found(run, place)
        if value not in (variants or [[]]):
            lines += _told(" step ".join(place[1:]), variants, value)
    mine = _before(run["order"])
    lines += [
        f"order: {word} of step {step}: {key} comes before {other} in every recorded run"
        for word, step, key, other in recording["before"]
        if [word, step, other, key] in mine
    ]
    return lines


def _told(place: str, variants: Iterable[Any], value: Any) -> list[str]:
    lines = [f"{place}:"]
    for variant in variants:
        lines += ["  recorded", *_rows(variant)]
    return [*lines, "  this run", *_rows(value)]


def _rows(value: Any) -> list[str]:
    rows = []
    for item in value:
        if isinstance(item, list) and item and isinstance(item[0], list):
            rows += ["    -"] + [f"      {json.dumps(inner, sort_keys=True)}" for inner in item]
        else:
            rows.append(f"    {json.dumps(item, sort_keys=True)}")
    return rows or ["    nothing"]
