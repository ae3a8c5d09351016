from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

import pytest

from hotagents.watchers import TreeWatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Descriptors = Callable[[], set[tuple[str, str]]]
    Check = Callable[[set[tuple[str, str]]], None]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    path = tmp_path / "tree"
    (path / "agents").mkdir(parents=True)
    (path / "a.md").write_text("x")
    return path


@pytest.fixture
def watcher(tree: Path) -> Iterator[TreeWatcher]:
    watcher = TreeWatcher([str(tree)], step=0.01)
    yield watcher
    watcher.close()


def test_create_modify_and_delete_are_hints(watcher: TreeWatcher, tree: Path) -> None:
    (tree / "b.md").write_text("x")
    assert watcher.wait(5) == "hint"
    with (tree / "b.md").open("a") as file:
        file.write("y")
    assert watcher.wait(5) == "hint"
    (tree / "b.md").unlink()
    assert watcher.wait(5) == "hint"


def test_what_lies_deeper_is_a_hint_where_asked_for(watcher: TreeWatcher, tree: Path) -> None:
    flat = TreeWatcher([str(tree)], recursive=False, step=0.01)
    (tree / "agents" / "c.md").write_text("x")
    assert watcher.wait(5) == "hint"
    assert flat.wait(0.05) == "timeout"
    flat.close()


def test_nothing_is_filtered(watcher: TreeWatcher, tree: Path) -> None:
    (tree / ".git").mkdir()
    assert watcher.wait(5) == "hint"
    (tree / ".git" / "HEAD").write_text("x")
    assert watcher.wait(5) == "hint"


def test_it_is_armed_when_it_is_built(tree: Path) -> None:
    watcher = TreeWatcher([str(tree)])
    (tree / "b.md").write_text("x")
    assert watcher.wait(5) == "hint"
    watcher.close()


def test_a_timeout_is_honoured_and_never_early(watcher: TreeWatcher) -> None:
    for timeout in (0.05, 0.0, -1.0):
        start = time.monotonic()
        assert watcher.wait(timeout) == "timeout"
        assert timeout <= time.monotonic() - start < 5


def test_a_wait_longer_than_a_slice_goes_on(watcher: TreeWatcher) -> None:
    start = time.monotonic()
    assert watcher.wait(1.1) == "timeout"
    assert 1.1 <= time.monotonic() - start < 10


def test_a_wait_without_a_timeout_ends_with_a_hint(watcher: TreeWatcher, tree: Path) -> None:
    timer = threading.Timer(0.02, (tree / "b.md").touch)
    timer.start()
    assert watcher.wait(None) == "hint"
    timer.join(5)


def test_a_deleted_root_is_lost_and_stays_lost(watcher: TreeWatcher, tree: Path) -> None:
    shutil.rmtree(tree)
    assert _end_of_hints(watcher) == "lost"
    assert watcher.wait(None) == "lost"
    watcher.close()
    assert watcher.wait(None) == "stopped"


def test_a_recreated_root_is_lost_even_under_its_old_inode_number(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    watcher = TreeWatcher([str(root)], step=0.01)
    root.rmdir()
    root.mkdir()
    assert watcher.wait(5) == "lost"
    watcher.close()


def test_a_moved_root_is_lost_even_if_another_takes_its_place(watcher: TreeWatcher, tree: Path) -> None:
    tree.rename(tree.with_name("moved"))
    tree.mkdir()
    assert watcher.wait(5) == "lost"


def test_a_root_that_moved_with_its_parent_is_lost_although_no_event_tells(tmp_path: Path) -> None:
    (tmp_path / "a" / "root").mkdir(parents=True)
    watcher = TreeWatcher([str(tmp_path / "a" / "root")], step=0.01)
    (tmp_path / "a").rename(tmp_path / "b")
    assert watcher.wait(5) == "lost"
    watcher.close()


def test_one_lost_root_of_two_is_lost(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    watcher = TreeWatcher([str(tree), str(tmp_path / "other")], step=0.01)
    (tmp_path / "other").rmdir()
    assert watcher.wait(5) == "lost"
    watcher.close()


def test_a_relative_path_is_watched_from_where_it_was_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree.parent)
    watcher = TreeWatcher([tree.name], step=0.01)
    monkeypatch.chdir("/")
    (tree / "b.md").write_text("x")
    assert watcher.wait(5) == "hint"
    shutil.rmtree(tree)
    assert _end_of_hints(watcher) == "lost"
    watcher.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
def test_a_name_that_watchfiles_cannot_decode_is_lost(watcher: TreeWatcher, tree: Path) -> None:
    with open(os.fsencode(tree) + b"/\xff", "w"):
        pass
    assert watcher.wait(5) == "lost"


def test_a_missing_directory_is_refused_with_its_path(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        TreeWatcher([str(tree), str(tmp_path / "none")])
    assert raised.value.filename == str(tmp_path / "none")


def test_whatever_watchfiles_raises_when_built_is_an_os_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("the limit is\x1b[31m reached")

    monkeypatch.setattr("watchfiles._rust_notify.RustNotify", refuse)
    with pytest.raises(OSError, match=r"limit is\\x1b\[31m reached") as raised:
        TreeWatcher([str(tree)])
    assert raised.value.filename == str(tree)
    assert isinstance(raised.value.__cause__, RuntimeError)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGUSR1")
def test_a_handler_that_raises_in_the_main_thread_is_not_swallowed(watcher: TreeWatcher) -> None:
    def handler(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, handler)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            watcher.wait(10)
    finally:
        timer.join(5)
        signal.signal(signal.SIGUSR1, before)
    watcher.close()
    assert watcher.wait(None) == "stopped"


def test_close_races_with_waits_and_leaks_nothing(
    tree: Path, descriptors: Descriptors, leaves_no_descriptor: Check
) -> None:
    before = descriptors()
    for turn in range(100):
        watcher = TreeWatcher([str(tree)], step=0.001)
        ends: list[str] = []
        ready = threading.Barrier(2)

        def wait(watcher: TreeWatcher = watcher, ready: threading.Barrier = ready, ends: list[str] = ends) -> None:
            ready.wait(5)
            ends.extend((watcher.wait(None), watcher.wait(None)))

        thread = threading.Thread(target=wait)
        thread.start()
        ready.wait(5)
        for _ in range(turn % 20):
            os.sched_yield()  # shifts the close from before the wait to far into it
        watcher.close()
        watcher.close()
        thread.join(5)
        assert ends == ["stopped", "stopped"]
    leaves_no_descriptor(before)


def test_it_says_how_it_watches(watcher: TreeWatcher) -> None:
    assert watcher.mode == "watchfiles"


def _end_of_hints(watcher: TreeWatcher) -> str:
    end = time.monotonic() + 10
    while (wakeup := watcher.wait(5)) == "hint" and time.monotonic() < end:
        pass
    return wakeup
