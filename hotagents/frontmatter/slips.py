"""Slips that YAML refuses and whose cure is known: `of_slips`, `of_sign` and `with_spaces` name the lines to write.

They only name them: `hotagents.frontmatter.remedies` reads the frontmatter with each before it offers it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents.frontmatter.rights import is_never_guessed, right_meant
from hotagents.spec import FORMAT_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["KEY", "Change", "doubt_about", "head_above", "of_sign", "of_slips", "quoted", "with_spaces"]

KEY: Final = re.compile(r"([\w.-]+):(?:[ \t]+(.*)|)\Z")
"""A line with a key at the left margin, and its value."""

_SIGN: Final = re.compile(r"""(["'])([|>][-+1-9]{0,2})\1""")
_MARK: Final = re.compile(r"\s*,?\s+-\s+")
_NAME: Final = re.compile(r"""(["']?)([\w.*@/-]+(?:\([^()#,"']*\))?)\1""")
_QUOTED_NAME: Final = re.compile(r"""(["'])([A-Za-z][\w.-]*)\1""")
_NO_BLANK: Final = re.compile(r"([A-Za-z]+):(?!//)([^\s:].*)")
_OPEN_LIST: Final = re.compile(r"([\w.-]+:[ \t]+\[[^\[\]{}#\"']*[^\[\]{}#\"',\s])")
_NAMES: Final = re.compile(r"[\w.*@/-]+(?:\([^()#\"']*\))?(?:,[ \t]*[\w.*@/-]+(?:\([^()#\"']*\))?)*,?")
_INDENT: Final = re.compile(r"[ \t]*")
_QUOTES: Final = ("'", '"')


def quoted(text: str) -> str:
    """Return a text as YAML in double quotes, on one line."""
    return json.dumps(text, ensure_ascii=False)


class Change(NamedTuple):
    """Lines ``first`` to ``last``, the latter excluded, and what to write instead."""

    first: int
    last: int
    instead: str


def head_above(lines: Sequence[str], at: int) -> int:
    """Return the index of the nearest line from there upwards that begins with a key; -1 where there is none."""
    return next((number for number in range(at, -1, -1) if KEY.match(lines[number].rstrip())), -1)


def of_slips(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Name what to write instead of the line at fault, by all slips that are known."""
    yield from _of_marks(lines, at)
    yield from _of_quoted_names(lines, at)
    yield from _of_missing_blank(lines, at)
    yield from _of_open_bracket(lines, at)
    yield from _of_names_below(lines, at)


def _of_quoted_names(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Take the quotes off the names of ``tools: "Read", "Bash"``."""
    found = KEY.match(lines[at].rstrip())
    said = [_QUOTED_NAME.fullmatch(name.strip()) for name in (found[2] or "").split(",")] if found else []
    names = [name[2] for name in said if name is not None]
    if found is None or len(names) < len(said) or not (found[1] == "skills" or right_meant(found[1]).endswith("tools")):
        return
    yield Change(at, at + 1, f"{found[1]}: {', '.join(names)}")


def _of_missing_blank(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Write a blank behind the colon of ``tools:Read``."""
    found = _NO_BLANK.fullmatch(lines[at].rstrip())
    if found is not None and found[1] in FORMAT_KEYS:
        forms = (found[2],) if is_never_guessed(found[1]) else (found[2], quoted(found[2]))
        yield from (Change(at, at + 1, f"{found[1]}: {form}") for form in forms)


def _of_open_bracket(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Close the bracket of ``tools: [Read, Bash``, where the next line begins with a key, or there is none."""
    found = _OPEN_LIST.fullmatch(lines[at].rstrip())
    below = next((line for line in lines[at + 1 :] if line.strip()), "")
    if found is not None and (not below or KEY.match(below.rstrip())):
        yield Change(at, at + 1, f"{found[1]}]")


def _of_names_below(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Put names of tools that stand at the left margin on the line of the limit above, which ends with a comma."""
    first = head_above(lines, at)
    found = KEY.match(lines[first].rstrip()) if first >= 0 else None
    if found is None or not right_meant(found[1]).endswith("tools") or not (found[2] or "").endswith(","):
        return
    end = next((n for n in range(first + 1, len(lines)) if not _NAMES.fullmatch(lines[n].rstrip())), len(lines))
    more = [line.strip() for line in lines[first + 1 : end]]
    if first < at < end and all(line.endswith(",") for line in more[:-1]):
        yield Change(first, end, f"{found[1]}: {' '.join([found[2], *more]).rstrip(',')}")


def _of_marks(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Write the names of ``tools: - Read, - Bash`` without the signs of a list."""
    found = KEY.match(lines[at].rstrip())
    if found is None or not (found[2] or "").startswith("- ") or _goes_on(lines, at):
        return
    said = [_NAME.fullmatch(name) for name in _MARK.split(f" {found[2].strip().rstrip(',')}")[1:]]
    names = [name[2] for name in said if name is not None]
    if not names or len(names) < len(said):
        return
    if found[1] == "skills" or right_meant(found[1]).endswith("tools"):
        text = ", ".join(names)
        yield from (Change(at, at + 1, f"{found[1]}: {form}") for form in (text, quoted(text)))
    elif right_meant(found[1]) == "mcpservers":
        yield Change(at, at + 1, f"{found[1]}: [{', '.join(names)}]")


def _goes_on(lines: Sequence[str], at: int) -> bool:
    below = next((line for line in lines[at + 1 :] if line.strip()), "")
    return below.startswith((" ", "\t", "- "))


def of_sign(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Take the quotes off the sign of a block, ``">"``, above an indented text."""
    first = head_above(lines, at)
    found = KEY.match(lines[first].rstrip()) if first >= 0 else None
    sign = _SIGN.fullmatch(found[2]) if found is not None and found[2] else None
    if found is not None and sign is not None and lines[first + 1 : first + 2] and lines[first + 1][:1] == " ":
        yield Change(first, first + 1, f"{found[1]}: {sign[2]}")


def with_spaces(lines: Sequence[str], at: int) -> tuple[Change, int] | None:
    """Return the lines of an entry with two spaces for each tab of their indentation, and where the entry ends.

    None where tabs and spaces are mixed: then only the author knows which line belongs below which.
    """
    heads = [number for number, line in enumerate(lines) if _is_head(line)]
    start = max((head for head in heads if head <= at), default=-1)
    end = min((head for head in heads if head > at), default=len(lines))
    indents = {number: _indent(lines[number]) for number in range(start + 1, end) if lines[number].strip()}
    if any(" " in indent for indent in indents.values()) or not any(indents.values()):
        return None
    outer = min(map(len, indents.values())) if start < 0 else 0  # the keys themselves are indented
    first, last = (pick(number for number, indent in indents.items() if indent) for pick in (min, max))
    spaced = (f"{'  ' * (len(_indent(line)) - outer)}{line.lstrip()}" for line in lines[first : last + 1])
    return Change(first, last + 1, "\n".join(line.rstrip() for line in spaced)), end


def _is_head(line: str) -> bool:
    return line[:1] not in {"", " ", "\t", "#"}


def _indent(line: str) -> str:
    found = _INDENT.match(line)
    return found[0] if found and line.strip() else ""


def doubt_about(lines: Sequence[str], at: int) -> str:
    """Return what to do about an entry of which more than one reading is likely, in words; empty where only one is."""
    first = head_above(lines, at)
    found = KEY.match(lines[first].rstrip()) if first >= 0 else None
    key, value = (found[1], found[2] or "") if found is not None else ("", "")
    if key and value.lstrip("\"' ").startswith(f"{key}:"):
        return f'write "{key}:" once, and quotes around the whole text'
    more = next((line for line in lines[first + 1 : at + 1] if line.strip()), "")
    is_text = more[:1] == " " and not more.lstrip().startswith("- ") and not right_meant(key)
    if is_text and len(value) > 1 and value[0] in _QUOTES and value.endswith(value[0]):
        return "put the closing quote behind the whole text"
    return ""
