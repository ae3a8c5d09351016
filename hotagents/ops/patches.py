"""`unified_diff`: two contents of one file as a unified diff that ``patch`` and ``git apply`` take; bytes throughout.

A line ends with a newline and with nothing else, so a carriage return or a byte order mark is part of its line and goes
through. Comparing costs the product of both lengths at worst, so only what lies between the first and the last line
that differ is compared, and where that is very long it is one change.
"""

from __future__ import annotations

import difflib
import os
from itertools import takewhile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["unified_diff"]

_CONTEXT: Final = 3
_MOST: Final = 2000  # lines that are compared each with each
_NO_END: Final = b"\n\\ No newline at end of file\n"
_PLAIN: Final = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')
_FIRST_NOT_ASCII: Final = 0x80


def unified_diff(path: str, before: bytes, after: bytes) -> bytes:
    """Return the diff; empty where both are equal.

    Args:
        path: What both headers call the file; the diff is applied with ``-p0`` from where the path leads there.
        before: All of the file.
        after: What it is to become.
    """
    if before == after:
        return b""
    name = _name(path)
    return b"".join((b"--- ", name, b"\n+++ ", name, b"\n", *_hunks(_lines(before), _lines(after))))


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    head = max(0, _common(old, new) - _CONTEXT)
    shortest = min(len(old), len(new)) - head
    tail = max(0, min(_common(old[::-1], new[::-1]), shortest - _CONTEXT) - _CONTEXT)
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    for group in _groups(before, after):
        first, last = group[0], group[-1]
        yield b"@@ -%s +%s @@\n" % (_range(first[1], last[2], head), _range(first[3], last[4], head))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                yield from (_line(b" ", line) for line in before[old_from:old_to])
                continue
            yield from (_line(b"-", line) for line in before[old_from:old_to])
            yield from (_line(b"+", line) for line in after[new_from:new_to])


def _groups(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[list[tuple[str, int, int, int, int]]]:
    if max(len(old), len(new)) > _MOST:
        yield [("replace", 0, len(old), 0, len(new))]
        return
    yield from map(list, difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT))


def _range(start: int, end: int, offset: int) -> bytes:
    first = offset + start + (1 if end > start else 0)  # where nothing is, the line before it is named
    return b"%d,%d" % (first, end - start)


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + _NO_END


def _lines(content: bytes) -> list[bytes]:
    *lines, last = content.split(b"\n")
    return [*(line + b"\n" for line in lines), *([last] if last else [])]


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _name(path: str) -> bytes:
    """Return a file's name as a header takes it: in quotes what could end the line, a tab behind what has a blank."""
    raw = os.fsencode(path)
    if all(byte in _PLAIN or byte >= _FIRST_NOT_ASCII for byte in raw):
        return raw + b"\t" if b" " in raw else raw
    return b'"%s"' % b"".join(_escaped(byte) for byte in raw)


def _escaped(byte: int) -> bytes:
    return bytes([byte]) if byte in _PLAIN or byte >= _FIRST_NOT_ASCII else b"\\%03o" % byte
