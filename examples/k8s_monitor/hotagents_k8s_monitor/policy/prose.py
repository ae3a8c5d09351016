"""Prose: what CLAUDE.md says below its frontmatter, as far as code can take it at its word.

Lists below a heading that names a tier are read as services, since people wrote them so long before there was any
frontmatter::

    ## Critical Services (P0 - max downtime 5 minutes)
    - checkout-api: takes the orders
    - **payments/ledger** - books them

Everything else acts only through a model; `hotagents_k8s_monitor.policy.notes` finds where somebody may rely on it all
the same, and `hotagents_k8s_monitor.policy.outline` what is a heading and a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, final

if TYPE_CHECKING:
    from hotagents_k8s_monitor.policy.context import ServiceTier
    from hotagents_k8s_monitor.policy.outline import Section

__all__ = ["Name", "ProseService", "names_in", "prose_services"]

_LINK: Final = re.compile(r"\[(?P<text>[^\]]*)\]\([^)]*\)")
_DECORATION: Final = re.compile(r"[^\w`*\[~(/]*")
_MARKS: Final = "*_`"
_NAME: Final = re.compile(
    r"(?:(?P<namespace>[a-z0-9][a-z0-9.-]{0,62})/)?(?P<name>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)"
)
_AFTER_A_NAME: Final = re.compile(r"\.?\s*(?:$|,|\(|:(?!//))|\s+(?:[-\u2013\u2014]|->|\u2192)\s")
_MOST_NAMES: Final = 20  # in one list entry
_MOST_SERVICES: Final = 500


class Name(NamedTuple):
    """What a list entry names; without a namespace, in any."""

    namespace: str | None
    name: str


@final
@dataclass(frozen=True, slots=True)
class ProseService:
    """A service named in a list; ``line`` counts from 1 in the body."""

    name: str
    namespace: str | None
    tier: ServiceTier
    line: int


def prose_services(found: tuple[Section, ...]) -> tuple[ProseService, ...]:
    """Return the services that lists below a tier name, P0 first, at most 500."""
    services = [
        ProseService(name, namespace, section.tier, bullet.line)
        for section in found
        if section.tier is not None
        for bullet in section.bullets
        for namespace, name in names_in(bullet.text)
    ]
    return tuple(sorted(services, key=lambda service: service.tier)[:_MOST_SERVICES])


def names_in(text: str) -> tuple[Name, ...]:
    """Return the names with which a list entry begins, parted by commas; none where it begins with other words."""
    found: list[Name] = []
    more = True
    while more and len(found) < _MOST_NAMES and (read := _next_name(text)) is not None:
        name, text = read
        found.append(name)
        more = text.startswith(",")
        text = text[1:]
    return tuple(found)


def _next_name(text: str) -> tuple[Name, str] | None:
    """Return a name and what follows it, from its comma on if there is one."""
    text = _DECORATION.sub("", text, count=1)
    bare = text.lstrip(_MARKS)
    if link := _LINK.match(bare):
        bare = link["text"] + bare[link.end() :]
    match = _NAME.match(bare)
    if match is None:
        return None
    # Where no mark stands before a name, a star behind it is no mark either, but means other names.
    after = bare[match.end() :].lstrip(_MARKS if text[:1] in {*_MARKS} else "")
    end = _AFTER_A_NAME.match(after)
    if end is None:
        return None
    return Name(match["namespace"], match["name"]), after[end.end() - 1 :] if end[0].endswith(",") else ""
