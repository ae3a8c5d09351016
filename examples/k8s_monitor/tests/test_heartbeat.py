"""A file that is renewed while all is well, and only then."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, final

import pytest

from hotagents_k8s_monitor.heartbeat import Heartbeat, age_of

if TYPE_CHECKING:
    from pathlib import Path

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
        path.unlink()
        path.parent.rmdir()
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
