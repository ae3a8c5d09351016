"""Storms and long lives, each in a short form for every day and a long one for ``nox -s stress``.

Writers are other processes, as in a cluster. What is measured, descriptors, watches, threads and memory, is told by
``/proc``, in a process that does nothing else, and its second half is compared with its first: never a time.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents import ConfigRegistry, InvalidConfigError
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents import AgentSpec, Change, Generation

    Until = Callable[[Callable[[], object]], None]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="measured by /proc, stopped by signals"),
    pytest.mark.timeout(180),
]

PATIENCE: Final = 30.0
CHANCE: Final = random.SystemRandom()
HERE: Final = Path(__file__).parent


@final
class Program:
    """A program of this directory that is told what to do by lines of JSON, and answers each with one."""

    def __init__(self, name: str, *arguments: object) -> None:
        command = [sys.executable, str(HERE / "programs.py"), name, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, *request: object) -> Any:
        self.tell(*request)
        return self.answer()

    def tell(self, *request: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the program has ended: {self.process.wait(PATIENCE)}"
        return json.loads(line)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture(name="run")
def runner() -> Iterator[Callable[..., Program]]:
    """A function that starts a program; all are killed at the end."""
    with ExitStack() as running:

        def start(name: str, *arguments: object) -> Program:
            program = Program(name, *arguments)
            running.callback(program.close)
            return program

        yield start


# --- a storm ----------------------------------------------------------------------------------------------------------

VOLUMES: Final = 3
FILES: Final = 12


def described(generation: Generation[AgentSpec], volume: int) -> list[str]:
    return [agent.description for agent in generation.agents.values() if agent.name.startswith(f"v{volume}-")]


def versions(generation: Generation[AgentSpec], volume: int) -> set[str]:
    found = described(generation, volume)
    assert len(found) == FILES
    return set(found)


@final
class Storm:
    """A registry in the middle of swaps and remounts, with readers that look and subscribers that misbehave."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wrong: list[str] = []
        self.over = threading.Event()
        self.reopened = 0

    def read(self, registry: ConfigRegistry[Any]) -> None:
        last = 0
        while not self.over.is_set():
            generation = registry.current
            if generation.number == last:
                continue
            if generation.number < last:
                self.wrong.append(f"{generation.number} after {last}")
            last = generation.number
            self.wrong += [
                f"mixed: {generation}, {volume}: {found}"
                for volume in range(VOLUMES)
                if len(found := versions(generation, volume)) != 1
            ]

    def reopen(self) -> None:
        while not self.over.is_set():
            with suppress(InvalidConfigError), self.opened() as registry:
                generation = registry.current  # a volume that was being remounted is not known yet
                self.wrong += [
                    f"mixed: {generation}, {volume}: {found}"
                    for volume in range(VOLUMES)
                    if len(found := described(generation, volume)) not in {0, FILES} or len(set(found)) > 1
                ]
                if CHANCE.random() < 0.5:
                    registry.subscribe(lambda change: change.diff)
                self.over.wait(CHANCE.random() / 50)
                self.reopened += 1

    def opened(self) -> ConfigRegistry[Any]:
        return ConfigRegistry(self.root, resync_interval=0.1, wait_for_source=PATIENCE)


def raise_always(change: Change[Any]) -> None:
    raise SystemExit(f"hostile to {change.generation.number}")


def meddle(registry: ConfigRegistry[Any], change: Change[Any]) -> None:
    if change.generation.restores is not None:
        return  # that was itself
    with registry.pin() as pin:
        registry.reload()
        registry.rollback(change.previous if change.previous in registry.history else registry.current)
        registry.resume()
        pin.narrowed()
        registry.subscribe(lambda _: None).close()


def weather(root: Path, run: Callable[..., Program], until: Until, *, swaps: int, seconds: float) -> None:
    storm = Storm(root)
    writer = run("writer", root, VOLUMES, FILES)
    writer.ask("begin")
    stuck = threading.Event()
    with ConfigRegistry(root, resync_interval=0.2, on_invalid="hold-volume") as registry:
        registry.subscribe(raise_always)
        registry.subscribe(lambda _: stuck.wait(PATIENCE))
        registry.subscribe(lambda change: meddle(registry, change))
        workers = [threading.Thread(target=storm.read, args=(registry,)) for _ in range(3)]
        workers.append(threading.Thread(target=storm.reopen))
        for worker in workers:
            worker.start()
        last = writer.ask("storm", swaps, seconds)
        try:
            for volume in range(VOLUMES):
                registry.wait_for(lambda g, v=volume: versions(g, v) == {f"version {last}"}, timeout=PATIENCE)  # type: ignore[misc]
        finally:
            storm.over.set()
            stuck.set()
            for worker in workers:
                worker.join(PATIENCE)
        assert registry.status.subscriber_errors > 0
        until(lambda: all(condition.status for condition in registry.status.conditions))
    assert storm.wrong == []
    assert storm.reopened > 0


def test_a_storm_of_swaps_and_remounts_is_weathered(tmp_path: Path, run: Callable[..., Program], until: Until) -> None:
    weather(tmp_path / "mount", run, until, swaps=400, seconds=60)


@pytest.mark.stress
@pytest.mark.timeout(1800)
def test_a_long_storm_of_swaps_and_remounts_is_weathered(
    tmp_path: Path, run: Callable[..., Program], until: Until, seconds: float
) -> None:
    weather(tmp_path / "mount", run, until, swaps=1_000_000, seconds=seconds)


