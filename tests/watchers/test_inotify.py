from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotagents.watchers import InotifyWatcher, inotify, supported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Descriptors = Callable[[], set[tuple[str, str]]]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is a part of Linux")


@pytest.fixture
def watcher(volume: Path) -> Iterator[InotifyWatcher]:
    watcher = InotifyWatcher({str(volume): "..data"})
    yield watcher
    watcher.close()


def test_a_swap_is_a_hint(watcher: InotifyWatcher, volume: Path, swap: Callable[[Path], None]) -> None:
    swap(volume)
    assert watcher.wait(5) == "hint"
    assert watcher.wait(0) == "timeout"


def test_a_swap_wakes_a_wait_that_blocks_without_a_timeout(
    watcher: InotifyWatcher, volume: Path, swap: Callable[[Path], None]
) -> None:
    timer = threading.Timer(0.05, swap, (volume,))
    timer.start()
    assert watcher.wait(None) == "hint"
    timer.join(5)


def test_a_link_that_vanishes_is_a_hint(watcher: InotifyWatcher, volume: Path) -> None:
    (volume / "..data").unlink()
    assert watcher.wait(5) == "hint"


def test_an_ordinary_name_is_a_hint(watcher: InotifyWatcher, volume: Path) -> None:
    (volume / "a.md").symlink_to("..data/a.md")
    assert watcher.wait(5) == "hint"
    (volume / ".hidden").write_text("x")
    assert watcher.wait(5) == "hint"


def test_payloads_and_the_temporary_link_are_no_hint(watcher: InotifyWatcher, volume: Path) -> None:
    (volume / "..2026.7").mkdir()
    (volume / "..2026.7" / "a.md").write_text("x")
    (volume / "..data_tmp").symlink_to("..2026.7")
    (volume / "..data_tmp").unlink()
    assert watcher.wait(0.05) == "timeout"


def test_a_changed_mode_is_no_hint(watcher: InotifyWatcher, volume: Path) -> None:
    volume.chmod(0o700)
    assert watcher.wait(0.05) == "timeout"


def test_another_name_of_the_link_can_be_given(volume: Path) -> None:
    watcher = InotifyWatcher({str(volume): "..current"})
    (volume / "..data").unlink()
    assert watcher.wait(0.02) == "timeout"
    (volume / "..current").symlink_to("x")
    assert watcher.wait(5) == "hint"
    watcher.close()


def test_one_directory_under_two_paths_keeps_the_links_of_both(tmp_path: Path, volume: Path) -> None:
    (tmp_path / "again").symlink_to(volume)
    watcher = InotifyWatcher({str(volume): "..data", str(tmp_path / "again"): "..other"})
    for name in ("..data", "..other"):
        (volume / "tmp").symlink_to("x")
        assert watcher.wait(5) == "hint"
        (volume / "tmp").rename(volume / name)
        assert watcher.wait(5) == "hint"
    watcher.close()


def test_several_volumes_are_watched_at_once(tmp_path: Path, swap: Callable[[Path], None]) -> None:
    volumes = [tmp_path / "a", tmp_path / "b"]
    for path in volumes:
        path.mkdir()
    watcher = InotifyWatcher({str(path): "..data" for path in volumes})
    for path in volumes:
        swap(path)
        assert watcher.wait(5) == "hint"
    watcher.close()


def test_everything_queued_makes_one_hint(watcher: InotifyWatcher, volume: Path, swap: Callable[[Path], None]) -> None:
    for _ in range(50):
        swap(volume)
    assert watcher.wait(5) == "hint"
    assert watcher.wait(0) == "timeout"


def test_noise_does_not_prolong_the_wait(watcher: InotifyWatcher, volume: Path) -> None:
    stop = threading.Event()

    def noise() -> None:
        while not stop.is_set():
            (volume / "..noise").touch()
            (volume / "..noise").unlink()

    thread = threading.Thread(target=noise)
    thread.start()
    start = time.monotonic()
    try:
        assert watcher.wait(0.2) == "timeout"
    finally:
        stop.set()
        thread.join(5)
    assert 0.2 <= time.monotonic() - start < 5


def test_a_timeout_is_honoured_and_never_early(watcher: InotifyWatcher) -> None:
    start = time.monotonic()
    assert watcher.wait(0.05) == "timeout"
    assert 0.05 <= time.monotonic() - start < 5
    assert watcher.wait(-1) == "timeout"


def test_an_endless_timeout_can_be_a_number(
    watcher: InotifyWatcher, volume: Path, swap: Callable[[Path], None]
) -> None:
    swap(volume)
    assert watcher.wait(float("inf")) == "hint"


