"""The hashes that name a workload's revisions, equal to the real ones.

A Deployment's `pod-template-hash` is FNV-1a over the template as the Go library spew prints it
(`%#v`, types, no addresses), so the same manifest gets the same ReplicaSet name here and there. The
Go types come from `openapi/*/podtemplate.json`. Source: ComputeHash, HashControllerRevision.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from mockapi.base.clock import parse_timestamp
from mockapi.base.ids import SAFE_ALPHABET
from mockapi.client.protocol import Obj
from mockapi.machinery import catalogue
from mockapi.meta.quantity import parse

Printer = Callable[[Any], str]
"""The printed form of a JSON value (None: Go's zero value) of one Go type, without the type."""

_OFFSET, _PRIME, _MASK = 2166136261, 16777619, 0xFFFFFFFF
_SCALARS = {"string": "", "bool": "false", "int32": "0", "int64": "0", "int": "0"}


def fnv32a(data: bytes, start: int = _OFFSET) -> int:
    """Piece by piece, because nearly all of a printed template is in the one before it too."""
    value = start
    pieces = data.split(b"{")
    for piece in pieces[:-1]:
        power, rest = _effect(piece + b"{", value & 0xFF)
        value = (value * power + rest) & _MASK
    power, rest = _effect(pieces[-1], value & 0xFF)
    return (value * power + rest) & _MASK


# Some sixty pieces of a template, each after any of 256 bytes.
@lru_cache(maxsize=32_768)
def _effect(piece: bytes, low: int) -> tuple[int, int]:
    """(power, rest): a piece takes a hash `h` that ends in the byte `low` to `h * power + rest`.

    A byte is xored into the lowest byte, which the higher ones never reach by multiplication: what
    is above it only ever gets multiplied.
    """
    value = low
    for byte in piece:
        value = ((value ^ byte) * _PRIME) & _MASK
    power = pow(_PRIME, len(piece), 1 << 32)
    return power, (value - low * power) & _MASK


def safe_encode(text: str) -> str:
    """Each byte as a character that makes no words (apimachinery util/rand)."""
    return "".join(SAFE_ALPHABET[byte % len(SAFE_ALPHABET)] for byte in text.encode())


def pod_template_hash(template: Obj, collisions: int | None) -> str:
    """The hash of a pod template; a collision is avoided by counting it in."""
    value = fnv32a(dump(template).encode())
    if collisions is not None:
        value = fnv32a(collisions.to_bytes(4, "little") + bytes(4), value)
    return safe_encode(str(value))


def revision_hash(data: bytes, collisions: int | None) -> str:
    """The hash of a ControllerRevision's data, as it is stored (FNV-1, not FNV-1a)."""
    if collisions is not None:
        data += str(collisions).encode()
    value = _OFFSET
    for byte in data:
        value = ((value * _PRIME) & _MASK) ^ byte
    return safe_encode(str(value))


def dump(template: Obj) -> str:
    """A PodTemplateSpec as spew prints it."""
    return _typed("v1.PodTemplateSpec")(template)


@cache
def _table() -> dict[str, Any]:
    found: dict[str, Any] = catalogue.load().table("podtemplate")
    return found


def _typed(go: str) -> Printer:
    prefix, printer = f"({go})", _printer(go)
    return lambda value: prefix + printer(value)


@cache
def _printer(go: str) -> Printer:
    if go in _SPECIAL:
        return _SPECIAL[go]
    if go.startswith("*"):
        return _pointer(go[1:])
    if go.startswith("[]"):
        return _list(go[2:])
    if go.startswith("map["):
        return _map(go[4:].partition("]")[2])
    if go in _SCALARS:
        return _scalar(_SCALARS[go])
    row = _table()[go]
    return _printer(row) if isinstance(row, str) else _struct(row)


def _scalar(zero: str) -> Printer:
    def show(value: Any) -> str:
        if value is None:
            return zero
        return str(value).lower() if isinstance(value, bool) else str(value)

    return show


def _pointer(go: str) -> Printer:
    # Looked up late: types may contain themselves.
    return lambda value: "<nil>" if value is None else _printer(go)(value)


def _list(go: str) -> Printer:
    if go == "uint8":
        raise RuntimeError("a pod template holds no bytes")

    def show(value: Any) -> str:
        if not value:
            return "<nil>"
        printer = _printer(go)
        return "[" + " ".join(printer(item) for item in value) + "]"

    return show


def _map(go: str) -> Printer:
    def show(value: Any) -> str:
        if not value:
            return "<nil>"
        printer = _printer(go)
        return "map[" + " ".join(f"{key}:{printer(value[key])}" for key in sorted(value)) + "]"

    return show


def _struct(fields: list[list[str]]) -> Printer:
    """Each field with its type; fields without a JSON name are embedded, theirs are the outer's."""
    parts = [(f"{name}:({go})", json, _printer(go)) for name, json, go in fields]
    zeros = [head + printer(None) for head, _, printer in parts]
    empty = "{" + " ".join(zeros) + "}"

    def show(value: Any) -> str:
        if not value:
            return empty
        shown = []
        for (head, json, printer), zero in zip(parts, zeros, strict=True):
            part = value.get(json) if json else value
            shown.append(zero if part is None else head + printer(part))
        return "{" + " ".join(shown) + "}"

    return show


def _quantity(value: Any) -> str:
    """resource.Quantity's own fields, as they are after parsing its canonical text."""
    text = "" if value is None else str(value)
    amount, scale, form = _amount(text) if text else (0, 0, "")
    if not _remembers(text, amount, scale, form):
        text = ""
    return (
        f"{{i:(resource.int64Amount){{value:(int64){amount} scale:(resource.Scale){scale}}} "
        f"d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){text} "
        f"Format:(resource.Format){form}}}"
    )


def _remembers(text: str, amount: int, scale: int, form: str) -> bool:
    """Whether a parsed Quantity keeps its text: when it is surely canonical."""
    if form == "BinarySI":
        return int(text.rstrip("KMGTPEi")) & 7 != 0
    return text == "0" or (scale % 3 == 0 and amount != 0 and amount % 1000 != 0)


_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def _amount(text: str) -> tuple[int, int, str]:
    head = text.rstrip("kKMGTPEinum")
    suffix = text[len(head) :]
    if suffix.endswith("i"):
        return parse(text).value(), 0, "BinarySI"
    form, power = "DecimalSI", _DECIMAL.get(suffix, 0)
    mantissa, mark, exponent = head.partition("e")
    if mark:
        form, power = "DecimalExponent", int(exponent)
    whole, _, fraction = mantissa.partition(".")
    return int(whole + fraction), power - len(fraction), form


def _int_or_string(value: Any) -> str:
    if isinstance(value, str):
        return f"{{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string){value}}}"
    return f"{{Type:(intstr.Type)0 IntVal:(int32){value or 0} StrVal:(string)}}"


def _time(value: Any) -> str:
    """metav1.Time: zero in practice, a template's metadata carries none."""
    seconds = 0 if value is None else int(parse_timestamp(value)) + 62135596800
    place = "(*time.Location)<nil>"
    return f"{{Time:(time.Time){{wall:(uint64)0 ext:(int64){seconds} loc:{place}}}}}"


_SPECIAL: dict[str, Printer] = {
    "resource.Quantity": _quantity,
    "intstr.IntOrString": _int_or_string,
    "v1.Time": _time,
    "v1.FieldsV1": lambda value: "<nil>",
}
