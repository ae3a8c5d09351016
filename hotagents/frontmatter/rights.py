"""Rights keys: the ones that must never be lost or read twice, as the format spells them or as a slip of that.

What a key means is settled when a page becomes a spec; here it only has to be seen that a line could be a limit, so in
doubt it is one.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import lru_cache
from itertools import islice
from typing import Final, get_args

from hotagents.spec import FORMAT_KEYS, KNOWN_TOOLS, PERMISSION_MODE_ALIASES, PermissionMode

__all__ = [
    "could_be_key",
    "could_be_tool",
    "holds",
    "is_never_guessed",
    "key_on",
    "limit_within",
    "lists_names",
    "right_meant",
]

_ALIKE: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0501\u04cf\u0442\u051d\u03bf\u03b1\u0131",
    "aeopcyxsidltwoai",
)
# Letters of other alphabets that look like those of the keys; and what turns a granting key into a denying one.
_NEGATIONS: Final = ("un", "non", "not", "no")
# Words of other formats, in lower-case letters, that plainly deny tools, or plainly name all that are granted.
_DENYING: Final = (
    "den(?:y|ied)|block(?:ed)?|forbid(?:den)?|excluded?|prohibit(?:ed)?|ban(?:ned)?|disabled?|reject(?:ed)?|refused?"
    "|removed?|avoid(?:ed)?|unauthori[sz]ed|(?:black|block|deny)list(?:ed)?"
)
_DENIES: Final = re.compile(f"(?:{_DENYING}|never|without)tools?|tools?(?:{_DENYING})|disallow(?:ed)?")
_GRANTING: Final = "permit(?:ted)?|authori[sz]ed|(?:white|allow)list(?:ed)?"
_GRANTS: Final = re.compile(f"(?:{_GRANTING})tools?|tools?(?:{_GRANTING}|allow(?:ed)?)")

_PLAIN: Final = frozenset(
    {"tools", "allowedtools", "disallowedtools", "permissionmode", "maxturns", "hooks", "mcpservers", "name"}
)
_LONG: Final = ("allowedtools", "disallowedtools")
_NEVER_GUESSED: Final = ("model", "skills", "hooks", "permissionmode", "maxturns", "mcpservers", "name")
_NEAR: Final = range(9, 19)  # lengths within which a key can be a slip in one of the two long ones
_LONGEST: Final = 24  # of a slip; comparing has a price, and keys of thousands of characters are no slips
_FORMAT: Final = frozenset(key.casefold() for key in FORMAT_KEYS)
# What may stand before a key: blanks, quotes, the `?` of an explicit key, an opening bracket, tags and anchors.
_BEFORE: Final = re.compile(r"(?:[!&]\S*+\s++|[^\w!&#<-])*+")
_HEAD: Final = re.compile(r"(\w[^:\uff1a]*+)[:\uff1a]")
_WORD: Final = re.compile(r"\w+")
_MODES: Final = (*get_args(PermissionMode), *PERMISSION_MODE_ALIASES)
_TURNS: Final = re.compile(r"\s*0*[1-9][0-9]*(?![0-9.,])")
_MOST_WORDS: Final = 3
# No prose has these before a colon, and hardly any has `tools:` before a tool's name: where one stands within a line, a
# line break was lost, maybe without a blank in its place.
_LIMIT_WITHIN: Final = re.compile(
    r"((?i:disallowed[-_]?tools|allowed[-_]?tools|permission[-_]?mode|max[-_]?turns|mcp[-_]?servers))[\"']?\s*:"
    rf"|(tools)[\"']?\s*:[\s\"'-]*(?:\[|\*|mcp__|(?:{'|'.join(sorted(KNOWN_TOOLS))})\b)"
)

_NO_LIST: Final = re.compile(r"""\)\s*\(|\\["']""")  # two patterns behind one name are read as one
_TOOL: Final = re.compile(
    rf"\s*-\s+[\"']?(?:mcp__[\w*-]+|(?:{'|'.join(sorted(KNOWN_TOOLS))})(?:\([^()]*\))?)[\"']?,?\s*"
)


def right_meant(key: str) -> str:
    """Return the rights key, in lower case, that a key is or is a slip of; empty where it is none.

    Case, compatibility forms, letters that look alike, hyphens, underscores and characters that nobody sees make no
    difference; what negates a granting key, such as ``unallowedTools``, denies, and so does ``deniedTools`` or
    ``tool_blacklist``.
    """
    return _right_of(_plain(key))


@lru_cache(maxsize=4096)  # of short texts: the same few keys stand in all files, and comparing has a price
def _right_of(plain: str) -> str:
    if plain in _PLAIN or not plain or len(plain) > _LONGEST:
        return plain if plain in _PLAIN else ""
    if _one_edit(plain, "tools"):
        return "tools"
    if _DENIES.fullmatch(plain):
        return "disallowedtools"
    if _GRANTS.fullmatch(plain):
        return "allowedtools"
    if any(plain.startswith(no) and _right_of(plain.removeprefix(no)).endswith("tools") for no in _NEGATIONS):
        return "disallowedtools"
    near = difflib.get_close_matches(plain, _LONG, n=1, cutoff=0.9) if len(plain) in _NEAR else ()
    return near[0] if near else ""


def is_never_guessed(key: str) -> bool:
    """Return whether a key says what an agent is or may do, or is a slip of one: its value is read, or refused."""
    plain = _plain(key)
    return bool(right_meant(key)) or any(plain == one or _one_edit(plain, one) for one in _NEVER_GUESSED)


def lists_names(key: str) -> bool:
    """Return whether a key's value is a list of names, with commas between or one on each line: tools, or skills."""
    return key == "skills" or right_meant(key).endswith("tools")


def holds(key: str, value: object) -> bool:
    """Return whether a limit has a value that limits; one of another key, or one that is read the narrow way, does."""
    meant = right_meant(key)
    if meant == "permissionmode":
        return value in _MODES
    if meant.endswith("tools") and isinstance(value, str):
        is_doubtful = _NO_LIST.search(value) or (meant == "disallowedtools" and " (" in value)  # a note, or a pattern?
        return value.count("(") == value.count(")") and not is_doubtful
    return meant != "maxturns" or _TURNS.match(str(value)) is not None


def limit_within(text: str) -> str:
    """Return the key of a limit that stands within a line of text, as where a line break was lost; empty if none."""
    found = _LIMIT_WITHIN.search(text)
    return (found[1] or found[2]) if found else ""


def key_on(line: str) -> str:
    """Return what stands before a line's first colon, without quotes and the like; empty if nothing."""
    found = _HEAD.match(_stripped(line))
    return found[1].rstrip(" \t\"'") if found else ""


def could_be_key(line: str) -> bool:
    """Return whether a line begins with a key of the format, or a slip of a rights key, even without its colon."""
    head = key_on(line.replace("=", ":"))
    if right_meant(head) or _plain(head) in _FORMAT:
        return True
    words = _WORD.findall(_stripped(line)[: 4 * _LONGEST])[:_MOST_WORDS]
    joined = ("".join(words[:count]) for count in range(1, len(words) + 1))
    return any(right_meant(text) for text in joined) or (bool(words) and words[0] in FORMAT_KEYS)


def could_be_tool(line: str) -> bool:
    """Return whether a line is an entry of a list that names a tool: the head of its list may be lost."""
    return _TOOL.fullmatch(line) is not None


def _stripped(line: str) -> str:
    before = _BEFORE.match(line)
    return line[before.end() :] if before else line


def _plain(key: str) -> str:
    """Return the letters and digits of a key, or so many of them that it is none of those that are known."""
    letters = (char for char in unicodedata.normalize("NFKC", key).casefold() if char.isalnum())
    return "".join(islice(letters, _LONGEST + 1)).translate(_ALIKE)


def _one_edit(one: str, other: str) -> bool:
    """Return whether a character was added, left out or replaced, or two neighbours were swapped."""
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[same:], other[same:]
    swapped = one[:2] == other[1::-1] and one[2:] == other[2:]
    return swapped or one[1:] == other[1:] or one[1:] == other or one == other[1:]
