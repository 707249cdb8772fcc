"""The journey with the real kubectl against mockapi, step by step as on a real control plane."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from mockapi.cluster import MockCluster
from tests.journey.journey import (
    Chapter,
    Outcome,
    Step,
    Traveller,
    chapters,
    held,
    kubectl,
    recorded,
)

PROGRAM = kubectl()
needs_kubectl = pytest.mark.skipif(PROGRAM is None, reason="no kubectl in this environment")


def _judged(step: Step, ours: Outcome, real: Outcome) -> tuple[Any, Any] | None:
    """What to show of a step that went otherwise than it should."""
    mine, theirs = held(ours, step), held(real, step)
    if "known" in step:
        return None if mine != theirs else (mine, f"differs no longer; known: {step['known']}")
    return None if mine == theirs else (mine, theirs)


def _cluster(chapter: Chapter, usual: MockCluster) -> AbstractContextManager[MockCluster]:
    """The usual cluster, or one with the chapter's own settings."""
    settings = chapter["settings"]
    return MockCluster(**settings) if settings else nullcontext(usual)


@needs_kubectl
@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: str(chapter["chapter"]))
def test_kubectl_shows_what_it_shows_of_a_real_cluster(
    chapter: Chapter, mock_cluster: MockCluster, tmp_path: Path
) -> None:
    with _cluster(chapter, mock_cluster) as cluster:
        assert PROGRAM is not None
        traveller = Traveller(PROGRAM, cluster.kubeconfig, tmp_path, chapter["chapter"])
        outcomes = traveller.chapter(chapter)
    judged = [
        _judged(*three)
        for three in zip(chapter["steps"], outcomes, recorded(chapter["chapter"]), strict=True)
    ]
    wrong = [both for both in judged if both is not None]
    assert [mine for mine, _ in wrong] == [theirs for _, theirs in wrong]