def test_a_deleted_volume_is_lost_and_stays_lost(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    watcher = InotifyWatcher({str(tmp_path / "v"): "..data"})
    (tmp_path / "v").rmdir()
    (tmp_path / "v").mkdir()
    assert watcher.wait(5) == "lost"
    assert watcher.wait(None) == "lost"
    watcher.close()
    assert watcher.wait(None) == "stopped"


def test_a_moved_volume_is_lost(watcher: InotifyWatcher, volume: Path) -> None:
    volume.rename(volume.with_name("moved"))
    assert watcher.wait(5) == "lost"


def test_loss_wins_over_a_hint(watcher: InotifyWatcher, volume: Path, swap: Callable[[Path], None]) -> None:
    swap(volume)
    volume.rename(volume.with_name("moved"))
    assert watcher.wait(5) == "lost"


def test_an_overflow_of_the_kernels_queue_is_lost(watcher: InotifyWatcher, volume: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 200_000:
        pytest.skip(f"this system queues {limit} events, too many to write in a test")
    for _ in range(limit // 2 + 10):
        (volume / "a").touch()
        (volume / "a").unlink()
    assert watcher.wait(5) == "lost"


def test_a_descriptor_that_cannot_be_read_is_lost(watcher: InotifyWatcher, volume: Path) -> None:
    # Another file under the same number is what a broken program would do to us.
    other = os.open(volume, os.O_RDONLY)
    os.dup2(other, watcher._fd)
    os.close(other)
    assert watcher._drain() == "lost"


def test_a_missing_directory_is_refused_with_errno_and_path(
    tmp_path: Path, volume: Path, descriptors: Descriptors
) -> None:
    before = descriptors()
    with pytest.raises(FileNotFoundError) as raised:
        InotifyWatcher({str(volume): "..data", str(tmp_path / "none"): "..data"})
    assert (raised.value.errno, raised.value.filename) == (errno.ENOENT, str(tmp_path / "none"))
    assert descriptors() <= before


def test_a_file_is_no_volume(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError):
        InotifyWatcher({str(tmp_path / "file"): "..data"})


def test_a_path_with_a_nul_does_not_watch_the_part_before_it(volume: Path, descriptors: Descriptors) -> None:
    before = descriptors()
    with pytest.raises(OSError, match="NUL"):
        InotifyWatcher({f"{volume}\0x": "..data"})
    assert descriptors() <= before


def test_too_many_open_files_name_the_limit(volume: Path) -> None:
    import resource  # noqa: PLC0415 - not every system has it, and this module is imported everywhere

    InotifyWatcher({str(volume): "..data"}).close()  # whatever is loaded once is loaded now
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(volume, os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, hard))
    try:
        with pytest.raises(OSError, match="max_user_instances") as raised:
            InotifyWatcher({str(volume): "..data"})
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(lowest)
    assert (raised.value.errno, raised.value.filename) == (errno.EMFILE, str(volume))


def test_no_descriptor_for_the_bell_leaves_none_open(
    volume: Path, descriptors: Descriptors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> int:
        raise OSError(errno.EMFILE, "no more")

    before = descriptors()
    monkeypatch.setattr(os, "eventfd", refuse)
    with pytest.raises(OSError, match="no more"):
        InotifyWatcher({str(volume): "..data"})
    assert descriptors() <= before


def test_a_system_without_inotify_says_so(volume: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert supported()
    monkeypatch.setattr(inotify, "_libc", lambda: None)
    assert not supported()
    with pytest.raises(OSError, match="no inotify"):
        InotifyWatcher({str(volume): "..data"})


def test_a_c_library_without_inotify_is_not_supported() -> None:
    code = (
        "import ctypes\n"
        "class Bare:\n"
        "    def __init__(self, *_, **__): pass\n"
        "ctypes.CDLL = Bare\n"
        "from hotagents.watchers import supported\n"
        "assert not supported()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=50)


def test_close_ends_all_waits_at_once_and_for_ever(watcher: InotifyWatcher) -> None:
    watcher.close()
    watcher.close()
    assert watcher.wait(None) == "stopped"
    assert watcher.wait(0) == "stopped"


@pytest.mark.parametrize("bell", ["eventfd", "pipe"])
def test_close_races_with_waits_and_leaks_nothing(
    bell: str, volume: Path, descriptors: Descriptors, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bell == "pipe":
        monkeypatch.delattr(os, "eventfd")
    before = descriptors()
    for turn in range(300):
        watcher = InotifyWatcher({str(volume): "..data"})
        ends: list[str] = []
        ready = threading.Barrier(2)

        def wait(watcher: InotifyWatcher = watcher, ready: threading.Barrier = ready, ends: list[str] = ends) -> None:
            ready.wait(5)
            ends.extend((watcher.wait(None), watcher.wait(None)))

        thread = threading.Thread(target=wait)
        thread.start()
        ready.wait(5)
        for _ in range(turn % 20):
            os.sched_yield()  # shifts the close from before the wait to far into it
        watcher.close()
        thread.join(5)
        assert ends == ["stopped", "stopped"]
    assert descriptors() <= before


def test_many_closers_of_a_storm_of_swaps_leak_nothing(
    volume: Path, swap: Callable[[Path], None], descriptors: Descriptors
) -> None:
    before = descriptors()
    for _ in range(50):
        watcher = InotifyWatcher({str(volume): "..data"})
        waiter = threading.Thread(target=lambda watcher=watcher: _until_stopped(watcher))
        closers = [threading.Thread(target=watcher.close) for _ in range(3)]
        waiter.start()
        swap(volume)
        for thread in closers:
            thread.start()
        for thread in (waiter, *closers):
            thread.join(5)
            assert not thread.is_alive()
    assert descriptors() <= before


def _until_stopped(watcher: InotifyWatcher) -> None:
    while watcher.wait(None) != "stopped":
        pass


def test_the_descriptors_live_until_the_waiter_has_left(watcher: InotifyWatcher, descriptors: Descriptors) -> None:
    assert watcher._lease.enter()
    watcher.close()
    assert str(watcher._fd) in {name for name, _ in descriptors()}
    watcher._lease.leave()
    assert str(watcher._fd) not in {name for name, _ in descriptors()}


def test_a_forked_child_that_closes_does_not_stop_the_parent(
    watcher: InotifyWatcher, volume: Path, swap: Callable[[Path], None]
) -> None:
    assert watcher._lease.enter()  # as if a thread was waiting at the fork
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child only closes and leaves
        child = os.fork()
    if child == 0:
        watcher.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    watcher._lease.leave()
    assert watcher.wait(0.02) == "timeout"
    swap(volume)
    assert watcher.wait(5) == "hint"


def test_it_says_how_it_watches(watcher: InotifyWatcher) -> None:
    assert watcher.mode == "inotify"
