"""Keys that nobody knows: kept, and said; refused where one hides a right, such as ``tools:Read: x``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import did_you_mean
from hotagents.fields.lines import has_key, spaced
from hotagents.fields.notes import MOST, Notes
from hotagents.frontmatter.rights import limit_within, right_meant
from hotagents.spec import FORMAT_KEYS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["note_unknown"]

_WORD: Final = re.compile(r'"([^"]+)"')
_LIST: Final = ": ["  # as if the key's value named tools
_IN_TEXTS: Final = (":", ";", ",", '"', "'")
_MAPPINGS: Final = ("hooks", "mcpServers")


def note_unknown(notes: Notes, keys: Sequence[str], known: Collection[str]) -> None:
    """Note keys of a page that are neither the format's, nor the model's own, nor limits in other words.

    Args:
        notes: Takes what is wrong.
        keys: The keys.
        known: Those that one of them could be a slip of.
    """
    if hidden := dict.fromkeys(key for key in keys if _hides_limit(key)):
        _refuse(notes, tuple(hidden))
    rest = [key for key in keys if key not in hidden]
    meant = {key: _nearest(key, known, notes.page.frontmatter[key]) for key in rest[:MOST]}
    for key, near in meant.items():
        message = f'expected a key of the format, got "{key}"; kept in extra'
        hint = _hint(notes, key, near, is_alone=list(meant.values()).count(near) == 1)
        notes.add_at_key("unknown-key", "warning", key, message, hint)
    notes.add_rest("unknown-key", "warning", len(rest) - MOST)


def _refuse(notes: Notes, keys: Sequence[str]) -> None:
    mine = Notes(notes.page)
    for key in keys:
        if right_meant(_head(key)):
            message = f'expected a blank behind "{_head(key)}:", got the key "{key}"'
            is_sign = not key.removeprefix(_head(key)).strip(":")  # and no value of its own
            hint = spaced(notes.page, key) if is_sign else f'write a blank behind "{_head(key)}:"'
        else:
            limit = limit_within(f"{key}{_LIST}")
            message = f'expected "{limit}" on a line of its own, got the key "{key}"'
            hint = f'begin a new line before "{limit}", or quote the whole text if it is no limit'
        mine.add_at_key("bad-key", "error", key, message, hint)
    notes.add_capped(mine.found)


def _hides_limit(key: str) -> bool:
    is_text = any(sign in key for sign in _IN_TEXTS)
    return bool(right_meant(_head(key)) or (is_text and limit_within(f"{key}{_LIST}")))


def _head(key: str) -> str:
    """Return the key that one without a blank behind its colon hides; empty where it has no colon."""
    head, colon, _ = key.partition(":")
    return head if colon else ""


def _nearest(key: str, known: Collection[str], value: object) -> str:
    """Return the known key that another one was surely meant to be; none where its value can be no such key's."""
    if _head(key) in known:
        return _head(key)
    near = _WORD.search(did_you_mean(key, known))
    fits = near is not None and (near[1] not in FORMAT_KEYS or near[1] in _MAPPINGS or not isinstance(value, Mapping))
    return near[1] if near is not None and fits else ""


def _hint(notes: Notes, key: str, near: str, *, is_alone: bool) -> str:
    if not near:
        limits = "it limits nothing; limits are written under tools and disallowedTools"
        return limits if "tool" in key.casefold() else ""
    if has_key(notes.page, near):
        return f'"{near}" is there too, and counts; remove this one if it was meant to be that'
    if not is_alone:
        return f'write "{near}" once, instead of all that were meant to be it'
    return spaced(notes.page, key) if near == _head(key) else f'did you mean "{near}"?'
