"""Whether an expression compiles, and what the real server says when it does not.

The library is Google's C++ one, the real server's is the Go one: they share the grammar and most
texts. Where the C++ checker knows less (types of the request, macros over two variables, numbers of
different types compared) only the syntax is judged, so that nothing valid is refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from mockapi.base.lazy import module
from mockapi.machinery.cel import construction, declarations
from mockapi.meta import gotime

_CEL = "cel_expr_python.cel"
_NUMBERS = ("int", "uint", "double")
_TYPE_NAMES = {"NULL": "null_type", "LIST": "list(dyn)", "MAP": "map(dyn, dyn)"}
_PREFIX, _SUFFIX = "INVALID_ARGUMENT: ", " [INVALID_ARGUMENT]"
_TWO_VARIABLES = re.compile(
    r"\.\s*(transform(List|Map|MapEntry)|((all|exists|existsOne)\s*\(\s*\w+\s*,\s*\w+\s*,))"
)
_STRINGS = re.compile(
    r"""'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*\"""", re.S
)
_FIELD = re.compile(r"(?<![\w.])(variables|request)\s*(\.)\s*([A-Za-z_]\w*)")
_REQUEST_FIELDS = {
    "dryRun": "bool",
    "kind": "",
    "name": "string",
    "namespace": "string",
    "operation": "string",
    "options": "",
    "requestKind": "",
    "requestResource": "",
    "requestSubResource": "string",
    "resource": "",
    "subResource": "string",
    "userInfo": "",
}
"""Their types, where they are plain."""
_LITERAL = re.compile(r"(\.matches|(?<![\w.])duration)\(\s*(?P<quote>['\"])")
_KNOWS_MORE = re.compile(r"(?<![\w.])(request|namespaceObject|variables|params)\b")
_UNDECLARED = re.compile(
    r"ERROR: <input>:(\d+):(\d+): undeclared reference to '([\w.]+\.)(\w+)' \(in container ''\)"
)
_NO_OVERLOAD = re.compile(
    r"<input>:(?P<line>\d+):(?P<column>\d+): found no matching overload for '(?P<name>\w+)' "
    r"applied to '\((?P<first>[\w.]+(\([^']*?\))?)(?P<rest>, [^']*)?\)'"
)
_LOCATED = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_MADE = (
    ("Object", "Object", ("map(string, dyn)", "dyn")),
    ("list(JSONPatch)", "JSONPatch", ("list(map(string, dyn))", "list(dyn)", "dyn")),
)
"""A type, the word by which it is made, and the types that its stand-ins have."""
_BAD_HAS = "invalid argument to has() macro"
_MISMATCH = re.compile(r"no matching overload for '_(<|<=|>|>=)_' applied to '\((\w+), (\w+)\)'")


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression can name."""

    free: tuple[str, ...]
    """Of any type."""
    variables: tuple[str, ...] | None = None
    """The fields of `variables`; None: there is no such name."""
    has_authorizer: bool = False
    has_patches: bool = False
    """`Object` and `JSONPatch` may be made; their fields are not checked."""


def compile_error(expression: str, names: Names, results: Sequence[str]) -> str:
    """Empty when the expression compiles to one of the types (`results` empty: to any), or when
    the library is not there.
    """
    if not is_available():
        return ""
    environment = _environment(names.free, names.variables is not None, names.has_authorizer)
    text = construction.rewritten(expression) if names.has_patches else expression
    only_syntax = bool(_TWO_VARIABLES.search(without_strings(expression)))
    compiled, error = _compiled(environment, text, only_syntax=only_syntax)
    if compiled is None and compares_numbers(error):
        only_syntax = True
        compiled, error = _compiled(environment, text, only_syntax=True)
    if text != expression:
        error = _brought_back(error, text, expression)
    if compiled is None:
        return f"compilation failed: {_as_go_says(error, expression)}"
    if error := _unknown_field(expression, names) or _bad_literal(expression):
        return f"compilation failed: {error}"
    return "" if only_syntax or not results else _type_error(compiled, expression, results)


@cache
def is_available() -> bool:
    return find_spec("cel_expr_python") is not None


@cache
def _environment(free: tuple[str, ...], has_variables: bool, has_authorizer: bool) -> Any:
    cel = module(_CEL)
    variables = dict.fromkeys(free, cel.Type.DYN)
    if has_variables:
        variables["variables"] = cel.Type.DYN
    if has_authorizer:
        variables["authorizer"] = type_of(declarations.AUTHORIZER)
        variables["authorizer.requestResource"] = type_of(declarations.RESOURCE_CHECK)
    return environment_of(variables)


def environment_of(variables: Mapping[str, Any], pool: Any = None) -> Any:
    """What expressions over some typed variables are checked in; `pool` has the messages among
    the types."""
    optional = module("cel_expr_python.ext.ext_optional").ExtOptional()
    more = {} if pool is None else {"descriptor_pool": pool}
    return module(_CEL).NewEnv(
        variables=dict(variables), functions=_functions(), extensions=[optional], **more
    )


def _functions() -> list[Any]:
    cel = module(_CEL)
    overloads: dict[str, list[Any]] = {}
    for index, (name, is_member, types, result) in enumerate(declarations.functions()):
        overload = cel.Overload(
            f"kubernetes_{index}", type_of(result), [type_of(t) for t in types], is_member
        )
        overloads.setdefault(name, []).append(overload)
    return [cel.FunctionDecl(name, given) for name, given in overloads.items()]


@cache
def type_of(name: str) -> Any:
    types = module(_CEL).Type
    if name.startswith("list("):
        return types.List(type_of(name[5:-1]))
    if name.startswith("map("):
        key, _, value = name[4:-1].partition(",")
        return types.Map(type_of(key), type_of(value))
    if declarations.is_abstract(name):
        return types.AbstractType(name)
    return getattr(types, name.upper())


def compiled(environment: Any, expression: str) -> tuple[Any, str]:
    """A checked expression, or None and the library's own words. What the library cannot check
    passes."""
    only_syntax = bool(_TWO_VARIABLES.search(without_strings(expression)))
    return _compiled(environment, expression, only_syntax=only_syntax)


def _compiled(environment: Any, expression: str, *, only_syntax: bool) -> tuple[Any, str]:
    try:
        return environment.compile(expression, disable_check=only_syntax), ""
    except RuntimeError as error:
        return None, str(error).removeprefix(_PREFIX).removesuffix(_SUFFIX)


def without_strings(expression: str) -> str:
    """The same length, with the contents of strings blanked."""
    return _STRINGS.sub(lambda found: "'" * len(found[0]), expression)


def names(expression: str, name: str) -> bool:
    """Whether an expression has the name."""
    return bool(re.search(rf"(?<![\w.]){name}\b", without_strings(expression)))


def compares_numbers(error: str) -> bool:
    """Numbers of different types may be compared."""
    found = _MISMATCH.search(error)
    return found is not None and found[2] in _NUMBERS and found[3] in _NUMBERS


def _as_go_says(error: str, expression: str) -> str:
    """The Go checker names the first part of an unknown `a.b.c`, and points at it."""

    def renamed(found: re.Match[str]) -> str:
        line, column, before = found[1], int(found[2]), found[3]
        start = column - len(before)
        root = before.partition(".")[0]
        return (
            f"ERROR: <input>:{line}:{start + 1}: undeclared reference to '{root}' (in container '')"
        )

    error = error.replace("has() argument must be a field selection", _BAD_HAS)
    lines = with_receivers(error, expression).split("\n")
    for index, line in enumerate(lines):
        changed = _UNDECLARED.sub(renamed, line)
        if changed != line:
            column = int(changed.split(":")[2])
            lines[index] = changed
            lines[index + 2 : index + 3] = [" | " + "." * (column - 1) + "^"]
    return "\n".join(lines)


def with_receivers(error: str, expression: str) -> str:
    """What a function is called on stands before the other arguments' types."""
    rows = expression.split("\n")

    def rewritten(found: re.Match[str]) -> str:
        name, first, rest = found["name"], found["first"], found["rest"] or ""
        before = rows[int(found["line"]) - 1][: int(found["column"]) - 1]
        if not re.search(rf"\.\s*{re.escape(name)}\s*$", before):
            return found[0]
        start = found[0][: found.start("first") - found.start() - 1]
        return f"{start}{first}.({rest.removeprefix(', ')})'"

    return _NO_OVERLOAD.sub(rewritten, error)


