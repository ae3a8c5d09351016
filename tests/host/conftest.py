from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents import Host


def agent(name: str = "a", *, tools: str = "Read, Bash", prompt: str = "Do it.\n") -> str:
    """An agent's file."""
    return f"---\nname: {name}\ndescription: text\ntools: {tools}\n---\n{prompt}"


@pytest.fixture(name="agent")
def agent_file() -> Callable[..., str]:
    return agent


@pytest.fixture
def fixed() -> ConfigRegistry[Any]:
    """A registry that never changes and has no thread."""
    return ConfigRegistry.fixed({"a.md": agent()})


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """A function that waits for a claim to come true, for states that nothing announces."""

    def wait(claim: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10.0
        while not claim():
            assert time.monotonic() < deadline
            time.sleep(0)  # lets other threads run

    return wait


@pytest.fixture(autouse=True)
def everywhere(no_thread_is_left: None) -> None:
    """Every test here leaves no thread."""


@pytest.fixture
def launch(no_thread_is_left: None) -> Iterator[Callable[[Host], threading.Thread]]:
    """A function that runs a host in a thread; all of them are stopped at the end of the test, and must then end."""
    _ = no_thread_is_left  # looks after this one has stopped the hosts
    launched: list[tuple[Host, threading.Thread]] = []

    def start(host: Host) -> threading.Thread:
        thread = threading.Thread(target=host.run, name="test-host", daemon=True)
        thread.start()
        launched.append((host, thread))
        return thread

    yield start
    for host, _thread in launched:
        host.stop()
    for _host, thread in launched:
        thread.join(10.0)
        assert not thread.is_alive()
