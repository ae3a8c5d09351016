from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator


# Machines are shared: how long an example takes says nothing.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture
def no_thread_is_left() -> Iterator[None]:
    """Every thread of ours that a test began has ended after it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5.0
    while left := [t.name for t in threading.enumerate() if t not in before and t.name.startswith("hotagents")]:
        assert time.monotonic() < deadline, left
        threading.Event().wait(0.01)  # a thread that has yet to begin cannot be joined
