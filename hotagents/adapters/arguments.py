"""What a call's input says, as the texts that a rule such as ``Bash(git *)`` is compared with.

A tool's input is a mapping; a rule's pattern is a text. A reader turns the one into the other: `text` takes a field as
it is, `path` a file's name, `host` a URL's, `commands` each single command of a line for a shell. All texts of a call
must be allowed. A reader that cannot tell returns None, and a doubt narrows: the call is then refused, unless the agent
may use the tool with any argument.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

__all__ = ["CLAUDE_CODE", "Reader", "commands", "host", "path", "single_commands", "text"]

Reader: TypeAlias = Callable[[Mapping[str, Any]], Sequence[str] | None]
"""From a call's input to the texts that must all be allowed; None where it cannot tell."""

_SEPARATORS: Final = ";&|\n\r"
# What runs or names something that the line does not spell.
_OPAQUE: Final = "$`\\<>(){}#"
_OPAQUE_IN_DOUBLE_QUOTES: Final = "$`\\"


def text(field: str) -> Reader:
    """Return a reader of one field's text, as it is."""

    def read(call: Mapping[str, Any]) -> Sequence[str] | None:
        value = call.get(field)
        return (value,) if isinstance(value, str) and value else None

    return read


def path(field: str) -> Reader:
    """Return a reader of a path, normalised; None for one with ``..`` in it. Links are not followed."""

    def read(call: Mapping[str, Any]) -> Sequence[str] | None:
        value = call.get(field)
        if not isinstance(value, str) or not value or "\0" in value or ".." in value.replace("\\", "/").split("/"):
            return None
        plain = posixpath.normpath(value)
        return (plain[1:] if plain.startswith("//") else plain,)

    return read


def host(field: str) -> Reader:
    """Return a reader of a URL's host, as ``domain:example.org``."""

    def read(call: Mapping[str, Any]) -> Sequence[str] | None:
        try:
            name = urlsplit(call.get(field) or "").hostname
        except (AttributeError, TypeError, ValueError):
            return None
        return (f"domain:{name}",) if isinstance(name, str) else None

    return read


def commands(field: str) -> Reader:
    """Return a reader of a line for a shell: its single commands (see `single_commands`)."""

    def read(call: Mapping[str, Any]) -> Sequence[str] | None:
        value = call.get(field)
        return single_commands(value) if isinstance(value, str) else None

    return read


def single_commands(line: str) -> tuple[str, ...] | None:
    """Return the commands that a POSIX shell would run for the line, or None where that cannot be told.

    Commands are parted at ``; & |`` and line ends outside quotes. Whatever expands, redirects, groups or escapes cannot
    be told.
    """
    found, start, quote = [], 0, ""
    for at, char in enumerate(line):
        if quote:
            if char == quote:
                quote = ""
            elif quote == '"' and char in _OPAQUE_IN_DOUBLE_QUOTES:
                return None
        elif char in "'\"":
            quote = char
        elif char in _OPAQUE or (char < " " and char not in "\t\n\r"):
            return None
        elif char in _SEPARATORS:
            found.append(line[start:at])
            start = at + 1
    found.append(line[start:])
    bare = tuple(piece.strip() for piece in found if piece.strip())
    return None if quote or not bare else bare


CLAUDE_CODE: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "Agent": text("subagent_type"),
        "Bash": commands("command"),
        "Edit": path("file_path"),
        "NotebookEdit": path("notebook_path"),
        "Read": path("file_path"),
        "Skill": text("skill"),
        "Task": text("subagent_type"),
        "WebFetch": host("url"),
        "Write": path("file_path"),
    }
)
"""Readers for the tools of Claude Code."""
