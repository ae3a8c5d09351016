"""Before the start, after the close, and in a forked child."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from hotagents import Change, ClosedError, ConfigRegistry, Directory, ForkedError, Memory, NotStartedError, Snapshot
from hotagents.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_before_the_start_current_raises_an_error_that_is_no_attribute_error(agent: Callable[..., str]) -> None:
    registry = ConfigRegistry(Memory({"a.md": agent("a")}))
    with pytest.raises(NotStartedError):
        registry.current  # noqa: B018 - reading it is the test
    assert not issubclass(NotStartedError, AttributeError)
    assert registry.status.state == "starting"
    assert registry.history == ()
    assert not registry.healthy()
    with pytest.raises(NotStartedError):
        registry.reload()
    registry.close()


def test_current_is_a_plain_attribute_once_started(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"a.md": agent("a")})) as registry:
        assert type(registry) is ConfigRegistry
        assert "current" in ConfigRegistry.__slots__
        assert not hasattr(ConfigRegistry, "__getattr__")
        assert not hasattr(registry, "__dict__")


def test_start_twice_is_the_same_generation(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"a.md": agent("a")})) as registry:
        assert registry.start() is registry.current
        assert registry.current.number == 1


def test_the_last_generation_is_readable_after_the_close(agent: Callable[..., str]) -> None:
    registry = ConfigRegistry(Memory({"a.md": agent("a")}))
    with registry:
        pass
    assert registry.current.number == 1
    assert registry.status.state == "closed"
    assert not registry.healthy()
    registry.close()
    with pytest.raises(ClosedError):
        registry.start()


def test_close_from_a_callback_ends_the_registry(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    registry: ConfigRegistry[Any] = ConfigRegistry(source)
    closed = threading.Event()
    with registry:

        def close(_: Change[Any]) -> None:
            registry.close()
            closed.set()

        registry.subscribe(close)
        source.write({"a.md": agent("a", "other")})
        assert closed.wait(10)
    assert registry.status.state == "closed"


def test_a_closed_registry_publishes_nothing_more(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        pass
    source.write({"a.md": agent("a", "other")})
    with pytest.raises(ClosedError):
        registry.reload()
    assert registry.current.number == 1


def test_a_fixed_registry_is_started_and_healthy_without_a_thread(agent: Callable[..., str]) -> None:
    before = threading.active_count()
    registry = ConfigRegistry.fixed({"a.md": agent("a")})
    assert registry.current.agents["a"].name == "a"
    assert registry.healthy()
    assert registry.status.watch_mode == "none"
    assert threading.active_count() == before
    with registry as same:
        assert same.current.number == 1


def test_healthy_is_the_age_of_the_last_check(agent: Callable[..., str]) -> None:
    clock = FakeClock()
    with ConfigRegistry(Memory({"a.md": agent("a")}), resync_interval=3600, clock=clock) as registry:
        assert registry.healthy()
        clock.advance(3600 * 3 - 1)
        assert registry.healthy()
        assert not registry.healthy(max_age=10)
        clock.advance(2)
        assert not registry.healthy()
        assert registry.reload() == "unchanged"  # a reload by hand must not hide a watch that is dead
        assert not registry.healthy()


def raises(call: Callable[[], object]) -> bool:
    try:
        call()
    except ForkedError:
        return True
    return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_is_told_so(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"a.md": agent("a")})) as registry:
        changes, pin = registry.changes(), registry.pin()
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            told = [raises(lambda: registry.current), raises(registry.start), raises(lambda: next(changes))]
            told += [raises(lambda: pin.allows("a", "Bash")), raises(pin.narrowed), not registry.healthy()]
            registry.close()
            os.write(write, b"ok" if all(told) else str(told).encode())
            os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        assert os.read(read, 100) == b"ok"
        os.close(read)
        assert registry.current.number == 1


EXIT = """
import sys, tempfile, pathlib
from hotagents import ConfigRegistry
root = pathlib.Path(tempfile.mkdtemp())
(root / "a.md").write_text("---\\nname: a\\ndescription: b\\n---\\n")
registry = ConfigRegistry(root)
registry.start()
registry.subscribe(print)
print(registry.status.watch_mode, flush=True)
"""


def test_a_process_that_forgets_to_close_still_exits_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", EXIT], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_registry_is_freed(agent: Callable[..., str]) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory({"a.md": agent("a")}))
    registry.start()
    registry.close()
    gone = weakref.ref(registry)
    del registry
    gc.collect()
    assert gone() is None


class Stuck:
    """A source that is read for as long as the test wants."""

    def __init__(self, files: dict[str, str]) -> None:
        self.memory = Memory(files)
        self.entered, self.leave = threading.Event(), threading.Event()

    def read(self) -> Any:
        self.entered.set()
        assert self.leave.wait(10)
        return self.memory.read()

    def token(self) -> Any:
        return self.memory.token()

    def watcher(self) -> Any:
        return self.memory.watcher()


def test_a_close_while_it_starts_ends_the_start(agent: Callable[..., str]) -> None:
    source = Stuck({"a.md": agent("a")})
    registry = ConfigRegistry(source)
    caught: list[BaseException] = []

    def start() -> None:
        try:
            registry.start()
        except ClosedError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    assert source.entered.wait(10)
    registry.close()
    source.leave.set()
    thread.join(10)
    assert len(caught) == 1


def test_a_close_ends_a_start_that_waits_for_quiet(tmp_path: Path, agent: Callable[..., str]) -> None:
    (tmp_path / "a.md").write_text(agent("a"))
    waiting = threading.Event()

    class Signals(Directory):  # type: ignore[misc]  # final for users; here it tells when it is asked
        def read(self) -> Snapshot:
            waiting.set()
            return super().read()

    registry = ConfigRegistry(Signals(tmp_path, settle=60))
    caught: list[BaseException] = []

    def start() -> None:
        try:
            registry.start()
        except ClosedError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    assert waiting.wait(10)
    registry.close()
    thread.join(10)
    assert len(caught) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_body_closes_the_registry(backend: str, agent: Callable[..., str]) -> None:
    async def main() -> ConfigRegistry[Any]:
        registry = ConfigRegistry(Memory({"a.md": agent("a")}))
        with anyio.move_on_after(0.05):
            async with registry:
                await anyio.sleep_forever()
        return registry

    assert anyio.run(main, backend=backend).status.state == "closed"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_scope_cancelled_during_the_start_closes_what_was_started(backend: str, agent: Callable[..., str]) -> None:
    source = Stuck({"a.md": agent("a")})
    registry = ConfigRegistry(source)

    async def main() -> None:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:

                async def cancel() -> None:
                    await anyio.to_thread.run_sync(source.entered.wait, 10)
                    scope.cancel()
                    source.leave.set()

                group.start_soon(cancel)
                async with registry:
                    await anyio.sleep_forever()

    anyio.run(main, backend=backend)
    assert registry.status.state == "closed"


def test_a_task_cancelled_during_the_start_leaves_nothing_running(agent: Callable[..., str]) -> None:
    source = Stuck({"a.md": agent("a")})

    async def main() -> None:
        task = asyncio.create_task(ConfigRegistry(source).astart())
        await asyncio.to_thread(source.entered.wait, 10)
        task.cancel()
        source.leave.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_five_subscribers_that_all_close_do_not_wait_for_each_other(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    registry: ConfigRegistry[Any] = ConfigRegistry(source)
    registry.start()
    together, closed = threading.Barrier(5), threading.Semaphore(0)

    def close(_: Change[Any]) -> None:
        together.wait(10)
        registry.close()
        closed.release()

    for _ in range(5):
        registry.subscribe(close)
    source.write({"a.md": agent("a", "other")})
    assert all(closed.acquire(timeout=10) for _ in range(5))


def test_a_close_in_a_signal_handler_does_not_meet_itself(agent: Callable[..., str]) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory({"a.md": agent("a")}))
    registry.start()
    board = registry._core.board
    with board._changed:  # where a signal may find the main thread
        registry.close()
    assert registry.status.state == "closed"
