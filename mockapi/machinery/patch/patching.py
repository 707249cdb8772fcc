"""A patch from its body to the patched tree, and what is said when that tree cannot be decoded.

The order of the steps is that of the real handler: the body must be JSON before the object is
looked for; everything else that may be wrong with a patch shows when it is applied.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mockapi.machinery.catalogue import Type
from mockapi.machinery.patch import body as bodies
from mockapi.machinery.patch import conversion, json_patch, kinds, merge_patch, strategic
from mockapi.machinery.schema.strict import Names
from mockapi.meta import fields, gofmt, gojson
from mockapi.meta.errors import Invalid, RequestEntityTooLarge

Obj = dict[str, Any]

JSON: Final = "application/json-patch+json"
MERGE: Final = "application/merge-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"
Judge = Callable[[str, Any], str]
"""(type name, tree) -> what the decoder has against it, "" when nothing."""
_HEADER: Final = ("apiVersion", "kind")


class Patch:
    """A JSON, merge or strategic patch, to be applied as often as the write is retried.

    `body` is the request's body, or the tree itself from callers inside the process. Malformed
    (400) when it is not JSON.
    """

    def __init__(self, media_type: str, body: Any, *, validation: str = "Warn") -> None:
        self.media_type = media_type
        self._strict = validation != "Ignore"
        self._escaped = not isinstance(body, bytes) or b"\\u00" in body
        self.tree = bodies.parse(body) if isinstance(body, bytes) else body
        self._untyped = False
        self._lost: Obj | None = None
        self._consumed: Obj = {}
        self.problems: list[str] = []
        """Duplicate and unknown fields of the patch itself; known once it was applied."""

    @property
    def converts(self) -> bool:
        """Whether the patched map becomes the object without JSON between."""
        return self.media_type == STRATEGIC

    def apply(
        self,
        document: Obj,
        *,
        type_name: str,
        types: Mapping[str, Type],
        judge: Judge = lambda type_name, tree: "",
    ) -> Any:
        """The patched tree, not decoded yet; `document` is in the version of the request.

        `judge` is asked what is wrong with a tree that has turned into another known kind: that
        is said before its kind is refused.
        """
        self._judge = judge
        if self.media_type == JSON:
            return self._of_kind(self._json(document), type_name, types)
        self._check_object()
        if self.media_type == MERGE:
            merged = merge_patch.apply(self.tree, document)
            return self._of_kind(merged, type_name, types)
        self._consumed = strategic.consumable(gojson.plain(self.tree) or {})
        return strategic.consume(self._consumed, document, type_name, types)

    def _of_kind(self, patched: Any, type_name: str, types: Mapping[str, Type]) -> Any:
        """The patched tree says itself what it is, and must still be of the kind."""
        if type_name not in types:
            self._untyped = True  # a custom resource, which Go keeps as a map
            return gojson.plain(patched)
        problem = kinds.problem(patched, types[type_name].gvks, types)
        if problem and (other := kinds.other(patched, types[type_name].gvks, types)):
            problem = self._judge(other, patched) or problem
        if problem:
            raise self._invalid(patched, problem)
        if not kinds.is_internal(patched, types[type_name].gvks):
            return patched
        self._lose(patched)
        return {}

    def _lose(self, patched: Obj) -> None:
        """Of the internal form nothing in the tree is known."""
        if not self._strict:
            return
        self.problems += [
            f'unknown field "{name}"' for name in sorted(patched) if name not in _HEADER
        ]
        self._lost = patched

    def _json(self, document: Obj) -> Any:
        operations = bodies.check_operations(self.tree, strict=self._strict)
        if self._strict:
            self.problems = bodies.problems(operations, operations=True)
        if len(operations) > json_patch.MAX_OPERATIONS:
            raise RequestEntityTooLarge(
                "Request entity too large: The allowed maximum operations in a JSON patch is "
                f"{json_patch.MAX_OPERATIONS}, got {len(operations)}"
            )
        return json_patch.apply(operations, document, escaped=self._escaped)

    def _check_object(self) -> None:
        merge = self.media_type == MERGE
        if self._strict or not merge:
            bodies.check_object(self.tree, prefixed=merge)
        if self._strict:
            self.problems = bodies.problems(self.tree, operations=False)

    def undecodable(
        self,
        patched: Any,
        error: str,
        *,
        type_name: str,
        types: Mapping[str, Type],
        names: Names,
    ) -> Invalid:
        """The answer when the patched tree is not of the type; `error` is the decoder's text."""
        if self.media_type == STRATEGIC:
            found = conversion.problem(patched, type_name, types, names)
            error = found or conversion.without_field(error)
        return self._invalid(patched, error)

    def not_strict(self, patched: Any, problems: Sequence[str]) -> Invalid:
        """The answer under fieldValidation=Strict; `problems` are the decoder's (the patch's own
        are put before them)."""
        texts = ", ".join((*self.problems, *problems))
        return self._invalid(
            patched if self._lost is None else self._lost, f"strict decoding error: {texts}"
        )

    def _invalid(self, patched: Any, error: str) -> Invalid:
        shown = (
            gofmt.value(self._consumed)
            if self.media_type == STRATEGIC
            else gojson.dumps(patched, sort=self._untyped)
        )
        return Invalid("", "", "", [fields.invalid("patch", shown, error)])
