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

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

__all__ = ["Rights", "ToolRule", "allows", "matches", "narrowed", "split_tools", "widened"]

# One tool under two names: a limit on either is a limit on both. What stands in its parentheses is a list of agents.
_AGENT_TOOLS: Final = ("Agent", "Task")
_QUOTES: Final = "\"'`"
_BLANKS: Final = re.compile(r"\s+")
_BETWEEN: Final = re.compile(r"[(),\s]")
_NO_NAME: Final = re.compile(r"[\s),]")
# Comparing two lists rule by rule costs the product of their sizes, and 64 KiB of frontmatter hold 30,000 entries.
_MOST_PIECES: Final = 200
_MOST_CHARACTERS: Final = 6000
_NEUTRAL: Final = "\0"  # an argument that no pattern spells


def split_tools(text: str) -> tuple[str, ...]:
    """Return the entries of a comma- or space-separated list, as written; never fails.

    Nothing is split inside parentheses, so ``Bash(git status *), Read`` has two entries. Quotes around an entry are
    dropped. From a parenthesis that is never closed on, everything is one entry, which no tool matches.
    """
    if "(" not in text:
        return tuple(bare for entry in text.replace(",", " ").split() if (bare := entry.strip(_QUOTES)))
    entries, start, depth = [], 0, 0
    for found in _BETWEEN.finditer(text):
        char = found[0]
        if char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
        elif depth == 0:
            entries.append(text[start : found.start()])
            start = found.end()
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
        if not name or _NO_NAME.search(name):
            return None
        if not parenthesis:
            return cls(name)
        # A parenthesis that is never closed has taken the entries behind it for a part of its own.
        if not rest.endswith(")") or rest.count("(") >= rest.count(")") or not (pattern := rest[:-1].strip()):
            return None
        rule = cls(name, pattern)
        return rule if rule.alternatives() else None

    def grants(self, tool: str, argument: str | None = None) -> bool:
        """Tell whether this rule proves that the tool may be used with the argument (None: with any)."""
        return _compiled_grant("", self).grants(tool, argument)

    def denies(self, tool: str, argument: str | None = None) -> bool:
        """Tell whether this rule, read as a prohibition, could concern the tool with the argument (None: with any).

        Blanks of any sort and number count as one, and those around the argument as none.
        """
        return _compiled_denial("", self).denies(tool, argument)

    def alternatives(self) -> tuple[str, ...]:
        """Return the patterns of which one must match; several only for ``Agent(a, b)``."""
        if self.pattern is None:
            return ()
        return _alternatives(self.pattern) if self.name in _AGENT_TOOLS else (self.pattern,)


def _alternatives(pattern: str) -> tuple[str, ...]:
    # Only commas part them: an agent's name may hold blanks.
    return tuple(bare for part in pattern.split(",") if (bare := part.strip().strip(_QUOTES)))


class _Rule(NamedTuple):
    """A rule made of globs: it concerns a tool that one of `names` fits, with an argument that one of `patterns` fits.

    No patterns (None) stand for any argument.
    """

    entry: str
    names: tuple[str, ...]
    patterns: tuple[str, ...] | None

    def grants(self, tool: str, argument: str | None) -> bool:
        if not _fits(self.names, tool):
            return False
        return self.patterns is None or (argument is not None and _fits(self.patterns, argument))

    def denies(self, tool: str, argument: str | None) -> bool:
        if not _fits(self.names, tool):
            return False
        if self.patterns is None or argument is None:
            return True
        return any(_fits(self.patterns, text) for text in _ways_to_say(argument))


def _fits(globs: tuple[str, ...], text: str) -> bool:
    return any(_glob(glob, text) for glob in globs)


