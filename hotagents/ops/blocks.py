"""YAML that people can read in a review and that says exactly what was given: literal blocks, and quotes where needed.

PyYAML's own writer quotes a text with a trailing blank or a tab as one long line, which no review can read.
"""

from __future__ import annotations

import math
import re
from typing import Final

import yaml

__all__ = ["key", "scalar"]

# Others would be read as a number, a date, null or the start of a list.
_PLAIN: Final = re.compile(
    r"(?!(?:null|true|false|yes|no|on|off|y|n)$)[a-zA-Z][-/._a-zA-Z0-9]*", re.IGNORECASE | re.ASCII
)
# Printable in YAML, less what some parsers take for the end of a line or for a byte order mark.
_BLOCK: Final = re.compile("[\t\n -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_INDENT: Final = 2


def key(text: str) -> str:
    """Return a mapping's key, plain where every parser takes it for text."""
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def scalar(text: str, *, depth: int) -> str:
    """Return a value with the newline that ends it: a literal block, or quoted what a block cannot hold.

    Args:
        text: What any YAML parser will read back, byte for byte.
        depth: How many columns its key is indented.
    """
    content = text.rstrip("\n")
    if "\n" not in text:
        return f"{key(text)}\n"
    if not content or not _BLOCK.fullmatch(text):
        return f"{_quoted(text)}\n"
    # Where the text itself starts with white space, a reader cannot tell the depth of the block from it.
    indent = str(_INDENT) if text[0].isspace() else ""
    chomp = {0: "-", 1: ""}.get(len(text) - len(content), "+")
    margin = " " * (depth + _INDENT)
    lines = "".join(f"{margin}{line}\n" if line else "\n" for line in text.removesuffix("\n").split("\n"))
    return f"|{indent}{chomp}\n{lines}"


def _quoted(text: str) -> str:
    quoted: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=math.inf)
    return quoted.removesuffix("\n")
