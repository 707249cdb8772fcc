"""What a real server said about thousands of slightly wrong objects, said by us."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockapi.base.clock import Clock, ManualTime, timestamp
from mockapi.base.ids import Ids
from mockapi.machinery import bootstrap, catalogue
from mockapi.machinery.admission.plugins import default_chain
from mockapi.machinery.allocation import service_hook
from mockapi.machinery.bodies import Bodies
from mockapi.machinery.objects import Objects
from mockapi.machinery.pipeline import Pipeline
from mockapi.machinery.registry import Registry
from mockapi.machinery.request import Request, Result
from mockapi.machinery.resource import Obj, Resource
from mockapi.machinery.schema.schemas import Schemas
from mockapi.meta.errors import ApiError
from mockapi.resources import defaults
from mockapi.resources.conversions import CONVERSIONS
from mockapi.resources.strategies import STRATEGIES
from mockapi.store.memory import MemoryStore
from tests.contract.record_validation import VERBS
from tests.contract.validation import NAMESPACE, RECORDINGS, Change, message

QUERY = {"dryRun": ["All"], "fieldValidation": ["Ignore"]}
FILES = sorted(RECORDINGS.glob("*.json"))


class _NobodyManages:
    """managedFields are not what is looked at here."""

    def update(self, new: Obj, old: Obj | None, **_: Any) -> None:
        new["metadata"].pop("managedFields", None)

    def apply(self, live: Obj | None, patch: Obj, **_: Any) -> Obj:
        raise AssertionError("nothing is applied here")

    def entries_of_scale(self, live: Obj, resource: Any) -> list[Obj]:
        return []

    def apply_scale(self, live: Obj, seen: Obj, patch: Obj, **_: Any) -> tuple[Obj, list[Obj]]:
        raise AssertionError("nothing is applied here")


def _new_pipeline() -> Pipeline:
    facts = catalogue.load()
    clock, store, ids = Clock(ManualTime()), MemoryStore(), Ids(1)
    defaulters = defaults.defaulters(lambda: timestamp(clock.now()))
    schemas = Schemas(facts.types, defaulters, names=lambda: facts.table("gonames"))
    objects = Objects(schemas, CONVERSIONS, defaults.NORMALISERS)
    return Pipeline(
        registry=Registry(facts, STRATEGIES),
        store=store,
        objects=objects,
        bodies=Bodies(objects=objects, types=facts.types, clock=clock),
        clock=clock,
        ids=ids,
        admission=default_chain(),
        managers=_NobodyManages(),
        hooks={"services": service_hook(store, objects, ids)},
    )


@pytest.fixture
def pipeline() -> Pipeline:
    made = _new_pipeline()
    bootstrap.populate(made)
    _call(made, _resource(made, "v1/namespaces"), {"metadata": {"name": NAMESPACE}})
    account = {"metadata": {"name": "default"}}
    _call(made, _resource(made, "v1/serviceaccounts"), account, NAMESPACE)
    return made


def _resource(pipeline: Pipeline, text: str) -> Resource:
    group_version, _, name = text.rpartition("/")
    group, _, version = group_version.rpartition("/")
    found = pipeline.registry.find(group, version, name)
    assert found is not None, text
    return found


def _call(
    pipeline: Pipeline,
    resource: Resource,
    obj: Any,
    namespace: str = "",
    *,
    verb: str = "create",
    name: str = "",
    subresource: str = "",
    query: Any = None,
) -> Any:
    request = Request(
        verb,
        resource,
        namespace if resource.namespaced else "",
        name,
        subresource=subresource,
        query=query or {},
        body=json.dumps(obj).encode(),
        content_type="application/json",
    )
    result = pipeline.handle(request)
    assert isinstance(result, Result)
    return json.loads(result.raw), request.warnings


def _judge(pipeline: Pipeline, *arguments: Any, **options: Any) -> dict[str, Any]:
    """In the form of a recorded row."""
    try:
        _, warnings = _call(pipeline, *arguments, query=QUERY, **options)
    except ApiError as refusal:
        details = refusal.details or {}
        causes = [[c["reason"], c["message"], c["field"]] for c in details.get("causes", [])]
        row: dict[str, Any] = {"code": refusal.code, "causes": causes}
        name, group = details.get("name", ""), details.get("group", "")
        if refusal.message != message(group, details.get("kind", ""), name, causes):
            row["message"] = refusal.message
        return row
    deprecation = arguments[0].deprecation
    warnings = [deprecation, *warnings] if deprecation else warnings
    return {"warnings": warnings} if warnings else {}


def _expected(row: dict[str, Any]) -> dict[str, Any]:
    names = ("code", "causes", "message") if row["code"] == 422 else ("warnings",)
    return {name: row[name] for name in names if name in row}


def _agree(row: dict[str, Any], got: dict[str, Any]) -> bool:
    """Go ranges over maps in any order; where that showed, so may we."""
    expected = _expected(row)
    expected, got = _alike(expected), _alike(got)
    if row.get("unordered") and "causes" in got:
        return sorted(got["causes"]) == sorted(expected["causes"])
    return got == expected


KNOWN = {
    # Wrong already, so the change is not noted any more.
    ("local-volume", "spec.nodeAffinity.required.nodeSelectorTerms.0.matchExpressions.0.key"),
}
"""(subject, path) of cases that are not yet judged as recorded."""


_SERVICE_IP = re.compile(r"\b10\.96\.\d+\.\d+\b")
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _alike(verdict: dict[str, Any]) -> dict[str, Any]:
    """Uids and addresses of Services are ever new."""
    if "causes" not in verdict:
        return verdict
    causes = [[reason, _plain(text), field] for reason, text, field in verdict["causes"]]
    return {**verdict, "causes": causes}


def _plain(text: str) -> str:
    return _UID.sub("<uid>", _SERVICE_IP.sub("<service ip>", text))


def _subjects(file: Path) -> Iterator[Any]:
    yield from json.loads(file.read_text())


def _parameters() -> Iterator[Any]:
    for file in FILES:
        for subject in _subjects(file):
            for verb in (verb for verb in VERBS if verb in subject):
                yield pytest.param(subject, verb, id=f"{file.stem}-{subject['name']}-{verb}")


def mismatches(pipeline: Pipeline, subject: Any, verb: str) -> Iterator[tuple[Any, Any, Any]]:
    """(row, expected, got) of all cases that differ."""
    resource = _resource(pipeline, subject["resource"])
    base, options = subject["object"], {"verb": "create"}
    if verb != "create" and subject[verb]:
        base, _ = _call(pipeline, resource, base, NAMESPACE)
        options = {"verb": "update", "name": base["metadata"]["name"]}
        if "given" in subject:
            given = {**base, "status": subject["given"]}
            base, _ = _call(pipeline, resource, given, NAMESPACE, subresource="status", **options)
    if verb == "status":
        options["subresource"] = "status"
    for row in subject[verb]:
        if (subject["name"], ".".join(map(str, row["path"]))) in KNOWN:
            continue
        changed = Change.of_row(row).apply(base)
        got = _judge(pipeline, resource, changed, NAMESPACE, **options)
        if not _agree(row, got):
            yield row, _expected(row), got
    if name := options.get("name"):
        _call(pipeline, resource, {}, NAMESPACE, verb="delete", name=name)


@pytest.mark.parametrize(("subject", "verb"), list(_parameters()))
def test_every_slightly_wrong_object_is_judged_as_by_the_real_server(
    pipeline: Pipeline, subject: Any, verb: str
) -> None:
    assert list(mismatches(pipeline, subject, verb)) == []
