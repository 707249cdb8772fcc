"""Paths of the control API. Bodies are checked by marshmallow; a mistake is a 400 or 422 Status."""

from collections.abc import Callable, Mapping
from typing import Any

import marshmallow
import orjson
import yaml
from marshmallow import fields, validate

from mockapi.api.call import Call
from mockapi.api.control.controls import Controls
from mockapi.api.reply import Reply
from mockapi.base.clock import timestamp
from mockapi.meta import codec
from mockapi.meta.codec import CodecError
from mockapi.meta.errors import ApiError, BadRequest, MethodNotAllowed, PathNotFound
from mockapi.meta.quantity import is_quantity

JSON = "application/json"
Obj = dict[str, Any]


class _Advance(marshmallow.Schema):
    seconds = fields.Float(
        required=True, validate=validate.Range(0, error="must not be less than 0")
    )


class _Nothing(marshmallow.Schema):
    pass


class _Behaviours(marshmallow.Schema):
    rules = fields.List(fields.Dict(), required=True)


def _quantity(text: str) -> None:
    if not is_quantity(text):
        raise marshmallow.ValidationError(f"{text!r} is not a quantity")


class _External(marshmallow.Schema):
    metric = fields.String(required=True, validate=validate.Length(min=1))
    value = fields.String(required=True, validate=_quantity)
    namespace = fields.String()
    labels = fields.Dict(fields.String(), fields.String())


class _Custom(_External):
    resource = fields.String(validate=validate.Length(min=1))
    name = fields.String()
    selector = fields.Dict(fields.String(), fields.String())


class _Metrics(marshmallow.Schema):
    custom = fields.List(fields.Nested(_Custom), load_default=list)
    external = fields.List(fields.Nested(_External), load_default=list)


def _body(call: Call, schema: marshmallow.Schema) -> Obj:
    raw = call.body()
    try:
        tree = _tree(raw, call.content_type) if raw else {}
        loaded: Obj = schema.load(tree)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    except marshmallow.ValidationError as error:
        raise BadRequest(f"bad body: {_first(error.messages)}") from None
    return loaded


def _tree(raw: bytes, content_type: str) -> Any:
    """JSON, or YAML where the request says so."""
    if "yaml" not in content_type:
        return orjson.loads(raw)
    try:
        return yaml.safe_load(raw)
    except yaml.YAMLError as error:
        raise BadRequest(f"the body is not YAML: {error}") from None


def _first(messages: Any, path: str = "") -> str:
    """The first mistake, with its path."""
    if isinstance(messages, dict):
        name, inner = next(iter(messages.items()))
        return _first(inner, path if name == "_schema" else f"{path}.{name}".lstrip("."))
    text = messages[0] if isinstance(messages, list) else messages
    return f"{path}: {text}" if path else str(text)


class ControlApi:
    """Answers /mockapi/v1/..."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._routes: Mapping[tuple[str, str], Callable[[Call], Any]] = {
            ("GET", "clock"): lambda call: self._clock(),
            ("POST", "clock/advance"): self._advance,
            ("POST", "settle"): self._settle,
            ("POST", "reset"): self._reset,
            ("POST", "explain/pods"): self._explain_proposed,
            ("GET", "behaviours"): lambda call: {"rules": list(controls.behaviours())},
            ("PUT", "behaviours"): self._set_behaviours,
            ("GET", "metrics"): lambda call: controls.metrics(),
            ("PUT", "metrics"): self._set_metrics,
        }

    def serve(self, call: Call) -> Reply:
        path = call.path.removeprefix("/mockapi/v1").strip("/")
        steps = path.split("/")
        if steps[:2] == ["explain", "pods"] and len(steps) == 4:
            if call.method != "GET":
                raise MethodNotAllowed()
            return _reply(self._controls.explain(steps[2], steps[3]))
        if steps[0] == "schemas" and len(steps) == 2:
            return self._schema(call, steps[1])
        route = self._routes.get((call.method, path))
        if route is not None:
            return _reply(route(call))
        if any(known == path for _, known in self._routes):
            raise MethodNotAllowed()
        raise PathNotFound()

    def _schema(self, call: Call, name: str) -> Reply:
        """As a file for editors, so with or without its ending."""
        schema = self._controls.schema(name.removesuffix(".json"))
        if schema is None:
            raise PathNotFound()
        if call.method != "GET":
            raise MethodNotAllowed()
        return _reply(schema)

    def _clock(self) -> Obj:
        now = self._controls.now()
        return {"now": now, "time": timestamp(now)}

    def _advance(self, call: Call) -> Obj:
        seconds = _body(call, _Advance())["seconds"]
        try:
            self._controls.advance(seconds)
        except RuntimeError as error:
            raise ApiError(409, "Conflict", str(error)) from None
        return self._clock()

    def _settle(self, call: Call) -> Obj:
        _body(call, _Nothing())
        self._controls.settle()
        return self._clock()

    def _reset(self, call: Call) -> Obj:
        _body(call, _Nothing())
        self._controls.reset()
        return self._clock()

    def _explain_proposed(self, call: Call) -> Obj:
        try:
            pod = codec.parse_yaml(call.body())
        except CodecError as error:
            raise BadRequest(f"the body is neither JSON nor YAML: {error}") from None
        if not isinstance(pod, dict) or pod.get("kind", "Pod") != "Pod":
            raise BadRequest("the body must be a Pod")
        return self._controls.explain_proposed(pod)

    def _set_behaviours(self, call: Call) -> Obj:
        rules = _body(call, _Behaviours())["rules"]
        self._controls.set_behaviours(rules)
        return {"rules": list(self._controls.behaviours())}

    def _set_metrics(self, call: Call) -> Obj:
        asked = _body(call, _Metrics())
        self._controls.set_metrics(asked["custom"], asked["external"])
        return self._controls.metrics()


def _reply(tree: Obj) -> Reply:
    return Reply(200, orjson.dumps(tree) + b"\n", JSON)
