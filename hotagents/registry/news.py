"""News: what a publication changed, as lines of the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from hotagents.diagnostics import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotagents.diagnostics import Diagnostic
    from hotagents.generation import Diff, Generation
    from hotagents.lock import Lock

__all__ = ["log_publication", "log_warnings", "provenance"]

logger: Final = logging.getLogger("hotagents")
_MOST_NAMES: Final = 5
_MOST_WARNINGS: Final = 10


def log_publication(generation: Generation[Any], previous: Generation[Any] | None) -> None:
    """Log a publication: what changed, and the warnings that the previous generation did not have."""
    restored = f", restoring {generation.restores}" if generation.restores else ""
    lock = generation.lock
    facts = {"generation": generation.number, "digest": generation.digest, **provenance(lock)}
    if logger.isEnabledFor(logging.INFO):  # comparing has a price
        logger.info(
            "published generation %d (%s%s)%s: %s",
            generation.number,
            generation.digest[:19],
            lock.named if lock is not None else "",
            restored,
            _summary(previous.diff(generation)) if previous is not None else _counted(len(generation.agents)),
            extra=facts,
        )
    if previous is not None and previous.lock is not None and lock is None:
        logger.warning("the lock is gone: what belongs together is not checked any more", extra=facts)
    log_warnings(generation.diagnostics, previous.diagnostics if previous is not None else (), facts)


def log_warnings(diagnostics: Iterable[Diagnostic], known: Iterable[Diagnostic], facts: Mapping[str, object]) -> None:
    """Log warnings that are not among those known, the first ten, with facts as fields."""
    said = set(known)
    warnings = [d for d in diagnostics if d.severity == "warning" and d not in said]
    for warning in warnings[:_MOST_WARNINGS]:
        logger.warning("%s", warning, extra=facts)
    if len(warnings) > _MOST_WARNINGS:
        logger.warning("... and %d more warnings", len(warnings) - _MOST_WARNINGS, extra=facts)


def provenance(lock: Lock | None) -> dict[str, str]:
    """Return where a set comes from as fields of a log line; empty texts without a lock."""
    return {"release": lock.release if lock else "", "commit": lock.commit if lock else ""}


def _counted(agents: int) -> str:
    return f"{agents} agent" if agents == 1 else f"{agents} agents"


def _summary(diff: Diff) -> str:
    parts = []
    for kind, delta in (("agents", diff.agents), ("documents", diff.documents), ("files", diff.files)):
        for word, names in (("added", delta.added), ("changed", delta.changed), ("removed", delta.removed)):
            if names:
                shown = ", ".join(escape(name, limit=80) for name in names[:_MOST_NAMES])
                rest = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
                parts.append(f"{kind} {word}: {shown}{rest}")
    return "; ".join(parts) or "no visible difference"
