"""What the proofs are made with."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 20.0


@pytest.fixture
def seconds() -> float:
    """How long a long form goes on."""
    return float(os.environ.get("HOTAGENTS_STRESS_SECONDS", "20"))


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """A function that waits for a claim to come true, for states that nothing announces."""

    def wait(claim: Callable[[], object]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not claim():
            assert time.monotonic() < deadline, "what was awaited did not come"
            threading.Event().wait(0.005)

    return wait


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + _PATIENCE
    while left := [t.name for t in threading.enumerate() if t not in before and t.name.startswith("hotagents")]:
        assert time.monotonic() < deadline, left
        threading.Event().wait(0.01)  # a thread that has yet to begin cannot be joined
