"""Which names a CustomResourceDefinition gets, and its conditions: pure functions.

Source: apiextensions-apiserver pkg/controller/status/naming_controller.go.
"""

from collections.abc import Iterable
from typing import Any

from mockapi.meta import gofmt

Obj = dict[str, Any]

_NAMES = (("plural", "Plural"), ("singular", "Singular"))
_KINDS = (("kind", "Kind"), ("listKind", "ListKind"))


def accepted(definition: Obj, others: Iterable[Obj]) -> tuple[Obj, Obj]:
    """(acceptedNames, the NamesAccepted condition) given the other definitions of the group."""
    asked = definition["spec"]["names"]
    had: Obj = status_of(definition).get("acceptedNames") or {}
    resources, kinds = _taken(others)
    names, problem = dict(had), ("", "")
    for key, word in _NAMES:
        problem = _take(names, asked, had, key, word, resources) or problem
    problem = _take_short_names(names, asked, had, resources) or problem
    for key, word in _KINDS:
        problem = _take(names, asked, had, key, word, kinds) or problem
    names.pop("categories", None)
    if asked.get("categories"):
        names["categories"] = asked["categories"]
    if problem[0]:
        return names, condition("NamesAccepted", "False", *problem)
    return names, condition("NamesAccepted", "True", "NoConflicts", "no conflicts found")


def established(definition: Obj, names_accepted: Obj) -> Obj:
    """The Established condition that goes with it; a definition that is established stays so."""
    known = find(definition, "Established")
    if known is not None and known["status"] == "True":
        return known
    if names_accepted["status"] == "True":
        text = "the initial names have been accepted"
        return condition("Established", "False", "Installing", text)
    return known or condition("Established", "False", "NotAccepted", "not all names are accepted")


def _taken(others: Iterable[Obj]) -> tuple[set[str], set[str]]:
    resources: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        names = status_of(other).get("acceptedNames") or {}
        resources |= {names.get("plural", ""), names.get("singular", "")}
        resources |= set(names.get("shortNames") or ())
        kinds |= {names.get("kind", ""), names.get("listKind", "")}
    return resources, kinds


def _take(
    names: Obj, asked: Obj, had: Obj, key: str, word: str, taken: set[str]
) -> tuple[str, str] | None:
    wanted = asked.get(key, "")
    if wanted != had.get(key, "") and wanted in taken:
        return f"{word}Conflict", _in_use(wanted)
    names[key] = wanted
    return None


def _take_short_names(names: Obj, asked: Obj, had: Obj, taken: set[str]) -> tuple[str, str] | None:
    wanted, own = asked.get("shortNames") or [], had.get("shortNames") or []
    texts = [_in_use(name) for name in wanted if name not in own and name in taken]
    if texts:
        return "ShortNamesConflict", texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    names.pop("shortNames", None)
    if wanted:
        names["shortNames"] = wanted
    return None


def _in_use(name: str) -> str:
    return f"{gofmt.quote(name)} is already in use"


def status_of(definition: Obj) -> Obj:
    found: Obj = definition.get("status") or {}
    return found


def condition(type: str, status: str, reason: str, message: str) -> Obj:
    return {"type": type, "status": status, "reason": reason, "message": message}


def find(definition: Obj, type: str) -> Obj | None:
    conditions = status_of(definition).get("conditions") or ()
    return next((c for c in conditions if c["type"] == type), None)


def is_true(definition: Obj, type: str) -> bool:
    found = find(definition, type)
    return found is not None and found["status"] == "True"


def with_condition(conditions: Iterable[Obj], new: Obj, now: str) -> list[Obj]:
    """The conditions with one set: its time moves when its status does."""
    result = [dict(c) for c in conditions]
    known = next((c for c in result if c["type"] == new["type"]), None)
    if known is None:
        known = {"type": new["type"], "status": new["status"], "lastTransitionTime": now}
        result.append(known)
    elif known["status"] != new["status"]:
        known["lastTransitionTime"] = now
    known.update(status=new["status"], reason=new["reason"], message=new["message"])
    return result
