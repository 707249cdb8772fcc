"""docs/scheduling.md tells the truth: its examples are run again."""

import pytest

from scripts.docs.console import rewritten
from scripts.docs.scheduling import PAGE
from tests.journey.journey import kubectl


@pytest.mark.skipif(kubectl() is None, reason="no kubectl in this environment")
def test_the_page_shows_what_is_printed() -> None:
    page = PAGE.read_text()
    assert page == rewritten(page), "run: python -m scripts.docs.scheduling"
