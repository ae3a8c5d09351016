from __future__ import annotations

import queue
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Generic, TypeVar, final

import pytest

from hotagents.testing import FakeClock

if TYPE_CHECKING:
    from hotagents.clock import Clock

T = TypeVar("T")


@final
class Reader(Generic[T]):
    """A thread that reads an inbox once."""

    def __init__(self, clock: FakeClock, inbox: queue.SimpleQueue[T], timeout: float | None) -> None:
        self._answers: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=lambda: self._answers.put(clock.get(inbox, timeout)), daemon=True)
        self._thread.start()

    def answer(self) -> T | None:
        return self._answers.get(timeout=10)

    @property
    def waits(self) -> bool:
        return self._answers.empty()


@pytest.fixture
def inbox() -> queue.SimpleQueue[str]:
    return queue.SimpleQueue()


def test_it_is_a_clock(fake_clock: FakeClock) -> None:
    clock: Clock = fake_clock
    assert clock.now().tzinfo is timezone.utc


def test_time_stands_still_until_it_is_moved() -> None:
    start = datetime(2026, 5, 4, 12, tzinfo=timezone(timedelta(hours=2)))
    clock = FakeClock(start)
    before = clock.monotonic()
    assert (clock.now(), clock.now().utcoffset()) == (start, timedelta(0))
    clock.advance(90.5)
    assert clock.now() == start + timedelta(seconds=90.5)
    assert clock.monotonic() - before == 90.5


def test_many_small_steps_are_exactly_one_big_step(fake_clock: FakeClock) -> None:
    before = fake_clock.monotonic()
    for _ in range(10):
        fake_clock.advance(0.1)
    assert fake_clock.monotonic() == before + 1.0


def test_a_start_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        FakeClock(datetime(2026, 1, 1))  # noqa: DTZ001 - just what is refused


def test_time_cannot_go_back(fake_clock: FakeClock, inbox: queue.SimpleQueue[str]) -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        fake_clock.advance(-1)
    with pytest.raises(ValueError, match="at least 0 seconds"):
        fake_clock.get(inbox, -0.1)


def test_an_item_is_returned_without_any_time(fake_clock: FakeClock, inbox: queue.SimpleQueue[str]) -> None:
    inbox.put("a")
    inbox.put("b")
    assert fake_clock.get(inbox, 5) == "a"
    assert fake_clock.get(inbox, None) == "b"


def test_an_item_wakes_a_thread_that_waits(fake_clock: FakeClock, inbox: queue.SimpleQueue[str]) -> None:
    reader = Reader(fake_clock, inbox, 60)
    fake_clock.wait_for_waiters(1)
    inbox.put("a")
    assert reader.answer() == "a"


def test_a_deadline_that_has_come_wakes_with_none(fake_clock: FakeClock, inbox: queue.SimpleQueue[str]) -> None:
    reader = Reader(fake_clock, inbox, 60)
    fake_clock.wait_for_waiters(1)
    fake_clock.advance(59.999)
    fake_clock.wait_for_waiters(1)
    assert reader.waits
    fake_clock.advance(0.001)
    assert reader.answer() is None
    assert inbox.empty()


def test_only_those_whose_deadline_has_come_are_woken(fake_clock: FakeClock) -> None:
    inboxes: list[queue.SimpleQueue[str]] = [queue.SimpleQueue() for _ in range(4)]
    readers = [Reader(fake_clock, inbox, timeout) for inbox, timeout in zip(inboxes, (1, 2, 3, None), strict=True)]
    fake_clock.wait_for_waiters(3)
    fake_clock.advance(2)
    assert [reader.answer() for reader in readers[:2]] == [None, None]
    fake_clock.wait_for_waiters(1)
    for inbox in inboxes[2:]:
        inbox.put("late")
    assert [reader.answer() for reader in readers[2:]] == ["late", "late"]


def test_a_wait_without_a_timeout_is_never_woken_by_time(fake_clock: FakeClock, inbox: queue.SimpleQueue[str]) -> None:
    reader = Reader(fake_clock, inbox, None)
    fake_clock.advance(1e6)
    inbox.put("a")
    assert reader.answer() == "a"


def test_a_timeout_of_zero_only_looks(fake_clock: FakeClock, inbox: queue.SimpleQueue[str]) -> None:
    assert fake_clock.get(inbox, 0) is None
    inbox.put("a")
    assert fake_clock.get(inbox, 0) == "a"
    assert inbox.empty()


def test_what_rounding_leaves_of_a_deadline_passes_at_once(
    fake_clock: FakeClock, inbox: queue.SimpleQueue[str]
) -> None:
    before = fake_clock.monotonic()
    deadline = before + 5e-13
    while (left := deadline - fake_clock.monotonic()) > 0:
        assert fake_clock.get(inbox, left) is None
    assert fake_clock.get(inbox, 1e-12) is None
    assert before < fake_clock.monotonic() < before + 1e-8


@final
class Late(queue.SimpleQueue[str]):
    """Gives an item only after the time has moved, as if both came at once."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self.moves = True

    def get(self, block: bool = True, timeout: float | None = None) -> str:  # noqa: FBT001, FBT002 - as there
        item = super().get(block, timeout)
        if self.moves:
            self.moves = False
            self._clock.advance(60)
        return item


def test_a_wake_up_call_that_came_too_late_is_never_returned(fake_clock: FakeClock) -> None:
    inbox = Late(fake_clock)
    inbox.put("a")
    assert fake_clock.get(inbox, 60) == "a"
    assert not inbox.empty()  # the call for the wait that is over
    inbox.put("b")
    assert fake_clock.get(inbox, 60) == "b"
    inbox.moves = True
    inbox.put("c")
    assert fake_clock.get(inbox, 60) == "c"
    assert fake_clock.get(inbox, 0) is None
    assert inbox.empty()


def test_a_wake_up_call_that_came_too_late_does_not_end_the_next_wait(fake_clock: FakeClock) -> None:
    inbox = Late(fake_clock)
    inbox.put("a")
    assert fake_clock.get(inbox, 60) == "a"
    reader = Reader(fake_clock, inbox, 60)
    fake_clock.wait_for_waiters(1)
    fake_clock.advance(59)
    inbox.put("b")
    assert reader.answer() == "b"


def test_a_second_reader_of_an_inbox_is_refused(fake_clock: FakeClock, inbox: queue.SimpleQueue[str]) -> None:
    reader = Reader(fake_clock, inbox, 60)
    fake_clock.wait_for_waiters(1)
    with pytest.raises(RuntimeError, match="one reader"):
        fake_clock.get(inbox, 1)
    inbox.put("a")
    assert reader.answer() == "a"


def test_waiting_for_waiters_that_never_come_ends(fake_clock: FakeClock) -> None:
    with pytest.raises(TimeoutError, match=r"expected 1 waiting threads within 0.01 s, found 0"):
        fake_clock.wait_for_waiters(1, timeout=0.01)


def test_no_waiters_are_there_at_once(fake_clock: FakeClock) -> None:
    fake_clock.wait_for_waiters(0, timeout=0)


def test_items_and_deadlines_that_race_lose_nothing(fake_clock: FakeClock, inbox: queue.SimpleQueue[str]) -> None:
    taken: list[str] = []
    done = threading.Event()

    def read() -> None:
        while len(taken) < 500:
            if (item := fake_clock.get(inbox, 0.5)) is not None:
                taken.append(item)
        done.set()

    threading.Thread(target=read, daemon=True).start()
    for number in range(500):
        inbox.put(str(number))
        fake_clock.advance(0.5)
    assert done.wait(20)
    assert taken == [str(number) for number in range(500)]
