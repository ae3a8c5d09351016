"""Publication, those who hear of it, and the work that goes on meanwhile."""

from __future__ import annotations

import itertools
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Cycle, CycleResult, Host, Memory, hookimpl, load_plugins

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Change, ConfigRegistry, Generation, Snapshot
    from hotagents.testing import ConfigMapVolume
    from tests.scenarios.conftest import Hooked

    Start = Callable[..., ConfigRegistry[Any]]
    Arrives = Callable[[ConfigRegistry[Any], str], Generation[Any]]
    Until = Callable[[Callable[[], object]], None]

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")


class Steps:
    """A runner that tells what it sees, and goes on when it is told to."""

    name = "steps"

    def __init__(self, look: Callable[[Cycle], Any], patience: float) -> None:
        self.seen: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.go: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._look = look
        self._patience = patience

    def run(self, cycle: Cycle) -> CycleResult:
        for _ in range(2):
            self.seen.put(self._look(cycle))
            self.go.get(timeout=self._patience)
        return CycleResult()


def test_s37_a_cycle_sees_the_generation_it_began_on_to_its_end(
    start: Start, agent: Callable[..., str], launch: Callable[[Host], None], patience: float
) -> None:
    source = Memory({"a.md": agent("a", "one")})
    registry = start(source)
    runner = Steps(lambda cycle: (cycle.generation.number, cycle.generation.agents["a"].description), patience)
    launch(Host(registry, [runner], interval=0.01))
    assert runner.seen.get(timeout=patience) == (1, "one")
    source.write({"a.md": agent("a", "two")})
    registry.wait_for(lambda generation: generation.number == 2, timeout=patience)
    runner.go.put(None)
    assert runner.seen.get(timeout=patience) == (1, "one")
    runner.go.put(None)
    assert runner.seen.get(timeout=patience) == (2, "two")  # the next cycle
    for _ in range(2):
        runner.go.put(None)


def test_s38_whoever_is_told_of_a_generation_finds_it_or_a_later_one_current(
    start: Start, agent: Callable[..., str], patience: float
) -> None:
    source = Memory({"a.md": agent("a", "text 1")})
    registry = start(source)
    seen: list[tuple[int, int]] = []
    done = threading.Event()

    def look(change: Change[Any]) -> None:
        seen.append((registry.current.number, change.generation.number))
        if change.generation.number == 20:
            done.set()

    registry.subscribe(look)
    for number in range(2, 21):
        source.write({"a.md": agent("a", f"text {number}")})
        registry.reload()
    assert done.wait(patience)
    assert [current for current, told in seen if current < told] == []


def test_s39_a_subscriber_that_raises_disturbs_nobody_and_is_counted(
    start: Start, agent: Callable[..., str], until: Until, patience: float
) -> None:
    source = Memory({"a.md": agent("a", "text 1")})
    registry = start(source)
    heard: queue.SimpleQueue[int] = queue.SimpleQueue()

    def fail(_: Change[Any]) -> None:
        raise ValueError("a defect")

    failing = registry.subscribe(fail)
    steady = registry.subscribe(lambda change: heard.put(change.generation.number))
    for number in (2, 3):
        source.write({"a.md": agent("a", f"text {number}")})
        assert heard.get(timeout=patience) == number
        assert registry.current.number == number
        until(lambda: failing.errors == number - 1)  # noqa: B023 - called before the next turn
    assert steady.errors == 0
    assert registry.status.subscriber_errors == 2


@needs_links
def test_s40_a_slow_subscriber_holds_up_no_swap_and_gets_the_latest(
    volume: ConfigMapVolume, start: Start, agent: Callable[..., str], arrives: Arrives, until: Until, patience: float
) -> None:
    registry = start(volume.path)
    release, waited_for = threading.Event(), threading.Event()
    told: list[str] = []

    def slow(change: Change[Any]) -> None:
        told.append(change.generation.agents["a"].description)
        if not release.wait(patience):
            waited_for.set()

    registry.subscribe(slow)
    for text in ("two", "three", "four", "five", "six"):
        volume.write({"a.md": agent("a", text)})
        arrives(registry, text)
        assert not waited_for.is_set()
    release.set()
    until(lambda: told[-1] == "six")
    assert len(told) <= 2
    assert registry.current.number == 6


def test_s41_changes_during_a_load_make_exactly_one_more(
    start: Start, agent: Callable[..., str], arrives: Arrives, hooked: type[Hooked], patience: float
) -> None:
    source = Memory({"a.md": agent("a", "one")})
    entered: queue.SimpleQueue[None] = queue.SimpleQueue()
    held, leave = threading.Event(), threading.Event()
    running: list[int] = []
    reads: list[bytes] = []

    def read(real: Callable[[], Snapshot]) -> Snapshot:
        assert not running, "two loads at once"
        running.append(1)
        snapshot = real()
        reads.append(snapshot.files["a.md"])
        if held.is_set():
            entered.put(None)
            leave.wait(patience)
        running.pop()
        return snapshot

    registry = start(hooked(source, read=read))
    reads.clear()
    held.set()
    source.write({"a.md": agent("a", "two")})
    entered.get(timeout=patience)
    held.clear()
    for text in ("three", "four", "five"):
        source.write({"a.md": agent("a", text)})
    leave.set()
    assert arrives(registry, "five").number == 3
    assert reads == [agent("a", "two").encode(), agent("a", "five").encode()]


