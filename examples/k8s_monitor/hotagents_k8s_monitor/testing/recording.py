"""`Recording`: a cluster as it was, in one or more frames, from files that are shipped with the package."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, final

from hotagents_k8s_monitor.testing.building import text_of
from hotagents_k8s_monitor.testing.kinds import Kind, kind_of

__all__ = ["SHIPPED", "Frame", "Recording", "names"]

SHIPPED: Final = Path(__file__).parent / "recordings"
"""Where the recordings of the package are."""

_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?P<fraction>\.\d{1,9})?Z")


@final
@dataclass(frozen=True, slots=True)
class Frame:
    """A cluster at one moment.

    Attributes:
        at: When; aware UTC.
        objects: What was there, with ``apiVersion`` and ``kind``. Nobody writes into them.
    """

    at: datetime
    objects: tuple[dict[str, Any], ...]

    def moved_to(self, now: datetime) -> Frame:
        """Return the same cluster as if this were the moment: every time in it is shifted by as much."""
        by = now - self.at
        return Frame(now, tuple(_shifted(item, by) for item in self.objects))


@final
@dataclass(frozen=True, slots=True)
class Recording:
    """Frames of one cluster.

    Attributes:
        name: Of the recording.
        summary: What happens in it.
        frames: In the order of time.
    """

    name: str
    summary: str
    frames: tuple[Frame, ...]

    @classmethod
    def load(cls, name: str | Path) -> Recording:
        """Return a shipped recording by its name, or one of your own by the path of its directory.

        Raises:
            OSError: If there is no such directory, or it cannot be read.
            ValueError: If a file in it is not what it should be.
        """
        directory = SHIPPED / name if isinstance(name, str) and name in names() else Path(name)
        about = json.loads((directory / "recording.json").read_text(encoding="utf-8"))
        frames = tuple(
            Frame(datetime.fromisoformat(frame["at"]), _objects(directory / frame["folder"]))
            for frame in about["frames"]
        )
        return cls(about["name"], about["summary"], frames)

    def save(self, directory: Path) -> None:
        """Write it into a directory of its own, one object a line, so that a change shows as what it is.

        What was in the directory is removed.

        Raises:
            OSError: If it cannot be written.
        """
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        folders = [f"{number:02}" for number in range(len(self.frames))]
        for folder, frame in zip(folders, self.frames, strict=True):
            _write(directory / folder, frame)
        frames = [
            {"at": text_of(frame.at), "folder": folder} for folder, frame in zip(folders, self.frames, strict=True)
        ]
        about = {"name": self.name, "summary": self.summary, "frames": frames}
        (directory / "recording.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8", newline="\n")


def names() -> tuple[str, ...]:
    """Return the names of the recordings that are shipped, sorted."""
    return tuple(sorted(path.parent.name for path in SHIPPED.glob("*/recording.json")))


def _objects(folder: Path) -> tuple[dict[str, Any], ...]:
    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.json")):
        listed = json.loads(path.read_text(encoding="utf-8"))
        kind = {"apiVersion": listed["apiVersion"], "kind": listed["kind"].removesuffix("List")}
        found += [kind | item for item in listed["items"]]
    return tuple(found)


def _write(folder: Path, frame: Frame) -> None:
    folder.mkdir()
    found: dict[Kind, list[str]] = {}
    for item in sorted(frame.objects, key=_place):
        bare = {key: value for key, value in item.items() if key not in {"apiVersion", "kind"}}
        line = json.dumps(bare, separators=(",", ":"), ensure_ascii=False)
        found.setdefault(kind_of(item["apiVersion"], item["kind"]), []).append(line)
    for kind, lines in found.items():
        head = f'{{"kind":"{kind.name}List","apiVersion":"{kind.api_version}","metadata":{{"resourceVersion":"1000"}},'
        text = f'{head}"items":[\n' + ",\n".join(lines) + "\n]}\n"
        (folder / f"{kind.resource}.json").write_text(text, encoding="utf-8", newline="\n")


def _place(item: dict[str, Any]) -> str:
    return f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"


def _shifted(value: Any, by: timedelta) -> Any:
    if isinstance(value, dict):
        return {key: _shifted(inner, by) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shifted(inner, by) for inner in value]
    if isinstance(value, str) and (found := _TIME.fullmatch(value)) is not None:
        return _shifted_time(value, by, digits=len(found["fraction"] or ""))
    return value


def _shifted_time(value: str, by: timedelta, *, digits: int) -> str:
    moved = datetime.fromisoformat(value) + by
    return f"{moved:%Y-%m-%dT%H:%M:%S.%f}"[: 19 + digits].ljust(19 + digits, "0") + "Z"
