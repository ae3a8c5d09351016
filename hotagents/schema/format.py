r"""The file format's keys as JSON Schema: what `hotagents.fields` reads, said again in another language.

The regular expressions are those that Python and ECMAScript read alike: no flags, no ``\p``. Where parentheses are
nested deeper than one of them can count, it accepts the text; where one is never closed, it refuses it. Tests hold
each against its reader.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, get_args

from hotagents.spec import (
    MODEL_ALIASES,
    PERMISSION_MODE_ALIASES,
    Color,
    Effort,
    Isolation,
    Memory,
    PermissionMode,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["QUOTE", "agent_format", "list_of", "literal", "misspelt_limits"]

QUOTE: Final = "[\"'`]"
_SYNTAX: Final = re.compile(r"[\\^$.*+?()\[\]{}|/]")
_DEEPEST: Final = 3
_MOST: Final = 999_999_999
_GRANTING: Final = rf"(?!{QUOTE}*(?:[\s,()]|$))[^\s,()]+"
_DENYING: Final = rf"{QUOTE}*[A-Za-z0-9_.*-]+(?:{QUOTE}+(?![\s,]*\())?"
# No name holds one of these, nor what NFKC makes one of them: control, format, line separators, the colon.
_IN_NO_NAME: Final = (
    r"\u0000-\u001F\u007F-\u009F\u00AD\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u180E\u200B-\u200F"
    r"\u2028-\u202E\u2060-\u2064\u2066-\u206F\uFEFF\uFFF9-\uFFFB:\u2A74\uFE13\uFE55\uFF1A"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001"
    "\U000e0020-\U000e007f"
)
_NAME: Final = rf"^(?![-\uFE63\uFF0D])(?![\s\S]*[{_IN_NO_NAME}])[\s\S]*\S"
_MODEL_ID: Final = rf"^(?:(?:{'|'.join(MODEL_ALIASES)})\[1m\]|(?:claude-|arn:|(?=\S*(?:/|anthropic\.)))\S+)$"
_TURNS: Final = r"^\s*(?=0*[1-9])[0-9]{1,9}(?:\.0+)?(?![0-9.,])"
_SAYS: Final = "patternErrorMessage"
"""What editors show in place of a pattern; a keyword of theirs, which all others pass over."""
_SLIP: Final = (
    "Write tools, or disallowedTools. Under this key the limit is no limit for other readers of the file, "
    "and the agent has every tool."
)


def agent_format(known_tools: Collection[str] = ()) -> dict[str, Any]:
    """Return the schema of an agent's keys, with any others allowed; the caller may change it.

    Args:
        known_tools: Names to propose.
    """
    return {"type": "object", "properties": _keys(sorted(known_tools)), "required": ["name", "description"]}


def misspelt_limits(but_for: Iterable[str] = ()) -> dict[str, Any]:
    """Return the pattern of keys that mean ``tools`` or ``disallowedTools`` and are neither, with what refuses them.

    Args:
        but_for: Keys that are right where they are, though they look so.
    """
    right = literal("tools", "disallowedTools", *sorted(but_for))
    tool, allow, ed = (_any_case(word) for word in ("tool", "allow", "ed"))
    no = "|".join(_any_case(word) for word in ("dis", "un", "non", "not", "no"))
    between = "[-_. ]*"
    limit = rf"(?:(?:(?:{no}){between})?{allow}(?:{ed}{between}{tool}[Ss]?|{between}{tool}[Ss])|{tool}[Ss]?)"
    return {f"^(?!{right}$){limit}$": {"description": _SLIP, "allOf": [False]}}


def literal(*words: str) -> str:
    """Return the pattern of one of some words; `re.escape` escapes more than ECMAScript takes."""
    escaped = [_SYNTAX.sub(r"\\\g<0>", word) for word in words]
    return f"(?:{'|'.join(escaped)})"


def list_of(name: str) -> str:
    r"""Return the pattern of a list that is written as text, such as ``Read, Bash(git *)``.

    Args:
        name: The pattern of what stands before an entry's parenthesis; it fits no ``[\s,()]``.
    """
    group = r"\([^()]*\)"
    for _ in range(_DEEPEST - 1):
        group = rf"\([^()]*(?:{group}[^()]*)*\)"
    # An entry goes on after a closed parenthesis, also over blanks to the next one, and ends in one.
    argument = rf"(?:[^\s,()]*(?:[\s,]*{group}|\)))"
    nothing = rf"(?:[^\s,()]+[\s,]*\(\s*|{QUOTE}*(?:Agent|Task)[\s,]*\((?:[\s,]|{QUOTE})*)\)"
    hollow = rf"{nothing}{QUOTE}*(?:[\s,]*$|[\s,]+[^\s,(])"
    entry = rf"(?!{hollow}){name}(?:(?=[\s,]*\(){argument}+{QUOTE}*)?"
    too_deep = r"\([^()]*" * (_DEEPEST + 1)
    return rf"^[\s,]*(?:(?:{entry}|{QUOTE}+)(?:[\s,]+|$))*$|{too_deep}"


def _any_case(word: str) -> str:
    return "".join(f"[{char.upper()}{char}]" for char in word)


def _keys(tools: list[str]) -> dict[str, Any]:
    modes = get_args(PermissionMode)
    denying = {
        "pattern": list_of(_DENYING),
        _SAYS: "Write names of tools with commas between, such as Bash(rm *), Write; a limit would be lost.",
    }
    return {
        "name": {
            "description": "What the agent is called. Required.",
            "type": "string",
            "maxLength": 256,
            "pattern": _NAME,
            _SAYS: "A name has no colon, no invisible character, and does not begin with a hyphen.",
            "examples": ["triage"],
        },
        "description": {
            "description": "When to use the agent. Required.",
            "type": "string",
            "pattern": r"\S",
            _SAYS: "Say when to use the agent.",
            "examples": ["Use when an alert fires."],
        },
        "tools": {
            "description": "What the agent may use: a list, or text with commas. Without it, every tool; [] is none.",
            "type": ["string", "array"],
            "pattern": list_of(_GRANTING),
            _SAYS: "Write entries such as Read or Bash(git *), and close every parenthesis: this one grants nothing.",
            "items": _proposing(tools, {"type": "string"}),
            "examples": ["Read, Bash(git *)", ["Read", "Grep"], "*", []],
        },
        "disallowedTools": {
            "description": "What it may not use, whatever tools says: a list, or text with commas. Default: none.",
            "type": ["string", "array"],
            **denying,
            "items": _proposing(tools, {"type": "string"} | denying),
            "examples": ["Bash(git push *)", ["Write", "Edit"]],
        },
        "model": {
            "description": "An alias or a model's id. Default: inherit.",
            "type": "string",
            "anyOf": [
                {"enum": list(MODEL_ALIASES)},
                {"pattern": _MODEL_ID, _SAYS: f"Write {', '.join(MODEL_ALIASES)}, or a model's id."},
            ],
            "default": "inherit",
            "examples": ["haiku", "inherit"],
        },
        "permissionMode": {
            "description": "How permissions are given; manual is an old word for default. Default: the session's.",
            "anyOf": [{"enum": list(modes)}, {"enum": list(PERMISSION_MODE_ALIASES), "deprecated": True}],
            "examples": ["plan"],
        },
        "maxTurns": {
            "description": "The most turns that one run may take, from 1. Default: no limit.",
            "type": ["integer", "string"],
            "minimum": 1,
            "maximum": _MOST,
            "pattern": _TURNS,
            _SAYS: "Write a whole number from 1.",
            "examples": [20],
        },
        "skills": {
            "description": "Skills to load at the start: a list, or text with commas. Default: none.",
            "type": ["string", "array"],
            "items": {"type": "string"},
            "examples": [["review"]],
        },
        "mcpServers": {
            "description": "Servers of the agent: names, or {name: config}. Default: none.",
            "type": "array",
            "items": {"type": ["string", "object"]},
            "examples": [["github"]],
        },
        "hooks": _hooks(),
        "memory": _one_of("Where the agent's memory is kept. Default: it has none.", Memory, "project"),
        "background": {
            "description": "Whether the agent runs in the background. Default: false.",
            "type": "boolean",
            "default": False,
            "examples": [True],
        },
        "effort": {
            "description": "How much the model thinks: a level, or a whole number. Default: the session's.",
            "anyOf": [
                {"enum": list(get_args(Effort))},
                {"type": "integer", "minimum": -_MOST, "maximum": _MOST},
            ],
            "examples": ["medium"],
        },
        "isolation": _one_of("Where the agent works. Default: with all others.", Isolation, "worktree"),
        "color": _one_of("The colour that the agent is shown in. Default: none.", Color, "blue"),
        "initialPrompt": {
            "description": "A first message of the user's. Default: none.",
            "type": "string",
            "examples": ["Begin."],
        },
    }


def _proposing(words: list[str], items: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that proposes words and takes any other too."""
    return {"anyOf": [{"enum": words}, items]} if words else items


def _one_of(description: str, words: object, example: str) -> dict[str, Any]:
    return {"description": description, "enum": list(get_args(words)), "examples": [example]}


def _hooks() -> dict[str, Any]:
    hook = {
        "type": "object",
        "properties": {
            "type": {"description": "What sort of hook it is.", "examples": ["command"]},
            "command": {"description": "What is run.", "examples": ["./check.sh"]},
        },
    }
    matcher = {
        "type": "object",
        "properties": {
            "matcher": {"description": "The tools that it is about.", "examples": ["Bash"]},
            "hooks": {"description": "What happens then. Required.", "type": "array", "items": hook},
        },
        "required": ["hooks"],
    }
    return {
        "description": "Events, each with a list of matchers. hotagents executes none. Default: none.",
        "type": "object",
        "additionalProperties": {"type": "array", "items": matcher},
        "examples": [{"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "./check.sh"}]}]}],
    }
