"""What the proofs are made with."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

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
def everywhere(no_thread_is_left: None) -> None:
    """Every test here leaves no thread."""
