"""What a list of tools lets an agent do, and how two such answers combine.

A list holds rules: ``Read`` grants a tool, ``Bash(git *)`` grants it for matching arguments, ``mcp__github`` grants all
tools of a server, ``*`` grants everything. One principle decides every doubtful case: **a doubt narrows**. An entry
that cannot be read grants nothing where it should grant, and denies its whole tool where it should deny; a question
that leaves the argument open is answered as if the argument were the worst one. `Rights` combine by `Rights.meet`,
which only ever narrows. `hotagents.spec` gives every agent its `Rights`.

An argument is compared as text. ``Bash(git *)`` matches ``git log; rm -rf /``: a runner that hands a line to a shell
must split it into single commands first and ask for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Rights", "ToolRule", "allows", "matches", "narrowed", "split_tools", "widened"]

# One tool under two names: a limit on either is a limit on both. What stands in its parentheses is a list of agents.
_AGENT_TOOLS: Final = ("Agent", "Task")
_QUOTES: Final = "\"'`"
_MOST_TRIED: Final = 300  # each trial looks at every entry, and 64 KiB of frontmatter hold 10,000


def split_tools(text: str) -> tuple[str, ...]:
    """Return the entries of a comma- or space-separated list, as written; never fails.

    Nothing is split inside parentheses, so ``Bash(git status *), Read`` has two entries. Quotes around an entry are
    dropped. From a parenthesis that is never closed on, everything is one entry, which no tool matches.
    """
    entries, start, depth = [], 0, 0
    for end, char in enumerate(text):
        if depth == 0 and (char == "," or char.isspace()):
            entries.append(text[start:end])
            start = end + 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
    entries.append(text[start:])
    return tuple(bare for entry in _joined(entries) if (bare := entry.strip().strip(_QUOTES)))


def _joined(entries: list[str]) -> Iterator[str]:
    # "Bash (git *)" is one rule for its author; as two, "Bash" alone would grant more than was written.
    held = ""
    for entry in filter(None, entries):
        if entry.startswith("(") and held:
            held += entry
            continue
        if held:
            yield held
        held = entry
    yield held


@final
@dataclass(frozen=True, slots=True)
class ToolRule:
    """One entry of a tool list.

    Attributes:
        name: The tool's name, case-sensitive; ``*`` stands for any run of characters.
        pattern: What its argument must match (see `matches`); None for any argument.
    """

    name: str
    pattern: str | None = None

    @classmethod
    def parse(cls, entry: str) -> ToolRule | None:
        """Return the rule that an entry such as ``Bash(git *)`` writes, or None where it is none."""
        name, parenthesis, rest = entry.strip().partition("(")
        if not name or any(c.isspace() or c in ")," for c in name):
            return None
        if not parenthesis:
            return cls(name)
        if not rest.endswith(")") or not (pattern := rest[:-1].strip()):
            return None
        return cls(name, pattern)

    def grants(self, tool: str, argument: str | None = None) -> bool:
        """Tell whether this rule proves that the tool may be used with the argument (None: with any)."""
        if not any(_covers(self.name, name) for name in _names(tool)):
            return False
        if self.pattern is None or not self.pattern.strip("*"):
            return True
        return argument is not None and any(matches(p, argument) for p in self.alternatives())

    def denies(self, tool: str, argument: str | None = None) -> bool:
        """Tell whether this rule, read as a prohibition, could concern the tool with the argument (None: with any)."""
        if not any(_covers(self.name, name) or name.startswith(f"{self.name}__") for name in _names(tool)):
            return False
        if self.pattern is None or argument is None:
            return True
        # A prohibition is not dodged by a leading blank, nor by leaving out what a final " *" stands for.
        texts = (argument, argument.strip(), argument.strip() + " ")
        return any(matches(p, text) or _glob(p, text) for p in self.alternatives() for text in texts)

    def alternatives(self) -> tuple[str, ...]:
        """Return the patterns of which one must match; several only for ``Agent(a, b)``."""
        if self.pattern is None:
            return ()
        return split_tools(self.pattern) if self.name in _AGENT_TOOLS else (self.pattern,)


def _names(tool: str) -> tuple[str, ...]:
    return _AGENT_TOOLS if tool in _AGENT_TOOLS else (tool,)


def _covers(name: str, tool: str) -> bool:
    server = name.startswith("mcp__") and "__" not in name[5:] and len(name) > len("mcp__")
    return _glob(name, tool) or (server and _glob(f"{name}__*", tool))


def matches(pattern: str, text: str) -> bool:
    """Tell whether the whole text matches the pattern, in time linear in both.

    ``*`` stands for any run of characters, also none; nothing else is special. ``git:*`` is ``git`` alone or followed
    by a space and anything. Both are compared as text: see the module's warning about shells.
    """
    if pattern.endswith(":*"):
        prefix = pattern[:-2]
        return _glob(prefix, text) or _glob(f"{prefix} *", text)
    return _glob(pattern, text)


def _glob(pattern: str, text: str) -> bool:
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    last, end = rest.pop(), len(text)
    if not text.startswith(first) or not text.endswith(last) or len(first) + len(last) > end:
        return False
    at, end = len(first), end - len(last)
    for part in rest:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def allows(tools: tuple[str, ...] | None, disallowed: tuple[str, ...], tool: str, argument: str | None = None) -> bool:
    """Tell whether the lists prove that a tool may be used.

    Args:
        tools: Entries that grant; None and ``*`` grant every tool, an empty tuple none.
        disallowed: Entries that deny; they win over `tools`. One with a pattern also denies the question that leaves
            the argument open.
        tool: The tool's name, case-sensitive, without parentheses.
        argument: What the tool is to be used with, compared as text: a runner that hands it to a shell must split it
            into single commands and ask for each. None asks about any argument.
    """
    if not tool or "(" in tool or any(_denied(entry, tool, argument) for entry in disallowed):
        return False
    if tools is None:
        return True
    return any(rule.grants(tool, argument) for entry in tools if (rule := _granting(entry)))


def _denied(entry: str, tool: str, argument: str | None) -> bool:
    return any(rule.denies(tool, argument) for rule in _denying(entry))


@lru_cache(maxsize=256)
def _granting(entry: str) -> ToolRule | None:
    return ToolRule.parse(entry)


@lru_cache(maxsize=256)
def _denying(entry: str) -> tuple[ToolRule, ...]:
    # Split once more: ("Read, Write",) given by a program is a limit on both.
    return tuple(_widest(part) for part in split_tools(entry))


def _widest(entry: str) -> ToolRule:
    return ToolRule.parse(entry) or ToolRule(entry.replace(")", "(").partition("(")[0].strip(_QUOTES))


@final
@dataclass(frozen=True, slots=True)
class Rights:
    """What an agent may do: two lists, and further rights that must all agree.

    Immutable and safe to share between threads.

    Attributes:
        tools: Entries that grant; None for every tool.
        disallowed: Entries that deny, and win.
        also: Further rights, each of which must allow too; `meet` fills it.
    """

    tools: tuple[str, ...] | None = None
    disallowed: tuple[str, ...] = ()
    also: tuple[Rights, ...] = ()

    def allows(self, tool: str, argument: str | None = None) -> bool:
        """Tell whether every part allows the tool; the arguments are those of `allows`, warning included."""
        own = allows(self.tools, self.disallowed, tool, argument)
        return own and all(other.allows(tool, argument) for other in self.also)

    def meet(self, other: Rights) -> Rights:
        """Return the rights that allow exactly what both allow."""
        first, *more = dict.fromkeys((*_terms(self), *_terms(other)))
        return Rights(first.tools, first.disallowed, tuple(more))


def _terms(rights: Rights) -> Iterator[Rights]:
    yield Rights(rights.tools, rights.disallowed)
    for other in rights.also:
        yield from _terms(other)


def narrowed(before: Rights, after: Rights) -> tuple[str, ...]:
    """Return the entries that `before` granted and `after` no longer does; ``*`` stands for tools that neither names.

    The entries of both are tried, each as a name and, where it has a pattern, with the pattern as argument. A tool that
    was granted without condition and now needs an argument is shown by its name. Empty means that no such trial saw a
    loss; two patterns can still differ for an argument that neither spells. Where that would take more than 300 trials,
    the entries that differ as text are returned: maybe too many, never too few.
    """
    if set(_terms(after)) <= set(_terms(before)):
        return ()  # `before` had to satisfy all of this already
    entries = dict.fromkeys((*_entries(before), *_entries(after)))
    probes = tuple(islice((probe for entry in entries for probe in _probes(entry)), _MOST_TRIED + 1))
    if len(probes) > _MOST_TRIED:
        return _differing(before, after)
    trials = (("*", "*", None), *probes)
    lost = (label for label, tool, arg in trials if before.allows(tool, arg) and not after.allows(tool, arg))
    return tuple(dict.fromkeys(lost))


def widened(before: Rights, after: Rights) -> tuple[str, ...]:
    """Return the entries that `after` grants and `before` did not; the reverse of `narrowed`."""
    return narrowed(after, before)


def _entries(rights: Rights) -> Iterator[str]:
    for term in _terms(rights):
        yield from term.tools or ()
        yield from term.disallowed


def _differing(before: Rights, after: Rights) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_entries(before)).keys() ^ dict.fromkeys(_entries(after)).keys()) or ("*",)


def _probes(entry: str) -> Iterator[tuple[str, str, str | None]]:
    rule = _widest(entry)
    yield rule.name, rule.name, None
    for pattern in rule.alternatives():
        yield entry, rule.name, pattern
        if pattern.endswith(":*"):
            yield entry, rule.name, pattern[:-2]
            yield entry, rule.name, pattern[:-2] + " *"
