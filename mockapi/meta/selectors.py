"""Label and field selectors. Sources: apimachinery pkg/labels, pkg/fields, LabelSelectorAsSelector.

Selectors are immutable, compiled to one closure, and parsed texts are remembered.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from mockapi.meta import fields, gofmt
from mockapi.meta.errors import BadRequest
from mockapi.meta.fields import FieldError, Path

Labels = Mapping[str, str]


class SelectorError(BadRequest):
    """A selector that cannot be understood; `str()` is the parser's text."""


class Requirement(NamedTuple):
    """One term. `operator` is one of `in notin = == != exists ! gt lt`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return f"!{self.key}"
        text = ",".join(sorted(self.values))
        if self.operator in _SETS:
            return f"{self.key} {self.operator} ({text})"
        return f"{self.key}{_SIGNS.get(self.operator, self.operator)}{text}"


_SETS: Final = ("in", "notin")
_EQUALS: Final = ("=", "==")
_SIGNS: Final = {"gt": ">", "lt": "<"}
_BINARY: Final = ("in", "notin", "=", "==", "!=", "gt", "lt")
_OPERATORS: Final = (*_BINARY, "exists", "!")


class LabelSelector:
    """All requirements must hold; none at all selects everything."""

    __slots__ = ("matches", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = ()) -> None:
        self.requirements = tuple(sorted(requirements, key=lambda r: r.key))
        self.matches: Callable[[Labels | None], bool] = _compile(self.requirements)

    @property
    def empty(self) -> bool:
        """True when everything is selected."""
        return not self.requirements and self is not NOTHING

    def exact(self, key: str) -> str | None:
        """The one value that the selector demands of a label, if it does."""
        for requirement in self.requirements:
            if requirement.key == key:
                demands = requirement.operator in ("=", "==", "in")
                return requirement.values[0] if demands and len(requirement.values) == 1 else None
        return None

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __repr__(self) -> str:
        return "<LabelSelector nothing>" if self is NOTHING else f"<LabelSelector {self}>"

    def __eq__(self, other: object) -> bool:
        if self is NOTHING or other is NOTHING:
            return self is other
        return isinstance(other, LabelSelector) and self.requirements == other.requirements

    def __hash__(self) -> int:
        return hash(self.requirements)


def _compile(requirements: Sequence[Requirement]) -> Callable[[Labels | None], bool]:
    if not requirements:
        return lambda labels: True
    if all(r.operator in _EQUALS for r in requirements):
        return _all_equal([(r.key, r.values[0]) for r in requirements])
    tests = [_test(r) for r in requirements]
    if len(tests) == 1:
        only = tests[0]
        return lambda labels: only(labels or _NO_LABELS)

    def matches(labels: Labels | None) -> bool:
        labels = labels or _NO_LABELS
        return all(test(labels) for test in tests)

    return matches


_NO_LABELS: Final[Labels] = {}


def _all_equal(pairs: Sequence[tuple[str, str]]) -> Callable[[Labels | None], bool]:
    if len(pairs) == 1:
        key, value = pairs[0]
        return lambda labels: labels is not None and labels.get(key) == value

    def matches(labels: Labels | None) -> bool:
        if not labels:
            return False
        get = labels.get
        return all(get(key) == value for key, value in pairs)

    return matches


def _test(requirement: Requirement) -> Callable[[Labels], bool]:
    key, operator = requirement.key, requirement.operator
    values = frozenset(requirement.values)
    if operator in ("in", "=", "=="):
        return lambda labels: labels.get(key) in values
    if operator in ("notin", "!="):
        return lambda labels: labels.get(key) not in values
    if operator == "exists":
        return lambda labels: key in labels
    if operator == "!":
        return lambda labels: key not in labels
    return _comparison(key, operator, _integer(requirement.values[0]))


def _comparison(key: str, operator: str, bound: int | None) -> Callable[[Labels], bool]:
    def test(labels: Labels) -> bool:
        number = _integer(labels.get(key, ""))
        if number is None or bound is None:
            return False
        return number > bound if operator == "gt" else number < bound

    return test


_INTEGER: Final = re.compile(r"[+-]?[0-9]+\Z")


def _integer(text: str) -> int | None:
    """Go's ParseInt(text, 10, 64)."""
    if not _INTEGER.match(text):
        return None
    number = int(text)
    return number if -(1 << 63) <= number < 1 << 63 else None


