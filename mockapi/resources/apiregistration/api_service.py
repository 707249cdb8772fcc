"""APIService."""

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.machinery.validation import names


def _prepare_create(obj: Obj, context: Context) -> None:
    """Those of this server are available at once."""
    if not obj["spec"].get("service"):
        available = {
            "type": "Available",
            "status": "True",
            "lastTransitionTime": context.now,
            "reason": "Local",
            "message": "Local APIServices are always available",
        }
        obj["status"] = {"conditions": [available]}


STRATEGY = Strategy(
    group="apiregistration.k8s.io",
    kind="APIService",
    validate_name=names.path_segment,
    prepare_create=_prepare_create,
    has_status=True,
    unconditional_update=False,
)
