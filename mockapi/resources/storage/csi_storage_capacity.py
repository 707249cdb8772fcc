"""CSIStorageCapacity."""

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import labels, rules
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import node_labels

Errors = list[FieldError]

_TOPOLOGY, _CLASS = Path("nodeTopology"), Path("storageClassName")


def _check(obj: Obj) -> Errors:
    errors = labels.validate_selector(obj.get("nodeTopology"), _TOPOLOGY)
    errors += rules.object_name(obj.get("storageClassName", ""), _CLASS)
    if (capacity := obj.get("capacity")) is not None:
        errors += rules.not_negative_quantity(capacity, Path("capacity"))
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    errors = _check(obj)
    for path in (_TOPOLOGY, _CLASS):
        name = str(path)
        errors += rules.immutable(obj.get(name), old.get(name), path)
    return errors


STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="CSIStorageCapacity",
    validate=_check,
    validate_update=_validate_update,
    warnings=lambda obj, old: node_labels.selector_warnings(obj.get("nodeTopology"), _TOPOLOGY),
    unconditional_update=False,
)
