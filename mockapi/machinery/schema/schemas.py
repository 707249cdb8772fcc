"""`Schemas`: decode, normalise and default objects by the name of their type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from mockapi.base import deep
from mockapi.machinery.catalogue import Type
from mockapi.machinery.schema import empties
from mockapi.machinery.schema.compiled import Compiler
from mockapi.machinery.schema.defaulting import Defaulter, Defaulting
from mockapi.machinery.schema.scalars import Unusual
from mockapi.machinery.schema.strict import DecodeError, Names, Walk
from mockapi.machinery.schema.structural import Structural
from mockapi.meta import codec, gojson
from mockapi.meta.names import split_api_version

Validation = Literal["Strict", "Warn", "Ignore"]
Obj = dict[str, Any]
_HEADER: Final = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }'
)
# The header is read by encoding/json, which does not mind the case of letters.
_HEADER_NAMES: Final = {"apiVersion": "apiVersion", "apiversion": "apiVersion", "kind": "kind"}
_NO_HEADER: Final = "couldn't get version/kind; json parse error:"
_OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_NOT_QUICKLY: Final = (Unusual, TypeError, RecursionError)
_WORDS: Final = {
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    gojson.Number: "number",
    list: "array",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came out of a body. `problems` are texts such as `unknown field "spec.foo"`: all of
    them are one 400 under Strict, one Warning header each under Warn."""

    obj: Obj
    problems: list[str]
    said: tuple[str, str, str] = ("", "", "")
    """(group, version, kind) that the body names, "" for what it does not."""
    emptied: empties.Places = ()
    """What was given and the object is without."""


