"""`Health`: what a registry says of itself, and one log line for each new thing that is wrong.

Everything that can change is in one immutable `Record`, replaced whole: by one thread at a time, under the check lock,
and for a publication in the same instant in which the generation becomes current. Any thread may read it.
"""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final, get_args

from hotagents.diagnostics import Diagnostic, errors_in, escape
from hotagents.holding import HELD
from hotagents.registry.news import log_warnings, provenance
from hotagents.registry.said import Said
from hotagents.status import Condition, ConditionType, RegistryState, RegistryStatus, ReloadResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from hotagents.clock import Clock
    from hotagents.errors import SourceError
    from hotagents.generation import Generation
    from hotagents.loading import Candidate
    from hotagents.watching import WatchState

__all__ = ["Facts", "Health", "Record", "Reloads"]

logger: Final = logging.getLogger("hotagents")
_BLIND: Final = "Failed"
_DETACHED: Final = "Detached"
_INCOMPLETE: Final = {**dict.fromkeys(HELD, "FilesHeld"), "last-good-from-disk": "LastGoodFromDisk"}
_MOST_NAMES: Final = 5
_NO_GENERATION: Final = "no generation yet"


class Record(NamedTuple):
    """The outcome of the last check."""

    conditions: Mapping[ConditionType, Condition]
    observed: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    last_success: datetime | None = None
    last_error: str = ""


class Reloads(NamedTuple):
    """How often the source was read, by what that came to, and how many seconds the last time took."""

    counts: Mapping[ReloadResult, int] = MappingProxyType(dict.fromkeys(get_args(ReloadResult), 0))
    seconds: float = 0.0


class Facts(NamedTuple):
    """What `Health` is told from elsewhere when a status is taken."""

    generation: Generation[Any] | None
    record: Record
    closed: bool
    watch: WatchState
    last_check: datetime | None
    missed: int
    pins: int
    subscriber_errors: int
    watch_errors: Mapping[str, int]


