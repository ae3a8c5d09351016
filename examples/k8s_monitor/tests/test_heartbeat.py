"""A file that is renewed while all is well, and only then."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import pytest

from hotagents_k8s_monitor.heartbeat import Heartbeat, age_of, refuse_foreign
from hotagents_k8s_monitor.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

PERIOD = 0.01
BOUND = 10.0


@final
class Health:
    """Whether all is well; each question after the first means that the renewal before it is over."""

    def __init__(self, *, is_good: bool = True) -> None:
        self.is_good = is_good
        self._asked = 0
        self._heard = threading.Condition()

    def __call__(self) -> bool:
        with self._heard:
            self._asked += 1
            self._heard.notify_all()
            return self.is_good

    def asked_again(self, times: int = 2) -> None:
        with self._heard:
            wanted = self._asked + times
            assert self._heard.wait_for(lambda: self._asked >= wanted, BOUND)


def age(path: Path) -> float:
    found = age_of(path)
    assert found is not None
    return found


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "hotagents-heartbeat"]


def test_it_is_renewed_while_all_is_well_and_removed_at_the_end(tmp_path: Path) -> None:
    path, health = tmp_path / "alive", Health()
    with Heartbeat(path, health, period=PERIOD):
        health.asked_again()
        os.utime(path, (0, 0))
        health.asked_again()
        assert age(path) < BOUND
        assert threads() == ["hotagents-heartbeat"]
    assert age_of(path) is None
    assert threads() == []


def test_it_grows_old_while_something_is_wrong_and_is_renewed_after_that(tmp_path: Path) -> None:
    path, health = tmp_path / "alive", Health()
    with Heartbeat(path, health, period=PERIOD):
        health.asked_again()
        health.is_good = False
        health.asked_again()
        os.utime(path, (0, 0))
        health.asked_again(5)
        assert path.stat().st_mtime == 0
        health.is_good = True
        health.asked_again()
        assert age(path) < BOUND


def test_it_is_not_made_before_all_is_well(tmp_path: Path) -> None:
    health = Health(is_good=False)
    with Heartbeat(tmp_path / "alive", health, period=PERIOD):
        health.asked_again(3)
        assert list(tmp_path.iterdir()) == []


def test_one_that_an_earlier_process_left_is_renewed_at_once(tmp_path: Path) -> None:
    path, health = tmp_path / "alive", Health()
    path.touch()
    os.utime(path, (0, 0))
    with Heartbeat(path, health, period=PERIOD):
        health.asked_again()
        assert age(path) < BOUND


def test_without_a_file_there_is_no_thread() -> None:
    health = Health()
    with Heartbeat(None, health, period=PERIOD):
        assert threads() == []


def test_a_file_that_cannot_be_written_is_said_once_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, health = tmp_path / "not" / "there", Health()
    with Heartbeat(path, health, period=PERIOD):
        health.asked_again(5)
        path.parent.mkdir()
        health.asked_again()
        assert age(path) < BOUND
        path.parent.rename(tmp_path / "away")
        health.asked_again(5)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    said = f"heartbeat: cannot write {path}: No such file or directory; the probe will fail"
    assert [record.message for record in caplog.records] == [said] * 2


@pytest.mark.parametrize("what", ["a directory", "below a file"])
def test_a_file_that_cannot_be_removed_is_left_without_an_error(tmp_path: Path, what: str) -> None:
    path, health = tmp_path / "alive", Health()
    if what == "a directory":
        path.mkdir()
    else:
        path.touch()
        path /= "alive"
    with Heartbeat(path, health, period=PERIOD):
        health.asked_again()
    assert (tmp_path / "alive").exists()
    assert threads() == []


@pytest.mark.parametrize("is_link", [False, True])
def test_somebody_elses_file_is_neither_taken_nor_removed(tmp_path: Path, is_link: Any) -> None:
    path, health = tmp_path / "file", Health()
    path.write_text("mine", encoding="utf-8")
    if is_link:
        path = tmp_path / "link"
        path.symlink_to("file")
    said = f"K8S_MONITOR_HEARTBEAT_FILE: {path}: expected an empty file or none at all, got one of 4 bytes; name a path"
    with pytest.raises(SettingsError, match=re.escape(said)):
        refuse_foreign(path)
    with Heartbeat(path, health, period=PERIOD):
        health.asked_again()
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(os.devnull)])
def test_what_is_no_regular_file_is_neither_taken_nor_removed(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path, health = tmp_path / "alive", Health()
    make(path)
    with pytest.raises(SettingsError, match="got something that is no regular file"):
        refuse_foreign(path)
    if not path.is_fifo():
        with Heartbeat(path, health, period=PERIOD):
            health.asked_again()
    assert os.path.lexists(path)


def test_a_file_that_can_be_a_heartbeats_is_not_refused(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    refuse_foreign(None)
    refuse_foreign(path)
    path.touch()
    refuse_foreign(path)
    refuse_foreign(path / "below a file")


def test_a_file_that_was_never_renewed_here_is_left(tmp_path: Path) -> None:
    path, health = tmp_path / "alive", Health(is_good=False)
    path.touch()
    with Heartbeat(path, health, period=PERIOD):
        health.asked_again()
    assert path.exists()


def test_an_error_inside_goes_through_and_the_file_goes(tmp_path: Path) -> None:
    path, health = tmp_path / "alive", Health()

    def work() -> None:
        with Heartbeat(path, health, period=PERIOD):
            health.asked_again()
            raise LookupError("inside")

    with pytest.raises(LookupError, match="inside"):
        work()
    assert not path.exists()
    assert threads() == []


def test_the_age_counts_from_the_last_renewal_and_may_lie_in_the_future(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    assert age_of(path) is None
    path.touch()
    os.utime(path, (1000, 1000))
    assert age_of(path, now=1060.5) == 60.5
    assert age_of(path, now=990.0) == -10.0
    assert age(path) == pytest.approx(time.time() - 1000, abs=BOUND)


def test_what_cannot_be_looked_at_has_no_age(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        age_of(tmp_path / "file" / "alive")
