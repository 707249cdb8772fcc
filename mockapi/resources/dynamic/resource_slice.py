"""ResourceSlice."""

from mockapi.machinery.resource import Strategy
from mockapi.resources import fields

STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="ResourceSlice",
    has_generation=True,
    selectable={
        "spec.nodeName": fields.text("spec", "nodeName"),
        "spec.driver": fields.text("spec", "driver"),
        "spec.pool.name": fields.text("spec", "pool", "name"),
    },
)