EVERYTHING: Final = LabelSelector()
NOTHING: Final = LabelSelector()
NOTHING.matches = lambda labels: False


# Syntax of keys and values


_NAME: Final = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_SUBDOMAIN: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME_PATTERN: Final = re.compile(f"(?:{_NAME})\\Z")
_SUBDOMAIN_PATTERN: Final = re.compile(f"(?:{_SUBDOMAIN})\\Z")
_CHARACTERS: Final = (
    "consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_NAME_TEXT: Final = (
    f"must {_CHARACTERS} (e.g. 'MyName',  or 'my.name',  or '123-abc', "
    f"regex used for validation is '{_NAME}')"
)
_VALUE_TEXT: Final = (
    f"a valid label must be an empty string or {_CHARACTERS} "
    f"(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '({_NAME})?')"
)
_PREFIX_TEXT: Final = (
    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
    "characters, '-' or '.', and must start and end with an alphanumeric character "
    f"(e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)


@lru_cache(maxsize=4096)
def key_problems(key: str) -> tuple[str, ...]:
    """What is wrong with a label key (any qualified name); empty when it is fine."""
    parts = key.split("/")
    if len(parts) > 2:
        return (
            f"a valid label key {_NAME_TEXT} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')",
        )
    problems = _prefix_problems(parts[0]) if len(parts) == 2 else []
    name = parts[-1]
    if not name:
        problems.append("name part must be non-empty")
    elif len(name.encode()) > 63:
        problems.append("name part must be no more than 63 bytes")
    if not _NAME_PATTERN.match(name):
        problems.append(f"name part {_NAME_TEXT}")
    return tuple(problems)


def _prefix_problems(prefix: str) -> list[str]:
    if not prefix:
        return ["prefix part must be non-empty"]
    problems = []
    if len(prefix.encode()) > 253:
        problems.append("prefix part must be no more than 253 bytes")
    if not _SUBDOMAIN_PATTERN.match(prefix):
        problems.append(_PREFIX_TEXT)
    return problems


@lru_cache(maxsize=4096)
def value_problems(value: str) -> tuple[str, ...]:
    """What is wrong with a label's value; empty when it is fine."""
    problems = []
    if len(value.encode()) > 63:
        problems.append("must be no more than 63 bytes")
    if value and not _NAME_PATTERN.match(value):
        problems.append(_VALUE_TEXT)
    return tuple(problems)


def requirement(key: str, operator: str, values: Sequence[str]) -> Requirement:
    """A checked requirement; SelectorError says all that is wrong with it."""
    problems = _requirement_problems(key, operator, values)
    if problems:
        texts = list(dict.fromkeys(map(str, problems)))
        raise SelectorError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
    return Requirement(key, operator, tuple(values))


def _requirement_problems(key: str, operator: str, values: Sequence[str]) -> list[FieldError]:
    problems = []
    if wrong := key_problems(key):
        problems.append(fields.invalid("key", key, "; ".join(wrong)))
    problems += _operand_problems(operator, values)
    for index, value in enumerate(values):
        if wrong := value_problems(value):
            where = Path("values").index(index).key(key)
            problems.append(fields.invalid(where, value, "; ".join(wrong)))
    return problems


def _operand_problems(operator: str, values: Sequence[str]) -> list[FieldError]:
    text = _count_problem(operator, len(values))
    if operator not in _OPERATORS:
        return [fields.not_supported("operator", operator, _OPERATORS)]
    problems = [fields.invalid("values", list(values) or None, text)] if text else []
    if operator in _SIGNS:
        problems += [
            fields.invalid(
                Path("values").index(index),
                value,
                "for 'Gt', 'Lt' operators, the value must be an integer",
            )
            for index, value in enumerate(values)
            if _integer(value) is None
        ]
    return problems


def _count_problem(operator: str, count: int) -> str:
    if operator in _SETS:
        return "" if count else "for 'in', 'notin' operators, values set can't be empty"
    if operator in ("=", "==", "!="):
        return "" if count == 1 else "exact-match compatibility requires one single value"
    if operator in _SIGNS:
        return "" if count == 1 else "for 'Gt', 'Lt' operators, exactly one value is required"
    return "values set must be empty for exists and does not exist" if count else ""


# From objects


_OBJECT_OPERATORS: Final = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


def from_object(selector: Mapping[str, Any] | None) -> LabelSelector:
    """A metav1.LabelSelector (`matchLabels`, `matchExpressions`). None selects nothing, an empty
    one everything."""
    if selector is None:
        return NOTHING
    labels = selector.get("matchLabels") or {}
    requirements = [requirement(key, "=", (labels[key],)) for key in sorted(labels)]
    for expression in selector.get("matchExpressions") or ():
        operator = _OBJECT_OPERATORS.get(expression["operator"])
        if operator is None:
            name = gofmt.quote(expression["operator"])
            raise SelectorError(f"{name} is not a valid label selector operator")
        values = expression.get("values") or ()
        requirements.append(requirement(expression["key"], operator, values))
    return LabelSelector(requirements) if requirements else EVERYTHING


def from_labels(labels: Labels | None) -> LabelSelector:
    """All these labels with these values (a Service's selector). Values are not checked; no
    labels select everything."""
    if not labels:
        return EVERYTHING
    return LabelSelector(Requirement(key, "=", (value,)) for key, value in labels.items())


# Parsing of label selectors


_TOKEN: Final = re.compile(
    r"[ \t\r\n]*(?:(?P<word>[^ \t\r\n=!(),<>\0]+)|(?P<sign>==|!=|[=!(),<>])|(?P<end>\0|\Z))"
)
_IDENTIFIER: Final = "identifier"
_END: Final = "end"


class _Parser:
    """The grammar of labels.Parse, token by token. A token is (kind, text)."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0

    def _peek(self) -> tuple[str, str]:
        return self._as_value(self._tokens[self._position])

    def _take(self) -> tuple[str, str]:
        self._position += 1
        return self._as_value(self._tokens[self._position - 1])

    @staticmethod
    def _as_value(token: tuple[str, str]) -> tuple[str, str]:
        """`in` and `notin` are words wherever no operator is looked for."""
        return (_IDENTIFIER, token[1]) if token[0] in _SETS else token

    def parse(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            kind, text = self._peek()
            if kind == _END:
                return found
            if kind not in (_IDENTIFIER, "!"):
                raise SelectorError(f"found '{text}', expected: !, identifier, or 'end of string'")
            found.append(self._guarded_requirement())
            kind, text = self._take()
            if kind == _END:
                return found
            if kind != ",":
                raise SelectorError(f"found '{text}', expected: ',' or 'end of string'")
            kind, text = self._peek()
            if kind not in (_IDENTIFIER, "!"):
                raise SelectorError(f"found '{text}', expected: identifier after ','")

    def _guarded_requirement(self) -> Requirement:
        try:
            return self._requirement()
        except SelectorError as error:
            raise SelectorError(f"unable to parse requirement: {error.message}") from None

    def _requirement(self) -> Requirement:
        kind, key = self._take()
        absent = kind == "!"
        if absent:
            kind, key = self._take()
        if kind != _IDENTIFIER:
            raise SelectorError(f"found '{key}', expected: identifier")
        if wrong := key_problems(key):
            raise SelectorError(str(fields.invalid("<nil>", key, "; ".join(wrong))))
        if absent:
            return requirement(key, "!", ())
        if self._peek()[0] in (_END, ","):
            return requirement(key, "exists", ())
        operator = self._operator()
        values = self._values() if operator in _SETS else self._exact_value()
        return requirement(key, operator, sorted(values))

    def _operator(self) -> str:
        kind, text = self._tokens[self._position]
        self._position += 1
        operator = {">": "gt", "<": "lt"}.get(kind, kind)
        if operator not in _BINARY:
            raise SelectorError(f"found '{text}', expected: {', '.join(_BINARY)}")
        return operator

    def _exact_value(self) -> set[str]:
        if self._peek()[0] in (_END, ","):
            return {""}
        kind, text = self._take()
        if kind != _IDENTIFIER:
            raise SelectorError(f"found '{text}', expected: identifier")
        return {text}

    def _values(self) -> set[str]:
        kind, text = self._take()
        if kind != "(":
            raise SelectorError(f"found '{text}' expected: '('")
        kind, text = self._peek()
        if kind not in (_IDENTIFIER, ",", ")"):
            raise SelectorError(f"found '{text}', expected: ',', ')' or identifier")
        values = {""} if kind == ")" else self._identifiers()
        self._take()
        return values

    def _identifiers(self) -> set[str]:
        """Up to the closing parenthesis, which stays; an empty place is an empty value."""
        values: set[str] = set()
        while True:
            kind, text = self._take()
            following, next_text = self._peek() if kind != _END else (_END, "")
            if kind == _IDENTIFIER:
                values.add(text)
                if following not in (",", ")"):
                    raise SelectorError(f"found '{next_text}', expected: ',' or ')'")
            elif kind == ",":
                if not values or following in (",", ")"):
                    values.add("")
            else:
                raise SelectorError(f"found '{text}', expected: ',', or identifier")
            if following == ")":
                return values


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            raise AssertionError(f"The lexer has no rule for {text[position:]!r}.")
        position = match.end()
        if word := match["word"]:
            tokens.append((word if word in _SETS else _IDENTIFIER, word))
        elif sign := match["sign"]:
            tokens.append((sign, sign))
        else:
            tokens.append((_END, ""))
            return tokens


@lru_cache(maxsize=1024)
def parse_labels(text: str) -> LabelSelector:
    """A `labelSelector` parameter; SelectorError (400) with the real parser's text."""
    requirements = _Parser(text).parse()
    return LabelSelector(requirements) if requirements else EVERYTHING


# Field selectors


class FieldTerm(NamedTuple):
    field: str
    operator: str
    """`=` or `!=`."""
    value: str

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{escape(self.value)}"


class FieldSelector:
    """All terms must hold. A field that an object lacks is the empty string."""

    __slots__ = ("terms",)

    def __init__(self, terms: Iterable[FieldTerm] = ()) -> None:
        self.terms = tuple(terms)

    @property
    def empty(self) -> bool:
        return not self.terms

    def matches(self, get: Callable[[str], str]) -> bool:
        """`get` gives a field's value by its label, `metadata.name`."""
        for field, operator, value in self.terms:
            if (get(field) == value) is not (operator == "="):
                return False
        return True

    def exact(self, field: str) -> str | None:
        """The value that the selector demands of a field, if it does."""
        for term in self.terms:
            if term.field == field and term.operator == "=":
                return term.value
        return None

    def transform(self, convert: Callable[[str, str], tuple[str, str]]) -> "FieldSelector":
        """Each field and value through `convert`, which raises for labels that it does not know;
        a pair turned into two empty strings is dropped."""
        terms = []
        for term in self.terms:
            field, value = convert(term.field, term.value)
            if field or value:
                terms.append(FieldTerm(field, term.operator, value))
        return FieldSelector(terms)

    def __str__(self) -> str:
        return ",".join(map(str, self.terms))

    def __repr__(self) -> str:
        return f"<FieldSelector {self}>"


_ESCAPES: Final = str.maketrans({"\\": "\\\\", ",": "\\,", "=": "\\="})
_TERM: Final = re.compile(r"(?:[^\\,]|\\.|\\\Z)*", re.DOTALL)
_OPERATOR: Final = re.compile(r"!=|==|=")


def escape(value: str) -> str:
    """A literal as a field selector's value."""
    return value.translate(_ESCAPES)


def _unescape(value: str) -> str:
    if not any(char in value for char in "\\,="):
        return value
    out = []
    chars = iter(value)
    for char in chars:
        if char == "\\":
            char = next(chars, "")
            if char not in ("\\", ",", "="):
                raise SelectorError(f"invalid field selector: invalid escape sequence: \\{char}")
        elif char in ",=":
            raise SelectorError(
                f"invalid field selector: unescaped character in value: {ord(char)}"
            )
        out.append(char)
    return "".join(out)


def _split_terms(text: str) -> list[str]:
    """At the commas that no backslash precedes."""
    terms = []
    position = 0
    while position <= len(text):
        match = _TERM.match(text, position)
        end = match.end() if match else position
        terms.append(text[position:end])
        position = end + 1
    return terms


@lru_cache(maxsize=1024)
def parse_fields(text: str) -> FieldSelector:
    """A `fieldSelector` parameter; SelectorError (400) with the real parser's text. Whether a
    kind supports the fields is for `transform` to say."""
    terms = []
    for part in sorted(_split_terms(text)):
        if not part:
            continue
        operator = _OPERATOR.search(part)
        if operator is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        value = _unescape(part[operator.end() :])
        sign = "!=" if operator.group() == "!=" else "="
        terms.append(FieldTerm(part[: operator.start()], sign, value))
    return FieldSelector(terms)
