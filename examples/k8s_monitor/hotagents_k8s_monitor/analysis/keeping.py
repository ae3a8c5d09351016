"""`Kept`: the analyses that need not be made again, by the findings of an incident and the digest of a generation.

It is on disk too, so that a restart makes no call either: ``analysis.json``.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents import escape
from hotagents_k8s_monitor.analysis.remarks import Remark
from hotagents_k8s_monitor.judging import moment
from hotagents_k8s_monitor.records.files import SCHEMA, RecordsError, read_object, write_object

if TYPE_CHECKING:
    from pathlib import Path

    from hotagents_k8s_monitor.analysis.outcome import Outcome

__all__ = ["Entry", "Kept"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_NAME: Final = "analysis.json"
_MOST: Final = 2000  # far more than there are incidents, or what is open would be asked about again and again
_UNUSED: Final = timedelta(days=1)
_NOT_READ: Final = (ArithmeticError, LookupError, OSError, RecordsError, RecursionError, TypeError, ValueError)


class _Key(NamedTuple):
    digest: str
    fingerprints: frozenset[str]


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """What was said of one incident.

    Attributes:
        remark: What; None where the model was asked and had nothing to say.
        at: When the look was that it is about.
        used_at: When an incident last was as it was then.
    """

    remark: Remark | None
    at: datetime
    used_at: datetime


@final
class Kept:
    """Analyses; used by one thread, that of the cycles.

    Args:
        directory: Where the file is; None keeps nothing beyond this process.

    Attributes:
        attempted_at: When an analysis last began, or None.
        failures: How many have failed since one last did not.
        trouble: Why the last one failed, for people; empty where it did not.
    """

    def __init__(self, directory: Path | None) -> None:
        self._path: Final = directory / _NAME if directory is not None else None
        self._entries: dict[_Key, Entry] = {}
        self.attempted_at: datetime | None = None
        self.failures = 0
        self.trouble = ""

    def load(self, now: datetime) -> None:
        """Read what an earlier process kept; a file that cannot be read costs an analysis and nothing else."""
        if self._path is None:
            return
        try:
            found = read_object(self._path) or {}
            entries = dict(map(_entry, found.get("entries", ())))
            attempted_at = moment(found["attempted_at"]) if found.get("attempted_at") else None
            failures, trouble = int(found.get("failures", 0)), str(found.get("trouble", ""))
        except _NOT_READ as error:
            logger.warning("the kept analyses cannot be read and are made anew: %s", escape(str(error), limit=200))
            return
        # What was not written since may be in use: nothing is forgotten before a look has said what is open.
        self._entries = {key: replace(entry, used_at=min(entry.used_at, now)) for key, entry in entries.items()}
        self.attempted_at = attempted_at
        self.failures, self.trouble = max(0, failures), escape(trouble, limit=400)

    def save(self, now: datetime) -> str:
        """Write it; return what failed, in words."""
        self._forget(now)
        if self._path is None:
            return ""
        value = {
            "schema": SCHEMA,
            "attempted_at": self.attempted_at.isoformat() if self.attempted_at is not None else None,
            "failures": self.failures,
            "trouble": self.trouble,
            "entries": [_written(key, entry) for key, entry in self._entries.items()],
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_object(self._path, value)
        except OSError as error:
            return f"NOT WRITTEN the analysis: {escape(str(error), limit=200)}"
        return ""

    def find(self, digest: str, fingerprints: frozenset[str], now: datetime) -> Entry | None:
        """Return what is kept of an incident with these findings under that generation; None where nothing is."""
        key = _Key(digest, fingerprints)
        entry = self._entries.get(key)
        if entry is not None:
            self._entries[key] = replace(entry, used_at=now)
        return entry

    def add(self, outcome: Outcome, now: datetime) -> None:
        """Keep what an analysis came to."""
        remarks = {remark.fingerprints: remark for remark in outcome.remarks}
        for fingerprints in outcome.asked:
            key = _Key(outcome.digest, fingerprints)
            self._entries.pop(key, None)
            self._entries[key] = Entry(remarks.get(fingerprints), outcome.at, now)

    def _forget(self, now: datetime) -> None:
        """Forget what no incident has been like for a day, and of what is too much that which was not for longest."""
        used = [(key, entry) for key, entry in self._entries.items() if now - entry.used_at < _UNUSED]
        used.sort(key=lambda each: each[1].used_at)
        self._entries = dict(used[-_MOST:])


def _written(key: _Key, entry: Entry) -> dict[str, Any]:
    return {
        "digest": key.digest,
        "fingerprints": sorted(key.fingerprints),
        "at": entry.at.isoformat(),
        "used_at": entry.used_at.isoformat(),
        "remark": entry.remark.to_dict() if entry.remark is not None else None,
    }


def _entry(values: Any) -> tuple[_Key, Entry]:
    key = _Key(str(values["digest"]), frozenset(map(str, values["fingerprints"])))
    remark = Remark.from_dict(values["remark"]) if values["remark"] is not None else None
    if remark is not None and remark.fingerprints != key.fingerprints:
        raise ValueError("expected a remark on the findings that it is kept by")
    return key, Entry(remark, moment(values["at"]), moment(values["used_at"]))
