"""Refuses a wrong `mockapi.dev/controllers`: a mistake in it would keep nobody off."""

from collections.abc import Callable

from mockapi.machinery.admission.chain import Attributes
from mockapi.meta import fields
from mockapi.meta.errors import Invalid

ANNOTATION = "mockapi.dev/controllers"


class OptOut:
    """`check(text)` raises ValueError for a value that names what there is not."""

    name = "OptOut"

    def __init__(self, check: Callable[[str], object]) -> None:
        self._check = check

    def handles(self, attributes: Attributes) -> bool:
        return attributes.obj is not None

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        assert attributes.obj is not None
        annotations = (attributes.obj.get("metadata") or {}).get("annotations") or {}
        if ANNOTATION not in annotations:
            return
        text = annotations[ANNOTATION]
        try:
            self._check(text)
        except ValueError as error:
            path = f"metadata.annotations[{ANNOTATION}]"
            kind, group = attributes.resource.kind, attributes.resource.gvr.group
            wrong = [fields.invalid(path, text, str(error))]
            raise Invalid(group, kind, attributes.name, wrong) from None
