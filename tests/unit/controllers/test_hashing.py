"""The dumps are the printed forms of k8s.io/utils/dump.ForHash (scripts/data/podtemplate -dump)."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockapi.controllers import hashing

CASES = json.loads((Path(__file__).parent / "podtemplate_dumps.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=["small", "large", "probes", "quantities"])
def test_a_template_is_printed_as_spew_prints_it(case: dict[str, Any]) -> None:
    assert hashing.dump(case["template"]) == case["dump"]


def test_fnv1a_is_the_published_function() -> None:
    """Test vectors of the FNV reference (isthe.com/chongo/tech/comp/fnv)."""
    vectors = {b"": 0x811C9DC5, b"a": 0xE40C292C, b"foobar": 0xBF9CF968}
    assert {text: hashing.fnv32a(text) for text in vectors} == vectors


def test_a_collision_changes_the_hash() -> None:
    template = CASES[0]["template"]
    hashes = [hashing.pod_template_hash(template, count) for count in (None, 0, 1)]
    assert len(set(hashes)) == 3


def test_the_hash_is_that_of_a_real_deployment() -> None:
    """The name the real controller gave the ReplicaSet of this template."""
    assert hashing.pod_template_hash(CASES[2]["template"], None) == "756fc995cf"
