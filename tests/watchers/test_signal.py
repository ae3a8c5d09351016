from __future__ import annotations

import threading

from hotagents.watchers import SignalWatcher


def test_a_notification_before_the_wait_is_not_lost_and_many_are_one() -> None:
    watcher = SignalWatcher()
    for _ in range(1000):
        watcher.notify()
    assert watcher.wait(5) == "hint"
    assert watcher.wait(0) == "timeout"


def test_a_notification_wakes_a_wait() -> None:
    watcher = SignalWatcher()
    timer = threading.Timer(0.02, watcher.notify)
    timer.start()
    assert watcher.wait(None) == "hint"
    timer.join(5)


def test_a_timeout_is_honoured_even_if_it_is_negative() -> None:
    watcher = SignalWatcher()
    assert watcher.wait(0.01) == "timeout"
    assert watcher.wait(-1) == "timeout"


def test_no_change_goes_unheard_while_many_notify() -> None:
    watcher = SignalWatcher()
    written = seen = 0
    lock = threading.Lock()

    def write() -> None:
        nonlocal written
        for _ in range(500):
            with lock:
                written += 1
            watcher.notify()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    while seen < 2000:
        assert watcher.wait(5) == "hint"
        seen = written
    for thread in threads:
        thread.join(5)


def test_close_races_with_waits_and_holds_for_ever() -> None:
    for _ in range(200):
        watcher = SignalWatcher()
        ends: list[str] = []

        def wait(watcher: SignalWatcher = watcher, ends: list[str] = ends) -> None:
            while (end := watcher.wait(None)) == "hint":
                pass
            ends.extend((end, watcher.wait(None), watcher.wait(None)))

        thread = threading.Thread(target=wait)
        thread.start()
        watcher.notify()
        watcher.close()
        watcher.close()
        thread.join(5)
        assert ends == ["stopped"] * 3


def test_a_close_at_the_end_of_a_timeout_is_not_a_timeout() -> None:
    watcher = SignalWatcher()
    watcher._closed.set()  # the flag is up, the bell has not rung yet
    assert watcher.wait(0.01) == "stopped"


def test_it_says_how_it_watches() -> None:
    assert SignalWatcher().mode == "memory"
