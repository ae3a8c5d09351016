from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def agent(
    name: str = "triage", text: str = "text", *, tools: str = "Read, Bash(git *)", prompt: str = "Do it.\n"
) -> str:
    """An agent's file."""
    return f"---\nname: {name}\ndescription: {text}\ntools: {tools}\n---\n{prompt}"


@pytest.fixture(name="agent")
def agent_file() -> Callable[..., str]:
    return agent


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """A function that waits for a claim to come true, for states that nothing announces."""

    def wait(claim: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20.0
        while not claim():
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)  # other processes need the core too

    return wait


@pytest.fixture(autouse=True)
def everywhere(no_thread_is_left: None) -> None:
    """Every test here leaves no thread."""
