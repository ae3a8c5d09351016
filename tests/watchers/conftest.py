"""What the watchers' tests share: a volume that is swapped as the kubelet does it, and a count of descriptors."""

from __future__ import annotations

import itertools
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_payload = itertools.count()


def _swap(volume: Path) -> None:
    payload = f"..2026_01_02_03_04_05.{next(_payload)}"
    (volume / payload).mkdir()
    (volume / payload / "a.md").write_text("x")
    (volume / "..data_tmp").symlink_to(payload)
    (volume / "..data_tmp").rename(volume / "..data")


def _descriptors() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add((entry.name, str(entry.readlink())))
        except FileNotFoundError:  # the listing's own
            continue
    return found


@pytest.fixture
def swap() -> Callable[[Path], None]:
    return _swap


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    path = tmp_path / "volume"
    path.mkdir()
    _swap(path)
    return path


@pytest.fixture
def leaves_no_descriptor() -> Callable[[set[tuple[str, str]]], None]:
    """Return a check against an earlier set; background threads of watchfiles may take a moment to close theirs."""

    def check(before: set[tuple[str, str]]) -> None:
        end = time.monotonic() + 10
        while (added := _descriptors() - before) and time.monotonic() < end:
            os.sched_yield()
        assert not added

    return check


@pytest.fixture
def descriptors() -> Callable[[], set[tuple[str, str]]]:
    if sys.platform != "linux":
        pytest.skip("descriptors are counted through /proc, which only Linux has")
    return _descriptors
