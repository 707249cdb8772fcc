"""Records what a real server finds wrong in custom resources, by dry run:
`MOCKAPI_ORACLE=KUBECONFIG python -m tests.contract.record_custom_values`.
"""

import json
import time
from pathlib import Path
from typing import Any

from tests.contract.oracle import Oracle

TARGET = Path(__file__).parent / "recordings/custom_values.json"
NAMESPACE = "mockapi-values"
GROUP = "values.mockapi.example.com"
API_VERSION = f"{GROUP}/v1"
TEXT: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {"type": "integer"}
KEEP = {"x-kubernetes-preserve-unknown-fields": True}
NAMED = {"type": "object", "properties": {"name": TEXT, "v": WHOLE}, "required": ["name"]}
STRING_FORMATS = (
    "bsonobjectid", "byte", "cidr", "creditcard", "date", "date-time", "duration", "email",
    "hexcolor", "hostname", "ipv4", "ipv6", "isbn", "isbn10", "isbn13", "mac", "password",
    "rgbcolor", "ssn", "uri", "uuid", "uuid3", "uuid4", "uuid5", "unheard",
)  # fmt: skip
SPEC: dict[str, Any] = {
    "text": {**TEXT, "minLength": 2, "maxLength": 4, "pattern": "^a[bc]*$"},
    "choice": {**TEXT, "enum": ["b", "a"]},
    "numbers": {**WHOLE, "enum": [3, 1]},
    "whole": {**WHOLE, "minimum": 2, "maximum": 10, "multipleOf": 2},
    "open": {"type": "number", "minimum": 1.5, "exclusiveMinimum": True, "maximum": 2000000,
             "exclusiveMaximum": True, "multipleOf": 0.5},
    "small": {**WHOLE, "format": "int32"},
    "flag": {"type": "boolean"},
    "null": {**TEXT, "nullable": True},
    "either": {"x-kubernetes-int-or-string": True},
    "many": {"type": "array", "minItems": 2, "maxItems": 3, "items": WHOLE},
    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": TEXT},
    "map": {"type": "array", "x-kubernetes-list-type": "map", "items": NAMED,
            "x-kubernetes-list-map-keys": ["name"]},
    "inner": {"type": "object", "required": ["a", "b"], "minProperties": 2, "maxProperties": 3,
              "properties": {"a": WHOLE, "b": TEXT}, **KEEP},
    "byName": {"type": "object", "additionalProperties": WHOLE},
    "any": {"type": "object", "properties": {"a": WHOLE, "b": TEXT},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "one": {"type": "object", "properties": {"a": WHOLE, "b": TEXT},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "all": {**WHOLE, "allOf": [{"minimum": 3}, {"maximum": 5}]},
    "not": {**TEXT, "not": {"enum": ["x"]}},
    "formats": {"type": "object",
                "properties": {name: {**TEXT, "format": name} for name in STRING_FORMATS}},
}  # fmt: skip
SCHEMA = {
    "type": "object",
    "required": ["spec"],
    "properties": {"spec": {"type": "object", "properties": SPEC}},
}
FORMAT_VALUES = {
    "bsonobjectid": ("5" * 24, "x"), "byte": ("YQ==", "YQ"), "cidr": ("10.0.0.0/8", "10.0.0.0"),
    "creditcard": ("4111111111111111", "4111111111111112"), "date": ("2024-02-29", "2023-02-29"),
    "date-time": ("2024-01-02T03:04:05Z", "2024-01-02", "2024-01-02T24:00:00Z"),
    "duration": ("1h30m", "3 days", "soon"), "email": ("a@b.c", "a", "@b"),
    "hexcolor": ("#fff", "#ffff"), "hostname": ("a-b.example.com", "-a", "a_b"),
    "ipv4": ("1.2.3.4", "1.2.3", "::1"), "ipv6": ("::1", "1.2.3.4"),
    "isbn": ("0321751043", "0321751044"), "isbn10": ("0321751043", "978-0321751041"),
    "isbn13": ("978-0321751041", "978-0321751042"), "mac": ("01:23:45:67:89:ab", "01:23"),
    "password": ("anything",), "rgbcolor": ("rgb(1,2,3)", "rgb(1,2)"),
    "ssn": ("123-45-6789", "12-345"), "uri": ("https://a.b/c", "a b"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "123e4567"),
    "uuid3": ("123e4567-e89b-32d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
    "uuid4": ("123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-42d3-c456-426614174000"),
    "uuid5": ("123e4567-e89b-52d3-a456-426614174000", "123e4567-e89b-42d3-a456-426614174000"),
    "unheard": ("of",),
}  # fmt: skip
SPECS: tuple[Any, ...] = (
    {}, {"text": "abc"}, {"text": "a"}, {"text": "abcbc"}, {"text": "xy"}, {"text": "ab\n"},
    {"text": 1}, {"text": True}, {"text": []}, {"text": {}}, {"choice": "a"}, {"choice": "c"},
    {"choice": 1}, {"numbers": 1}, {"numbers": 2}, {"whole": 4}, {"whole": 1}, {"whole": 3},
    {"whole": 12}, {"whole": 4.5}, {"whole": "4"}, {"open": 2}, {"open": 1.5}, {"open": 1},
    {"open": 2000000}, {"open": 2000000.5}, {"open": 1.75}, {"open": "x"}, {"small": 2147483648},
    {"small": 5}, {"flag": "true"}, {"flag": 1}, {"flag": True}, {"null": None}, {"either": 1},
    {"either": "a"}, {"either": 1.5}, {"either": True}, {"many": [1]}, {"many": [1, 2, 3, 4]},
    {"many": [1, "a"]}, {"many": {}}, {"many": "x"}, {"set": ["a", "b", "a", "a"]},
    {"map": [{"name": "a"}, {"name": "a", "v": 1}]}, {"map": [{"v": 1}, {"v": 2}]},
    {"inner": {}}, {"inner": {"a": 1}}, {"inner": {"a": 1, "b": "c", "d": 1, "e": 2}},
    {"inner": {"a": "x", "b": 1}}, {"byName": {"a": 1, "b": "x"}}, {"any": {}}, {"any": {"a": 1}},
    {"one": {}}, {"one": {"a": 1}}, {"one": {"a": 1, "b": "c"}}, {"all": 4}, {"all": 1},
    {"all": 9}, {"not": "x"}, {"not": "y"}, {"text": "q", "whole": 1, "flag": 0}, "x", 1, [],
    *({"formats": {name: one}} for name, values in FORMAT_VALUES.items() for one in values),
)  # fmt: skip


def definition() -> dict[str, Any]:
    version = {"name": "v1", "served": True, "storage": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"checks.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": "checks", "kind": "Check"},
            "versions": [{**version, "schema": {"openAPIV3Schema": SCHEMA}}],
        },
    }


def main() -> None:
    oracle = Oracle.from_environment()
    oracle.namespace(NAMESPACE)
    made = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    reply = oracle.call("POST", made, definition())
    if reply.code != 201:
        raise SystemExit(str(reply.body))
    root = f"/apis/{API_VERSION}/namespaces/{NAMESPACE}/checks"
    while oracle.call("GET", root).code != 200:
        time.sleep(0.2)
    rows = []
    for spec in (*SPECS, None):
        obj = {"kind": "Check", "apiVersion": API_VERSION, "metadata": {"name": "a"}, "spec": spec}
        if spec is None:
            del obj["spec"]
        reply = oracle.call("POST", f"{root}?dryRun=All", obj)
        causes = reply.body.get("details", {}).get("causes", [])
        rows.append(json.dumps({"sent": obj, "code": reply.code, "causes": causes}))
    oracle.call("DELETE", f"{made}/checks.{GROUP}")
    TARGET.write_text("[\n" + ",\n".join(rows) + "\n]\n")
    print(f"custom values: {len(rows)}")


if __name__ == "__main__":
    main()
