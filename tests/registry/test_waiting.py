"""changes, wait_for, subscribe, pin, and their async twins."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Final

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotagents import Change, ClosedError, ConfigRegistry, Generation, Memory, Pin

if TYPE_CHECKING:
    from collections.abc import Callable


def test_changes_subscribes_at_the_call(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        changes = registry.changes()
        source.write({"a.md": agent("a", "other")})
        registry.reload()
        assert next(changes).generation.number == 2


def test_a_slow_iterator_gets_the_latest_and_loses_no_difference(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        changes = registry.changes()
        first = registry.current
        for name in "bcd":
            source.update({f"{name}.md": agent(name)})
            registry.reload()
        change = next(changes)
        assert change.previous is first
        assert change.generation.number == 4
        assert change.diff.agents.added == ("b", "c", "d")


def test_changes_after_an_older_generation_begins_there(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        first = registry.current
        source.write({"a.md": agent("a", "other")})
        registry.reload()
        assert next(registry.changes(after=first)).previous is first


def test_changes_ends_at_the_close_after_what_was_still_to_come(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        changes = registry.changes()
        source.write({"a.md": agent("a", "other")})
        registry.reload()
    assert [change.generation.number for change in changes] == [2]


def test_an_iterator_can_be_closed_while_it_waits(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"a.md": agent("a")})) as registry:
        changes = registry.changes()
        seen: list[Change[Any]] = []
        thread = threading.Thread(target=lambda: seen.extend(changes))
        thread.start()
        changes.close()
        thread.join(10)
        assert not thread.is_alive()
        assert seen == []


def test_take_gives_up_after_its_timeout(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"a.md": agent("a")})) as registry:
        assert registry.changes().take(timeout=0.01) is None


def test_wait_for_returns_at_once_what_already_fits(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"a.md": agent("a")})) as registry:
        assert registry.wait_for(lambda g: "a" in g.agents, timeout=0) is registry.current


def test_wait_for_times_out(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"a.md": agent("a")})) as registry, pytest.raises(TimeoutError, match=r"current is 1"):
        registry.wait_for(lambda g: g.number == 2, timeout=0.01)


def test_wait_for_ends_when_the_registry_is_closed(agent: Callable[..., str]) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory({"a.md": agent("a")}))
    registry.start()
    asked = threading.Event()
    caught: list[BaseException] = []

    def never(_: Generation[Any]) -> bool:
        asked.set()
        return False

    def wait() -> None:
        try:
            registry.wait_for(never, timeout=30)
        except ClosedError as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert asked.wait(10)
    registry.close()
    thread.join(10)
    assert len(caught) == 1


def test_a_failing_subscriber_is_counted_and_disturbs_nobody(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    heard, failed = threading.Event(), threading.Event()

    def fail(_: Change[Any]) -> None:
        failed.set()
        raise ValueError("a defect")

    with ConfigRegistry(source) as registry:
        failing = registry.subscribe(fail)
        registry.subscribe(lambda _: heard.set())
        source.write({"a.md": agent("a", "other")})
        assert heard.wait(10)
        assert failed.wait(10)
        failing.close()
        assert failing.errors == 1
        assert registry.status.subscriber_errors == 1


def test_a_subscriber_sees_a_current_that_is_at_least_as_new(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    seen: list[bool] = []
    done = threading.Event()
    with ConfigRegistry(source) as registry:

        def look(change: Change[Any]) -> None:
            seen.append(registry.current.number >= change.generation.number)
            if change.generation.number == 20:
                done.set()

        registry.subscribe(look)
        for number in range(19):
            source.write({"a.md": agent("a", f"text {number}")})
            registry.reload()
        assert done.wait(10)
    assert all(seen)


def test_a_slow_subscriber_does_not_hold_up_publications(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    entered, leave, last = threading.Event(), threading.Event(), threading.Event()
    numbers: list[int] = []

    def slow(change: Change[Any]) -> None:
        numbers.append(change.generation.number)
        entered.set()
        leave.wait(10)
        if change.generation.number == 6:
            last.set()

    with ConfigRegistry(source) as registry:
        registry.subscribe(slow)
        source.write({"a.md": agent("a", "text 0")})
        assert entered.wait(10)
        for number in range(1, 5):
            source.write({"a.md": agent("a", f"text {number}")})
            assert registry.reload() in {"published", "unchanged"}
        assert registry.current.number == 6
        leave.set()
        assert last.wait(10)
    assert numbers[-1] == 6
    assert numbers == sorted(set(numbers))


def test_a_coroutine_function_is_no_subscriber(agent: Callable[..., str]) -> None:
    async def callback(_: Change[Any]) -> None: ...

    class Callback:
        async def __call__(self, _: Change[Any]) -> None: ...

    with ConfigRegistry(Memory({"a.md": agent("a")})) as registry:
        for wrong in (callback, Callback()):
            with pytest.raises(TypeError, match="achanges"):
                registry.subscribe(wrong)


def test_a_subscription_is_a_context_manager(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    heard: list[int] = []
    with ConfigRegistry(source) as registry:
        with registry.subscribe(lambda change: heard.append(change.generation.number)):
            pass
        source.write({"a.md": agent("a", "other")})
        registry.reload()
    assert heard == []


def test_a_pin_keeps_its_generation_and_loses_what_is_taken_away(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a", tools="Read, Bash"), "b.md": agent("b")})
    with ConfigRegistry(source) as registry:
        with registry.pin() as pin:
            assert registry.status.pins == 1
            assert pin.allows("a", "Bash")
            assert pin.narrowed() == ()
            source.update({"a.md": agent("a", "other")})  # all tools
            registry.reload()
            assert not pin.allows("a", "Write")
            assert not pin.revoked.is_set()
            source.update({"a.md": agent("a", tools="Read"), "b.md": None})
            registry.reload()
            assert pin.revoked.is_set()
            assert pin.narrowed() == ("a", "b")
            assert not pin.allows("a", "Bash")
            assert not pin.allows("b", "Read")
            assert pin.allows("a", "Read")
            assert not pin.allows("unknown", "Read")
            assert pin.generation.number == 1
        assert registry.status.pins == 0


def test_a_right_that_was_taken_away_does_not_return_to_a_pin_with_a_revert(agent: Callable[..., str]) -> None:
    wide, narrow = agent("a", tools="Read, Bash"), agent("a", tools="Read")
    source = Memory({"a.md": wide, "b.md": agent("b")})
    with ConfigRegistry(source) as registry, registry.pin() as pin:
        for files in ({"a.md": narrow, "z.md": agent("z")}, {"a.md": wide, "b.md": agent("b")}):
            source.write(files)
            registry.reload()
        assert registry.current.restores == 1
        assert pin.narrowed() == ("a", "b")
        assert not pin.allows("a", "Bash")
        assert pin.allows("a", "Read")
        assert not pin.allows("b", "Read")  # it was gone for a while
        with registry.pin() as later:
            assert later.allows("a", "Bash")


def test_a_duplicate_outlives_its_pin_and_has_lost_what_that_had_lost(agent: Callable[..., str]) -> None:
    wide, narrow = agent("a", tools="Read, Bash"), agent("a", tools="Read")
    source = Memory({"a.md": wide, "b.md": agent("b")})
    with ConfigRegistry(source) as registry:
        with registry.pin() as pin:
            for files in ({"a.md": narrow, "b.md": agent("b")}, {"a.md": wide, "b.md": agent("b")}):
                source.write(files)
                registry.reload()
            longer = pin.duplicate()
            assert registry.status.pins == 2
        with longer:
            assert longer.generation.number == 1
            assert longer.revoked.is_set()
            assert not longer.allows("a", "Bash")
            assert longer.allows("b", "Read")
            for files in ({"a.md": wide}, {"a.md": wide, "b.md": agent("b")}):
                source.write(files)
                registry.reload()
            assert not longer.allows("b", "Read")
        assert registry.status.pins == 0
        with pytest.raises(ValueError, match="closed"):
            pin.duplicate()


def test_a_pin_of_no_registry_can_be_duplicated_too(agent: Callable[..., str]) -> None:
    with ConfigRegistry.fixed({"a.md": agent("a", tools="Read, Bash")}) as registry:
        wide = registry.current
    with ConfigRegistry.fixed({"a.md": agent("a", tools="Read")}) as registry:
        narrow = registry.current
    pin = Pin(wide, lambda: wide)
    assert pin.duplicate().allows("a", "Bash")
    pin.follow(narrow)
    assert not pin.duplicate().allows("a", "Bash")


def test_a_duplicate_made_while_a_publication_tells_the_pins_has_lost_it_too(agent: Callable[..., str]) -> None:
    wide, narrow = agent("a", tools="Read, Bash"), agent("a", tools="Read")
    source = Memory({"a.md": wide})
    with ConfigRegistry(source) as registry, registry.pin() as pin:
        stop, duplicates = threading.Event(), list[Any]()

        def duplicate() -> None:
            while not stop.is_set():
                duplicates.append(pin.duplicate())

        thread = threading.Thread(target=duplicate)
        thread.start()
        while not duplicates:
            stop.wait(0)
        for text in (narrow, wide):
            source.write({"a.md": text})
            registry.reload()
        stop.set()
        thread.join()
        assert not [one for one in duplicates if one.allows("a", "Bash")]
        for one in duplicates:
            one.close()


_TOOLS: Final = ("Read", "Bash", "Bash(git *)", "Bash(git log*)", "*", "Write")
_ASKED: Final = (("Read", None), ("Bash", None), ("Bash", "git log -1"), ("Bash", "git push"), ("Bash", "ls"))


@given(lists=st.lists(st.none() | st.sets(st.sampled_from(_TOOLS), max_size=3), min_size=2, max_size=6))
@settings(max_examples=60, deadline=None)
def test_whatever_is_published_the_rights_of_a_pin_only_shrink(lists: list[set[str] | None]) -> None:
    def file(tools: set[str] | None) -> str:
        return "---\nname: b\ndescription: text\n---\n" if tools is None else agent_with(tools)

    def agent_with(tools: set[str]) -> str:
        return f"---\nname: a\ndescription: text\ntools: {sorted(tools)}\n---\n"

    source = Memory({"a.md": file(lists[0] or {"*"})})
    with ConfigRegistry(source) as registry, registry.pin() as pin:
        before = [pin.allows("a", *asked) for asked in _ASKED]
        for tools in lists[1:]:
            source.write({"a.md": file(tools)})
            registry.reload()
            after = [pin.allows("a", *asked) for asked in _ASKED]
            assert [now and not then for then, now in zip(before, after, strict=True)] == [False] * len(_ASKED)
            assert pin.revoked.is_set() or after == before
            before = after


async def _story(source: Memory, agent: Callable[..., str]) -> list[int]:
    numbers: list[int] = []
    async with ConfigRegistry(source) as registry:
        changes = registry.achanges()
        source.write({"a.md": agent("a", "second")})
        async for change in changes:
            numbers.append(change.generation.number)
            if len(numbers) == 1:
                source.write({"a.md": agent("a", "third")})
            else:
                break
        assert await registry.areload() == "unchanged"
        assert (await registry.await_for(lambda g: g.number == 3, timeout=5)).number == 3
    return numbers


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_async_twins_tell_the_same(backend: str, agent: Callable[..., str]) -> None:
    assert anyio.run(_story, Memory({"a.md": agent("a")}), agent, backend=backend) == [2, 3]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_async_waits_leave_no_thread_behind(backend: str, agent: Callable[..., str]) -> None:
    async def main() -> None:
        source = Memory({"a.md": agent("a")})
        async with ConfigRegistry(source) as registry:
            changes = registry.achanges()
            with anyio.move_on_after(0.05) as scope:
                async for _ in changes:
                    raise AssertionError("nothing was published")
            assert scope.cancelled_caught
            source.write({"a.md": agent("a", "other")})
            assert (await anext(changes)).generation.number == 2  # a cancelled wait loses nothing
            with anyio.move_on_after(0.05) as scope:
                await registry.await_for(lambda g: g.number == 3, timeout=3600)
            assert scope.cancelled_caught

    anyio.run(main, backend=backend)


def test_many_async_readers_do_not_starve_each_other(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})

    async def main() -> list[int]:
        async with ConfigRegistry(source) as registry:
            iterators = [registry.achanges() for _ in range(60)]
            source.write({"a.md": agent("a", "other")})
            changes = await asyncio.gather(*(anext(iterator) for iterator in iterators))
            for iterator in iterators:
                await iterator.aclose()
            return [change.generation.number for change in changes]

    assert asyncio.run(main()) == [2] * 60
