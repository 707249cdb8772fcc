"""How behaviours are written: the schema, its errors with their path, and the JSON schema.

pull: {seconds: 2, fails: 1}
run: [{seconds: 5, exitCode: 1}, {}]
probes: {readiness: [{result: fail}, {after: 30, result: pass}]}
containers: {sidecar: {run: {signal: KILL, reason: OOMKilled, seconds: 10}}}
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from mockapi.kubelet import behaviour as values
from mockapi.kubelet.amounts import duration, quantity

Tree = dict[str, Any]

RESULTS = ("pass", "fail", "warn", "error")


class BadBehaviour(ValueError):
    """A behaviour that cannot be understood. `problems`: (path, text) pairs; `tree`: all of it."""

    def __init__(self, problems: Sequence[tuple[str, str]], tree: Any = None) -> None:
        self.problems = tuple(problems)
        self.tree = tree
        super().__init__("; ".join(f"{path}: {text}" if path else text for path, text in problems))


class Duration(fields.Field[float]):
    """Seconds as a number, or a text like 1m30s."""

    json_type = {
        "oneOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"},
        ]
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        try:
            return duration(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Amount(fields.Field[float]):
    """A quantity (`250m`, `64Mi`) or a number."""

    json_type = {"type": ["string", "number"]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        try:
            return quantity(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Fails(fields.Field[int]):
    """How many tries fail: a number, or `always`."""

    json_type = {"oneOf": [{"const": "always"}, {"type": "integer", "minimum": 0}]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if value == "always":
            return values.ALWAYS
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValidationError("must be a number of tries or always")
        return value


class Signal(fields.Field[int]):
    """A signal by name (KILL, SIGKILL) or number."""

    json_type = {"oneOf": [{"type": "integer"}, {"enum": sorted(values.SIGNALS)}]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65:
            return value
        name = str(value).removeprefix("SIG")
        if name not in values.SIGNALS:
            raise ValidationError(f"no such signal{nearest(name, list(values.SIGNALS))}")
        return values.SIGNALS[name]


class OneOrMore(fields.Field[list[Any]]):
    """One item or a list of them; a bare scalar stands for `shorthand: scalar`."""

    def __init__(self, item: Schema, shorthand: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.item = item
        self.shorthand = shorthand

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        many = value if isinstance(value, list) else [value]
        if not many:
            raise ValidationError("must not be empty")
        loaded, errors = [], {}
        for index, item in enumerate(many):
            if self.shorthand and not isinstance(item, Mapping):
                item = {self.shorthand: item}
            try:
                loaded.append(self.item.load(item))
            except ValidationError as error:
                errors[index] = error.messages
        if errors:
            raise ValidationError(errors if isinstance(value, list) else errors[0])
        return loaded


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class TroubleSchema(_Strict):
    seconds = Duration()
    error = fields.String()
    fails = Fails()


class StepSchema(TroubleSchema):
    reason = fields.String()


class PullSchema(StepSchema):
    present = fields.Boolean()
    inspectError = fields.String()
    size = Amount()


class RunSchema(_Strict):
    seconds = Duration(allow_none=True)
    exitCode = fields.Integer(strict=True, validate=validate.Range(0, 255))
    signal = Signal()
    reason = fields.String()
    message = fields.String()


class StopSchema(_Strict):
    seconds = Duration()
    exitCode = fields.Integer(strict=True, validate=validate.Range(0, 255))
    ignores = fields.Boolean()


class FindingSchema(_Strict):
    after = Duration()
    result = fields.String(validate=validate.OneOf(RESULTS))
    output = fields.String()
    status = fields.Integer(strict=True, validate=validate.Range(100, 599))
    timeout = fields.Boolean()


class ProbesSchema(_Strict):
    startup = OneOrMore(FindingSchema(), "result")
    liveness = OneOrMore(FindingSchema(), "result")
    readiness = OneOrMore(FindingSchema(), "result")


class LineSchema(_Strict):
    after = Duration()
    text = fields.String(required=True)
    stream = fields.String(validate=validate.OneOf(("stdout", "stderr")))


class LogsSchema(_Strict):
    lines = OneOrMore(LineSchema(), "text")
    every = Duration()


class PointSchema(_Strict):
    after = Duration()
    value = Amount(required=True)


class CurveSchema(_Strict):
    points = OneOrMore(PointSchema(), "value", required=True)
    ramp = fields.Boolean()
    repeat = Duration()


class CurveField(fields.Field[Tree]):
    """A quantity for ever, or points."""

    json_type = {"oneOf": [{"type": ["string", "number"]}, {"type": "object"}]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Tree:
        if not isinstance(value, Mapping):
            value = {"points": [value]}
        loaded: Tree = CURVE.load(value)
        return loaded


CURVE = CurveSchema()


class UsageSchema(_Strict):
    cpu = CurveField()
    memory = CurveField()


class WaitSchema(_Strict):
    reason = fields.String(required=True, validate=validate.Length(1))
    message = fields.String()
    seconds = Duration(allow_none=True)


class ContainerSchema(_Strict):
    pull = fields.Nested(PullSchema)
    create = fields.Nested(StepSchema)
    start = fields.Nested(StepSchema)
    run = OneOrMore(RunSchema())
    stop = fields.Nested(StopSchema)
    postStart = fields.Nested(TroubleSchema)
    preStop = fields.Nested(TroubleSchema)
    wait = fields.Nested(WaitSchema)
    probes = fields.Nested(ProbesSchema)
    logs = fields.Nested(LogsSchema)
    usage = fields.Nested(UsageSchema)


class VolumeSchema(_Strict):
    error = fields.String(required=True)
    reason = fields.String(validate=validate.OneOf(("FailedMount", "FailedAttachVolume")))
    fails = Fails()


class RejectSchema(_Strict):
    reason = fields.String(required=True, validate=validate.Length(1))
    message = fields.String()


class EvictSchema(_Strict):
    after = Duration()
    reason = fields.String()
    message = fields.String()


class PodSchema(ContainerSchema):
    """What is said at the top holds for every container that says nothing else."""

    state = fields.String()
    containers = fields.Dict(fields.String(), fields.Nested(ContainerSchema))
    sandbox = fields.Nested(TroubleSchema)
    volumes = fields.Dict(fields.String(), fields.Nested(VolumeSchema))
    reject = fields.Nested(RejectSchema)
    evict = fields.Nested(EvictSchema)
    lost = fields.Boolean()


class MatchSchema(_Strict):
    image = fields.String()
    namespace = fields.String()
    name = fields.String()
    node = fields.String()
    container = fields.String()
    labels = fields.Dict(fields.String(), fields.String())
    attempt = fields.Integer(strict=True, validate=validate.Range(0))


class RuleSchema(_Strict):
    match = fields.Nested(MatchSchema)
    behaviour = fields.Nested(PodSchema, required=True)


POD = PodSchema()
RULES = RuleSchema(many=True)


def parsed(text: str) -> Any:
    """YAML or JSON text as a tree. Raises BadBehaviour."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadBehaviour([("", f"not YAML: {_first_line(error)}")]) from None


