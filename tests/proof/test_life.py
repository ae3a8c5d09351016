"""Opened and closed from everywhere, at any moment, and used by threads and event loops at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, final

import anyio
import pytest

from hotagents import ClosedError, ConfigRegistry, Memory, hookimpl, load_plugins
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

    from hotagents import Change, Generation, Snapshot
    from hotagents.loading import Candidate
    from hotagents.watchers import Watcher

unix = pytest.mark.skipif(sys.platform == "win32", reason="Unix's alone")
PATIENCE: Final = 20.0


def files(text: str = "one") -> dict[str, str]:
    return {"a.md": f"---\nname: a\ndescription: {text}\n---\n"}


def describes(text: str, generation: Generation[Any]) -> bool:
    return str(generation.agents["a"].description) == text


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0


# --- at once ----------------------------------------------------------------------------------------------------------


class Followers:
    """Threads and tasks that follow one registry to its end, and what they find wrong."""

    def __init__(self, registry: ConfigRegistry[Any]) -> None:
        self.registry = registry
        self.wrong: list[str] = []
        self.ended = threading.Semaphore(0)

    def thread(self) -> None:
        last = 0
        for change in self.registry.changes():
            last = self.compared(change, last)
        self.ended.release()

    async def task(self) -> None:
        last = 0
        async for change in self.registry.achanges():
            last = self.compared(change, last)
        self.ended.release()

    def compared(self, change: Change[Any], last: int) -> int:
        if change.generation.number <= max(last, change.previous.number):
            self.wrong.append(f"{change.generation.number} after {last}")
        return change.generation.number


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_threads_and_an_event_loop_share_one_registry_and_all_come_to_the_last_content(backend: str) -> None:
    source = Memory(files())
    registry: ConfigRegistry[Any] = ConfigRegistry(source, resync_interval=3600)
    followers = Followers(registry)
    has_come = partial(registry.await_for, partial(describes, "last"), timeout=PATIENCE)

    async def main() -> None:
        with anyio.fail_after(PATIENCE):
            async with registry, anyio.create_task_group() as group:
                for _ in range(4):
                    threading.Thread(target=followers.thread, daemon=True).start()
                    group.start_soon(followers.task)
                    group.start_soon(has_come)
                for number in range(50):
                    source.write(files(f"{number}"))
                    await registry.areload()
                source.write(files("last"))
                await has_come()
                await registry.aclose()

    anyio.run(main, backend=backend)
    assert all(followers.ended.acquire(timeout=PATIENCE) for _ in range(8))
    assert followers.wrong == []
    assert describes("last", registry.current)


@final
class Slow:
    """A source that is read for as long as a test wants, and counts how many read at once."""

    def __init__(self) -> None:
        self.memory = Memory(files())
        self.entered, self.go_on = threading.Semaphore(0), threading.Event()
        self.go_on.set()
        self.reads, self.at_once, self.most = 0, 0, 0

    def read(self) -> Snapshot:
        self.reads += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        snapshot = self.memory.read()
        self.entered.release()
        assert self.go_on.wait(PATIENCE)
        self.at_once -= 1
        return snapshot

    def token(self) -> Hashable:
        return self.memory.token()

    def watcher(self) -> Watcher:
        return Memory().watcher()


def test_a_reload_during_a_reload_waits_and_reads_once_more_what_came_meanwhile() -> None:
    source = Slow()
    with ConfigRegistry(source, resync_interval=3600) as registry:
        assert source.entered.acquire(timeout=PATIENCE)
        source.go_on.clear()
        first = threading.Thread(target=registry.reload)
        first.start()
        assert source.entered.acquire(timeout=PATIENCE)  # it has read, and not yet returned
        source.memory.write(files("meanwhile"))
        others = [threading.Thread(target=registry.reload) for _ in range(5)]
        for other in others:
            other.start()
        source.go_on.set()
        for thread in (first, *others):
            thread.join(PATIENCE)
        assert describes("meanwhile", registry.current)
        assert (registry.current.number, source.most) == (2, 1)
        assert source.reads == 1 + 1 + len(others)


# --- open and close ---------------------------------------------------------------------------------------------------


def test_opening_and_closing_a_hundred_times_leaves_nothing_behind(
    tmp_path: Path, until: Callable[[Callable[[], object]], None]
) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.md").write_text(files()["a.md"])
    sources: list[Any] = [Memory(files()), tmp_path / "plain"]
    if sys.platform != "win32":
        volume = ConfigMapVolume(tmp_path / "volume")
        volume.write(files())
        sources.append(volume.path)

    def once(source: Any) -> None:
        with ConfigRegistry(source) as registry, registry.subscribe(print), registry.pin():
            assert registry.current.number == 1

    for source in sources:
        once(source)  # what is loaded once is loaded now
    before, threads = descriptors(), threading.active_count()
    for number in range(100):
        once(sources[number % len(sources)])
    until(lambda: threading.active_count() <= threads)
    until(lambda: descriptors() <= before)


def test_a_close_at_any_moment_of_a_start_ends_it_or_comes_after_it() -> None:
    for number in range(100):
        registry: ConfigRegistry[Any] = ConfigRegistry(Memory(files()), resync_interval=3600)
        together = threading.Barrier(2)

        def start(registry: ConfigRegistry[Any] = registry, together: threading.Barrier = together) -> None:
            together.wait(PATIENCE)
            with suppress(ClosedError):
                registry.start()

        thread = threading.Thread(target=start)
        thread.start()
        together.wait(PATIENCE)
        for _ in range(number % 7):
            registry.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        registry.close()
        assert registry.status.state in {"closed", "starting"}


@final
class Closes:
    """A plugin that closes the registry from each of its hooks."""

    def __init__(self, hook: str) -> None:
        self.registry: ConfigRegistry[Any] | None = None
        self.hook = hook
        self.closed = threading.Event()

    def close(self, hook: str) -> None:
        if self.registry is not None and hook == self.hook:
            self.registry.close()
            self.closed.set()

    @hookimpl
    def hotagents_validate(self, candidate: Candidate[Any], report: Any) -> None:
        del candidate, report
        self.close("validate")

    @hookimpl
    def hotagents_generation_published(self, change: Any) -> None:
        del change
        self.close("published")

    @hookimpl
    def hotagents_generation_rejected(self, status: Any) -> None:
        del status
        self.close("rejected")


@pytest.mark.parametrize("hook", ["validate", "published", "rejected"])
def test_a_plugin_may_close_the_registry_from_any_hook(hook: str) -> None:
    closes, source = Closes(hook), Memory(files())
    plugins = load_plugins(from_entry_points=False, plugins={"closes": closes})
    with ConfigRegistry(source, plugins=plugins, validate_timeout=PATIENCE) as registry:
        closes.registry = registry
        source.write({"a.md": "---\nname: [\n---\n"} if hook == "rejected" else files("two"))
        assert closes.closed.wait(PATIENCE)
        assert registry.status.state == "closed"
        assert registry.current.number == (2 if hook == "published" else 1)


def test_a_validator_that_closes_during_the_start_ends_the_start() -> None:
    closes = Closes("validate")
    plugins = load_plugins(from_entry_points=False, plugins={"closes": closes})
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory(files()), plugins=plugins, validate_timeout=PATIENCE)
    closes.registry = registry
    with pytest.raises(ClosedError):
        registry.start()


_AT_EXIT: Final = """
import atexit, sys, threading
from hotagents import ConfigRegistry, Memory