def test_s42_an_older_load_never_overtakes_a_newer_one(
    start: Start, agent: Callable[..., str], hooked: type[Hooked], patience: float
) -> None:
    source = Memory({"a.md": agent("a", "one")})
    entered, leave = threading.Event(), threading.Event()
    turns = itertools.count()

    def read(real: Callable[[], Snapshot]) -> Snapshot:
        snapshot = real()
        if next(turns) == 1:  # the first after the start: it has its bytes, and takes its time
            entered.set()
            leave.wait(patience)
        return snapshot

    # The watch hears nothing: only these two load.
    registry = start(hooked(source, read=read, watcher=lambda _: Memory().watcher()))
    changes = registry.changes()
    older, newer = (threading.Thread(target=registry.reload, daemon=True) for _ in range(2))
    source.write({"a.md": agent("a", "two")})
    older.start()
    assert entered.wait(patience)
    source.write({"a.md": agent("a", "three")})
    newer.start()
    newer.join(0.2)  # it can end before the older one only where nothing orders the two
    leave.set()
    for thread in (older, newer):
        thread.join(patience)
        assert not thread.is_alive()
    assert registry.current.agents["a"].description == "three"
    assert [generation.number for generation in registry.history] == sorted(
        (generation.number for generation in registry.history), reverse=True
    )
    numbers = [change.generation.number for change in iter(lambda: changes.take(timeout=0), None)]
    assert numbers == sorted(set(numbers))


class Looking:
    """A plugin that looks at the registry while a candidate is built beside what is served."""

    def __init__(self) -> None:
        self.look: Callable[[], object] = lambda: None
        self.seen: list[object] = []

    @hookimpl
    def hotagents_validate(self) -> None:
        self.seen.append(self.look())


def test_s43_a_new_set_is_built_beside_the_old_one_which_stays_whole(start: Start, agent: Callable[..., str]) -> None:
    def files(text: str) -> dict[str, str]:
        return {f"{text}-{number}.md": agent(f"{text}-{number}", text) for number in range(10)}

    def names(text: str) -> set[str]:
        return {f"{text}-{number}" for number in range(10)}

    plugin, source = Looking(), Memory(files("one"))
    registry = start(source, plugins=load_plugins(from_entry_points=False, plugins={"looking": plugin}))
    first = registry.current
    agents = first.agents
    plugin.seen.clear()
    plugin.look = lambda: set(registry.current.agents)
    source.write(files("two"))
    registry.reload()
    assert plugin.seen == [names("one")]
    assert registry.current.agents.keys() == names("two")
    assert first.agents is agents
    assert agents.keys() == names("one")  # whoever still works with it keeps all of it


def test_s44_a_tool_that_is_taken_away_during_a_cycle_is_taken_from_its_pin(
    start: Start, agent: Callable[..., str], launch: Callable[[Host], None], patience: float
) -> None:
    def look(cycle: Cycle) -> tuple[bool, bool, bool, bool]:
        pin = cycle.pin
        return pin.allows("a", "Read"), pin.allows("a", "Bash"), pin.allows("a", "Write"), pin.revoked.is_set()

    source = Memory({"a.md": agent("a", tools="Read, Bash")})
    registry = start(source)
    runner = Steps(look, patience)
    launch(Host(registry, [runner], interval=3600))
    assert runner.seen.get(timeout=patience) == (True, True, False, False)
    source.write({"a.md": agent("a", tools="Read, Write")})
    registry.wait_for(lambda generation: generation.agents["a"].allows("Write"), timeout=patience)
    runner.go.put(None)
    assert runner.seen.get(timeout=patience) == (True, False, False, True)
    runner.go.put(None)


@needs_links
def test_s45_one_changed_agent_of_many_leaves_all_others_the_same_objects_in_the_same_order(
    volume: ConfigMapVolume, start: Start, agent: Callable[..., str], patience: float
) -> None:
    names = [f"agent-{number:02}" for number in range(30)]
    volume.write({f"{name}.md": agent(name) for name in reversed(names)})
    registry = start(volume.path)
    first = registry.current
    volume.update({"agent-07.md": agent("agent-07", "new")})
    second = registry.wait_for(lambda generation: generation.number == 2, timeout=patience)
    assert first.diff(second).agents.to_dict() == {"added": [], "changed": ["agent-07"], "removed": []}
    assert [name for name in names if second.agents[name] is not first.agents[name]] == ["agent-07"]
    assert list(first.agents) == list(second.agents) == names


@needs_links
def test_s46_the_same_bytes_swapped_in_again_are_a_check_and_no_generation(
    volume: ConfigMapVolume, start: Start, until: Until
) -> None:
    registry = start(volume.path)
    changes, before, payload = registry.changes(), registry.status.last_check, volume.payload
    assert before is not None
    volume.swap_by_recreation(volume.files)
    assert volume.payload != payload

    def is_checked() -> bool:
        last = registry.status.last_check
        return last is not None and last > before

    until(is_checked)
    assert registry.reload() == "unchanged"
    assert registry.current.number == 1
    assert changes.take(timeout=0) is None
