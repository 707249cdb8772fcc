"""Kinds that the sweeps of stored objects leave out: requests, reviews, and bodies of subresources.

`MOCKAPI_ORACLE=KUBECONFIG python -m tests.contract.other_kinds` records the real server's answers
to a wrong value at every field of each, and to what is wrong with bodies of any kind.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from mockapi.machinery import catalogue
from mockapi.meta.names import GroupVersionKind, split_api_version
from tests.contract import bad_values, harness
from tests.contract import replies as recorded
from tests.contract.fuzz.bodies import placed, positions, wrong_values
from tests.contract.fuzz.kinds import Kind, Tree
from tests.contract.fuzz.operations import compact
from tests.contract.fuzz.pair import Side
from tests.contract.harness import Step

HERE = Path(__file__).parent
FILE = HERE / "recordings/sweep/other_kinds.jsonl.gz"
_VALUES = 4
"""So many wrong values for each field."""
_HEADERS = {
    "User-Agent": "sweep/1.0",
    "Content-Type": "application/json",
    "Impersonate-User": "jane",
    "Impersonate-Group": "system:masters",
}
"""The same user for both servers: some of these answer who asks, and what they may do."""


@dataclass(frozen=True)
class Place:
    """Where bodies of a kind go, after what has to be there was made."""

    kind: Kind
    method: str
    path: str
    before: tuple[Step, ...]
    name: str


def places() -> Mapping[str, Place]:
    """By `v1 Binding`; those of one kind in several places by `autoscaling/v1 Scale 2`."""
    found: dict[str, Place] = {}
    for entry in yaml.safe_load((HERE / "other_kinds.yaml").read_text()):
        obj = entry["object"]
        gvk = GroupVersionKind(*split_api_version(obj["apiVersion"]), obj["kind"])
        facts = catalogue.load("1.37").types
        name = obj["metadata"].pop("name", "")
        kind = Kind(gvk, "", True, facts.kinds[gvk], (), (), (obj,))
        method, _, path = entry["do"].partition(" ")
        before = tuple(map(harness.step, entry.get("before", ())))
        title = f"{gvk.api_version} {gvk.kind}"
        same = sum(key.startswith(title) for key in found)
        place = Place(kind, method, path, before, name)
        found[f"{title} {same + 1}" if same else title] = place
    return found


def sequences() -> Mapping[str, Sequence[Step]]:
    seen: set[tuple[str, str]] = set()
    return {
        title: [*place.before, *_plain(place), *_wrong(place, seen, Random(title))]
        for title, place in places().items()
    }


def _step(place: Place, body: Any, query: str = "", kind: str = "application/json") -> Step:
    text = body if isinstance(body, str) else compact(body)
    headers = {**_HEADERS, "Content-Type": kind}
    return Step(place.method, f"{place.path}?dryRun=All{query}", headers, text)


def _plain(place: Place) -> list[Step]:
    """What may be wrong with any body."""
    least = {**place.kind.samples[0], "metadata": {**_metadata(place)}}
    rest = sorted(set(least) - {"apiVersion", "kind", "metadata"})
    instead: tuple[Any, ...] = ("text", [1], None, {})
    bodies = [
        least,
        {**least, "unknown": 1},
        {**least, "metadata": 5},
        {**least, "metadata": None},
        {**least, "kind": "Nope"},
        {**least, "apiVersion": "nope/v1"},
        {key: value for key, value in least.items() if key not in ("apiVersion", "kind")},
        {**least, "metadata": {"name": "A_b"}},
        {**least, "metadata": {}},
        {**least, "metadata": {**_metadata(place), "namespace": "elsewhere"}},
        {**least, "metadata": {**_metadata(place), "labels": {"a b": "c"}}},
        {**least, "metadata": {**_metadata(place), "uid": "x", "resourceVersion": "5"}},
        {"apiVersion": least["apiVersion"], "kind": least["kind"]},
        *({**least, name: value} for name in rest for value in instead),
    ]
    found = [_step(place, body) for body in bodies]
    for validation in ("Strict", "Warn", "Ignore", "No"):
        found.append(_step(place, {**least, "unknown": 1}, f"&fieldValidation={validation}"))
    found += [_step(place, "{"), _step(place, "a: [b", "", "application/yaml")]
    found += [_step(place, ""), _step(place, "x", "", "text/plain")]
    return [*found, _step(place, least, "&dryRun=None"), _step(place, least, "&fieldManager=m")]


def _metadata(place: Place) -> Tree:
    own = place.kind.samples[0].get("metadata") or {}
    return {**own, "name": place.name} if place.name else own


def _wrong(place: Place, seen: set[tuple[str, str]], random: Random) -> list[Step]:
    """As `bad_values` does it."""
    found = []
    for path, owner, shape in positions(place.kind):
        field = (owner, str(path[-1]))
        if field in seen:
            continue
        seen.add(field)
        values = wrong_values(shape)
        for value in random.sample(values, min(_VALUES, len(values))):
            body = placed(place.kind, path, value, place.name)
            validation = random.choice(("Strict", "Warn", "Ignore"))
            text = compact(body).replace("Infinity", "1e400")
            found.append(_step(place, text, f"&fieldValidation={validation}"))
    return found


def load() -> Mapping[str, list[Tree]]:
    return recorded.load(FILE)


def replies(side: Side, steps: Sequence[Step]) -> list[Tree]:
    """Without tokens and who issues them, and rules sorted: the real server has no order."""
    found = [bad_values.brief(reply) for reply in side.run(steps)]
    for reply in found:
        status = reply["body"].get("status")
        audiences = (reply["body"].get("spec") or {}).get("audiences") or []
        audiences[:] = ["<issuer>" if "kubernetes.default" in one else one for one in audiences]
        if isinstance(status, dict):
            if "token" in status:
                status["token"] = "<token>"
            for rules in (status.get("resourceRules"), status.get("nonResourceRules")):
                if rules:
                    rules.sort(key=json.dumps)
    return found


def main() -> None:
    side = Side(recorded.oracle())
    found = {name: replies(side, steps) for name, steps in sequences().items()}
    side.close()
    recorded.save(FILE, found)


if __name__ == "__main__":
    main()
