"""Slips that YAML refuses and whose cure is known: `of_slips`, `of_sign` and `with_spaces` name the lines to write.

They only name them: `hotagents.frontmatter.remedies` reads the frontmatter with each before it offers it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents.frontmatter.quoting import QUOTES, quoted
from hotagents.frontmatter.rights import could_be_key, is_never_guessed, key_on, right_meant
from hotagents.spec import FORMAT_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["KEY", "TEXTS", "Change", "doubt_about", "head_above", "of_sign", "of_slips", "with_spaces"]

KEY: Final = re.compile(r"([\w.-]+):(?:[ \t]+(.*)|)\Z")
"""A line with a key at the left margin, and its value."""

_SIGN: Final = re.compile(r"""(["'])([|>][-+1-9]{0,2})\1""")
_MARK: Final = re.compile(r"\s*,?\s+-\s+")
_NAME: Final = re.compile(r"""(["']?)([\w.*@/-]+(?:\([^()#,"']*\))?)\1""")
_QUOTED_NAME: Final = re.compile(r"""(["'])([A-Za-z][\w.-]*)\1""")
_WRONG_SIGN: Final = re.compile(
    r"""(?P<mark>["']?|\*\*)(?P<key>[A-Za-z]+)(?:["']|\*\*)?"""
    r"""(?:(?P<sign>\s*[:;=\uff1a]+(?:["'](?=\s)|\*\*)?\s*)|\s+|\Z)(?P<value>.*)"""
)
_ONE_VALUE: Final = re.compile(r"""\[(?:.*\])?|".*"|'.*'|""")
_MAYBE_KEY: Final = re.compile(r"[A-Za-z]+:(?!//)[^\s:]+")
_OPEN_LIST: Final = re.compile(
    r"""[\w.-]+:[ \t]+\[(?:\s*+(?:"[^"\\]*+"|'[^']*+'|[^\[\]{}#"',\s][^\[\]{}#"',]*+)\s*+(?:,|\Z))++"""
)
_BEHIND_KEY: Final = re.compile(r"\A((?:- +)*+[\w.-]++:)[ \t]*\t[ \t]*")
_NAMES: Final = re.compile(r"[\w.*@/-]+(?:\([^()#\"']*\))?(?:,[ \t]*[\w.*@/-]+(?:\([^()#\"']*\))?)*,?")
_INDENT: Final = re.compile(r"[ \t]*")


TEXTS: Final = frozenset({"description", "initialPrompt"})
"""The keys that surely have a text."""


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
    yield from _of_wrong_sign(lines, at)
    yield from _of_open_bracket(lines, at)
    yield from _of_names_below(lines, at)
    yield from _of_indented_key(lines, at)


def _of_quoted_names(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Take the quotes off the names of ``tools: "Read", "Bash"``."""
    found = KEY.match(lines[at].rstrip())
    said = [_QUOTED_NAME.fullmatch(name.strip()) for name in (found[2] or "").split(",")] if found else []
    names = [name[2] for name in said if name is not None]
    if found is None or len(names) < len(said) or not (found[1] == "skills" or right_meant(found[1]).endswith("tools")):
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
        if value and (found["sign"] or key in TEXTS or _NAMES.fullmatch(value) or _ONE_VALUE.fullmatch(value)):
            is_plain = is_never_guessed(key) and value != "*"
            forms = (value,) if is_plain else (value, quoted(value))
            yield from (Change(line, line + 1, f"{key}: {form}") for form in forms)
        elif not value and lines[line + 1 : line + 2] and lines[line + 1][:1] in {" ", "\t", "-"}:
            yield Change(line, line + 1, f"{key}:")


def _of_open_bracket(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Close the bracket of ``tools: [Read, Bash`` below which the next line begins with a key, or there is none."""
    first = head_above(lines, at)
    end = next((n for n in range(at + 1, len(lines)) if KEY.match(lines[n].rstrip())), len(lines))
    said = "\n".join(lines[max(first, 0) : end]).rstrip()
    is_sure = _OPEN_LIST.fullmatch(said) and said.count("(") == said.count(")")
    if first >= 0 and is_sure and not any(map(could_be_key, lines[first + 1 : end])):
        line = " ".join(part.strip() for part in said.split("\n"))
        yield Change(first, first + said.count("\n") + 1, f"{line.rstrip(',')}]")


def _of_names_below(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Put names of tools that stand at the left margin on the line of the limit above, which ends with a comma."""
    first = next((n for n in range(at, -1, -1) if not _NAMES.fullmatch(lines[n].rstrip())), at)
    key, _, value = (part.strip() for part in lines[first].partition(":"))
    if not right_meant(key).endswith("tools") or not _NAMES.fullmatch(value) or not value.endswith(","):
        return
    end = next((n for n in range(first + 1, len(lines)) if not _NAMES.fullmatch(lines[n].rstrip())), len(lines))
    more = [line.strip() for line in lines[first + 1 : end]]
    if more and at < end and all(line.endswith(",") for line in more[:-1]):
        yield Change(first, end, f"{key}: {' '.join([value, *more]).rstrip(',')}")


def _of_indented_key(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Begin a key of the format at the left margin that stands further right, below one that has no text."""
    first = head_above(lines, at - 1) if at else -1
    line = lines[at].strip()
    above = KEY.match(lines[first].rstrip()) if first >= 0 else None
    found = KEY.match(line)
    if above is not None and above[2] and is_never_guessed(above[1]) and found and found[1] in FORMAT_KEYS:
        yield Change(at, at + 1, line)


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
    if key and value.lstrip("\"' ").startswith(f"{key}:"):
        return f'write "{key}:" once, and quotes around the whole text'
    maybe = key_on(lines[at]) if _MAYBE_KEY.fullmatch(lines[at].rstrip()) else ""
    if maybe and maybe not in FORMAT_KEYS and _is_alone(lines, at):
        return f'write a blank behind "{maybe}:" if it is a key, or indent the line if it is text'
    more = next((line for line in lines[first + 1 : at + 1] if line.strip()), "")
    is_text = more[:1] == " " and not more.lstrip().startswith("- ") and not right_meant(key)
    if is_text and len(value) > 1 and value[0] in QUOTES and value.endswith(value[0]):
        return "put the closing quote behind the whole text"
    return ""


def _is_alone(lines: Sequence[str], at: int) -> bool:
    """Say whether a line is no part of a text that goes on below it."""
    below = next((line for line in lines[at + 1 :] if line.strip()), "")
    return not below or KEY.match(below.rstrip()) is not None
