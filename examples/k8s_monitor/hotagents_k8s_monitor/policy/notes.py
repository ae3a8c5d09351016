"""`notes_on`: what CLAUDE.md's prose says and no rule hears, or the frontmatter says otherwise.

That is valid, and yet not what its author may think; so each note is a warning, at its line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, final

from hotagents_k8s_monitor.policy.match import fits
from hotagents_k8s_monitor.policy.outline import sections
from hotagents_k8s_monitor.policy.prose import names_in, prose_services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.policy.context import ClusterContext, KnownIssue
    from hotagents_k8s_monitor.policy.outline import Bullet, Section
    from hotagents_k8s_monitor.policy.prose import ProseService

__all__ = ["Note", "notes_on"]

_MOST: Final = 50
_MOST_NAMES: Final = 5
_KEYS: Final = {
    "maintenance": "maintenance_windows",
    "business": "business_hours",
    "channel": "channels",
    "contact": "contacts",
    "on": "contacts",
    "escalation": "contacts",
}
_WORD: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_MOST_WORDS: Final = 40
_MARKED: Final = re.compile(r"[`*_]([a-z0-9][a-z0-9./-]*)[`*_]")
_COMPOUND: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+\b")
_LONGEST_PHRASE: Final = 80
_PHRASE: Final = re.compile(r"(?P<text>[^:(,\u2013\u2014]+?)\s*(?:[:(,\u2013\u2014]|\s-\s)")


class Note(NamedTuple):
    """A warning; ``line`` counts from 1 in the body of CLAUDE.md."""

    line: int
    text: str


def notes_on(context: ClusterContext, body: str) -> tuple[Note, ...]:
    """Return what is to be said about a body, in the order of its lines; of many, the first 50 and their number."""
    found = sorted(_Reading(context, sections(body)).notes())
    if len(found) <= _MOST:
        return tuple(found)
    return (*found[:_MOST], Note(found[_MOST].line, f"and {len(found) - _MOST} more of these from here on"))


@final
class _Reading:
    """A body held against the frontmatter."""

    def __init__(self, context: ClusterContext, found: tuple[Section, ...]) -> None:
        self._context = context
        self._sections = found
        self._listed = tuple(context.tiers())
        self._in_prose = prose_services(found)
        self._missing: set[str] = set()  # keys of which it was said that they are not there

    def notes(self) -> Iterator[Note]:
        for service in self._in_prose:
            yield from self._contradiction(service)
        for section in self._sections:
            yield from self._without_rule(section)

    def _contradiction(self, service: ProseService) -> Iterator[Note]:
        tiers = [tier for tier, listed in self._listed if listed.is_called(service.namespace, service.name)]
        if tiers and service.tier not in tiers:
            yield Note(
                service.line,
                f'"{service.name}" is listed as {service.tier} here and as {tiers[0]} in the frontmatter, which counts;'
                " make the two agree",
            )

    def _without_rule(self, section: Section) -> Iterator[Note]:
        """Yield what a section names that nothing in the frontmatter speaks of, and no tier makes a rule of."""
        if section.topic.startswith("known"):
            yield from self._known_issues(section)
        elif section.tier is not None and not section.is_part:
            yield from _unnamed(section)
        elif section.tier is None and section.topic.startswith("service") and not section.is_part:
            yield from self._services(section)
        elif section.bullets:
            keys = [key for beginning, key in _KEYS.items() if section.topic.startswith(beginning)]
            yield from self._key(section, *keys)

    def _key(self, section: Section, *keys: str) -> Iterator[Note]:
        for key in keys:
            if getattr(self._context, key) or key in self._missing:
                continue
            self._missing.add(key)
            yield Note(section.line, f"{_advice(section)}; the frontmatter has no {key}:")

    def _services(self, section: Section) -> Iterator[Note]:
        missing = [label for bullet in section.bullets for label in self._unlisted(bullet)]
        if missing:
            names, advice = ", ".join(missing[:_MOST_NAMES]), "name the tier (P0) in the heading"
            yield Note(section.line, f"{_advice(section)}: {names}; {advice}, or list it below services:")
        if section.table:
            yield Note(section.table, f"{_advice(section)}: of its table nothing is read; write a list")

    def _unlisted(self, bullet: Bullet) -> Iterator[str]:
        names = names_in(bullet.text)
        for namespace, name in names:
            if not self._is_service(namespace, name):
                yield name
        phrase = None if names else _PHRASE.match(bullet.text[:_LONGEST_PHRASE])
        if phrase is not None:
            label = phrase["text"].strip("*_` ")
            if label and not self._is_service(None, label.lower().replace(" ", "-")):
                yield label

    def _is_service(self, namespace: str | None, name: str) -> bool:
        if any(service.is_called(namespace, name) for _, service in self._listed):
            return True
        return any(service.name == name for service in self._in_prose)

    def _known_issues(self, section: Section) -> Iterator[Note]:
        issues = self._context.known_issues
        if not issues:
            if section.bullets or section.table or section.is_part:
                yield from self._key(section, "known_issues")
            return
        if section.is_part:  # a heading for an issue, or for some
            texts = [section.title, *(bullet.text for bullet in section.bullets)]
            if not any(_is_known(text, issues) for text in texts):
                yield from _unknown(section, section.line, _named(section.title) or _named(*texts[1:]))
            return
        for bullet in section.bullets:
            if not _is_known(bullet.text, issues):
                yield from _unknown(section, bullet.line, _named(bullet.text))


def _advice(section: Section) -> str:
    return f'prose-without-rule: "{section.title}" acts only through a model'


def _unnamed(section: Section) -> Iterator[Note]:
    """Yield what is not read below a heading that names a tier, so that nobody takes it for read."""
    for bullet in section.bullets:
        if not names_in(bullet.text):
            yield Note(bullet.line, f"{_advice(section)} where it names no service first: write - name: what it is")
    if section.table:
        yield Note(section.table, f"{_advice(section)}: of its table nothing is read; write - name: what it is")


def _unknown(section: Section, line: int, name: str) -> Iterator[Note]:
    if name:
        yield Note(line, f'{_advice(section)}: "{name}"; no entry of known_issues: matches it')


def _named(*texts: str) -> str:
    """Return a name that one of some texts speaks of first, or nothing."""
    for text in texts:
        names = names_in(text)
        if names:
            return names[0].name
        if found := _MARKED.search(text):
            return found[1]
        if found := _COMPOUND.match(text):
            return found[0]
    return ""


def _is_known(text: str, issues: tuple[KnownIssue, ...]) -> bool:
    words = [word.casefold() for word in _WORD.findall(text)[:_MOST_WORDS]]
    return any(_speaks_of(issue, words) for issue in issues)


def _speaks_of(issue: KnownIssue, words: list[str]) -> bool:
    match = issue.match
    patterns = [p.casefold() for p in (match.name, match.namespace, match.kind, match.rule) if p and p.strip("*")]
    return not patterns or any(fits(pattern, word) for pattern in patterns for word in words)
