"""FlowSchema."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="flowcontrol.apiserver.k8s.io",
    kind="FlowSchema",
    has_generation=True,
    has_status=True,
)
