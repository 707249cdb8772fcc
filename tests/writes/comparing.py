"""What several recorded runs have in common, and what of it a run does not do.

Real controllers run beside each other: how many of three new pods a ReplicaSet has seen when it
writes its status depends on the moment. A recording therefore holds, for each object and step, all
sequences that were seen; a run has to do one of them.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from tests.writes.history import COUNT
from tests.writes.plain import changes

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
    for position, (step, title, owners, _) in enumerate(order):
        key = title.partition(" @")[0]
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
    among = _among if _counted(recording) else _exactly
    for place, variants in _slots(json.loads(json.dumps(recording)), run):
        value = _found(run, place)
        same = _like if place[0] == "events" else among
        if not same(value, variants or [[]]):
            lines += _told(" step ".join(place[1:]), variants, value)
    mine = _before(run["order"])
    lines += [
        f"order: {word} of step {step}: {key} comes before {other} in every recorded run"
        for word, step, key, other in recording["before"]
        if [word, step, other, key] in mine
    ]
    return lines


_STAMP = re.compile(r"status\.conditions\[Progressing\]\.last(Update|Transition)Time$")


def _among(value: Any, variants: Sequence[Any]) -> bool:
    """Which of its dependents' states an owner sees on the way is a race, and so is when a second
    ends. So sequences are also the same when they are without such counts and moments, and the
    counts come out the same."""
    outline = _outline(value)
    return value in variants or any(outline == _outline(variant) for variant in variants)


def _exactly(value: Any, variants: Sequence[Any]) -> bool:
    mine = [[row for row in seq if row[0] != "counts"] for seq in value]
    timeless = _timeless(mine)
    return mine in variants or any(timeless == _timeless(variant) for variant in variants)


def _timeless(sequences: Any) -> list[Any]:
    return [
        [[*row[:2], _told_in_time(number, row[2])] for number, row in enumerate(sequence)]
        for sequence in sequences
    ]


def _counted(recording: Obj) -> bool:
    """Whether a recording tells what the counts were after each step."""
    places = (steps.values() for steps in recording["objects"].values())
    return any(_has_counts(v) for steps in places for variants in steps for v in variants)


def _has_counts(sequences: Any) -> bool:
    return any(row[0] == "counts" for sequence in sequences for row in sequence)


def _outline(sequences: Any) -> list[Any]:
    found = []
    for sequence in sequences:
        kept: list[Any] = []
        for verb, writer, what in sequence:
            told = (_told_in_time(len(kept), what) or {}).items()
            rest = {p: v for p, v in told if verb != "write" or not _counts(p)}
            if kept and _passes_on(kept[-1]) and [verb, writer] == kept[-1][:2]:
                kept[-1] = [verb, writer, {**kept[-1][2], **rest}]
            elif rest or verb != "write":
                kept.append([verb, writer, rest])
        found.append(kept)
    return found


def _like(value: Any, variants: Sequence[Any]) -> bool:
    outline = _outline_of_events(value)
    return any(outline == _outline_of_events(variant) for variant in variants)


# Said at each look, and how many looks there are is a matter of time.
_TIMED = frozenset(("FailedBinding", "JobAlreadyActive", "SawCompletedJob"))


def _outline_of_events(rows: Iterable[list[Any]]) -> list[Any]:
    """Several like things done at once are told in any order, and how often something was tried
    again until it was quiet is a matter of time."""
    groups: list[tuple[Any, list[Any]]] = []
    for type, reason, message, count in rows:
        if "the object has been modified" in message:
            continue  # A conflict between two controllers is a race.
        times = count if reason.startswith("Successful") else min(count, 2)
        times = 1 if reason in _TIMED else times
        if not groups or groups[-1][0] != (type, reason):
            groups.append(((type, reason), []))
        groups[-1][1].append([message, times])
    return [[key, sorted(told)] for key, told in groups]


_FAILURE = {"status.conditions[ReplicaFailure]", "status.conditions[]"}


def _passes_on(row: Sequence[Any]) -> bool:
    """A Deployment says what its set cannot do alone or with what else it sees of it: a race."""
    return row[0] == "write" and bool(row[2]) and row[2].keys() <= _FAILURE


def _told_in_time(number: int, what: Any) -> Any:
    """A second write of a step notes another moment than the first only if a second has passed."""
    if not number or not what:
        return what
    return {p: v for p, v in what.items() if not (v == "TIME" and p.endswith("Time"))}


def _counts(path: str) -> bool:
    part, _, name = path.partition(".")
    counted = name == "fullyLabeledReplicas" or COUNT.match(name) is not None
    return (part == "status" and counted) or _STAMP.match(path) is not None


def _shown(variants: Iterable[Any], value: Any) -> Iterable[Any]:
    """Bodies are shown only where they differ."""
    bodies = [json.dumps(row[2], sort_keys=True) for row in _creations(value)]
    for variant in variants:
        short = json.loads(json.dumps(variant))
        for row in _creations(short):
            if json.dumps(row[2], sort_keys=True) in bodies:
                row[2] = "the same"
            elif bodies and row[2]:
                row[2] = {"unlike": changes(json.loads(bodies[0]) or {}, row[2])}
        yield short


def _creations(value: Any) -> list[Any]:
    return [
        row
        for sequence in value
        for row in sequence
        if isinstance(row, list) and row[:1] == ["create"]
    ]


def _told(place: str, variants: Iterable[Any], value: Any) -> list[str]:
    lines = [f"{place}:"]
    for variant in _shown(variants, value):
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
