"""A run's history: every write of every object as a watch showed it, by whom, and all events."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockapi.client.protocol import Event
from tests.writes.plain import Plain, changes, content

Obj = dict[str, Any]

Write = list[Any]
"""`[verb, writer, what]`: `what` is a body for a creation, changes by path otherwise. A step's
last may be `["counts", "", COUNTS]`: no write, but what the status counts after the step."""


# Counts that sum up other objects: see `comparing.py`.
COUNT = re.compile(
    r"([a-z]+[rR]eplicas|replicas|observedGeneration|number[A-Z]\w+|\w+NumberScheduled"
    r"|\w+Healthy|expectedPods|disruptionsAllowed|disruptedPods)$"
)


@dataclass(slots=True)
class _Life:
    """One object, from its first to its last appearance."""

    key: str
    writes: list[tuple[int, Write]] = field(default_factory=list)
    counts: dict[int, Obj] = field(default_factory=dict)
    """The counts of its status at the end of each step."""


@dataclass(slots=True)
class Line:
    """A watch event and the step of the scenario during which it came."""

    step: int
    event: Event


def assemble(namespace: str, lines: Iterable[Line], replies: Sequence[Any]) -> Obj:
    """The comparable history of a run: `objects`, `events`, `order` and `replies`."""
    ordered = sorted(lines, key=lambda line: int(line.event.object["metadata"]["resourceVersion"]))
    plain = Plain(namespace)
    for line in ordered:
        metadata = line.event.object["metadata"]
        plain.know(metadata["uid"], plain.name(_title(line.event.object)))
    lives, order = _lives(ordered, plain)
    events = [line for line in ordered if line.event.object["kind"] == "Event"]
    return {
        "replies": [plain.value(reply) for reply in replies],
        "objects": _grouped(lives),
        "events": _events(events, plain),
        "order": order,
    }


def _title(obj: Mapping[str, Any]) -> str:
    return f"{obj['kind']} {obj['metadata']['name']}"


def _key(obj: Mapping[str, Any], plain: Plain) -> str:
    """A pod that is bound by its affinity (a DaemonSet's) is told apart by its node."""
    title = plain.name(_title(obj))
    terms = (
        ((obj.get("spec") or {}).get("affinity") or {})
        .get("nodeAffinity", {})
        .get("requiredDuringSchedulingIgnoredDuringExecution", {})
        .get("nodeSelectorTerms", ())
        if obj["kind"] == "Pod"
        else ()
    )
    for term in terms:
        for match in term.get("matchFields", ()):
            return f"{title} @{match['values'][0]}"
    return title


def _lives(lines: Sequence[Line], plain: Plain) -> tuple[list[_Life], list[Any]]:
    lives: dict[str, _Life] = {}
    last: dict[str, Obj] = {}
    order: list[Any] = []
    for line in lines:
        obj = line.event.object
        if obj["kind"] == "Event":
            continue
        uid = obj["metadata"]["uid"]
        before = last.get(uid)
        last[uid] = obj
        if line.step < 0:
            continue
        life = lives.setdefault(uid, _Life(_key(obj, plain)))
        write = _write(line.event.type, before, obj, plain)
        owners = [o["uid"] for o in obj["metadata"].get("ownerReferences", ())]
        order.append([line.step, uid, owners, len(life.writes)])
        life.writes.append((line.step, write))
        status = obj.get("status") or {}
        life.counts[line.step] = {k: v for k, v in status.items() if COUNT.match(k)}
    return list(lives.values()), [
        [step, lives[uid].key, [lives[o].key for o in owners if o in lives], number]
        for step, uid, owners, number in order
    ]


def _write(verb: str, before: Obj | None, obj: Obj, plain: Plain) -> Write:
    if before is None:
        writer = _writer(None, obj, ())
        return ["create", writer, None if writer == USER else plain.value(content(obj))]
    found = _told(content(before), content(obj), plain)
    if verb == "DELETED":
        return ["delete", "", plain.value(found)]
    return ["write", _writer(before, obj, tuple(found)), plain.value(found)]


# Repeats itself every 15 seconds, whenever those are over.
RESYNCING = frozenset(("persistentvolume-controller",))


def _told(before: Obj, obj: Obj, plain: Plain) -> Obj:
    """What changed, but for texts that differ in nothing but random names."""
    found, was = changes(before, obj), changes(obj, before)
    return {path: new for path, new in found.items() if not _alike(was.get(path), new, plain)}


def _alike(old: Any, new: Any, plain: Plain) -> bool:
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    return plain.text(old) == plain.text(new) != "TIME"


USER = "scenario"


def _managers(obj: Obj | None) -> dict[tuple[str, str, str], Obj]:
    entries = (obj or {"metadata": {}})["metadata"].get("managedFields", ())
    return {(e["manager"], e["operation"], e.get("subresource", "")): e for e in entries}


def _writer(before: Obj | None, obj: Obj, paths: Sequence[str]) -> str:
    """Who wrote: whose entry of the managed fields changed, else who owns what changed."""
    old, new = _managers(before), _managers(obj)
    changed = [key for key, entry in new.items() if old.get(key) != entry]
    if not changed:
        changed = [key for key, entry in new.items() if _owns(entry, paths)] or [
            key for key, entry in old.items() if _owns(entry, paths)
        ]
    if len(changed) > 1:
        changed = [key for key in changed if _owns(new[key], paths)] or changed
    if not changed:
        return ""
    manager, operation, subresource = changed[-1]
    return "/".join(
        (manager, *((operation,) if operation == "Apply" else ()), *filter(None, [subresource]))
    )


def _owns(entry: Obj, paths: Sequence[str]) -> bool:
    for path in paths:
        fields: Any = entry.get("fieldsV1", {})
        head = path.split("[")[0].split(".")
        for part in head[:2]:
            fields = fields.get(f"f:{part}") if isinstance(fields, dict) else None
            if fields is None:
                break
        else:
            return True
    return False


def _grouped(lives: Iterable[_Life]) -> Obj:
    """By key and step, the sequences of writes of all objects with that key, sorted."""
    groups: dict[str, dict[str, list[list[Write]]]] = {}
    for life in lives:
        steps = groups.setdefault(life.key, {})
        mine: dict[str, list[Write]] = {}
        for step, write in life.writes:
            mine.setdefault(str(step), []).append(write)
        for number, writes in mine.items():
            counts = life.counts[int(number)]
            state = [["counts", "", counts]] if counts and writes[-1][0] != "delete" else []
            steps.setdefault(number, []).append(writes + state)
    for key, steps in groups.items():
        if key.startswith("Node "):
            _sort_independent(steps)
        for sequences in steps.values():
            sequences.sort(key=lambda s: json.dumps(s, sort_keys=True))
    return groups


def _sort_independent(steps: dict[str, list[list[Write]]]) -> None:
    """Several controllers note one thing each about a node, in any order."""
    for sequences in steps.values():
        for writes in sequences:
            writes.sort(key=lambda write: (write[0] != "create", json.dumps(write)))


def _events(lines: Iterable[Line], plain: Plain) -> Obj:
    """By object and reporting component, `[type, reason, message, count]` in order of writing.

    Repetitions that differ only in random names are counted together."""
    latest: dict[str, tuple[int, Obj]] = {}
    for line in lines:
        name = (
            f"{line.event.object['metadata']['namespace']}/{line.event.object['metadata']['name']}"
        )
        if line.event.type != "DELETED":
            step = latest[name][0] if name in latest else line.step
            latest[name] = (step, line.event.object)
    found: dict[str, list[list[Any]]] = {}
    for step, event in latest.values():
        if step < 0:
            continue
        about = event["involvedObject"]
        component = event.get("reportingComponent") or event["source"].get("component", "")
        key = f"{about['kind']} {plain.name(about['name'])}: {component}"
        row = [event.get("type"), event["reason"], plain.text(event.get("message", ""))]
        rows = found.setdefault(key, [])
        count = event.get("count") or 1
        if component in RESYNCING:
            count = 1
            if [*row, 1] in rows:
                continue
        if rows and rows[-1][:3] == row:
            rows[-1][3] += count
        else:
            rows.append([*row, count])
    for key, rows in found.items():
        if "*" in key:
            rows.sort(key=str)
    return found
