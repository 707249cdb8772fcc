"""The decisions of the real scheduler on thousands of random small clusters, recorded."""

import os

import pytest

from tests.scenarios.scheduler import driver, generate, record

ORACLE = os.environ.get("MOCKAPI_SCHEDULER_ORACLE", "")
FRESH_SEEDS = range(10_000, 10_200)


@pytest.mark.parametrize("theme", generate.THEMES)
def test_recorded_decisions_are_the_real_ones(theme: str) -> None:
    problems = {
        index: found
        for index, (case, real) in enumerate(record.recorded(theme))
        if (found := driver.differences(real, driver.answer(case)))
    }
    assert problems == {}


def test_there_are_thousands_of_cases_and_hundreds_of_preemptions() -> None:
    answers = [answer for theme in generate.THEMES for _, answer in record.recorded(theme)]
    assert len(answers) >= 3000
    assert sum(bool(answer.get("claims")) for answer in answers) >= 100
    assert not any(answer.get("error") for answer in answers)


def test_preemptions_are_compared_down_to_their_writes_and_events() -> None:
    """Victims, the nominated node, budgets, conditions, the order of deletions, events."""
    found = [
        (case, answer) for case, answer in record.recorded("preemption") if answer.get("victims")
    ]
    budgets = [case for case, _ in found if "PodDisruptionBudget" in _kinds(case)]
    verbs = [{write["verb"] for write in answer["writes"]} for _, answer in found]
    assert (len(found) >= 150, len(budgets) >= 100) == (True, True)
    assert all(seen == {"patch status", "delete", "event"} for seen in verbs)
    assert all(answer["nominated"] for _, answer in found)


def _kinds(case: generate.Case) -> set[str]:
    return {obj["kind"] for obj in case["objects"]}


@pytest.mark.oracle
@pytest.mark.skipif(not ORACLE, reason="MOCKAPI_SCHEDULER_ORACLE names no oracle")
@pytest.mark.parametrize("theme", generate.THEMES)
def test_fresh_decisions_are_the_real_ones(theme: str) -> None:
    cases = [generate.case(theme, seed) for seed in FRESH_SEEDS]
    answers = record.ask(ORACLE, cases)
    problems = {
        seed: found
        for seed, case, real in zip(FRESH_SEEDS, cases, answers, strict=True)
        if (found := driver.differences(real, driver.answer(case)))
    }
    assert problems == {}