# --- stopped processes ------------------------------------------------------------------------------------------------


def agent(version: int, tools: str = "Read") -> str:
    return f"---\nname: a\ndescription: version {version}\ntools: {tools}\n---\n"


def sleep_through(root: Path, run: Callable[..., Program], *, rounds: int, overflows: int) -> None:
    """What happens while a process is stopped is found once it goes on, be it more than the kernel's queue holds."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text(encoding="ascii"))
    volume = ConfigMapVolume(root)
    volume.write({"a.md": agent(0)})
    pod = run("pod", root, 0.5)
    pod.ask("wait", 0)
    for number in range(1, rounds + 1):
        os.kill(pod.process.pid, signal.SIGSTOP)
        try:
            os.waitid(os.P_PID, pod.process.pid, os.WSTOPPED | os.WNOWAIT)
            noise = limit // 2 + 50 if number <= overflows else CHANCE.randrange(20)
            for _ in range(noise):
                (root / "..noise").touch()
                (root / "..noise").unlink()
            if CHANCE.random() < 0.3:
                volume.remount()
            volume.write({"a.md": agent(number)})
        finally:
            os.kill(pod.process.pid, signal.SIGCONT)
        assert pod.ask("wait", number) == f"version {number}"


def test_what_came_while_the_process_was_stopped_is_found(tmp_path: Path, run: Callable[..., Program]) -> None:
    sleep_through(tmp_path / "mount", run, rounds=30, overflows=0)


@pytest.mark.stress
@pytest.mark.timeout(1800)
def test_what_came_while_the_process_was_stopped_is_found_after_overflows_too(
    tmp_path: Path, run: Callable[..., Program], seconds: float
) -> None:
    sleep_through(tmp_path / "mount", run, rounds=int(30 * seconds), overflows=int(1 + seconds // 2))


# --- a long life ------------------------------------------------------------------------------------------------------


def live(root: Path, run: Callable[..., Program], swaps: int) -> list[dict[str, int]]:
    """Swap many times, each awaited, with refusals, rollbacks and remounts among them; return what was measured."""
    volume = ConfigMapVolume(root)
    volume.write({"a.md": agent(0)})
    pod = run("pod", root, 1.0)
    samples = []
    for number in range(1, swaps + 1):
        if number % 50 == 0:
            volume.remount()
        if number % 25 == 0:
            volume.write({"a.md": "---\nname: a\ntools: [\n---\n"})
            pod.ask("reload")
        if number % 40 == 0:
            pod.ask("back_and_forth")
        volume.write({"a.md": agent(number, "Read" if number % 3 else "Read, Grep")})
        assert pod.ask("wait", number) == f"version {number}"
        if number % max(1, swaps // 40) == 0:
            samples.append(pod.ask("measure"))
    return samples


def assert_flat(samples: list[dict[str, int]], *, kilobytes: int) -> None:
    """The second half against the first, which is taken from its second quarter on, when caches are full."""
    quarter = len(samples) // 4
    first, second = samples[quarter : 2 * quarter], samples[2 * quarter :]
    for name in ("descriptors", "watches", "threads"):
        assert max(s[name] for s in second) <= max(s[name] for s in first), name
    assert min(s["kilobytes"] for s in second[-quarter:]) <= max(s["kilobytes"] for s in first) + kilobytes


def test_many_swaps_cost_no_more_than_few(tmp_path: Path, run: Callable[..., Program]) -> None:
    assert_flat(live(tmp_path / "mount", run, 400), kilobytes=2048)


@pytest.mark.stress
@pytest.mark.timeout(1800)
def test_ten_thousand_swaps_cost_no_more_than_few(tmp_path: Path, run: Callable[..., Program], seconds: float) -> None:
    assert_flat(live(tmp_path / "mount", run, min(10_000, int(500 * seconds))), kilobytes=1024)


# --- very many registries ---------------------------------------------------------------------------------------------


def open_many(root: Path, run: Callable[..., Program], count: int, *, limit: int) -> dict[str, Any]:
    """More registries than there are inotify instances, in one process that has a limit of its own."""
    volume = ConfigMapVolume(root)
    volume.write({"a.md": agent(0)})
    many = run("many", root, limit)
    before = many.ask("measure")
    opened = many.ask("open", count)
    # Those without events look every second, and say once that they do.
    assert sum(opened["modes"].values()) == count
    assert opened["modes"].get("polling", 0) >= count - limit
    assert opened["warnings"] == opened["modes"].get("polling", 0)
    volume.write({"a.md": agent(1)})
    assert many.ask("wait", 1) == count
    assert many.ask("fork") == {"told": count, "own": "version 1", "code": 0}
    assert many.ask("close") == count
    after = many.ask("measure")
    assert {name: after[name] for name in ("descriptors", "watches", "threads")} == {
        name: before[name] for name in ("descriptors", "watches", "threads")
    }
    return {"before": before, "opened": opened, "after": after}


def test_more_registries_than_the_system_has_watches_for_are_served_all_the_same(
    tmp_path: Path, run: Callable[..., Program]
) -> None:
    open_many(tmp_path / "mount", run, 100, limit=16)


@pytest.mark.stress
@pytest.mark.timeout(1800)
def test_a_thousand_registries_are_served_all_the_same(tmp_path: Path, run: Callable[..., Program]) -> None:
    open_many(tmp_path / "mount", run, 1000, limit=50)
