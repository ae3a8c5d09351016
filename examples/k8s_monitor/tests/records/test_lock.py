"""One monitor on one directory: who comes second hears who was first and what to do, and nobody waits for the dead."""

from __future__ import annotations

import errno
import fcntl
import gc
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents.testing import FakeClock
from hotagents_k8s_monitor.records import RecordsError
from hotagents_k8s_monitor.records.lock import DirectoryLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def first(tmp_path: Path) -> Iterator[DirectoryLock]:
    lock = DirectoryLock(tmp_path / "data")
    lock.take()
    yield lock
    lock.release()


class Taking:
    """Another lock on the directory that is being taken in a thread, on a clock of its own."""

    def __init__(self, directory: Path) -> None:
        self.clock = FakeClock()
        self.lock = DirectoryLock(directory, clock=self.clock)
        self.refusal: RecordsError | None = None
        self.thread = threading.Thread(target=self._take)
        self.thread.start()
        self.clock.wait_for_waiters(1)

    def _take(self) -> None:
        try:
            self.lock.take()
        except RecordsError as error:
            self.refusal = error

    def ended(self) -> RecordsError | None:
        self.thread.join(10.0)
        assert not self.thread.is_alive()
        return self.refusal


def test_a_second_monitor_waits_and_then_says_who_has_it_and_what_to_do(first: DirectoryLock, tmp_path: Path) -> None:
    second = Taking(tmp_path / "data")
    second.clock.advance(5.0)
    assert str(second.ended()) == (
        f"another monitor (process {os.getpid()} on {socket.gethostname()}) uses {tmp_path / 'data'}, and two would "
        "tell everything twice; end that one, or give this one a K8S_MONITOR_DATA_DIR of its own"
    )
    first.release()
    second.lock.take()
    second.lock.release()


def test_a_monitor_that_ends_meanwhile_makes_room(first: DirectoryLock, tmp_path: Path) -> None:
    second = Taking(tmp_path / "data")
    first.release()
    second.clock.advance(0.25)
    assert second.ended() is None
    second.lock.release()


def test_taken_twice_is_taken_once_and_can_be_taken_again(first: DirectoryLock, tmp_path: Path) -> None:
    first.take()
    first.release()
    first.release()
    first.take()
    second = Taking(tmp_path / "data")
    second.clock.advance(5.0)
    assert second.ended() is not None


def test_a_lock_that_nobody_holds_any_more_is_released(tmp_path: Path) -> None:
    lock: DirectoryLock | None = DirectoryLock(tmp_path)
    assert lock is not None
    lock.take()
    lock = None
    gc.collect()
    DirectoryLock(tmp_path).take()


DYING = """
import sys, time
from pathlib import Path
from hotagents_k8s_monitor.records.lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
lock.take()
print("here", flush=True)
time.sleep(60)
"""


def test_a_process_that_is_killed_leaves_no_lock_behind(tmp_path: Path, killed: Any) -> None:
    killed(DYING, tmp_path)
    assert (tmp_path / "lock").read_text().startswith("process ")
    lock = DirectoryLock(tmp_path)
    lock.take()
    lock.release()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_said_once_and_good_enough(
    tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(_descriptor: int, _operation: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refused)
    lock = DirectoryLock(tmp_path)
    lock.take()
    lock.take()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert (
        record.message == f"{tmp_path} cannot be locked ({os.strerror(code)}); see to it that no second monitor uses it"
    )


@pytest.mark.parametrize("place", ["file", "fifo", "link"])
def test_a_place_that_cannot_be_locked_keeps_nobody_from_looking(
    tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    if place == "file":
        data.write_text("a file where a directory should be")
    else:
        data.mkdir()
        os.mkfifo(data / "lock") if place == "fifo" else (data / "lock").symlink_to(tmp_path / "elsewhere")
    DirectoryLock(data).take()
    (record,) = caplog.records
    assert record.message.startswith(f"{data} cannot be locked (")
    assert not (tmp_path / "elsewhere").exists()
