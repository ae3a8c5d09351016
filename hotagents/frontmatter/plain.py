"""`plain_tree`: the shape that nearly all frontmatter has, read line by line without the YAML parser.

Each of the parser's events passes through Python, which makes it the dearest part of reading a file. Most agents,
though, consist of lines ``key: text``, in which YAML has nothing to decide. Only texts that can mean one thing alone
are taken here: plain ones that begin with a letter or a digit and hold no sign that could end them, and quoted ones
without an escape. Anything else, on any line, leaves the whole frontmatter to the parser. Tests hold both against each
other.
"""

from __future__ import annotations

import re
from typing import Final

from hotagents.frontmatter.page import Position
from hotagents.frontmatter.scalars import resolve
from hotagents.frontmatter.tree import Tree

__all__ = ["plain_tree"]

_FIRST_LINE: Final = 2  # of the frontmatter, in the file
# Of what YAML calls printable, without the other line ends and blanks, the byte order mark, and what is given apart.
_SIGN: Final = "!$-9;-~\xa1-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ud7ff\ue000-\ufefe\uff00-\ufffd"
_PLAIN: Final = rf"[A-Za-z0-9](?:[{_SIGN}\"]| +(?![ #]|\r?\n|\Z)|:(?![ \r\n]|\Z)|(?<! )#)*+"
_DOUBLE: Final = rf"\"(?P<double>(?:(?!\\)[{_SIGN} :#])*+)\""
_SINGLE: Final = rf"'(?P<single>(?:(?!')[{_SIGN} :#\"])*+)'"
_LINE: Final = re.compile(
    rf"(?P<key>[A-Za-z][A-Za-z0-9_-]{{0,99}}):(?P<gap> +)(?:(?P<plain>{_PLAIN})|{_DOUBLE}|{_SINGLE}) *(?:\r?\n|\Z)"
)


def plain_tree(frontmatter: str, *, depth: int) -> Tree | None:
    """Return what a frontmatter says that consists of plain lines alone; None for any other, which may be good too."""
    tree, at, line = Tree(depth=depth), 0, _FIRST_LINE
    values, places, key_places = tree.values, tree.places, tree.key_places
    while at < len(frontmatter):
        found = _LINE.match(frontmatter, at)
        if found is None or (key := found["key"]) in values:
            return None
        plain, path = found["plain"], (key,)
        values[key] = resolve(plain) if plain is not None else found["double"] or found["single"] or ""
        key_places[path] = Position(line, 1)
        places[path] = Position(line, found.end("gap") - at + 1)
        at, line = found.end(), line + 1
    return tree if values else None