@lru_cache(maxsize=16)
def _ways_to_say(argument: str) -> tuple[str, ...]:
    # A prohibition is not dodged by other blanks, nor by leaving out what a final " *" stands for.
    plain = _squeezed(argument)
    return tuple(dict.fromkeys((argument, plain, f"{plain} ")))


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _compiled_grant(entry: str, rule: ToolRule) -> _Rule:
    names = [rule.name]
    if rule.name.startswith("mcp__") and "__" not in rule.name[5:] and len(rule.name) > len("mcp__"):
        names.append(f"{rule.name}__*")
    unlimited = rule.pattern is None or not rule.pattern.strip("*")
    patterns = None if unlimited else tuple(glob for p in rule.alternatives() for glob in _globs(p))
    return _Rule(entry, _with_agents(names), patterns)


def _compiled_denial(entry: str, rule: ToolRule) -> _Rule:
    names = _with_agents([rule.name, f"{rule.name}__*"])
    patterns = rule.alternatives()
    if rule.pattern is not None and rule.name not in _AGENT_TOOLS and _fits(names, _AGENT_TOOLS[0]):
        patterns += _alternatives(rule.pattern)
    globs = dict.fromkeys(glob for p in patterns for glob in (*_globs(p), p, *_globs(_BLANKS.sub(" ", p))))
    return _Rule(entry, names, None if any(not glob.strip("*") and glob for glob in globs) else tuple(globs) or None)


def _with_agents(names: list[str]) -> tuple[str, ...]:
    if any(_glob(name, tool) for name in names for tool in _AGENT_TOOLS):
        names.extend(_AGENT_TOOLS)
    return tuple(dict.fromkeys(names))


def matches(pattern: str, text: str) -> bool:
    """Tell whether the whole text matches the pattern, in time linear in both.

    ``*`` stands for any run of characters, also none; nothing else is special. ``git:*`` is ``git`` alone or followed
    by a space and anything. Both are compared as text: see the module's warning about shells.
    """
    return _fits(_globs(pattern), text)


def _globs(pattern: str) -> tuple[str, ...]:
    return (pattern[:-2], f"{pattern[:-2]} *") if pattern.endswith(":*") else (pattern,)


def _glob(pattern: str, text: str) -> bool:
    if "*" not in pattern:
        return text == pattern
    first, *rest = pattern.split("*")
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
    if not tool or "(" in tool or any(rule.denies(tool, argument) for e in disallowed for rule in _denying(e)):
        return False
    return tools is None or any(rule.grants(tool, argument) for e in tools for rule in _granting(e))


@lru_cache(maxsize=256)
def _granting(entry: str) -> tuple[_Rule, ...]:
    rule = ToolRule.parse(entry)
    return () if rule is None else (_compiled_grant(entry, rule),)


@lru_cache(maxsize=256)
def _denying(entry: str) -> tuple[_Rule, ...]:
    # Split once more: ("Read, Write",) given by a program is a limit on both.
    return tuple(_compiled_denial(entry, _widest(part)) for part in split_tools(entry))


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
    """Return the entries that tell what `before` allowed and `after` no longer does; empty only where nothing was lost.

    An entry of `before` whose grant is not wholly kept is named, and an entry of `after` that denies what was not
    denied; ``*`` stands for tools that neither names. A tool that was allowed without condition and now needs an
    argument is shown by its name. Where a loss can be neither shown nor ruled out, the entries that could cause it are
    named: maybe too many, never too few. Very long lists are compared as text only.
    """
    old, new = tuple(_terms(before)), tuple(_terms(after))
    differing = tuple(dict.fromkeys(_differing(old, new)))
    if not differing or _is_large((*_entries(before), *_entries(after))):
        return differing
    unproved = tuple(_unproved([_compiled(term) for term in old], [_compiled(term) for term in new]))
    if not unproved:
        return ()
    return tuple(dict.fromkeys((*_lost_trials(before, after), *unproved)))


def widened(before: Rights, after: Rights) -> tuple[str, ...]:
    """Return the entries that tell what `after` allows and `before` did not; the reverse of `narrowed`."""
    return narrowed(after, before)


