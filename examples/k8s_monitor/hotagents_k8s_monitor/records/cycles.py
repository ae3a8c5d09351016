"""`Cycles`: a line of JSON for each cycle, in files of one day each, or of a part of one where they would grow large.

Findings are most of a line and seldom change from one look to the next. So a line has them where they differ from those
of the line before, and at the beginning of each file and process; else it has ``findings_as_of``, the id of the earlier
cycle of the same file that lists them, and ``counts`` of their states. What moves all the time makes no difference: the
times of a finding, the values of the fields that it stands on, and in its message how often a container was restarted
and the length of its back-off.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents_k8s_monitor.records.files import SCHEMA, append_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

__all__ = ["CYCLE_FILES", "Cycles"]

CYCLE_FILES: Final = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)(?:_(?P<part>\d{3,6}))?\.jsonl", re.ASCII)
"""Names of the files: ``2026-11-24.jsonl``, then ``2026-11-24_001.jsonl`` and so on, which sorts them by age."""

_MOVING: Final = frozenset({"since", "due", "first_seen", "last_seen", "phase", "fields"})
_OF_ONE_LOOK: Final = frozenset({"new", "worse"})  # phases that say when something changed, which the line has
_MOVES: Final = re.compile(r"(?<=\bafter )\d+ restarts?\b|(?<=\bback-off )\d\w*")  # also "5m0s"


class _Whole(NamedTuple):
    """The last line that has its findings."""

    path: Path
    cycle: str
    findings: str


@final
class Cycles:
    """The files below a directory, written by one thread at a time.

    Args:
        directory: Made at the first line, with its parents.
        most_in_file: Size in bytes from which on a file gets no further line.

    Attributes:
        directory: Where.
    """

    def __init__(self, directory: Path, *, most_in_file: int) -> None:
        self.directory = directory
        self._most_in_file = most_in_file
        self._whole: _Whole | None = None

    def add(self, record: Mapping[str, Any], *, at: datetime) -> int:
        """Append the line of one cycle; return its size in bytes.

        Raises:
            OSError: If it cannot be written.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        findings = record.get("findings", ())
        whole = _Whole(self.current(at), record.get("cycle", ""), _lasting(findings))
        as_of = self._as_of(whole) if findings else None  # an empty list is short enough
        if as_of is not None:
            return append_line(whole.path, {"schema": SCHEMA, **_shortened(record, as_of)})
        size = append_line(whole.path, {"schema": SCHEMA, **record})
        self._whole = whole
        return size

    def current(self, at: datetime) -> Path:
        """Return the file for a line at that time, which may not be there yet.

        Raises:
            OSError: If the directory is there and cannot be read.
        """
        day = f"{at:%Y-%m-%d}"
        part = max((int(found["part"] or 0) for found in self._found() if found["day"] == day), default=0)
        path = self._path(day, part)
        with suppress(FileNotFoundError):
            if path.lstat().st_size >= self._most_in_file:
                return self._path(day, part + 1)
        return path

    def _as_of(self, whole: _Whole) -> str | None:
        """Return the cycle of the same file that lists the same findings already, or None."""
        before = self._whole
        if before is None or (before.path, before.findings) != (whole.path, whole.findings):
            return None
        return before.cycle if whole.path.exists() else None  # somebody may have deleted it

    def _found(self) -> list[re.Match[str]]:
        with suppress(FileNotFoundError), os.scandir(self.directory) as entries:
            return [found for entry in entries if (found := CYCLE_FILES.fullmatch(entry.name))]
        return []

    def _path(self, day: str, part: int) -> Path:
        return self.directory / (f"{day}_{part:03}.jsonl" if part else f"{day}.jsonl")


def _shortened(record: Mapping[str, Any], as_of: str) -> dict[str, Any]:
    short = {name: value for name, value in record.items() if name != "findings"}
    counts = Counter(finding["state"] for finding in record["findings"])
    return short | {"findings_as_of": as_of, "counts": counts}


def _lasting(findings: Iterable[Mapping[str, Any]]) -> str:
    """Return a digest of what makes a difference between two lists of findings."""
    values = [{name: value for name, value in finding.items() if name not in _MOVING} for finding in findings]
    for finding in values:
        finding["absent_since"] = finding.get("absent_since") is not None
        finding["phase"] = "ongoing" if finding.get("phase") in _OF_ONE_LOOK else finding.get("phase")
        finding["message"] = _MOVES.sub("#", finding.get("message", ""))
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