def _first_line(error: yaml.YAMLError) -> str:
    """What is wrong, and where where it is known."""
    text = str(error).splitlines()[0]
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or text
    return text if mark is None else f"line {mark.line + 1}: {problem}"


def read(text: str) -> Tree:
    """YAML or JSON text to a checked tree (still as written)."""
    tree = parsed(text)
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise BadBehaviour([("", "must be an object of behaviour fields")])
    check(tree, POD)
    return tree


def check(tree: Any, schema: Schema) -> None:
    try:
        schema.load(tree)
    except ValidationError as error:
        raise BadBehaviour(list(_flat(error.messages, "", schema)), tree) from None


def _flat(messages: Any, path: str, here: Schema | fields.Dict | None) -> list[tuple[str, str]]:
    """marshmallow's nested messages as (path, text), unknown names with the nearest valid one."""
    if isinstance(messages, list):
        return [(path, str(text).rstrip(".")) for text in messages]
    if not isinstance(messages, dict):
        return [(path, str(messages))]
    found: list[tuple[str, str]] = []
    for key, inner in messages.items():
        step = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".lstrip(".")
        if key == "_schema":
            step = path
        if isinstance(here, fields.Dict) and isinstance(inner, dict):
            inner = inner.get("value", inner.get("key"))
        if inner == ["Unknown field."] and isinstance(here, Schema):
            found.append((step, f"unknown field{nearest(str(key), list(here.fields))}"))
        else:
            found += _flat(inner, step, _below(here, key))
    return found


def _below(here: Schema | fields.Dict | None, key: Any) -> Schema | fields.Dict | None:
    """What lies under a key, to name its valid fields."""
    if isinstance(key, int):
        return here
    field: Any = here.value_field if isinstance(here, fields.Dict) else None
    if isinstance(here, Schema):
        field = here.fields.get(str(key))
    if isinstance(field, fields.Nested):
        return field.schema if isinstance(field.schema, Schema) else None
    if isinstance(field, OneOrMore):
        return field.item
    if isinstance(field, CurveField):
        return CURVE
    return field if isinstance(field, fields.Dict) else None


def nearest(name: str, names: Sequence[str]) -> str:
    """What was meant, as the end of a sentence."""
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if not close:
        low = name.lower()
        close = [n for n in names if n.lower() == low or (low and n.lower().startswith(low))][:1]
    return f", did you mean {close[0]}?" if close else f", valid are {', '.join(sorted(names))}"