def _entries(rights: Rights) -> Iterator[str]:
    for term in _terms(rights):
        yield from term.tools or ()
        yield from term.disallowed


def _is_large(entries: Sequence[str]) -> bool:
    if len(entries) > _MOST_PIECES or sum(map(len, entries)) > _MOST_CHARACTERS:
        return True
    return sum(1 + entry.count(",") + entry.count("*") for entry in entries) > _MOST_PIECES


def _differing(old: Sequence[Rights], new: Sequence[Rights]) -> Iterator[str]:
    denied = {entry for term in old for entry in term.disallowed}
    for term in new:
        if term.tools is not None and "*" not in term.tools:
            kept = frozenset(term.tools)
            yield from min((_not_in(kept, known.tools) for known in old), key=len)
        yield from (entry for entry in term.disallowed if entry not in denied)


def _not_in(kept: Collection[str], tools: tuple[str, ...] | None) -> tuple[str, ...]:
    return ("*",) if tools is None else tuple(entry for entry in tools if entry not in kept)


class _Compiled(NamedTuple):
    grants: tuple[_Rule, ...]
    denials: tuple[_Rule, ...]


def _compiled(term: Rights) -> _Compiled:
    grants = ("*",) if term.tools is None else term.tools
    return _Compiled(
        tuple(rule for entry in grants for rule in _granting(entry)),
        tuple(rule for entry in term.disallowed for rule in _denying(entry)),
    )


def _unproved(old: Sequence[_Compiled], new: Sequence[_Compiled]) -> Iterator[str]:
    """Yield the entries for which it is not proved that everything that `old` allows is still allowed."""
    denials = [rule for term in old for rule in term.denials]
    alive = [[rule for rule in term.grants if not _is_covered(rule._replace(patterns=None), denials)] for term in old]
    for term in new:
        yield from min(([r.entry for r in rules if not _is_covered(r, term.grants)] for rules in alive), key=len)
        for denial in term.denials:
            harmless = any(all(_are_apart(rule, denial) for rule in rules) for rules in alive)
            if not harmless and not _is_covered(denial, denials):
                yield denial.entry


def _is_covered(rule: _Rule, by: Sequence[_Rule]) -> bool:
    # A glob that fits another one's text fits all that the other fits: its stars must have taken up the other's.
    near = [(other.names, other.patterns) for other in by]
    return all(
        any(
            _fits(names, name) and (pats is None or (pattern is not None and _fits(pats, pattern)))
            for names, pats in near
        )
        for name in rule.names
        for pattern in rule.patterns or (None,)
    )


def _are_apart(grant: _Rule, denial: _Rule) -> bool:
    if all(_differ(a, b) for a in grant.names for b in denial.names):
        return True
    if grant.patterns is None or denial.patterns is None:
        return False
    return all(_differ(a, b) for a in grant.patterns for b in denial.patterns)


def _differ(first: str, second: str) -> bool:
    """Tell whether two globs surely fit no common text, also when blanks are squeezed."""
    (a, *more), (b, *rest) = ([_squeezed(part) for part in glob.split("*")] for glob in (first, second))
    if not more and not rest:
        return a != b
    return not a.startswith(b) and not b.startswith(a)


def _lost_trials(before: Rights, after: Rights) -> Iterator[str]:
    entries = dict.fromkeys((*_entries(before), *_entries(after)))
    trials = (("*", "*", None), *(probe for entry in entries for probe in _probes(entry)))
    return (label for label, tool, arg in trials if before.allows(tool, arg) and not after.allows(tool, arg))


def _probes(entry: str) -> Iterator[tuple[str, str, str | None]]:
    rule = _widest(entry)
    yield rule.name, rule.name, None
    yield rule.name, rule.name, _NEUTRAL
    for pattern in rule.alternatives():
        for text in (pattern, *_globs(pattern)):
            yield entry, rule.name, text