def _unknown_field(expression: str, names: Names) -> str:
    for found in _FIELD.finditer(without_strings(expression)):
        known = names.variables if found[1] == "variables" else tuple(_REQUEST_FIELDS)
        if known is not None and found[3] not in known:
            return pointing(expression, found.start(2), f"undefined field '{found[3]}'")
    return ""


def _bad_literal(expression: str) -> str:
    """Patterns and durations that are written out are looked at."""
    for found in _LITERAL.finditer(expression):
        literal = _STRINGS.match(expression, found.start("quote"))
        if literal is None or "\\" in literal[0]:
            continue
        name = found[1].lstrip(".")
        is_valid = _is_pattern if name == "matches" else _is_duration
        if not is_valid(literal[0][1:-1]):
            return pointing(expression, literal.start(), f"invalid {name} argument")
    return ""


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _is_duration(text: str) -> bool:
    try:
        gotime.parse_duration(text)
    except gotime.GoTimeError:
        return False
    return True


def pointing(expression: str, position: int, message: str) -> str:
    """A message as both checkers print it, with the place below."""
    before = expression[:position]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1)
    shown = expression.split("\n")[line - 1]
    return f"ERROR: <input>:{line}:{column + 1}: {message}\n | {shown}\n | {'.' * column}^"


def _brought_back(error: str, text: str, expression: str) -> str:
    """An error about a rewritten expression as one about the expression itself."""
    places, rows = construction.places(expression), text.split("\n")
    lines, index = error.split("\n"), 0
    told = []
    while index < len(lines):
        found = _LOCATED.match(lines[index])
        if found is None:
            told.append(lines[index])
            index += 1
            continue
        before = sum(len(row) + 1 for row in rows[: int(found[1]) - 1])
        place = places[min(before + int(found[2]) - 1, len(places) - 1)]
        told.append(pointing(expression, place, found[3]))
        index += 3
    return "\n".join(told)


def _type_error(compiled: Any, expression: str, results: Sequence[str]) -> str:
    got = _type_name(compiled.return_type().name())
    if found := _FIELD.fullmatch(expression.strip()):
        got = _REQUEST_FIELDS.get(found[3], "") or got if found[1] == "request" else got
    if got in results or _is_made(got, expression, results):
        return ""
    if "dyn" in got and _KNOWS_MORE.search(without_strings(expression)):
        return ""
    if len(results) == 1:
        return f"must evaluate to {results[0]} but got {got}"
    return f"must evaluate to one of [{' '.join(results)}] but got {got}"


def _is_made(got: str, expression: str, results: Sequence[str]) -> bool:
    """Whether the map (or list of maps) may be a made object (or a list of patches)."""
    for wanted, word, shapes in _MADE:
        if wanted in results and names(expression, word) and got in shapes:
            return True
    return False


def _type_name(name: str) -> str:
    """`LIST<INT>` is `list(int)` in Go."""
    if name in _TYPE_NAMES:
        return _TYPE_NAMES[name]
    lowered = name if "." in name else name.lower()
    return lowered.replace("<", "(").replace(">", ")")
