"""Recordings of what the real server's own serializers make of generated bodies.

`python -m tests.contract.serializers record [NAME...]` builds the Go program beside this file with
the modules of the release and writes `tests/contract/recordings/serializers/*.json`.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mockapi.machinery import catalogue
from mockapi.machinery.catalogue import ServedResource
from mockapi.meta.names import GroupVersionKind
from tests.contract.serializers.generate import Generator
from tests.contract.serializers.peer import Serializers

TARGET = Path(__file__).parents[1] / "recordings/serializers"
TABLES = catalogue.load("1.37")
LETTERS = b'{}[],:"\\ 0123eE.+-truefalsn\n\n&*!|>?%@#~<_yYoO\t\x01\xff\xe9'
JSONS = (
    b'{"a":[1,2.5,-3e+4,true,false,null,"x\\n\\u00e9\\ud83d\\ude00 y"],"b":{"c":{}},"d":[]}',
    b'{"metadata":{"name":"x","labels":{"a":"b"}},"data":{"k":"v"}}',
)
YAMLS = (
    b"kind: X\nlabels: {a: b, c: 'd'}\ndata:\n  k: |\n    line\n  n: \"q\"\n  z: yes\nlist:\n- 1\n"
    b"- 0x1f\n- 1.5e3\n- [a, ~, null]\n- 012\n- 2024-01-02\n",
    b"a: &x\n  b: 1\nc:\n  <<: *x\n  d: 2\ne: *x\n---\nf: 1\n",
    b"- a\n- b: c\n  d: e\n- !!str 1\n- !!int '3'\n- !!float 1\n",
    b"a: 1\na: 2\nb:\n  c: 1\n  c: 3\n1: x\ntrue: y\n",
)
SUFFIXES = (
    "", "m", "u", "n", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e",
    "E3", "e-3", "e+6", "x", "i", "mm", "e12", "E-12", "-",
)  # fmt: skip
Case = dict[str, Any]


def text(gvk: GroupVersionKind) -> str:
    return f"{gvk.group}/{gvk.version}"


def kinds() -> list[GroupVersionKind]:
    """One of each type."""
    skipped = ("meta.k8s.io", "metrics.k8s.io", "admission.k8s.io")
    known = {name: gvk for gvk, name in TABLES.types.kinds.items() if gvk.group not in skipped}
    return [gvk for gvk in known.values() if gvk.kind != "WatchEvent"]


def bodies(seed: int, count: int, mistakes: int) -> Iterator[tuple[GroupVersionKind, str]]:
    """Every kind in turn; objects are sparse, so that recordings stay small."""
    generator = Generator(TABLES.types, seed)
    for index in range(count):
        gvk = kinds()[index % len(kinds())]
        generator.density = generator.random.choice((0.1, 0.2, 0.35))
        tree = generator.object(TABLES.type_name(gvk))
        for _ in range(mistakes and generator.random.choice((1, 2, 3))):
            generator.spoil(tree)
        tree |= {"kind": gvk.kind, "apiVersion": gvk.api_version}
        body = json.dumps(tree, separators=(",", ":"))
        if mistakes and index % 9 == 0:
            key = generator.random.choice(list(tree))
            body = f"{body[:-1]},{json.dumps(key)}:{json.dumps(tree[key])}}}"
        if len(body) < 6000:
            yield gvk, body


def decoding(ask: Serializers) -> Iterator[Case]:
    for gvk, body in bodies(1, 900, 1):
        answer = ask("decode", body, version=text(gvk), kind=gvk.kind)
        answer.pop("protobuf", None)
        yield {"kind": list(gvk), "body": body, **answer}


def protobuf(ask: Serializers) -> Iterator[Case]:
    for gvk, body in bodies(2, 330, 0):
        answer = ask("decode", body, version=text(gvk), kind=gvk.kind)
        if "protobuf" in answer:
            yield {"kind": list(gvk), "object": answer["object"], "protobuf": answer["protobuf"]}


def storing(ask: Serializers) -> Iterator[Case]:
    """Every served kind with growing objects."""
    generator = Generator(TABLES.types, 3)
    for resource in TABLES.resources.values():
        for density in (0.0, 0.05, 0.15, 0.3, 0.5):
            generator.density = density
            for to in versions(resource):
                case = stored(ask, generator, resource, to)
                if case is not None:
                    yield case


def versions(resource: ServedResource) -> list[GroupVersionKind]:
    """Those the kind is served in: an object is written in one and read in another."""
    alike = [
        other.gvk
        for other in TABLES.resources.values()
        if (other.storage_group, other.kind) == (resource.storage_group, resource.kind)
    ]
    return alike if resource.kind in ("Event", "HorizontalPodAutoscaler") else [resource.gvk]


def stored(
    ask: Serializers, generator: Generator, resource: ServedResource, to: GroupVersionKind
) -> Case | None:
    gvk = resource.gvk
    tree = generator.object(TABLES.type_name(gvk))
    tree |= {"kind": gvk.kind, "apiVersion": gvk.api_version}
    storage = f"{resource.storage_group}/{resource.storage_version}"
    body = json.dumps(tree, separators=(",", ":"))
    names = {"version": text(gvk), "kind": gvk.kind, "storage": storage, "to": text(to)}
    answer = ask("store", body, **names)
    if "error" in answer or len(body) > 8000:
        return None
    return {"kind": list(gvk), "to": list(to), "sent": tree, "object": answer["object"]}


def json_texts(ask: Serializers) -> Iterator[Case]:
    generator = Generator(TABLES.types, 4)
    for index in range(300):
        body = generator.scramble(JSONS[index % len(JSONS)], LETTERS)
        answer = ask("decode", body, version="/v1", kind="ConfigMap")
        yield {"body": body.decode("latin-1"), "error": answer.get("error", "")}


def yaml_texts(ask: Serializers) -> Iterator[Case]:
    generator = Generator(TABLES.types, 5)
    for index in range(300):
        whole = YAMLS[index % len(YAMLS)]
        body = whole if index < len(YAMLS) else generator.scramble(whole, LETTERS)
        yield {"body": body.decode("latin-1"), **ask("yaml", body)}


def quantities(ask: Serializers) -> Iterator[Case]:
    random = Generator(TABLES.types, 6).random
    for _ in range(500):
        whole = str(random.randrange(10 ** random.randint(1, 20)))
        fraction = str(random.randrange(10 ** random.randint(1, 12)))
        number = random.choice((whole, f"{whole}.{fraction}", f"0{whole}", f".{fraction}", "", "0"))
        body = random.choice(("", "", "+", "-")) + number + random.choice(SUFFIXES)
        yield {"body": body, **ask("quantity", body)}


RECORDINGS = {
    "decoding": decoding,
    "protobuf": protobuf,
    "storing": storing,
    "json": json_texts,
    "yaml": yaml_texts,
    "quantities": quantities,
}


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with Serializers() as ask:
        for name in sys.argv[2:] or RECORDINGS:
            cases = [json.dumps(case, ensure_ascii=False) for case in RECORDINGS[name](ask)]
            (TARGET / f"{name}.json").write_text("[\n" + ",\n".join(cases) + "\n]\n")
            print(f"{name}: {len(cases)}")


if __name__ == "__main__":
    main()
