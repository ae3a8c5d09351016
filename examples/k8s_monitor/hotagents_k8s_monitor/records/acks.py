"""`Acks`: what people have taken over, on disk. ``k8s-monitor ack`` writes it while the monitor runs, which reads it at
each look.
"""

from __future__ import annotations

import fcntl
import logging
import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.findings import SEVERITIES
from hotagents_k8s_monitor.incidents import Ack
from hotagents_k8s_monitor.judging import moment
from hotagents_k8s_monitor.records.files import SCHEMA, RecordsError, open_regular, read_object, write_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

__all__ = ["Acks"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_MOST: Final = 1000
_LONGEST: Final = 200
_DAMAGE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@final
class Acks:
    """``acks.json`` below a directory; several processes may write it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "acks.json"
        self._said = ""

    def in_force(self, now: datetime) -> Mapping[str, Ack]:
        """Return the acknowledgements that are not over, by incident; none where they cannot be read, which is logged.

        To be told too often is better than not to be told.
        """
        try:
            found = self._read(now)
        except (OSError, RecordsError, *_DAMAGE) as error:
            said = f"{type(error).__name__}: {escape(str(error), limit=_LONGEST)}"
            if said != self._said:
                logger.error("acks.json cannot be used (%s); nothing counts as acknowledged", said)  # noqa: TRY400
            self._said = said
            return {}
        self._said = ""
        return found

    def add(self, ack: Ack) -> None:
        """Write an acknowledgement, in place of an earlier one of the same incident.

        Raises:
            RecordsError: If a newer version wrote the file.
            ValueError: If it is damaged; remove it then.
            OSError: If it cannot be written.
        """
        with self._locked():
            kept = {**self._read(ack.at), ack.incident: _bounded(ack)}
            self._write(kept)

    def remove(self, incident: str, now: datetime) -> bool:
        """Take an acknowledgement back; say whether there was one. Raises as `add` does."""
        with self._locked():
            kept = dict(self._read(now))
            was_there = kept.pop(incident, None) is not None
            if was_there:
                self._write(kept)
            return was_there

    def _read(self, now: datetime) -> dict[str, Ack]:
        values = read_object(self._path)
        found = [_ack(item) for item in values["acks"]] if values is not None else []
        return {ack.incident: ack for ack in found if now < ack.until}

    def _write(self, acks: Mapping[str, Ack]) -> None:
        latest = sorted(acks.values(), key=lambda ack: ack.at)[-_MOST:]
        write_object(self._path, {"schema": SCHEMA, "acks": [ack.to_dict() for ack in latest]})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor = open_regular(self._directory / "acks.lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _bounded(ack: Ack) -> Ack:
    return replace(ack, by=escape(ack.by, limit=_LONGEST), reason=escape(ack.reason, limit=_LONGEST))


def _ack(values: Any) -> Ack:
    if values["severity"] not in SEVERITIES:
        raise ValueError(f"expected one of {SEVERITIES}")
    return Ack(
        incident=str(values["incident"]),
        by=str(values["by"]),
        reason=str(values["reason"]),
        at=moment(values["at"]),
        until=moment(values["until"]),
        severity=values["severity"],
    )
