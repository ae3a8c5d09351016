"""What of a generation decided on a finding, and where that stands: file and line of the setting.

The answers follow from the same settings in the same order as those of `policy`, which alone decides; a test holds the
two together. Lines are those of the very bytes that were validated: `remember` keeps the places of their keys, by the
digest of the bytes, when a set is judged.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final, get_args

from pydantic.alias_generators import to_camel

from hotagents import escape
from hotagents.frontmatter import parse
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.policy import ANALYZER, CONTEXT, ESCALATION_MANAGER, shown
from hotagents_k8s_monitor.policy.context import ServiceTier
from hotagents_k8s_monitor.policy.outline import sections
from hotagents_k8s_monitor.policy.prose import prose_services
from hotagents_k8s_monitor.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents import Generation
    from hotagents.frontmatter import Page
    from hotagents.loading import Candidate
    from hotagents_k8s_monitor.policy import Policy

__all__ = ["Decision", "decisions_on", "places_of", "remember"]

_MOST_PAGES: Final = 64
_LONGEST: Final = 200
_BUILT_IN: Final = "built in"


class Decision(NamedTuple):
    """One setting that decided something.

    Attributes:
        what: What it decided: ``severity``, ``tier``, ``hold``, ``muted``, ``channel``, ``contact``, ``repeat``.
        value: As what.
        path: Which file; empty where no file says anything and what is built in counts.
        line: In the file, from 1; 0 where that is not known.
        key: The setting: ``severities.P0.down``; empty as ``path`` is.
    """

    what: str
    value: str
    path: str = ""
    line: int = 0
    key: str = ""

    @property
    def where(self) -> str:
        """Where it stands, for people: ``CLAUDE.md:12``, ``built in``."""
        if not self.path:
            return _BUILT_IN
        return f"{self.path}:{self.line}" if self.line else self.path

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, bounded and escaped."""
        texts = {name: escape(getattr(self, name), limit=_LONGEST) for name in ("what", "value", "path", "key")}
        return texts | {"line": self.line}


