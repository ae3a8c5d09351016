from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import hotagents.watchers
from hotagents.watchers import watcher_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="volumes are watched by inotify on Linux only")


@linux_only
def test_volumes_are_watched_by_the_kernel_alone(volume: Path, swap: Callable[[Path], None]) -> None:
    watcher = watcher_for({str(volume): "..data"}, [])
    assert watcher.mode == "inotify"
    swap(volume)
    assert watcher.wait(5) == "hint"
    watcher.close()


def test_volumes_are_watched_by_watchfiles_where_there_is_no_inotify(
    volume: Path, swap: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hotagents.watchers, "supported", lambda: False)
    watcher = watcher_for({str(volume): "..data"}, [])
    assert watcher.mode == "watchfiles"
    swap(volume)
    assert watcher.wait(5) == "hint"
    watcher.close()


def test_directories_are_watched_by_watchfiles(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    watcher = watcher_for({}, [str(tmp_path)])
    assert watcher.mode == "watchfiles"
    (tmp_path / "deep" / "a.md").write_text("x")
    assert watcher.wait(5) == "hint"
    watcher.close()


@linux_only
def test_volumes_and_directories_are_watched_together(
    volume: Path, tmp_path: Path, swap: Callable[[Path], None]
) -> None:
    (tmp_path / "plain").mkdir()
    watcher = watcher_for({str(volume): "..data"}, [str(tmp_path / "plain")])
    assert watcher.mode == "inotify+watchfiles"
    swap(volume)
    assert watcher.wait(5) == "hint"
    (tmp_path / "plain" / "a.md").write_text("x")
    assert watcher.wait(5) == "hint"
    (tmp_path / "plain" / "a.md").unlink()
    volume.rename(tmp_path / "moved")
    while (wakeup := watcher.wait(5)) == "hint":
        pass
    assert wakeup == "lost"
    watcher.close()
    assert watcher.wait(None) == "stopped"


def test_nothing_to_watch_is_polled() -> None:
    watcher = watcher_for({}, [])
    assert watcher.mode == "polling"
    watcher.close()


@linux_only
def test_what_was_built_before_a_failure_is_closed(
    volume: Path,
    tmp_path: Path,
    descriptors: Callable[[], set[tuple[str, str]]],
    leaves_no_descriptor: Callable[[set[tuple[str, str]]], None],
) -> None:
    before = descriptors()
    with pytest.raises(FileNotFoundError):
        watcher_for({str(volume): "..data"}, [str(tmp_path / "none")])
    leaves_no_descriptor(before)