class Schemas:
    """All types of one minor. Everything is compiled on first use and kept."""

    def __init__(
        self,
        types: Mapping[str, Type],
        defaulters: Mapping[str, Defaulter] | None = None,
        *,
        normalisers: Mapping[str, Defaulter] | None = None,
        names: Callable[[], Names] = dict,
    ) -> None:
        """`normalisers` run on whole objects after the defaults; `names` gives the gonames table,
        which only error texts need."""
        self._compiler = Compiler(types)
        self._types = types
        self._defaulting = Defaulting(types, defaulters or {})
        self._normalisers = normalisers or {}
        self._load_names = names
        self._names: Names | None = None
        self._custom: dict[str, Structural] = {}

    def register(self, type_name: str, schema: Structural) -> None:
        """Make a custom kind known by a type name of its own, or known anew."""
        self._custom[type_name] = schema

    def forget(self, type_name: str) -> None:
        self._custom.pop(type_name, None)

    def decode(
        self,
        type_name: str,
        tree: Any,
        *,
        validation: Validation = "Strict",
        converts: bool = False,
    ) -> Decoded:
        """A new tree of known fields as Go would write it. Raises DecodeError.

        `kind` and `apiVersion` are those of the type, if it is one of a single kind; `converts`:
        see `Walk`.
        """
        if type_name in self._custom:
            return self._decode_custom(type_name, tree, [], validation)
        self._compiler.emptied = False
        try:
            obj = self._compiler.struct(type_name).read(tree)
        except _NOT_QUICKLY:
            obj, problems, emptied = self._slowly(type_name, tree, validation, converts)
            return Decoded(self._named(type_name, obj), problems, emptied=emptied)
        return Decoded(self._named(type_name, obj), [], emptied=self._emptied(type_name, tree))

    def decode_part(self, type_name: str, tree: Obj, part: str, live: Obj) -> Obj | None:
        """An object whose other parts are those of `live`, which was decoded before: only `part`
        and the metadata are read. None when it takes the slow path (`decode`) to read them."""
        if type_name in self._custom:
            return None
        struct = self._compiler.struct(type_name)
        try:
            metadata = self._compiler.struct(_OBJECT_META).read_over(
                tree.get("metadata"), live["metadata"]
            )
            known = {**live, "metadata": metadata}
            known.pop(part, None)
            asked = {**known, part: tree.get(part)}
            return self._named(type_name, struct.read_over(asked, known))
        except _NOT_QUICKLY:
            return None

    def decode_body(
        self,
        type_name: str,
        body: bytes,
        *,
        yaml: bool = False,
        validation: Validation = "Strict",
    ) -> Decoded:
        """The same from a request's body, with repeated keys found.

        CodecError says that the body is no object at all (it cannot be read or has no proper kind),
        DecodeError that it does not fit the type.
        """
        tree, found = _parsed(body, yaml)
        node = tree
        if not yaml and codec.may_repeat_keys(body, tree):
            node = codec.parse_json_exactly(body)
        said = _said(node)
        strict = validation != "Ignore"
        if type_name in self._custom:
            return self._decode_custom_body(
                type_name, None if yaml else body, node, found, said, validation
            )
        if node is tree:
            self._compiler.emptied = False
            try:
                obj = self._compiler.struct(type_name).read(tree)
                emptied = self._emptied(type_name, tree)
                return Decoded(self._named(type_name, obj), found if strict else [], said, emptied)
            except _NOT_QUICKLY:
                node = _as_json(tree) if yaml else codec.parse_json_exactly(body)
        obj, problems, emptied = self._slowly(type_name, node, validation)
        problems = [*found, *problems] if strict else []
        return Decoded(self._named(type_name, obj), problems, said, emptied)

    def _emptied(self, type_name: str, source: Any) -> empties.Places:
        """Of what was just read quickly."""
        if not self._compiler.emptied:
            return ()
        return empties.find(self._types, type_name, source)

    def normal(self, type_name: str, obj: Obj) -> Obj:
        """A new tree as Go would write it: order of fields and keys, empties, canonical scalars.
        For objects of ours; raises DecodeError where something does not fit the type."""
        if type_name in self._custom:
            return self._decode_custom(type_name, obj, [], "Ignore").obj
        try:
            normal: Obj = self._compiler.struct(type_name).read(obj)
        except _NOT_QUICKLY:
            normal = self._slowly(type_name, obj, "Ignore")[0]
        return normal

    def in_order(self, type_name: str, obj: Obj) -> Obj:
        """As `normal`, with managed fields in the order in which Go writes them."""
        ordered = self.normal(type_name, obj)
        header: Obj = {key: obj[key] for key in ("kind", "apiVersion") if key in obj}
        metadata = dict(ordered.get("metadata") or {})
        if metadata.get("managedFields"):
            metadata["managedFields"] = [
                {**entry, "fieldsV1": _sorted(entry.get("fieldsV1"))}
                for entry in metadata["managedFields"]
            ]
        return {**header, **ordered, **header, "metadata": metadata}

    def default(self, type_name: str, obj: Obj) -> None:
        """Fill in what the real server fills in, in place."""
        if type_name in self._custom:
            self._custom[type_name].default(obj)
            return
        visit = self._defaulting.visit(type_name)
        if visit is not None:
            visit(obj)
        normalise = self._normalisers.get(type_name)
        if normalise is not None:
            normalise(obj)

    def default_part(self, type_name: str, obj: Obj, part: str) -> None:
        """The same where all but `part` has its defaults."""
        visit = self._defaulting.visit_part(type_name, part)
        if visit is not None:
            visit(obj)

    # -- custom kinds --------------------------------------------------------------------------

    def _decode_custom_body(
        self,
        type_name: str,
        body: bytes | None,
        tree: Any,
        problems: list[str],
        said: tuple[str, str, str],
        validation: Validation,
    ) -> Decoded:
        if not said[2]:
            shown = codec.dumps(tree) if body is None else body
            text = f"Object 'Kind' is missing in '{gojson.utf8(shown)}'"
            raise DecodeError(text) if validation == "Ignore" else codec.CodecError(text)
        if isinstance(tree, gojson.Object) and validation == "Ignore":
            tree = gojson.plain(tree)
        elif isinstance(tree, gojson.Object):
            walk = Walk(self._types, {}, strict=True)
            tree = walk.untyped(tree)
            problems = problems + walk.problems
        decoded = self._decode_custom(type_name, tree, problems, validation)
        return Decoded(decoded.obj, decoded.problems, said)

    def _decode_custom(
        self, type_name: str, tree: Any, problems: list[str], validation: Validation
    ) -> Decoded:
        if not isinstance(tree, dict):
            raise DecodeError(f"expected object, got {type(tree).__name__}")
        try:
            obj, unknown = self._custom[type_name].coerce(tree, self.read_metadata)
        except RecursionError:
            with deep.recursion():
                obj, unknown = self._custom[type_name].coerce(tree, self.read_metadata)
        if validation == "Ignore":
            return Decoded(obj, [])
        return Decoded(obj, [*problems, *(f'unknown field "{path}"' for path in unknown)])

    def read_metadata(self, tree: Any) -> tuple[Obj, list[str]]:
        """ObjectMeta inside of a custom object."""
        try:
            return self._compiler.struct(_OBJECT_META).read(tree), []
        except _NOT_QUICKLY:
            metadata, problems, _ = self._slowly(_OBJECT_META, tree, "Strict")
        return metadata, [problem.partition('"')[2][:-1] for problem in problems]

    @property
    def names(self) -> Names:
        """Go's names of types where they are not what one would think."""
        if self._names is None:
            self._names = self._load_names()
        return self._names

    def wrong(self, type_name: str, tree: Any) -> str:
        """What decoding has against a tree, "" when nothing."""
        try:
            self.decode(type_name, tree, validation="Ignore")
        except DecodeError as error:
            return str(error)
        return ""

    def _slowly(
        self, type_name: str, node: Any, validation: Validation, converts: bool = False
    ) -> tuple[Obj, list[str], empties.Places]:
        strict = validation != "Ignore"
        walk = Walk(self._types, self.names, strict=strict, converts=converts)
        try:
            with deep.recursion():
                pruned = walk.decode(type_name, node)
                obj: Obj = self._compiler.struct(type_name).read(pruned)
        except Unusual:
            raise AssertionError(f"The slow path left something odd in a {type_name}.") from None
        return obj, walk.problems, empties.find(self._types, type_name, pruned)

    def _named(self, type_name: str, obj: Obj) -> Obj:
        gvks = self._types[type_name].gvks
        if len(gvks) != 1:
            return obj
        named: Obj = {"kind": gvks[0].kind, "apiVersion": gvks[0].api_version}
        named.update(obj)
        named["kind"], named["apiVersion"] = gvks[0].kind, gvks[0].api_version
        return named


