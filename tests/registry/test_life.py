"""Before the start, after the close, and in a forked child."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Change, ClosedError, ConfigRegistry, ForkedError, Memory, NotStartedError
from hotagents.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_is_told_so(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"a.md": agent("a")})) as registry:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                registry.current  # noqa: B018 - reading it is the test
            except ForkedError:
                registry.close()
                os.write(write, b"ok" if not registry.healthy() else b"healthy")
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        assert os.read(read, 10) == b"ok"
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
