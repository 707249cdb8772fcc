"""Run the examples of docs/scheduling.md again: `python -m scripts.docs.scheduling`."""

from pathlib import Path

from scripts.docs.console import rewritten

PAGE = Path(__file__).parents[2] / "docs" / "scheduling.md"


def main() -> None:
    PAGE.write_text(rewritten(PAGE.read_text()))


if __name__ == "__main__":
    main()