def _as_json(tree: Any) -> Any:
    """YAML comes to the decoder as JSON, in which maps are written by key."""
    with deep.recursion():
        return _sorted(tree)


def _sorted(tree: Any) -> Any:
    """With the keys of objects in order, as Go writes maps."""
    if isinstance(tree, list):
        return [_sorted(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    return {key: _sorted(tree[key]) for key in sorted(tree)}


def _parsed(body: bytes, yaml: bool) -> tuple[Any, list[str]]:
    if yaml:
        return codec.parse_yaml_strictly(body)
    try:
        return codec.parse_json(body), []
    except codec.CodecError as error:
        raise codec.CodecError(f"{_NO_HEADER} {error}") from None


def _said(tree: Any) -> tuple[str, str, str]:
    try:
        return interpret(tree)
    except DecodeError as error:
        raise codec.CodecError(str(error)) from None


def interpret(tree: Any) -> tuple[str, str, str]:
    """(group, version, kind) that a body says it is, "" for what it does not say. Raises
    DecodeError with the text of a body that cannot say."""
    if tree is None:
        return "", "", ""
    if not isinstance(tree, dict):
        raise _no_header(f"{_WORDS[type(tree)]} into Go value of type {_HEADER}")
    found = {"apiVersion": "", "kind": ""}
    for key, value in gojson.pairs_of(tree):
        name = _HEADER_NAMES.get(key) or _HEADER_NAMES.get(key.lower())
        if name is None or value is None:
            continue
        if type(value) is not str:
            word = _WORDS.get(type(value), "object")
            raise _no_header(f"{word} into Go struct field .{name} of type string")
        found[name] = value
    try:
        group, version = split_api_version(found["apiVersion"])
    except ValueError as error:
        raise DecodeError(str(error)) from None
    return group, version, found["kind"]


def _no_header(what: str) -> DecodeError:
    return DecodeError(f"{_NO_HEADER} json: cannot unmarshal {what}")
