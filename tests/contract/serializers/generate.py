"""Random objects of any type, and random mistakes in them."""

import copy
import random
from collections.abc import Callable
from typing import Any

from mockapi.machinery.catalogue import Field, Shape, Types

MAGIC = (
    "RollingUpdate", "OnDelete", "Recreate", "Container", "Pod", "User", "Group",
    "ServiceAccount", "ExactCount", "All", "cpu", "memory", "nginx", "nginx:1.25", "nginx:latest",
    "x/y@sha256:" + "a" * 64, "BAD", "ClientIP", "None", "LoadBalancer", "NodePort", "ClusterIP",
    "ExternalName", "10.0.0.1", "Resource", "Utilization", "Webhook", "", "a", "b<c>", "é\u2028",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, "", "x", 1, 0, -1, 1.5, True, False, [], {}, ["x"], [1], [None], [{}], {"a": 1},
    {"a": "b"}, {"a": None}, 99999999999, 2**63, 1e30, "5", "100m", "1.500",
    "2024-01-02T03:04:05Z", "2024-01-02T03:04:05.123456Z", "2024-01-02T03:04:05+02:00", "YQ==",
    "YQ=", "1h", "10%", [[]], [["x"]],
)  # fmt: skip
BASIC: dict[str, tuple[Any, ...]] = {
    "int32": (0, 1, 5, 2**31 - 1),
    "int64": (0, 1, 2**40),
    "bool": (True, False),
    "float64": (1.5, 2, 3.0),
    "bytes": ("YWJj", "YQ=="),
    "any": (None, 1, "x", {"b": 1, "a": [1.5]}),
}
SCALARS: dict[str, tuple[Any, ...]] = {
    "quantity": ("1", "1.5", "100m", "2Gi", 3, "0.0001", "1500Mi"),
    "time": ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05.5+02:00", None),
    "microtime": ("2024-01-02T03:04:05.123456Z",),
    "duration": ("1h", "90s"),
    "intorstring": (1, "x", "10%"),
    "raw": ({"kind": "X", "apiVersion": "v1", "a": 1},),
    "fieldsv1": ({"f:a": {}},),
    "json": (1, {"a": 1}, "x"),
    "schemaorbool": (True, False, {"type": "string"}),
    "schemaorarray": ({"type": "string"}, [{"type": "object"}]),
    "schemaorstringarray": ({"type": "string"}, ["a", "b"]),
}


class Generator:
    def __init__(self, types: Types, seed: int) -> None:
        self.types = types
        self.random = random.Random(seed)
        self.density = 0.5

    def object(self, name: str, depth: int = 4) -> dict[str, Any]:
        fields = list(self.types[name].fields.values())
        self.random.shuffle(fields)
        if depth < 0:
            return {}
        return {
            field.name: self.field(field, depth)
            for field in fields
            if field.name not in ("kind", "apiVersion") and self.random.random() < self.density
        }

    def field(self, field: Field, depth: int) -> Any:
        if field.enum and field.type == "string":
            return self.random.choice(field.enum)
        return self.value(field.type, depth)

    def value(self, shape: Shape, depth: int) -> Any:
        if shape == "string":
            return self.random.choice(MAGIC)
        if isinstance(shape, str):
            return copy.deepcopy(self.random.choice(BASIC[shape]))
        if "ref" in shape:
            scalar = self.types[shape["ref"]].scalar
            if scalar:
                return copy.deepcopy(self.random.choice(SCALARS[scalar]))
            return self.object(shape["ref"], depth - 1)
        if "list" in shape:
            return [self.value(shape["list"], depth) for _ in range(self.random.choice((0, 1, 2)))]
        keys = self.random.sample(("z", "a", "m"), self.random.choice((0, 1, 2)))
        return {key: self.value(shape["map"], depth) for key in keys}

    def spoil(self, tree: dict[str, Any]) -> None:
        """One mistake somewhere below."""
        places: list[tuple[Any, Any]] = []
        _walk(tree, lambda node, key: places.append((node, key)))
        if not places:
            return
        node, key = self.random.choice(places)
        odd = copy.deepcopy(self.random.choice(ODD))
        if isinstance(node, dict) and self.random.random() < 0.3:
            key = self.random.choice(("bogus", "Name", 'foo bar"x'))
        node[key] = odd

    def scramble(self, text: bytes, letters: bytes) -> bytes:
        """A text with a few bytes lost, changed or put in."""
        out = bytearray(text)
        for _ in range(self.random.choice((1, 1, 2))):
            at = self.random.randrange(len(out) or 1)
            how = self.random.random()
            if how < 0.35:
                del out[at : at + 1]
            elif how < 0.7:
                out[at : at + 1] = bytes((self.random.choice(letters),))
            elif how < 0.95:
                out.insert(at, self.random.choice(letters))
            else:
                del out[at:]
        return bytes(out)


def _walk(tree: Any, visit: Callable[[Any, Any], None]) -> None:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        visit(tree, key)
        if isinstance(value, dict | list):
            _walk(value, visit)
