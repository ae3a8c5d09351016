"""`Health`: what a registry says of itself, and one log line for each new thing that is wrong.

Written under the registry's check lock, by one thread at a time; each condition is one immutable reference, so `status`
may be taken by any thread.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple, final

from hotagents.diagnostics import Diagnostic, errors_in, escape
from hotagents.status import Condition, ConditionType, RegistryState, RegistryStatus

if TYPE_CHECKING:
    from datetime import datetime

    from hotagents.clock import Clock
    from hotagents.errors import SourceError
    from hotagents.generation import Diff, Generation
    from hotagents.spec import AgentSpec
    from hotagents.watching import WatchState

__all__ = ["Facts", "Health"]

logger: Final = logging.getLogger("hotagents")
_BLIND: Final = "Failed"


class Facts(NamedTuple):
    """What `Health` is told from elsewhere when a status is taken."""

    generation: Generation[AgentSpec] | None
    closed: bool
    watch: WatchState
    last_check: datetime | None
    missed: int
    pins: int
    subscriber_errors: int


@final
class Health:
    """The outcomes of checks, as conditions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        now = clock.now()
        self._conditions: dict[ConditionType, Condition] = {
            "Loaded": Condition("Loaded", False, "Starting", "no generation yet", now),  # noqa: FBT003 - as listed
            "Current": Condition("Current", False, "Starting", "nothing was read yet", now),  # noqa: FBT003
            "Watching": Condition("Watching", True, "", "", now),  # noqa: FBT003
            "Complete": Condition("Complete", True, "", "", now),  # noqa: FBT003
        }
        self._observed = ""
        self._diagnostics: tuple[Diagnostic, ...] = ()
        self._last_success: datetime | None = None
        self._last_error = ""
        self._logged = ""

    def published(self, generation: Generation[AgentSpec], diff: Diff | None) -> None:
        """Note a publication; ``diff`` says what changed, None for the first."""
        self._is_current(generation.digest, generation.diagnostics)
        restored = f", restoring {generation.restores}" if generation.restores else ""
        what = f": {_summary(diff)}" if diff is not None else f": agents: {len(generation.agents)}"
        logger.info(
            "published generation %d (%s)%s%s",
            generation.number,
            generation.digest[:19],
            restored,
            what,
            extra={"generation": generation.number, "digest": generation.digest},
        )

    def unchanged(self, digest: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        """Note that what was read is what is served."""
        if self._last_error:
            logger.info("the source is back at what is served (%s)", digest[:19], extra={"digest": digest})
        self._is_current(digest, diagnostics)

    def rejected(self, digest: str, diagnostics: tuple[Diagnostic, ...], serving: int) -> None:
        """Note a candidate that was refused."""
        errors = errors_in(diagnostics)
        first = str(errors[0])
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        self._observed, self._diagnostics, self._last_error = digest, diagnostics, first
        self._set("Current", "Rejected", f"{first}{more}; generation {serving} stays")
        self._log(
            logging.ERROR, f"rejected {digest[:19]}: {first}{more}; generation {serving} stays", "Rejected", digest
        )

    def failed(self, error: SourceError, serving: int) -> None:
        """Note that the source could not be read."""
        self._last_error = escape(str(error))
        unstable = error.reason == "Unstable"
        self._set("Current", "Unstable" if unstable else "Failed", self._last_error)
        if error.reason in {"Detached", "Missing"}:
            self._set("Watching", "Detached", self._last_error)
        text = f"cannot read: {self._last_error}; generation {serving} stays"
        self._log(logging.ERROR, text, error.reason, self._observed)

    def status(self, facts: Facts) -> RegistryStatus:
        """Return everything at this moment."""
        generation = facts.generation
        return RegistryStatus(
            state=self._state(facts),
            conditions=tuple(self._watching(facts) if c.type == "Watching" else c for c in self._conditions.values()),
            generation=generation.number if generation else 0,
            digest=generation.digest if generation else "",
            observed_digest=self._observed,
            last_check=facts.last_check,
            last_success=self._last_success,
            last_error=self._last_error,
            diagnostics=self._diagnostics,
            watch_mode=facts.watch.mode,
            missed_changes=facts.missed,
            pins=facts.pins,
            subscriber_errors=facts.subscriber_errors,
        )

    def _watching(self, facts: Facts) -> Condition:
        """A mount that is gone counts before the way in which events arrive."""
        own, watch = self._conditions["Watching"], facts.watch
        if not own.status or not watch.reason:
            return own
        return Condition("Watching", False, watch.reason, escape(watch.message), watch.since or own.since)  # noqa: FBT003

    def _state(self, facts: Facts) -> RegistryState:
        if facts.closed:
            return "closed"
        if facts.generation is None:
            return "starting"
        current = self._conditions["Current"]
        if current.status:
            return "current"
        return "blind" if current.reason == _BLIND else "behind"

    def _is_current(self, digest: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        self._observed, self._diagnostics, self._last_error, self._logged = digest, diagnostics, "", ""
        self._last_success = self._clock.now()
        self._set("Loaded", "", "")
        self._set("Current", "", "")
        if self._conditions["Watching"].reason == "Detached":
            self._set("Watching", "", "")

    def _set(self, kind: ConditionType, reason: str, message: str) -> None:
        """Replace a condition; ``since`` moves only when status or reason does."""
        old = self._conditions[kind]
        since = old.since if (old.reason, old.status) == (reason, not reason) else self._clock.now()
        self._conditions[kind] = Condition(kind, not reason, reason, message, since)

    def _log(self, level: int, text: str, reason: str, digest: str) -> None:
        if text != self._logged:
            self._logged = text
            logger.log(level, "%s", text, extra={"reason": reason, "digest": digest})


def _summary(diff: Diff) -> str:
    parts = []
    for kind in ("agents", "documents", "files"):
        delta = getattr(diff, kind)
        for word in ("added", "changed", "removed"):
            if names := getattr(delta, word):
                shown = ", ".join(escape(name, limit=80) for name in names[:5])
                rest = f" and {len(names) - 5} more" if len(names) > 5 else ""  # noqa: PLR2004 - one line is enough
                parts.append(f"{kind} {word}: {shown}{rest}")
    return "; ".join(parts) or "no visible difference"
