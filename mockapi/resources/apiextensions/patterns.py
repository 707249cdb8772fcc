"""Regular expressions that Go would refuse, and how it says so."""

import re

from mockapi.machinery.schema.formats import go_pattern

_PERL = re.compile(r"\(\?(=|!|<=|<!|>|\()")
_ESCAPE = re.compile(r"\\[1-9ZkKgGNhHR]")


def error(pattern: str) -> str:
    """Empty when the pattern is fine. The commonest mistakes have Go's words."""
    for unsupported, text in (
        (_PERL, "invalid or unsupported Perl syntax"),
        (_ESCAPE, "invalid escape sequence"),
    ):
        if found := unsupported.search(pattern):
            return f"error parsing regexp: {text}: `{found[0]}`"
    try:
        go_pattern(pattern)
    except re.error as mistake:
        return f"error parsing regexp: {_words(mistake, pattern)}"
    return ""


def _words(mistake: re.error, pattern: str) -> str:
    position = mistake.pos or 0
    if mistake.msg.startswith("unterminated character set"):
        return f"missing closing ]: `{pattern[position:]}`"
    if mistake.msg.startswith("missing )"):
        return f"missing closing ): `{pattern}`"
    if mistake.msg.startswith("unbalanced parenthesis"):
        return f"unexpected ): `{pattern}`"
    if mistake.msg.startswith("nothing to repeat"):
        return f"missing argument to repetition operator: `{pattern[position : position + 1]}`"
    if mistake.msg.startswith("multiple repeat"):
        return f"invalid nested repetition operator: `{pattern[position - 1 : position + 1]}`"
    if mistake.msg.startswith("bad character range"):
        return f"invalid character class range: `{pattern[position : position + 3]}`"
    return f"invalid escape sequence: `{pattern[position : position + 2]}`"
