"""`RegistryStatus`: what a registry serves at this moment and what, if anything, keeps newer content back.

The four conditions are always listed, in the manner of Kubernetes: ``status`` True is good, ``reason`` is empty then.

============ =======================================================================================================
``Loaded``   a first generation exists
``Current``  what was last read is what is served; else ``Rejected``, ``WaitingForLock``, ``Failed`` or ``Unstable``
``Watching`` events arrive; else ``Polling``, ``Rearming`` or, where the mount is gone, ``Detached``
``Complete`` nothing of the set is held back
============ =======================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from hotagents.diagnostics import Diagnostic

__all__ = ["Condition", "ConditionType", "RegistryState", "RegistryStatus", "ReloadResult"]

ConditionType = Literal["Loaded", "Current", "Watching", "Complete"]
RegistryState = Literal["starting", "current", "behind", "blind", "closed"]
ReloadResult = Literal["published", "unchanged", "rejected", "failed", "held"]


@final
@dataclass(frozen=True, slots=True)
class Condition:
    """One aspect of a registry's health.

    Attributes:
        type: Which aspect.
        status: Whether it is as it should be.
        reason: One word for machines, empty where nothing is wrong.
        message: For people, on one line, safe to print.
        since: When ``status`` or ``reason`` last changed, aware UTC.
    """

    type: ConditionType
    status: bool
    reason: str
    message: str
    since: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "type": self.type,
            "status": self.status,
            "reason": self.reason,
            "message": self.message,
            "since": self.since.isoformat(),
        }


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryStatus:
    """A registry at one moment.

    Attributes:
        state: ``starting`` before the first generation, ``current``, ``behind`` while newer content is not served,
            ``blind`` while the source cannot be read, ``closed``.
        conditions: All four, always in the same order.
        generation: Number of the generation served, 0 before the first.
        digest: Its digest, empty before the first.
        observed_digest: Digest of what was last read; differs from ``digest`` exactly while something is not served
            (not while a lock alone is ahead of its files, since a lock is no content).
        last_check: When the watch last finished a check, aware UTC.
        last_success: When a check last ended with served content equal to the source's.
        last_error: The first line of what is wrong now, empty where nothing is.
        diagnostics: Of what was last read: errors where it was rejected or waits for its lock, else warnings and notes.
        watch_mode: How events arrive: ``inotify``, ``watchfiles``, ``polling``, ``memory``, ``none`` or a sum of them.
        missed_changes: Changes that no event announced and a resync found.
        pins: Pins held now.
        subscriber_errors: Calls of subscribers that raised.
        reloads: How often the source was read, by what that came to; all five results are always there.
        last_reload_seconds: How long it took to read and judge what was last read.
        watch_errors: What went wrong with the watch itself, by kind: ``lost`` where it had to be armed anew,
            ``unavailable`` where events could not be had, ``defect`` where a check failed in a way that it must not.
    """

    state: RegistryState
    conditions: tuple[Condition, ...]
    generation: int
    digest: str
    observed_digest: str
    last_check: datetime | None
    last_success: datetime | None
    last_error: str
    diagnostics: tuple[Diagnostic, ...]
    watch_mode: str
    missed_changes: int
    pins: int
    subscriber_errors: int
    reloads: Mapping[ReloadResult, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    last_reload_seconds: float = 0.0
    watch_errors: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def condition(self, kind: ConditionType) -> Condition:
        """Return one of the four conditions."""
        return next(condition for condition in self.conditions if condition.type == kind)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        for name in ("last_check", "last_success"):
            values[name] = values[name].isoformat() if values[name] else None
        values["conditions"] = [condition.to_dict() for condition in self.conditions]
        values["diagnostics"] = [diagnostic.to_dict() for diagnostic in self.diagnostics]
        for name in ("reloads", "watch_errors"):
            values[name] = dict(values[name])
        return values
