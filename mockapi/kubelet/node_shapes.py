"""Nodes by file: a YAML list of shapes.

- {name: worker, count: 3}
- name: gpu
  count: 2
  capacity: {cpu: '64', memory: 512Gi, nvidia.com/gpu: '8'}
  labels: {accelerator: a100}
  taints: [{key: gpu, value: 'true', effect: NoSchedule}]
"""

from typing import Any

import yaml
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from mockapi.kubelet.amounts import quantity
from mockapi.kubelet.behaviour_schema import BadBehaviour, check
from mockapi.kubelet.nodes import NodeShape

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _must_be_quantity(value: str) -> None:
    try:
        quantity(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None


class _TaintSchema(Schema):
    class Meta:
        unknown = RAISE

    key = fields.String(required=True)
    value = fields.String()
    effect = fields.String(required=True, validate=validate.OneOf(EFFECTS))


class _ShapeSchema(Schema):
    class Meta:
        unknown = RAISE

    name = fields.String(validate=validate.Length(1))
    count = fields.Integer(strict=True, validate=validate.Range(0))
    exactName = fields.Boolean(attribute="exact_name")
    capacity = fields.Dict(fields.String(), fields.String(validate=_must_be_quantity))
    labels = fields.Dict(fields.String(), fields.String())
    annotations = fields.Dict(fields.String(), fields.String())
    taints = fields.List(fields.Nested(_TaintSchema))


_SHAPES = _ShapeSchema(many=True)


def read(text: str) -> list[NodeShape]:
    """Raises BadBehaviour with the paths of the mistakes."""
    try:
        tree: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadBehaviour([("", f"not YAML: {str(error).splitlines()[0]}")]) from None
    if not isinstance(tree, list):
        raise BadBehaviour([("", "must be a list of node shapes")])
    check(tree, _SHAPES)
    return [NodeShape(**shape) for shape in _SHAPES.load(tree)]