@final
class Health:
    """The outcomes of checks, as conditions.

    Attributes:
        record: The newest outcome.
        reloads: What was read so far.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = now = clock.now()
        self.record = Record(
            MappingProxyType(
                {
                    "Loaded": _condition("Loaded", "Starting", _NO_GENERATION, now),
                    "Current": _condition("Current", "Starting", "nothing was read yet", now),
                    "Watching": _condition("Watching", "", "", now),
                    "Complete": _condition("Complete", "", "", now),
                }
            )
        )
        self.reloads = Reloads()
        self._said = Said(clock)  # of the thread that checks
        self._held = ""  # what is to be said of a rollback, as long as it holds; of that thread too

    def reloaded(self, result: ReloadResult, seconds: float) -> None:
        """Count a reading of the source."""
        counts = self.reloads.counts
        self.reloads = Reloads(MappingProxyType({**counts, result: counts[result] + 1}), seconds)

    def published(self, generation: Generation[Any]) -> None:
        """Note a publication; logs nothing, since it is called while readers are held up."""
        self._is_current(generation.digest, generation.diagnostics)

    def unchanged(self, digest: str, diagnostics: tuple[Diagnostic, ...], new: Sequence[Diagnostic] = ()) -> None:
        """Note that what was read is what is served; of what is said of it ``new`` was not when it was published."""
        if self.record.last_error:
            logger.info("the source is back at what is served (%s)", digest[:19], extra={"digest": digest})
        log_warnings(new, self.record.diagnostics, {"digest": digest})
        self._is_current(digest, diagnostics)

    def restored(self, generation: Generation[Any]) -> None:
        """Note that a set is served which was not read just now; what was, and why it is not served, stays as it is."""
        conditions = self._with(Loaded=("", ""), Complete=_completeness(generation.diagnostics))
        self.record = self.record._replace(conditions=conditions)

    def note_rejected(self, digest: str, diagnostics: tuple[Diagnostic, ...], serving: int) -> None:
        """Note a set of which something, or all, was refused; logs nothing."""
        first = errors_in(diagnostics)[0]
        reasons = {"Current": ("Rejected", _refusal(diagnostics, serving)), "Watching": ("", "")}
        if any(diagnostic.code in HELD for diagnostic in diagnostics):
            reasons["Complete"] = _completeness(diagnostics)
        if serving:
            reasons["Loaded"] = ("", "")
        conditions = self._with(**reasons)
        self.record = Record(conditions, digest, diagnostics, self.record.last_success, str(first))

    def rejected(self, digest: str, diagnostics: tuple[Diagnostic, ...], serving: int) -> None:
        """Note a set that was refused, wholly or in part."""
        self.note_rejected(digest, diagnostics, serving)
        self._log(logging.ERROR, f"rejected {digest[:19]}: {_refusal(diagnostics, serving)}", "Rejected", digest)

    def note_hold(self, generation: Generation[Any]) -> None:
        """Note that an operator went back to a generation's content, which is held; logs nothing."""
        self._held = f"; {_hold(generation)}"
        complete, current = _completeness(generation.diagnostics), self.record.conditions["Current"]
        held = ("Held", _hold(generation))
        if current.reason == _BLIND:  # that stays so, whatever is served
            held = (_BLIND, current.message.partition("; generation ")[0] + self._held)
        conditions = self._with(Loaded=("", ""), Current=held, Complete=complete)
        self.record = self.record._replace(conditions=conditions)

    def let_go(self) -> None:
        """Note that nothing is held any more; the check that follows says the rest."""
        self._held = ""

    def log_hold(self, generation: Generation[Any]) -> None:
        """Log that a generation is held from now on."""
        self._said.clear()
        self._log(logging.WARNING, _hold(generation), "Held", generation.digest)

    def holding(self, digest: str, diagnostics: tuple[Diagnostic, ...], generation: Generation[Any]) -> None:
        """Note what the source has while a generation is held."""
        errors = errors_in(diagnostics)
        state = f"would be refused: {errors[0]}" if errors else "waits"
        what = _hold(generation) + ("" if digest == generation.digest else f"; {digest[:19]} {state}")
        conditions = self._with(Current=("Held", what), Watching=("", ""))
        said = str(errors[0]) if errors else ""
        success = self._clock.now() if digest == generation.digest else self.record.last_success
        self.record = Record(conditions, digest, diagnostics, success, said)
        self._log(logging.WARNING, what, "Held", digest)

    def waiting(
        self, candidate: Candidate[Any], diagnostics: tuple[Diagnostic, ...], serving: int, *, stale: bool
    ) -> None:
        """Note a candidate that is not as its lock lists it; ``stale`` where the lock lists what is served."""
        lock = candidate.locks[0]
        what = f"{escape(lock.path)}{lock.named}: {_differences(candidate)}"
        what += f"; {_stale(candidate, serving)}" if stale else ""
        what += f"; {_serving(serving)}{self._held}"
        conditions = self._with(Current=("WaitingForLock", what), Watching=("", ""))
        self.record = Record(conditions, candidate.digest, diagnostics, self.record.last_success, what)
        self._log(logging.WARNING, f"waiting for {what}", "WaitingForLock", candidate.digest, **provenance(lock))

    def failed(self, error: SourceError, serving: int) -> None:
        """Note that the source could not be read."""
        text = escape(str(error))
        gone = error.reason in {_DETACHED, "Missing"}
        conditions = self._with(
            Current=("Unstable" if error.reason == "Unstable" else _BLIND, text + self._held),
            Watching=(_DETACHED, text) if gone else ("", ""),
        )
        self.record = self.record._replace(conditions=conditions, last_error=text)
        self._log(logging.ERROR, f"cannot read: {text}; {_serving(serving)}", error.reason, self.record.observed)

    def status(self, facts: Facts) -> RegistryStatus:
        """Return everything as one status."""
        generation, record, reloads = facts.generation, facts.record, self.reloads
        known = record.conditions if generation is not None else _unserved(record.conditions, self._begun)
        conditions = [_watching(c, facts.watch) if c.type == "Watching" else c for c in known.values()]
        return RegistryStatus(
            state=_state(facts),
            conditions=tuple(conditions),
            generation=generation.number if generation else 0,
            digest=generation.digest if generation else "",
            observed_digest=record.observed,
            last_check=facts.last_check,
            last_success=record.last_success,
            last_error=record.last_error,
            diagnostics=record.diagnostics,
            watch_mode=facts.watch.mode,
            missed_changes=facts.missed,
            pins=facts.pins,
            subscriber_errors=facts.subscriber_errors,
            reloads=reloads.counts,
            last_reload_seconds=reloads.seconds,
            watch_errors=facts.watch_errors,
        )

    def _is_current(self, digest: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        self._said.clear()
        complete = _completeness(diagnostics)
        conditions = self._with(Loaded=("", ""), Current=("", ""), Watching=("", ""), Complete=complete)
        self.record = Record(conditions, digest, diagnostics, self._clock.now())

    def _with(self, **reasons: tuple[str, str]) -> Mapping[ConditionType, Condition]:
        """Return the conditions with some replaced; ``since`` moves only with the reason."""
        conditions = dict(self.record.conditions)
        for kind, old in self.record.conditions.items():
            if kind in reasons:
                reason, message = reasons[kind]
                since = old.since if old.reason == reason else self._clock.now()
                conditions[kind] = _condition(kind, reason, message, since)
        return MappingProxyType(conditions)

    def _log(self, level: int, text: str, reason: str, digest: str, **more: str) -> None:
        if (line := self._said.again(text)) is not None:
            logger.log(level, "%s", line, extra={"reason": reason, "digest": digest, **more})


def _differences(candidate: Candidate[Any]) -> str:
    named = [escape(f"{d.path} {d.message}", limit=200) for d in candidate.mismatches[:_MOST_NAMES]]
    more = len(candidate.mismatches) - len(named)
    return "; ".join([*named, f"and {more} more"] if more else named)


def _stale(candidate: Candidate[Any], serving: int) -> str:
    elsewhere = "unless a new one is on its way, " if len(candidate.parts) > 1 else ""
    return (
        f"the lock still lists what generation {serving} serves: {elsewhere}the lock was not rendered anew after this "
        "edit; render it again or remove it"
    )


def _refusal(diagnostics: Sequence[Diagnostic], serving: int) -> str:
    errors = errors_in(diagnostics)
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{errors[0]}{more}; {_serving(serving)}"


def _completeness(diagnostics: Iterable[Diagnostic]) -> tuple[str, str]:
    """Return reason and message of the condition ``Complete``, from what is said of the content that is served."""
    said = [d for d in diagnostics if d.code in _INCOMPLETE]
    if not said:
        return "", ""
    shown = [escape(f"{d.path}: {d.message}" if d.path else d.message, limit=200) for d in said[:_MOST_NAMES]]
    more = [f"and {len(said) - _MOST_NAMES} more"] if len(said) > _MOST_NAMES else []
    return _INCOMPLETE[said[0].code], "; ".join([*shown, *more])


def _hold(generation: Generation[Any]) -> str:
    back = f", which restores {generation.restores}," if generation.restores else ""
    return f"generation {generation.number}{back} is held; nothing newer is published until resume()"


def _serving(number: int) -> str:
    return f"generation {number} stays" if number else "nothing is served yet"


def _condition(kind: ConditionType, reason: str, message: str, since: datetime) -> Condition:
    return Condition(kind, not reason, reason, message, since)


def _unserved(conditions: Mapping[ConditionType, Condition], since: datetime) -> Mapping[ConditionType, Condition]:
    """Before a start has returned nobody is served, though the start, or one that failed, may have published."""
    if not conditions["Loaded"].status:
        return conditions
    hidden = {**conditions, "Loaded": _condition("Loaded", "Starting", _NO_GENERATION, since)}
    if conditions["Current"].status:
        hidden["Current"] = _condition("Current", "Starting", "what was read is not served yet", since)
    return hidden


def _watching(own: Condition, watch: WatchState) -> Condition:
    """A mount that is gone counts before the way in which events arrive."""
    if not own.status or not watch.reason:
        return own
    return _condition("Watching", watch.reason, escape(watch.message), watch.since or own.since)


def _state(facts: Facts) -> RegistryState:
    if facts.closed:
        return "closed"
    if facts.generation is None:
        return "starting"
    current = facts.record.conditions["Current"]
    if current.status:
        return "current"
    if current.reason == "Held" and facts.record.observed == facts.generation.digest:
        return "current"
    return "blind" if current.reason == _BLIND else "behind"
