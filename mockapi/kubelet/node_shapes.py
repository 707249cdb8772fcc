"""Nodes by file: a YAML list of shapes.

- {name: worker, count: 3}
- name: gpu
  count: 2
  capacity: {cpu: 64, memory: 512Gi, nvidia.com/gpu: 8}
  allocatable: {cpu: 63}
  labels: {accelerator: a100}
  taints: [{key: gpu, value: 'true', effect: NoSchedule}]
  staticPods: [{metadata: {name: proxy}, spec: {containers: [{name: proxy, image: proxy}]}}]
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from mockapi.kubelet.amounts import quantity
from mockapi.kubelet.behaviour_schema import BadBehaviour, check, parsed
from mockapi.kubelet.nodes import NodeShape

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
MOST = 20_000


class _Text(fields.String):
    default_error_messages = {"invalid": "must be a text: put it in quotes"}


class _Amount(fields.Field[str]):
    """A quantity, which may be a plain number."""

    json_type = {"type": ["string", "number"]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            quantity(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return str(value)


class _Manifest(fields.Field[dict[str, Any]]):
    """A Pod, as the kubelet reads it from its folder of manifests."""

    json_type = {"type": "object", "required": ["metadata", "spec"]}

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        parts = value if isinstance(value, dict) else {}
        if not (parts.get("metadata") or {}).get("name") or "spec" not in parts:
            raise ValidationError("must be a Pod with a name and a spec")
        return parts


class _TaintSchema(Schema):
    class Meta:
        unknown = RAISE

    key = _Text(required=True)
    value = _Text()
    effect = _Text(required=True, validate=validate.OneOf(EFFECTS))


class _ShapeSchema(Schema):
    class Meta:
        unknown = RAISE

    name = _Text(validate=validate.Length(1))
    count = fields.Integer(strict=True, validate=validate.Range(0, MOST))
    exactName = fields.Boolean(attribute="exact_name")
    capacity = fields.Dict(_Text(), _Amount())
    allocatable = fields.Dict(_Text(), _Amount())
    labels = fields.Dict(_Text(), _Text())
    annotations = fields.Dict(_Text(), _Text())
    taints = fields.List(fields.Nested(_TaintSchema))
    staticPods = fields.List(_Manifest, attribute="static_pods")


SHAPES = _ShapeSchema(many=True)


def read(text: str) -> list[NodeShape]:
    """Raises BadBehaviour with the paths of the mistakes."""
    tree = parsed(text)
    if not isinstance(tree, list):
        raise BadBehaviour([("", "must be a list of node shapes")])
    check(tree, SHAPES)
    shapes = [NodeShape(**shape) for shape in SHAPES.load(tree)]
    _check_names(shapes)
    return shapes


def _check_names(shapes: Sequence[NodeShape]) -> None:
    for index, shape in enumerate(shapes):
        if shape.exact_name and shape.count != 1:
            raise BadBehaviour([(f"[{index}].count", "must be 1 with exactName")])
    counts = Counter(name for shape in shapes for name in shape.names())
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise BadBehaviour([("", f"two shapes make a node {twice[0]}: give them other names")])
    if len(counts) > MOST:
        raise BadBehaviour([("", f"{len(counts)} nodes: at most {MOST} are possible")])
