"""`Journal`: one line for each cycle, one file for each incident, kept for a while and up to a size."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents_k8s_monitor.records.cycles import CYCLE_FILES, Cycles
from hotagents_k8s_monitor.records.files import SCHEMA, NotRegularError, RecordsError, read_object, write_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

__all__ = ["MOST_EVENTS", "Journal", "is_incident_id"]

MOST_EVENTS: Final = 500
"""Events that one incident's file holds: its first, and then the latest."""

_ID: Final = r"[0-9A-Za-z][0-9A-Za-z.-]{0,99}"
_BESIDE: Final = rf"\.(?:analysis|state|incident-{_ID})\.json\.\w+\.tmp"
_RECORDS: Final = re.compile(rf"incident-{_ID}\.json|state\.json\.damaged-[0-9TZ]+|{_BESIDE}", re.ASCII)
_PAUSE: Final = timedelta(hours=1)
_SHARES: Final = 16  # of all bytes; one is what a file of cycles may have, and what is written before the next pruning


class _File(NamedTuple):
    """One of ours, sorted by age."""

    changed_at: float
    size: int
    path: Path


def is_incident_id(value: object) -> bool:
    """Say whether a value may name an incident, and so a file."""
    return isinstance(value, str) and re.fullmatch(_ID, value, re.ASCII) is not None


@final
class Journal:
    """Records below a directory, used by one thread at a time.

    Args:
        directory: Made at the first record, with its parents.
        keep: Age at which a file of cycles or an ended incident is deleted.
        most_bytes: Size of all records beyond which the oldest are deleted, whatever their age.
    """

    def __init__(self, directory: Path, *, keep: timedelta, most_bytes: int) -> None:
        self._directory = directory
        self._share = max(1, most_bytes // _SHARES)
        self._cycles = Cycles(directory / "cycles", most_in_file=self._share)
        self._keep = keep
        self._most_bytes = most_bytes
        self._written = 0
        self._pruned_at: datetime | None = None

    def add_cycle(self, record: Mapping[str, Any], *, at: datetime) -> None:
        """Append the record of one cycle, without its findings where an earlier line has them; see `Cycles`.

        Raises:
            OSError: If it cannot be written.
        """
        self._written += self._cycles.add(record, at=at)

    def add_to_incident(self, incident: str, facts: Mapping[str, Any], events: list[dict[str, Any]]) -> None:
        """Write an incident's file: its facts as they are now, and the events added to those it has.

        A finding without ``fields`` keeps those that the file has of it.

        Raises:
            ValueError: If the incident has a name that no file of its own may have.
            OSError: If it cannot be written; the earlier content is still there.
        """
        if not is_incident_id(incident):
            raise ValueError(f"expected an incident's id, got {incident!r}")
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._path(incident)
        earlier = self.incident(incident) or {}
        known = earlier.get("events")
        all_events = [*(known if isinstance(known, list) else []), *events]
        first, rest = all_events[:1], all_events[1:]
        kept = [*first, *rest[-(MOST_EVENTS - 1) :]]
        self._written += write_object(path, {"schema": SCHEMA, **_completed(facts, earlier), "events": kept})

    def incident(self, name: str) -> dict[str, Any] | None:
        """Return an incident's file; None where there is none, or none that can be used.

        Raises:
            OSError: If it cannot be read.
        """
        try:
            return read_object(self._path(name))
        except (NotRegularError, RecordsError, ValueError):  # what is known now is worth more
            return None

    def _path(self, incident: str) -> Path:
        return self._directory / f"incident-{incident}.json"

    def prune(self, now: datetime, *, going_on: frozenset[str] = frozenset()) -> int:
        """Delete what is too old, then the oldest while all is too large; return how many.

        Files that go on are kept: the one for the next cycle and those of the incidents given. Only files that bear our
        names are touched, and no link is followed. What a write left behind when its process died is deleted after an
        hour. Once all went well there is nothing more to do for an hour, or until a sixteenth of ``most_bytes`` was
        written.

        Raises:
            OSError: If a file cannot be deleted; the others are.
        """
        if not self._is_due(now):
            return 0
        spared = {self._cycles.current(now).name, *(f"incident-{name}.json" for name in going_on)}
        files = sorted(self._files())
        total, deleted, failure = sum(file.size for file in files), 0, None
        for file in files:
            if file.path.name in spared or not (total > self._most_bytes or self._is_over(file, now)):
                continue
            try:
                file.path.unlink(missing_ok=True)
            except OSError as error:
                failure = error
            else:
                total, deleted = total - file.size, deleted + 1
        if failure is not None:
            raise failure
        self._pruned_at, self._written = now, 0
        return deleted

    def _is_due(self, now: datetime) -> bool:
        if self._pruned_at is None or self._written > self._share:
            return True
        return not timedelta(0) <= now - self._pruned_at < _PAUSE

    def _is_over(self, file: _File, now: datetime) -> bool:
        longest = _PAUSE if file.path.suffix == ".tmp" else self._keep
        return file.changed_at < (now - longest).timestamp()

    def _files(self) -> Iterator[_File]:
        yield from _ours(self._directory, _RECORDS)
        if not self._cycles.directory.is_symlink():
            yield from _ours(self._cycles.directory, CYCLE_FILES)


def _completed(facts: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts, in which findings without fields have those that were written before."""
    before = earlier.get("findings")
    described = [f for f in before if isinstance(f, dict)] if isinstance(before, list) else []
    fields = {f.get("fingerprint"): f["fields"] for f in described if "fields" in f}
    findings = [
        finding if "fields" in finding else finding | {"fields": fields.get(finding.get("fingerprint"), [])}
        for finding in facts.get("findings", ())
    ]
    return {**facts, "findings": findings} if "findings" in facts else dict(facts)


def _ours(folder: Path, names: re.Pattern[str]) -> Iterator[_File]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # deleted by somebody else meanwhile
                if names.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    found = entry.stat(follow_symlinks=False)
                    yield _File(found.st_mtime, found.st_size, Path(entry.path))
