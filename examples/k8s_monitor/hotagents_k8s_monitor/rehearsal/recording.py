"""The format of a recording: one file of gzipped JSON lines, ``recording.jsonl.gz``, in a directory of its own.

The first line is the `Header`. Each line after it is one look::

    {
        "at": "2026-11-24T10:00:00+00:00",
        "took": 1.25,
        "lists": {"pods": {"put": [...], "gone": [...]}},
        "gaps": [{"resource": "nodes", "reason": "forbidden", "detail": "..."}],
    }

``at`` is when the look began and ``took`` how many seconds it was until it was judged, so that a hold time ends in a
replay at the look at which it ended. ``lists`` has each resource that was seen, as what changed since the look before:
``put`` are objects that are new or other than they were, ``gone`` the keys (``namespace/name``) of those that are no
more. A resource that was not seen at a look is not in it. A reader refuses a newer format, and passes over what it does
not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.cluster.objects import name_of, namespace_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.cluster import Snapshot

__all__ = ["EXPECTED", "FILE", "FORMAT", "Header", "RecordedLook", "RecordingError", "key_of"]

FORMAT: Final = 1
FILE: Final = "recording.jsonl.gz"
EXPECTED: Final = "expected.yaml"
_KIND: Final = "k8s-monitor recording"
_LONGEST: Final = 300


class RecordingError(Exception):
    """A recording cannot be read or written; the message says where, what was found, and what to do."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a recording says of itself.

    Attributes:
        name: Of it.
        summary: What happens in it, for people; may be empty.
        resources: What its looks asked for, whatever came of that.
        names: Whether the names in it are those of the cluster (``kept``) or made up (``pseudonyms``).
        version: Of the monitor that wrote it.
    """

    name: str
    summary: str
    resources: tuple[str, ...]
    names: str = "kept"
    version: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the first line's values."""
        return {
            "kind": _KIND,
            "format": FORMAT,
            "name": self.name,
            "summary": self.summary,
            "resources": list(self.resources),
            "names": self.names,
            "version": self.version,
        }

    @classmethod
    def from_dict(cls, values: Any) -> Header:
        """Return the header that a first line holds.

        Raises:
            ValueError: If it is none, or one of a newer format.
        """
        if not isinstance(values, dict) or values.get("kind") != _KIND or not isinstance(values.get("format"), int):
            raise ValueError("expected the header of a recording in the first line")
        if values["format"] > FORMAT:
            raise ValueError(
                f"written in format {values['format']}, this version reads up to {FORMAT}; take a newer one"
            )
        resources = values.get("resources")
        if not isinstance(resources, list):
            raise ValueError("expected a list of resources in the first line")  # noqa: TRY004 - any other damage
        texts = {name: str(values.get(name, ""))[:_LONGEST] for name in ("name", "summary", "names", "version")}
        return cls(resources=tuple(map(str, resources)), **texts)


@final
@dataclass(frozen=True, slots=True)
class RecordedLook:
    """One look.

    Attributes:
        snapshot: What it saw; its time is when it began.
        took: How long it was until it was judged.
    """

    snapshot: Snapshot
    took: timedelta = timedelta(0)

    @property
    def judged_at(self) -> datetime:
        """When it was judged, aware UTC."""
        return self.snapshot.taken_at + self.took


def key_of(item: Mapping[str, Any]) -> str:
    """Return what names an object within its resource."""
    return f"{namespace_of(item)}/{name_of(item)}"
