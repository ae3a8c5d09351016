"""`Archive`: what was written, read back; nothing is changed, and a monitor may write meanwhile.

Files may be damaged, cut off, or written by a newer version: a line that is no record is passed over, and of a newer
record what this version knows is read.
"""

from __future__ import annotations

import json
import os
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.records.cycles import CYCLE_FILES
from hotagents_k8s_monitor.records.files import NotRegularError, RecordsError, open_regular, read_object
from hotagents_k8s_monitor.records.journal import is_incident_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Archive"]

_INCIDENTS: Final = re.compile(r"incident-(?P<id>.+)\.json")
_LONGEST_LINE: Final = 64 << 20
_DAMAGE: Final = (NotRegularError, RecordsError, ValueError)


@final
class Archive:
    """Records below a directory.

    Args:
        directory: That of the settings; need not be there, and is empty then.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def incidents(self) -> Iterator[dict[str, Any]]:
        """Yield the incidents, the latest first; those that cannot be read are passed over.

        Raises:
            OSError: If the directory cannot be read.
        """
        for name in sorted(self._incident_ids(), reverse=True):
            if (found := self._incident(name)) is not None:
                yield found

    def incident(self, name: str) -> dict[str, Any] | None:
        """Return the incident of an id, or the only one whose id begins so or ends so; None where there is none.

        Raises:
            RecordsError: If several do.
            OSError: If the directory cannot be read.
        """
        ids = self._incident_ids()
        near = [name] if name in ids else [found for found in ids if found.startswith(name) or found.endswith(name)]
        if len(near) > 1:
            some = ", ".join(sorted(near)[:3])
            raise RecordsError(
                f"{escape(name, limit=100)}: {len(near)} incidents are called so, such as {some}; say more"
            )
        return self._incident(near[0]) if near else None

    def cycles(self, *, last: int) -> list[dict[str, Any]]:
        """Return that many cycles, the latest first, each with its findings where its file has them.

        Raises:
            OSError: If a file cannot be read.
        """
        found: list[dict[str, Any]] = []
        for path in self._cycle_files():
            some: deque[dict[str, Any]] = deque(_resolved(path), maxlen=last - len(found))
            found += reversed(some)
            if len(found) >= last:
                break
        return found

    def cycle(self, name: str) -> dict[str, Any] | None:
        """Return the latest cycle of an id, or whose id begins so, with its findings; None where there is none.

        Raises:
            OSError: If a file cannot be read.
        """
        for path in self._cycle_files():
            matching = (record for record in _resolved(path) if str(record.get("cycle", "")).startswith(name))
            if (found := deque(matching, maxlen=1)) and name:
                return found[0]
        return None

    def finding(self, fingerprint: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the latest description of a finding, and the cycle that it is of; None where no cycle has it.

        Raises:
            OSError: If a file cannot be read.
        """
        for path in self._cycle_files():
            found: tuple[dict[str, Any], dict[str, Any]] | None = None
            for record in _resolved(path):
                findings = (f for f in record.get("findings", ()) if isinstance(f, dict))
                this = next((f for f in findings if f.get("fingerprint") == fingerprint), None)
                found = (this, record) if this is not None else found
            if found is not None:
                return found
        return None

    def _incident_ids(self) -> list[str]:
        found = (_INCIDENTS.fullmatch(name) for name in _names(self.directory))
        return [match["id"] for match in found if match is not None and is_incident_id(match["id"])]

    def _incident(self, name: str) -> dict[str, Any] | None:
        try:
            return read_object(self.directory / f"incident-{name}.json")
        except _DAMAGE:
            return None

    def _cycle_files(self) -> list[Path]:
        folder = self.directory / "cycles"
        return [folder / name for name in sorted(_names(folder), reverse=True) if CYCLE_FILES.fullmatch(name)]


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names alone are wanted
    except FileNotFoundError:
        return []


def _resolved(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file; one that names an earlier line's findings gets those."""
    whole: dict[str, Any] = {}
    for record in _lines(path):
        if "findings" in record:
            whole = record
        elif whole and record.get("findings_as_of") == whole.get("cycle"):
            record = record | {"findings": whole["findings"]}  # noqa: PLW2901 - the same record, completed
        yield record


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        file = os.fdopen(open_regular(path, os.O_RDONLY), "rb")
    except (FileNotFoundError, NotRegularError):  # deleted meanwhile, or nobody's record
        return
    with file:
        while line := file.readline(_LONGEST_LINE):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                yield record
