"""Scenarios and their recordings as files: one of each for every subject."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SCENARIOS = HERE / "scenarios"
RECORDINGS = HERE / "recordings"

Obj = dict[str, Any]


def subjects() -> list[str]:
    return sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


class _Loader(yaml.SafeLoader):
    """A key given twice is a mistake: YAML would keep the last."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        given = [key.value for key, _ in node.value]
        twice = sorted({str(key) for key in given if given.count(key) > 1})
        if twice:
            problem = f"given twice: {', '.join(twice)}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return node


def scenarios(subject: str) -> dict[str, list[Obj]]:
    text = (SCENARIOS / f"{subject}.yaml").read_text()
    found: dict[str, list[Obj]] = yaml.load(text, _Loader)
    return found


def mistakes(replies: Sequence[Any]) -> list[str]:
    """Replies to what is not even well formed: a scenario that has one tests nothing there."""
    return [
        message for _, code, _, message in replies if code == 400 or "unrecognized type" in message
    ]


def load(subject: str) -> dict[str, Obj]:
    path = RECORDINGS / f"{subject}.json"
    if not path.exists():
        return {}
    content = json.loads(path.read_text())
    found: dict[str, Obj] = _restored(content["scenarios"], content["bodies"])
    return found


def save(subject: str, recorded: dict[str, Obj]) -> None:
    """One line for each scenario and for each body; equal bodies are written once."""
    bodies: dict[str, Any] = {}
    lines = [f"{json.dumps(k)}: {json.dumps(_shared(v, bodies))}" for k, v in recorded.items()]
    shared = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(bodies.items())]
    parts = (",\n".join(shared), ",\n".join(lines))
    text = '{{"bodies": {{\n{}\n}},\n"scenarios": {{\n{}\n}}}}\n'.format(*parts)
    (RECORDINGS / f"{subject}.json").write_text(text)


def _shared(value: Any, bodies: dict[str, Any]) -> Any:
    if isinstance(value, list):
        if len(value) == 3 and value[0] == "create" and isinstance(value[2], dict):
            text = json.dumps(value[2], sort_keys=True)
            name = hashlib.sha256(text.encode()).hexdigest()[:10]
            bodies[name] = value[2]
            return [*value[:2], {"body": name}]
        return [_shared(item, bodies) for item in value]
    if isinstance(value, dict):
        return {key: _shared(inner, bodies) for key, inner in value.items()}
    return value


def _restored(value: Any, bodies: dict[str, Any]) -> Any:
    if isinstance(value, list):
        if len(value) == 3 and value[0] == "create" and isinstance(value[2], dict):
            return [*value[:2], bodies[value[2]["body"]]]
        return [_restored(item, bodies) for item in value]
    if isinstance(value, dict):
        return {key: _restored(inner, bodies) for key, inner in value.items()}
    return value
