"""Lists that YAML refuses and whose cure is known: `of_lists` names the lines to write.

Like slips (`hotagents.frontmatter.slips`) they are only named here, and nothing is taken out of a list.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hotagents.frontmatter.quoting import quoted
from hotagents.frontmatter.rights import could_be_key, could_be_tool, lists_names, right_meant
from hotagents.frontmatter.slips import KEY, NAMES, TEXTS, Change, head_above
from hotagents.spec import FORMAT_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["of_lists"]

_KEY: Final = re.compile(r"[\w-]+")
_MARK: Final = re.compile(r"\s*,?\s+-\s+")
_NAME: Final = re.compile(r"""(["']?)([\w.*@/-]+(?:\([^()#,"']*\))?)\1""")
_OPEN_LIST: Final = re.compile(
    r"""[\w.-]+:[ \t]+\[(?:\s*+(?:"[^"\\]*+"|'[^']*+'|[^\[\]{}#"',\s][^\[\]{}#"',]*+)\s*+(?:,|\Z))++"""
)
_SKIPPED: Final = re.compile(r"\s*(?:#|\Z)")
# An entry under any mark that is seen in lists, with its indentation.
_ITEM: Final = re.compile(r"(\s*)(?:-(?![-\s])|[-*+\u2022\u2010-\u2015]\s+|[0-9]{1,2}[.)]\s+)(\S.*)")


def of_lists(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Name what to write instead of the list that the line at fault is in."""
    yield from _of_marks(lines, at)
    yield from _of_open_bracket(lines, at)
    yield from _of_values_below(lines, at)
    yield from _of_entries(lines, at)


def _of_marks(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Write the names of ``tools: - Read, - Bash`` without the signs of a list."""
    found = KEY.match(lines[at].rstrip())
    if found is None or not (found[2] or "").startswith("- ") or _goes_on(lines, at):
        return
    said = [_NAME.fullmatch(name) for name in _MARK.split(f" {found[2].strip().rstrip(',')}")[1:]]
    names = [name[2] for name in said if name is not None]
    if not names or len(names) < len(said):
        return
    if lists_names(found[1]):
        text = ", ".join(names)
        yield from (Change(at, at + 1, f"{found[1]}: {form}") for form in (text, quoted(text)))
    elif right_meant(found[1]) == "mcpservers":
        yield Change(at, at + 1, f"{found[1]}: [{', '.join(names)}]")


def _goes_on(lines: Sequence[str], at: int) -> bool:
    below = next((line for line in lines[at + 1 :] if line.strip()), "")
    return below.startswith((" ", "\t", "- "))


def _of_open_bracket(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Close the bracket of ``tools: [Read, Bash`` below which the next line begins with a key, or there is none."""
    first = head_above(lines, at)
    end = next((n for n in range(at + 1, len(lines)) if KEY.match(lines[n].rstrip())), len(lines))
    said = "\n".join(lines[max(first, 0) : end]).rstrip()
    if first >= 0 and _OPEN_LIST.fullmatch(said) and not any(map(could_be_key, lines[first + 1 : end])):
        line = " ".join(part.strip() for part in said.split("\n"))
        yield Change(first, first + said.count("\n") + 1, f"{line.rstrip(',')}]")


def _of_values_below(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Put a value, or names of tools, that stand at the left margin on the line of their key."""
    first = next((n for n in range(at, -1, -1) if lines[n].strip() and not NAMES.fullmatch(lines[n].rstrip())), at)
    end = next((n for n in range(first + 1, len(lines)) if KEY.match(lines[n].rstrip())), len(lines))
    key, _, value = (part.strip() for part in lines[first].partition(":"))
    more = [line.strip() for line in lines[first + 1 : end] if line.strip()]
    is_known = key in FORMAT_KEYS or (_KEY.fullmatch(key) and right_meant(key))
    if not is_known or not more or not all(map(NAMES.fullmatch, more)):
        return
    if not value and len(more) == 1:
        yield Change(first, end, f"{key}: {more[0]}")
    elif lists_names(key) and (not value or NAMES.fullmatch(value)):
        said = [value, *more] if value else more
        names = ", ".join(name.rstrip(",") for name in said)
        if all(name.endswith(",") for name in said[:-1]) or all(could_be_tool(f"- {name}") for name in more):
            yield Change(first, end, f"{key}: {names}")


def _has_key(lines: Sequence[str], items: Iterable[re.Match[str]]) -> bool:
    """Say whether a key stands in a list, or in a comment there: what is below it is no part of the list."""
    return any(could_be_key(item[2]) for item in items) or any(map(could_be_key, lines))


def _of_entries(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Write ``- `` before each entry of a plain list, and the indentation of the first one."""
    first = head_above(lines, at)
    head = KEY.match(lines[first].rstrip()) if first >= 0 else None
    end = next((n for n in range(first + 1, len(lines)) if KEY.match(lines[n].rstrip())), len(lines))
    if head is None or head[2] or head[1] in TEXTS or first == at:
        return
    said = {n: _ITEM.fullmatch(lines[n].rstrip()) for n in range(first + 1, end) if not _SKIPPED.match(lines[n])}
    items = {n: item for n, item in said.items() if item is not None}
    if items and len(items) == len(said) and not _has_key(lines[first + 1 : end], items.values()):
        indent = " " * min(2, len(items[min(items)][1]))
        new = (f"{indent}- {items[n][2]}" if n in items else lines[n] for n in range(min(items), max(items) + 1))
        yield Change(min(items), max(items) + 1, "\n".join(new))