files = {"a.md": "---\\nname: a\\ndescription: d\\n---\\n"}
before, after = (ConfigRegistry(Memory(files)) for _ in range(2))
atexit.register(lambda: (before.close(), before.close(), print("before", before.status.state, flush=True)))
before.start()
after.start()
atexit.register(lambda: (after.close(), print("after", after.status.state, after.current.number, flush=True)))
forgotten = ConfigRegistry(sys.argv[1])
forgotten.start()
threading.Thread(target=lambda: list(forgotten.changes()), daemon=True).start()
forgotten.subscribe(lambda change: threading.Event().wait())
"""


def test_what_is_closed_at_exit_by_whomever_lets_the_process_end(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(files()["a.md"])
    done = subprocess.run(
        [sys.executable, "-c", _AT_EXIT, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["after closed 1", "before closed"]


# --- signals ----------------------------------------------------------------------------------------------------------


@final
class Interrupted:
    """An event whose lock is held when a signal's handler closes the registry."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._lock, self._close, self._is_set = threading.Lock(), close, False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        assert self._lock.acquire(timeout=PATIENCE), "the handler waits for what it interrupted"
        self._close()
        self._is_set = True
        self._lock.release()


def test_a_handler_that_interrupts_a_close_leaves_the_rest_to_it() -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory(files()))
    registry.start()
    watch: Any = registry._core._watch
    real, watch._stopped = watch._stopped, Interrupted(registry.close)
    registry.close()
    real.set()
    assert registry.status.state == "closed"


