"""types.json: every field of every type, in Go order: Go's reflection joined with OpenAPI v3."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scripts.data.server import Server

GO_SOURCE = Path(__file__).parent / "gotypes"
BESIDES = ("metrics.k8s.io/v1beta1", "admission.k8s.io/v1")
"""Group versions whose types are spoken but not served by the kube-apiserver itself."""
MODULES = (
    "api",
    "apiextensions-apiserver",
    "apimachinery",
    "client-go",
    "kube-aggregator",
    "metrics",
)
EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"
SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Duration": "duration",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "fieldsv1",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "raw",
    "io.k8s.apimachinery.pkg.runtime.Unknown": "raw",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intorstring",
    f"{EXTENSIONS}.JSON": "json",
    f"{EXTENSIONS}.JSONSchemaPropsOrArray": "schemaorarray",
    f"{EXTENSIONS}.JSONSchemaPropsOrBool": "schemaorbool",
    f"{EXTENSIONS}.JSONSchemaPropsOrStringArray": "schemaorstringarray",
}
META_KINDS = ("PartialObjectMetadata", "PartialObjectMetadataList", "Table")
"""Kinds of meta.k8s.io/v1, which is no API group but negotiated."""
NO_DEFAULT = object()
ZERO = {"string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0}

Fact = dict[str, Any]


def build(server: Server, release: str) -> dict[str, Any]:
    """The content of types.json for the server's served group versions."""
    documents = schema_documents(server)
    schemas: dict[str, Any] = {}
    for document in documents.values():
        schemas |= document.get("components", {}).get("schemas", {})
    kinds = {
        name: _gvks(schema) for name, schema in server.get("/openapi/v2")["definitions"].items()
    }
    reflected = reflect(release, [*served_versions(server), *BESIDES])
    return {
        name: _type(name, model, schemas.get(name, {}), kinds.get(name))
        for name, model in sorted(reflected.items())
    }


def schema_documents(server: Server) -> dict[str, Any]:
    """OpenAPI v3 path -> document."""
    return {path: server.get(f"/openapi/v3/{path}") for path in server.get("/openapi/v3")["paths"]}


def served_versions(server: Server) -> list[str]:
    groups = server.get("/apis")["groups"]
    return ["/v1"] + [f"{g['name']}/{v['version']}" for g in groups for v in g["versions"]]


def reflect(release: str, versions: Iterable[str]) -> dict[str, Any]:
    """Build and run `gotypes` against the Go modules of a release (`1.37.2`)."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        (directory / "main.go").write_text((GO_SOURCE / "main.go").read_text())
        (directory / "go.mod").write_text(_go_mod(release))
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
        subprocess.run(
            ["go", "mod", "tidy"],
            cwd=directory,
            env=environment,
            check=True,
            stderr=subprocess.DEVNULL,
        )
        done = subprocess.run(
            ["go", "run", ".", *versions],
            cwd=directory,
            env=environment,
            check=True,
            capture_output=True,
        )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _go_mod(release: str) -> str:
    staging = "v0" + release.removeprefix("1")
    modules = (
        "api",
        "apiextensions-apiserver",
        "apimachinery",
        "client-go",
        "kube-aggregator",
        "metrics",
    )
    lines = "".join(f"\tk8s.io/{module} {staging}\n" for module in modules)
    version = subprocess.run(["go", "env", "GOVERSION"], check=True, capture_output=True, text=True)
    match = re.match(r"go(\d+\.\d+)", version.stdout)
    assert match is not None, "`go env GOVERSION` names no version."
    return f"module gotypes\n\ngo {match[1]}.0\n\nrequire (\n{lines})\n"


def _gvks(schema: Fact) -> list[list[str]]:
    found = schema.get("x-kubernetes-group-version-kind", [])
    return [[gvk["group"], gvk["version"], gvk["kind"]] for gvk in found]


def _type(name: str, model: Fact, schema: Fact, kinds: list[list[str]] | None) -> Fact:
    """`kinds` as OpenAPI v2 has them: a v3 document names its own group version only."""
    result: Fact = {"go": model["go"]}
    gvks = kinds or model.get("gvks")
    if name.startswith("io.k8s.apimachinery.") and model["go"] in META_KINDS:
        gvks = [["meta.k8s.io", "v1", model["go"]]]
    if gvks:
        result["gvks"] = gvks
    if model.get("marshals"):
        return result | {"scalar": SCALARS[name]}
    if schema.get("x-kubernetes-map-type"):
        result["struct"] = schema["x-kubernetes-map-type"]
    if schema.get("x-kubernetes-unions"):
        result["unions"] = schema["x-kubernetes-unions"]
    properties, required = schema.get("properties", {}), set(schema.get("required", ()))
    result["fields"] = {
        field: _field(fact, properties.get(field, {}), field in required)
        for field, fact in model["fields"] or ()
    }
    return result


def _field(fact: Fact, schema: Fact, required: bool) -> Fact:
    result = dict(fact)
    if "zero" in fact.get("omit", ""):
        result["omit"] = "zero"
    if required:
        result["req"] = True
    if "$ref" in schema:
        result["bare"] = True
    result |= _default(fact, schema)
    items = schema.get("items") or schema.get("additionalProperties") or {}
    enum = schema.get("enum") or (isinstance(items, dict) and items.get("enum"))
    if enum:
        result["enum"] = enum
    for key, extension in (("list", "list-type"), ("keys", "list-map-keys"), ("map", "map-type")):
        if f"x-kubernetes-{extension}" in schema:
            result[key] = schema[f"x-kubernetes-{extension}"]
    for key, extension in (("pm", "patch-strategy"), ("pk", "patch-merge-key")):
        if schema and fact.get(key) != schema.get(f"x-kubernetes-{extension}"):
            raise RuntimeError(f"Go and OpenAPI differ in {extension} of {fact['go']}.")
    return result


def _default(fact: Fact, schema: Fact) -> Fact:
    """`def` is a default with an effect; `odef` one that only the OpenAPI documents show. Those
    that follow from the Go type (the zero value of what is always written) are left out."""
    found = schema.get("default", NO_DEFAULT)
    if found is NO_DEFAULT or found == {}:
        return {}
    zero = isinstance(fact["t"], str) and found == ZERO.get(fact["t"])
    if zero and not fact.get("ptr"):
        return {"odef": found} if fact.get("omit") else {}
    return {"def": found}
