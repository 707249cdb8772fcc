"""docs/lifecycle.md tells the truth: all its pods are run again and kubectl is asked again."""

from scripts.docs.lifecycle import PAGE, Page


def test_the_page_is_what_kubectl_shows() -> None:
    assert PAGE.read_text() == Page().run(), "run: python -m scripts.docs.lifecycle"