def test_a_handler_that_closes_while_the_main_thread_waits_for_quiet_does_not_meet_itself() -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory(files()))
    registry.start()
    with registry._core._reloader._stopped._changed:  # where a signal may find the main thread
        registry.close()
    assert registry.status.state == "closed"


def test_a_handler_that_closes_between_a_look_and_the_sleep_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory(files()))
    registry.start()
    changed = registry._core.board._changed
    real = changed.wait

    def wait(timeout: float | None = None) -> bool:
        registry.close()  # looked, not closed; now it is, and nobody sleeps yet who could be woken
        return real(timeout)

    monkeypatch.setattr(changed, "wait", wait)
    assert list(registry.changes()) == []  # in the main thread, for other threads have no handlers


_SIGNALS: Final = """
import logging, random, signal, sys
from hotagents import ClosedError, ConfigRegistry, Memory

logging.disable(logging.CRITICAL)
files = {"a.md": "---\\nname: a\\ndescription: d\\n---\\n"}
mode, rounds, heard = sys.argv[1], int(sys.argv[2]), 0

def handler(*_):
    global heard
    heard += 1
    if heard == 1:
        registry.close()
    if heard > 100:  # it has hung for ten seconds
        raise SystemExit(f"{mode} hangs")

def work():
    while mode == "close":
        return registry.close()
    while mode == "reload":
        registry.reload()
    while mode == "pin":
        with registry.pin():
            registry.rollback(registry.resume() and 1)
    for change in registry.changes():
        pass
    registry.wait_for(lambda generation: False, timeout=60)

signal.signal(signal.SIGALRM, handler)
for _ in range(rounds):
    heard, registry = 0, ConfigRegistry(Memory(files), resync_interval=3600)
    if mode == "start":
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 1e-3), 0.1)
    try:
        registry.start()
        if mode != "start":  # a close before there is anything to close does not forbid the start
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 5e-4), 0.1)
            work()
    except ClosedError:
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    registry.close()
print("all ended")
"""


def interrupt(mode: str, rounds: int, *, timeout: float) -> None:
    command = [sys.executable, "-c", _SIGNALS, mode, str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("all ended", "", 0)


@unix
@pytest.mark.parametrize("mode", ["start", "close", "changes", "reload", "pin"])
def test_a_handler_that_closes_lets_whatever_it_interrupted_end(mode: str) -> None:
    interrupt(mode, 100, timeout=50)


@unix
@pytest.mark.stress
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["start", "close", "changes", "reload", "pin"])
def test_a_handler_that_closes_lets_whatever_it_interrupted_end_however_often(mode: str, seconds: float) -> None:
    interrupt(mode, int(500 * seconds), timeout=800)
