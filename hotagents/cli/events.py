"""`Event`: one thing that happened to a registry, as a line for people and as facts for programs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.cli.output import counted, for_shell
from hotagents.diagnostics import errors_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hotagents.cli.inbox import Inbox
    from hotagents.diagnostics import Diagnostic
    from hotagents.generation import Change, Delta, Diff, Generation
    from hotagents.registry import ConfigRegistry
    from hotagents.status import Condition, RegistryStatus

__all__ = ["Event", "events"]

_MOST: Final = 10


@final
@dataclass(frozen=True, slots=True)
class Event:
    """One line of `watch`.

    Attributes:
        text: For people.
        facts: JSON-ready, for programs.
        style: A colour.
        more: Further lines for people, below the first.
    """

    text: str
    facts: Mapping[str, Any] = field(hash=False)
    style: str = ""
    more: tuple[str, ...] = ()


def events(registry: ConfigRegistry[Any], inbox: Inbox[Change[Any]]) -> Iterator[Event]:
    """Yield the first generation, each change, each new problem, and when it is over; ends with the inbox.

    Changes are forwarded by a thread that ends when the registry closes, which is the caller's to do. Problems are
    looked for whenever the inbox gives something, or nothing for a moment: a rejection wakes nobody here.

    Raises:
        SourceError: If the registry has to be started and cannot read its source.
        InvalidConfigError: If the registry has to be started and refuses it.
    """
    first = registry.start()
    changes = registry.changes(after=first)
    threading.Thread(target=_forward, args=(changes, inbox), name="hotagents-cli-changes", daemon=True).start()
    yield _published(first, None)
    known: tuple[str, str] | None = None
    for change in inbox:
        if change is not None:
            yield _published(change.generation, change.diff)
        status = registry.status
        problem = _problem(status)
        now = (problem.reason, problem.message) if problem is not None else None
        if now != known:
            known = now
            yield _refused(problem, status) if problem is not None else _healthy(status)


def _forward(changes: Iterator[Change[Any]], inbox: Inbox[Change[Any]]) -> None:
    for change in changes:
        inbox.put(change)


def _problem(status: RegistryStatus) -> Condition | None:
    """Return what is wrong: with what is served before how it is watched."""
    return next((c for c in (status.condition("Current"), status.condition("Watching")) if not c.status), None)


def _published(generation: Generation[Any], diff: Diff | None) -> Event:
    restored = f", restores {generation.restores}" if generation.restores else ""
    what = counted(len(generation.agents), "agent") if diff is None else _summary(diff)
    warnings = [d for d in generation.diagnostics if d.severity == "warning"]
    what += f", {counted(len(warnings), 'warning')}" if warnings else ""
    lock = generation.lock
    facts = {
        "event": "generation",
        "number": generation.number,
        "digest": generation.digest,
        "restores": generation.restores,
        "lock": lock.to_dict() if lock is not None else None,
        "agents": list(generation.agents),
        "diff": None if diff is None else diff.to_dict(),
        "diagnostics": [d.to_dict() for d in generation.diagnostics],
    }
    named = generation.digest[:19] + (lock.named if lock is not None else "")
    return Event(f"generation {generation.number} {named}{restored}: {what}", facts, more=_lines(warnings))


def _lines(warnings: Sequence[Diagnostic]) -> tuple[str, ...]:
    rest = [f"  and {len(warnings) - _MOST} more"] if len(warnings) > _MOST else []
    return (*(f"  warning: {warning}" for warning in warnings[:_MOST]), *rest)


def _refused(problem: Condition, status: RegistryStatus) -> Event:
    """A problem's message begins with file, line and column where a file is concerned."""
    read = f" {status.observed_digest[:19]}" if problem.reason == "Rejected" else ""
    begin = "waiting for" if problem.reason == "WaitingForLock" else f"{problem.reason.lower()}{read}:"
    stays = f"; generation {status.generation} stays"
    message = for_shell(problem.message).removesuffix(stays) + (stays if problem.type == "Current" else "")
    facts = {
        "event": "problem",
        "reason": problem.reason,
        "message": message,
        "number": status.generation,
        "digest": status.digest,
        "observed_digest": status.observed_digest,
        "diagnostics": [d.to_dict() for d in errors_in(status.diagnostics)],
    }
    return Event(f"{begin} {message}", facts, "red")


def _healthy(status: RegistryStatus) -> Event:
    text = f"healthy: generation {status.generation} {status.digest[:19]} is what the source holds"
    return Event(text, {"event": "healthy", "number": status.generation, "digest": status.digest}, "green")


def _summary(diff: Diff) -> str:
    parts = [f"{kind} {_delta(delta)}" for kind, delta in _deltas(diff) if delta]
    for name, rights in diff.rights.items():
        parts += [f"{name} gains {', '.join(rights.gained)}"] if rights.gained else []
        parts += [f"{name} loses {', '.join(rights.lost)}"] if rights.lost else []
    return "; ".join(parts) or "no visible difference"


def _deltas(diff: Diff) -> tuple[tuple[str, Delta], ...]:
    return ("agents", diff.agents), ("documents", diff.documents), ("files", diff.files)


def _delta(delta: Delta) -> str:
    return ", ".join(f"{word} {', '.join(names)}" for word, names in delta.to_dict().items() if names)
