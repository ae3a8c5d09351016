from __future__ import annotations

import math
import threading
import time

import pytest

from hotagents.watchers import PollingWatcher


def test_it_hints_every_interval() -> None:
    watcher = PollingWatcher(interval=0.02)
    start = time.monotonic()
    assert [watcher.wait(None), watcher.wait(5)] == ["hint", "hint"]
    assert 0.03 < time.monotonic() - start < 5
    watcher.close()


def test_a_shorter_timeout_is_honoured() -> None:
    watcher = PollingWatcher(interval=60)
    assert watcher.wait(0.01) == "timeout"
    watcher.close()


def test_short_waits_do_not_put_the_beat_off() -> None:
    watcher = PollingWatcher(interval=0.05)
    ends = []
    while "hint" not in ends:
        ends.append(watcher.wait(0.02))
    assert ends.count("timeout") >= 1
    watcher.close()


def test_close_wakes_a_wait_and_holds_for_ever() -> None:
    watcher = PollingWatcher(interval=60)
    timer = threading.Timer(0.02, watcher.close)
    timer.start()
    assert watcher.wait(None) == "stopped"
    timer.join(5)
    watcher.close()
    assert watcher.wait(0) == "stopped"


@pytest.mark.parametrize("interval", [0.0, -1.0, math.nan])
def test_an_interval_that_is_not_positive_is_refused(interval: float) -> None:
    with pytest.raises(ValueError, match="interval"):
        PollingWatcher(interval)


def test_it_says_how_it_watches() -> None:
    assert PollingWatcher().mode == "polling"
