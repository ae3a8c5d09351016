from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


# Machines are shared: how long an example takes says nothing.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run what is marked ``untraced`` at full speed: the same lines again and again, which others run too."""
    measuring = Coverage.current() if pyfuncitem.get_closest_marker("untraced") else None
    if measuring is None:
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()


@pytest.fixture
def no_thread_is_left() -> Iterator[None]:
    """Every thread of ours that a test began has ended after it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5.0
    while left := [t.name for t in threading.enumerate() if t not in before and t.name.startswith("hotagents")]:
        assert time.monotonic() < deadline, left
        threading.Event().wait(0.01)  # a thread that has yet to begin cannot be joined