@final
class _Pages:
    """The places of keys of files that were judged lately, by the digest of their bytes; used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: OrderedDict[str, tuple[Page, int]] = OrderedDict()

    def add(self, digest: str, path: str, content: bytes) -> None:
        with self._lock:
            if digest in self._pages:
                self._pages.move_to_end(digest)
                return
        page = parse(path, content)
        above = content.count(b"\n") - page.body.count("\n")
        with self._lock:
            self._pages[digest] = page, above
            while len(self._pages) > _MOST_PAGES:
                self._pages.popitem(last=False)

    def line(self, digest: str, keys: tuple[str | int, ...]) -> int:
        """Return the line of a key or an entry, 0 where it is not known."""
        found = self._found(digest)
        if found is None:
            return 0
        page, written = found[0], list[str | int]()
        for key in keys:
            other = to_camel(key) if isinstance(key, str) else key
            written.append(key if (*written, key) in page.positions else other)
        place = page.at_key(*written) if isinstance(written[-1], str) else page.at(*written)
        return place.line if place.line > 1 else 0

    def line_of_body(self, digest: str, line: int) -> int:
        """Return the line in the file of one of its body, 0 where it is not known."""
        found = self._found(digest)
        return 0 if found is None else found[1] + line

    def _found(self, digest: str) -> tuple[Page, int] | None:
        with self._lock:
            return self._pages.get(digest)


_PAGES: Final = _Pages()


def remember(candidate: Candidate[Any]) -> None:
    """Keep where the keys of a set stand, of the files that decide."""
    read = {
        CONTEXT,
        *(agent.path for name, agent in candidate.agents.items() if name in {ANALYZER, ESCALATION_MANAGER}),
    }
    for path in sorted(read & candidate.entries.keys()):
        entry = candidate.entries[path]
        _PAGES.add(f"sha256:{entry.hash}", path, entry.content)


def places_of(finding: Mapping[str, Any], generation: Generation[Any], policy: Policy) -> dict[str, str]:
    """Return where what decided on a finding stands, by what it decided: ``{"severity": "CLAUDE.md:12"}``."""
    return {found.what: found.where for found in decisions_on(finding, generation, policy)}


def decisions_on(finding: Mapping[str, Any], generation: Generation[Any], policy: Policy) -> tuple[Decision, ...]:
    """Return what of a generation decided on a finding, as `look.Look.to_dict` describes it."""
    return tuple(_Deciding(finding, generation, policy).all())


@final
class _Deciding:
    """The settings that speak of one finding."""

    def __init__(self, finding: Mapping[str, Any], generation: Generation[Any], policy: Policy) -> None:
        self._finding = finding
        self._owner = Owner.from_dict(finding["owner"])
        self._generation = generation
        self._policy = policy

    def all(self) -> Iterator[Decision]:
        service = self._service()
        yield self._tier(service)
        yield self._severity()
        yield self._hold(service)
        if self._finding["muted"] is not None:
            yield self._muted()
        for what, section, key in (
            ("channel", "channels", self._finding["severity"]),
            ("contact", "contacts", self._finding["tier"]),
        ):
            if (value := getattr(self._policy.context, section).get(key)) is not None:
                yield self._in_context(what, value, section, key)
        if self._finding["severity"] == "SEV-3" and self._policy.context.business_hours is not None:
            hours = self._policy.context.business_hours
            yield self._in_context("hours", f"{hours.start:%H:%M}-{hours.end:%H:%M}", "business_hours")
        yield from self._repeat()

    def _service(self) -> tuple[str | int, ...]:
        """Return the keys of the service that the owner runs; none where the frontmatter lists no such one."""
        for tier in get_args(ServiceTier):
            for number, service in enumerate(self._policy.context.services.get(tier, ())):
                if service.runs_as(self._owner):
                    return "services", tier, number
        return ()

    def _tier(self, service: tuple[str | int, ...]) -> Decision:
        tier = self._finding["tier"]
        if service:
            return self._in_context("tier", tier, *service)
        return self._in_prose(tier) if tier in get_args(ServiceTier) else Decision("tier", tier)

    def _in_prose(self, tier: str) -> Decision:
        document, owner = self._generation.documents[CONTEXT], self._owner
        listed = (service for service in prose_services(sections(document.body)) if service.tier == tier)
        line = next((s.line for s in listed if s.name == owner.name and s.namespace in {None, owner.namespace}), 0)
        known = _PAGES.line_of_body(document.digest, line) if line else 0
        return Decision("tier", tier, CONTEXT, known, "a list below a heading")

    def _severity(self) -> Decision:
        tier, impact, severity = (self._finding[name] for name in ("tier", "impact", "severity"))
        steps = self._policy.escalation.severities.get(tier, {}).get(impact)
        return self._in_agent(ESCALATION_MANAGER, "severity", severity, "severities", tier, impact, said=steps)

    def _hold(self, service: tuple[str | int, ...]) -> Decision:
        held = datetime.fromisoformat(self._finding["due"]) - datetime.fromisoformat(self._finding["since"])
        rule, hold = self._finding["rule"], shown(held)
        is_set = rule in RULES and RULES[rule].switchable
        if is_set and service:
            tier, number = service[1:]
            if self._policy.context.services[tier][number].hold is not None:  # type: ignore[index]  # as they were found
                return self._in_context("hold", hold, *service, "hold")
        own = self._policy.analyzer.rules.get(rule) if is_set else None
        said = own.hold if own is not None else None
        return self._in_agent(ANALYZER, "hold", hold, "rules", rule, "hold", said=said)

    def _muted(self) -> Decision:
        muted = self._finding["muted"]
        section = "known_issues" if muted["kind"] == "known issue" else "maintenance_windows"
        for number, entry in enumerate(getattr(self._policy.context, section)):
            if entry.reason == muted["reason"] and entry.match.fits(self._finding["rule"], self._owner):
                return self._in_context("muted", f"{muted['kind']}: {muted['reason']}", section, number)
        return Decision("muted", f"{muted['kind']}: {muted['reason']}")

    def _repeat(self) -> Iterator[Decision]:
        severity = self._finding["severity"]
        repeat: timedelta | None = self._policy.escalation.repeat_after(severity)
        if repeat is not None:
            said = self._policy.escalation.repeat.get(severity)
            yield self._in_agent(ESCALATION_MANAGER, "repeat", shown(repeat), "repeat", severity, said=said)

    def _in_context(self, what: str, value: str, *keys: str | int) -> Decision:
        digest = self._generation.documents[CONTEXT].digest
        return Decision(what, value, CONTEXT, _PAGES.line(digest, keys), _dotted(keys))

    def _in_agent(self, name: str, what: str, value: str, *keys: str | int, said: object) -> Decision:
        if said is None:
            return Decision(what, value)
        agent = self._generation.agents[name]
        return Decision(what, value, agent.path, _PAGES.line(agent.digest, keys), _dotted(keys))


def _dotted(keys: tuple[str | int, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")
