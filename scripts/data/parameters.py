"""The parameters that the OpenAPI v2 document writes once, under names that hash their
descriptions, and where it refers to each."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from mockapi.machinery.openapi.v2 import SHARED, context_of
from scripts.data.server import Server

Tree = dict[str, Any]


def build(server: Server, release: str) -> Tree:
    """Reference -> name, place, the schema of a body; contexts, where they decide."""
    document = server.get("/openapi/v2")
    contexts = defaultdict[str, set[str]](set)
    for item in document["paths"].values():
        for context, parameter in _parameters(item):
            if reference := parameter.get("$ref"):
                contexts[reference.removeprefix(SHARED)].add(context)
    facts = {key: _fact(value) for key, value in document["parameters"].items()}
    rivals = [fact for fact in facts.values() if list(facts.values()).count(fact) > 1]
    return {
        key: fact | ({"contexts": sorted(contexts[key])} if fact in rivals else {})
        for key, fact in facts.items()
    }


def _fact(parameter: Tree) -> Tree:
    fact = {key: parameter[key] for key in ("name", "in")}
    schema = parameter.get("schema")
    return fact | ({"schema": schema["$ref"]} if schema else {})


def _parameters(item: Tree) -> Iterator[tuple[str, Tree]]:
    operations = {method: value for method, value in item.items() if method != "parameters"}
    for method, operation in operations.items():
        for parameter in operation.get("parameters", ()):
            yield context_of(method, operation), parameter
    for parameter in item.get("parameters", ()):
        yield context_of(*next(iter(operations.items()))), parameter
