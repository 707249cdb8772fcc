"""What the command line names by file: node shapes, behaviour rules.

A text that begins with a bracket or a brace is the content itself (in YAML's flow style, or JSON).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from mockapi.kubelet import node_shapes
from mockapi.kubelet.behaviour_schema import BadBehaviour, parsed
from mockapi.kubelet.behaviours import check_rules
from mockapi.kubelet.nodes import NodeShape

Value = TypeVar("Value")
BRACKETS = ("[", "{")


class BadFile(ValueError):
    """One line: which file, where in it, and what is wrong."""


def shapes(given: int | str) -> Sequence[NodeShape]:
    """So many nodes alike, or those of a file. Raises BadFile."""
    if isinstance(given, int):
        return (NodeShape(count=given),) if given else ()
    if given.lstrip()[:1] not in BRACKETS and not Path(given).exists():
        raise BadFile(f"{given}: neither a number nor a file that is there")
    return _read(given, node_shapes.read)


def rules(given: str) -> Sequence[dict[str, Any]]:
    """Behaviour rules, a list or under `rules`, as the control API takes them. Raises BadFile."""
    return _read(given, _rules) if given else ()


def _rules(text: str) -> Sequence[dict[str, Any]]:
    tree = parsed(text)
    found = tree.get("rules") if isinstance(tree, dict) and set(tree) == {"rules"} else tree
    if not isinstance(found, list):
        raise BadBehaviour([("", "must be a list of rules")])
    check_rules(found)
    return found


def _read(given: str, read: Callable[[str], Value]) -> Value:
    if given.lstrip()[:1] in BRACKETS:
        text, origin = given, ""
    else:
        text, origin = _content(Path(given)), f"{given}: "
    try:
        return read(text)
    except BadBehaviour as error:
        raise BadFile(f"{origin}{error}") from None


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadFile(f"{path}: is not a text in UTF-8") from None
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from None
