"""The events on the mount directory, compared with those that were recorded on a real kubelet."""

from __future__ import annotations

import ctypes
import os
import re
import struct
import sys
from itertools import groupby
from typing import TYPE_CHECKING, Final, final

import pytest

from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is a part of Linux")

_EVENT: Final = struct.Struct("iIII")
_NAMES: Final = {0x4: "ATTRIB", 0x40: "MOVED_FROM", 0x80: "MOVED_TO", 0x100: "CREATE", 0x200: "DELETE"}
_IS_DIRECTORY: Final = 0x40000000
_PAYLOAD: Final = re.compile(r"\.\.\d{4}(_\d\d){5}\.\d{1,10}")


@final
class Events:
    """Every event on a directory, as texts like ``CREATE|ISDIR ..TS1``."""

    def __init__(self, path: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        added: int = libc.inotify_add_watch(self.fd, os.fsencode(path), sum(_NAMES))
        assert min(self.fd, added) >= 0
        self._payloads: dict[str, str] = {}

    def take(self) -> list[str]:
        """Return what came since the last call; the kernel queues an event before its system call returns."""
        found: list[str] = []
        while True:
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                return found
            while data:
                _, mask, _, length = _EVENT.unpack_from(data)
                name, data = data[_EVENT.size : _EVENT.size + length], data[_EVENT.size + length :]
                found.append(self._text(mask, os.fsdecode(name.rstrip(b"\0"))))

    def _text(self, mask: int, name: str) -> str:
        if _PAYLOAD.fullmatch(name):
            name = self._payloads.setdefault(name, f"..TS{len(self._payloads) + 1}")
        kind = "|".join(text for bit, text in _NAMES.items() if mask & bit)
        return f"{kind}|ISDIR {name}" if mask & _IS_DIRECTORY else f"{kind} {name}"


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Events]:
    (tmp_path / "mount").mkdir()
    events = Events(tmp_path / "mount")
    yield events
    os.close(events.fd)


@pytest.fixture
def volume(tmp_path: Path) -> ConfigMapVolume:
    return ConfigMapVolume(tmp_path / "mount")


def _swap(number: int) -> list[str]:
    return [
        f"CREATE|ISDIR ..TS{number}",
        f"ATTRIB|ISDIR ..TS{number}",
        "CREATE ..data_tmp",
        "MOVED_FROM ..data_tmp",
        "MOVED_TO ..data",
    ]


def _sorted_runs(events: list[str]) -> list[str]:
    """Return the events with each run of one kind sorted: links are made and removed in random order."""
    return [text for _, run in groupby(events, key=lambda text: text.split()[0]) for text in sorted(run)]


def test_each_write_makes_the_events_that_a_kubelet_makes(volume: ConfigMapVolume, events: Events) -> None:
    first = {"reviewer.md": "r", "planner.md": "p", "sub/a.md": "a"}
    volume.write(first)
    made = ["CREATE planner.md", "CREATE reviewer.md", "CREATE sub"]
    assert _sorted_runs(events.take()) == [*_swap(1), *made]

    volume.write(first)
    assert events.take() == []

    volume.write({**first, "planner.md": "changed"})
    assert events.take() == [*_swap(2), "DELETE|ISDIR ..TS1"]

    volume.write({"reviewer.md": "r", "coder.md": "c"})
    gone = ["DELETE planner.md", "DELETE sub"]
    assert _sorted_runs(events.take()) == [*_swap(3), "CREATE coder.md", *gone, "DELETE|ISDIR ..TS2"]

    volume.write({})
    gone = ["DELETE coder.md", "DELETE reviewer.md"]
    assert _sorted_runs(events.take()) == [*_swap(4), *gone, "DELETE|ISDIR ..TS3"]


def test_an_old_kubelet_makes_links_before_the_swap(volume: ConfigMapVolume, events: Events) -> None:
    volume.old_link_order = True
    volume.write({"a.md": "a"})
    assert events.take() == [*_swap(1)[:2], "CREATE a.md", *_swap(1)[2:]]


def test_a_group_for_the_volume_makes_a_storm_before_the_swap(volume: ConfigMapVolume, events: Events) -> None:
    volume.write({"a.md": "a"})
    events.take()
    volume.fs_group = True
    volume.write({"a.md": "b"})
    found = events.take()
    assert [found[0], *found[-4:]] == [_swap(2)[0], *_swap(2)[2:], "DELETE|ISDIR ..TS1"]
    assert set(found[1:-4]) == {"ATTRIB|ISDIR ..TS1", "ATTRIB|ISDIR ..TS2", "ATTRIB ..data", "ATTRIB a.md"}


def test_an_old_payload_that_is_kept_makes_no_event(volume: ConfigMapVolume, events: Events) -> None:
    volume.keep_old = True
    volume.write({"a.md": "a"})
    events.take()
    volume.write({"a.md": "b"})
    assert events.take() == _swap(2)


def test_a_missing_link_is_made_again_without_a_swap(volume: ConfigMapVolume, events: Events) -> None:
    volume.write({"a.md": "a"})
    volume.without_links()
    events.take()
    assert not volume.write({"a.md": "a"})
    assert events.take() == ["CREATE a.md"]


def test_bytes_written_in_place_make_no_event(volume: ConfigMapVolume, events: Events) -> None:
    volume.write({"a.md": "a"})
    events.take()
    volume.write_in_place({"a.md": "b"})
    assert events.take() == []


def test_a_link_made_anew_is_deleted_and_created(volume: ConfigMapVolume, events: Events) -> None:
    volume.write({"a.md": "a"})
    events.take()
    volume.swap_by_recreation({"a.md": "b"})
    assert events.take() == [*_swap(2)[:2], "DELETE ..data", "CREATE ..data", "DELETE|ISDIR ..TS1"]


def test_a_nested_volume_makes_no_event_in_the_outer_one(volume: ConfigMapVolume, events: Events) -> None:
    volume.write({"CLAUDE.md": "c"})
    agents = volume.nested("agents")
    events.take()
    agents.write({"a.md": "a"})
    agents.write({"a.md": "b"})
    assert events.take() == []
