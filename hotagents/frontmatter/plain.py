"""`plain_tree`: the shape that nearly all frontmatter has, read line by line without the YAML parser.

Each of the parser's events passes through Python, which makes it the dearest part of reading a file. Most agents,
though, consist of lines ``key: text``, in which YAML has nothing to decide. Only texts that can mean one thing alone
are taken here: plain ones that begin with a letter or a digit and hold no sign that could end them, and quoted ones
without an escape. Anything else, on any line, leaves the whole frontmatter to the parser. Tests hold both against each
other.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from hotagents.frontmatter.page import Position
from hotagents.frontmatter.scalars import resolve
from hotagents.frontmatter.tree import Tree

__all__ = ["plain_tree"]

_FIRST_LINE: Final = 2  # of the frontmatter, in the file
# Of what YAML calls printable, without other line ends, blanks, the byte order mark, and what is given apart below.
_ASCII: Final = "!$-9;-~"
_OTHER: Final = "\xa1-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ud7ff\ue000-\ufefe\uff00-\ufffd"


def _pattern(sign: str) -> re.Pattern[str]:
    plain = rf"[A-Za-z0-9](?:[{sign}\"]| +(?![ #]|\r?\n|\Z)|:(?![ \r\n]|\Z)|(?<! )#)*+"
    double = rf"\"(?P<double>(?:(?!\\)[{sign} :#])*+)\""
    single = rf"'(?P<single>(?:(?!')[{sign} :#\"])*+)'"
    key = r"(?P<key>[A-Za-z][A-Za-z0-9_-]{0,99}):(?P<gap> +)"
    return re.compile(rf"{key}(?:(?P<plain>{plain})|{double}|{single}) *(?:\r?\n|\Z)")


_LINE: Final = _pattern(_ASCII)


@cache  # such a set of signs takes milliseconds to compile
def _line_of_any_script() -> re.Pattern[str]:
    return _pattern(_ASCII + _OTHER)


def plain_tree(frontmatter: str, *, depth: int) -> Tree | None:
    """Return what a frontmatter says that consists of plain lines alone; None for any other, which may be good too."""
    tree, at, line = Tree(depth=depth), 0, _FIRST_LINE
    match = (_LINE if frontmatter.isascii() else _line_of_any_script()).match
    values, places, key_places = tree.values, tree.places, tree.key_places
    while at < len(frontmatter):
        found = match(frontmatter, at)
        if found is None or (key := found["key"]) in values:
            return None
        plain, path = found["plain"], (key,)
        values[key] = resolve(plain) if plain is not None else found["double"] or found["single"] or ""
        key_places[path] = Position(line, 1)
        places[path] = Position(line, found.end("gap") - at + 1)
        at, line = found.end(), line + 1
    return tree if values else None
