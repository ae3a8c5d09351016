"""Slips that YAML refuses and whose cure is known: `of_slips`, `of_sign` and `with_spaces` name the lines to write.

They only name them: `hotagents.frontmatter.remedies` reads the frontmatter with each before it offers it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents.frontmatter.quoting import QUOTES, quoted
from hotagents.frontmatter.rights import could_be_key, is_never_guessed, key_on, lists_names, right_meant
from hotagents.spec import FORMAT_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["KEY", "NAMES", "TEXTS", "Change", "doubt_about", "head_above", "of_sign", "of_slips", "with_spaces"]

KEY: Final = re.compile(r"([\w.-]+):(?:[ \t]+(.*)|)\Z")
"""A line with a key at the left margin, and its value."""

NAMES: Final = re.compile(r"[\w.*@/-]+(?:\([^()#\"']*\))?(?:,[ \t]*[\w.*@/-]+(?:\([^()#\"']*\))?)*,?")
"""Names of tools with commas between."""

_SIGN: Final = re.compile(r"""(["'])([|>][-+1-9]{0,2})\1""")
_QUOTED_NAME: Final = re.compile(r"""(["'])([A-Za-z][\w.-]*)\1""")
_WRONG_SIGN: Final = re.compile(
    r"""(?P<mark>["']?|\*\*)(?P<key>[A-Za-z]+)(?:["']|\*\*)?"""
    r"""(?:(?P<sign>\s*[:;=\uff1a]+(?:["'](?=\s)|\*\*)?\s*)|\s+|\Z)(?P<value>.*)"""
)
_ONE_VALUE: Final = re.compile(r"""\[(?:.*\])?|".*"|'.*'|""")
_MAYBE_KEY: Final = re.compile(r"[A-Za-z]+:(?!//)[^\s:]+")
_BEHIND_KEY: Final = re.compile(r"\A((?:- +)*+[\w.-]++:)[ \t]*\t[ \t]*")
_INDENT: Final = re.compile(r"[ \t]*")
_UNSEEN: Final = " \t\u00a0\u3000\ufeff\u00ad\u200b\u200c\u200d\u2060"
_ENDS: Final = ("]", "}", *QUOTES)

TEXTS: Final = frozenset({"description", "initialPrompt"})
"""The keys that surely have a text."""

_MAPPINGS: Final = ("hooks", "mcpServers")
_NO_TEXTS: Final = FORMAT_KEYS.keys() - TEXTS


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
    yield from _of_quoted_names(lines, at)
    yield from _of_wrong_sign(lines, at)
    yield from _of_key_twice(lines, at)
    yield from _of_indented_key(lines, at)


def _of_quoted_names(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Take the quotes off the names of ``tools: "Read", "Bash"``."""
    found = KEY.match(lines[at].rstrip())
    said = [_QUOTED_NAME.fullmatch(name.strip()) for name in (found[2] or "").split(",")] if found else []
    names = [name[2] for name in said if name is not None]
    if found is None or len(names) < len(said) or not lists_names(found[1]):
        return
    yield Change(at, at + 1, f"{found[1]}: {', '.join(names)}")


def _of_wrong_sign(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Write the colon and the blank behind a key of the format: ``tools:Read``, ``tools = Read``, ``tools Read``."""
    for line in range(at, max(at - 2, -1), -1):  # of a first line without a colon the next one is at fault
        found = _WRONG_SIGN.fullmatch(lines[line].rstrip())
        if found is None or found["key"] not in FORMAT_KEYS or KEY.match(lines[line].rstrip()):
            continue
        key, value = found["key"], found["value"]
        if value[-1:] in QUOTES and found["mark"].startswith(value[-1:]) and value.count(value[-1]) == 1:
            value = value[:-1]
        if value and (found["sign"] or key in TEXTS or NAMES.fullmatch(value) or _ONE_VALUE.fullmatch(value)):
            is_plain = is_never_guessed(key) and value != "*"
            forms = (value.replace("\uff1a", ":"),) if is_plain else (value, quoted(value))
            yield from (Change(line, line + 1, f"{key}: {form}") for form in forms)
        elif not value and lines[line + 1 : line + 2] and lines[line + 1][:1] in {" ", "\t", "-"}:
            yield Change(line, line + 1, f"{key}:")


def _of_key_twice(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Write the key of ``tools: tools: Read`` once."""
    found = KEY.match(lines[at].rstrip())
    if found is not None and found[1] in _NO_TEXTS and (found[2] or "").startswith(f"{found[1]}: "):
        yield Change(at, at + 1, found[2])


def _of_indented_key(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Begin a key at the left margin that stands further right, or behind signs that nobody sees.

    The entry above has no text that it could be a part of, or tabs and spaces are mixed.
    """
    first = head_above(lines, at - 1) if at else -1
    line = lines[at].strip(_UNSEEN)
    above, found = KEY.match(lines[first].rstrip()) if first >= 0 else None, KEY.match(line)
    key, value = (above[1], above[2] or "") if above is not None else ("", "")
    is_nested = above is not None and not value and (key not in FORMAT_KEYS or key in _MAPPINGS)
    if found is None or is_nested:
        return
    is_odd = lines[at][:1] in _UNSEEN[2:] or "\t" in _indent(lines[at])
    is_below_whole = value != "" and (key in _NO_TEXTS or value[-1] in _ENDS)
    is_key = found[1] in FORMAT_KEYS or (key in _NO_TEXTS and right_meant(key) in {"", "name"} and bool(found[2]))
    said = found[2] or ""
    is_sure = found[1] in _NO_TEXTS and said != "" and bool(NAMES.fullmatch(said) or _ONE_VALUE.fullmatch(said))
    if is_sure or (is_odd and found[1] in FORMAT_KEYS) or (is_below_whole and is_key):
        yield Change(at, at + 1, line)


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
    keys = [indent for number, indent in indents.items() if not lines[number].startswith("#")]
    outer = min(map(len, keys)) if start < 0 else 0  # the keys themselves are indented
    first, last = (pick(number for number, indent in indents.items() if indent) for pick in (min, max))
    said = (_BEHIND_KEY.sub(r"\1 ", line.lstrip(), count=1) for line in lines[first : last + 1])
    wide = (len(_indent(line)) - outer for line in lines[first : last + 1])
    spaced = (f"{'  ' * width}{line}" for width, line in zip(wide, said, strict=True))
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
    if key and key not in _NO_TEXTS and value.lstrip("\"' ").startswith(f"{key}:"):
        return f'write "{key}:" once, and quotes around the whole text'
    maybe = key_on(lines[at]) if _MAYBE_KEY.fullmatch(lines[at].rstrip()) else ""
    if maybe and maybe not in FORMAT_KEYS and _is_alone(lines, at):
        return f'write a blank behind "{maybe}:" if it is a key, or indent the line if it is text'
    more = next((line for line in lines[first + 1 : at + 1] if line.strip()), "")
    is_text = more[:1] == " " and not could_be_key(more) and not more.lstrip().startswith("- ") and not right_meant(key)
    if is_text and len(value) > 1 and value[0] in QUOTES and value.endswith(value[0]):
        return "put the closing quote behind the whole text"
    return ""


def _is_alone(lines: Sequence[str], at: int) -> bool:
    """Say whether a line is no part of a text that goes on below it."""
    below = next((line for line in lines[at + 1 :] if line.strip()), "")
    return not below or KEY.match(below.rstrip()) is not None
