"""Storms, ends, forks and faults: what a registry lives through."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents import Cycle, CycleResult, Directory, Host, Memory, Volume
from hotagents.testing import ConfigMapVolume, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from pathlib import Path

    from hotagents import ConfigRegistry, Generation, Snapshot
    from hotagents.watchers import Wakeup
    from tests.scenarios.conftest import Hooked

    Start = Callable[..., ConfigRegistry[Any]]
    Arrives = Callable[[ConfigRegistry[Any], str], Generation[Any]]
    Until = Callable[[Callable[[], object]], None]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")

_DIGEST: Final = (
    r"find -L . -type f ! -path '*/..*' ! -name hotagents.lock -printf '%P\n'"
    r" | LC_ALL=C sort | xargs -rd '\n' sha256sum -- | sha256sum"
)


def descriptors() -> int:
    """How many are open; zero where that cannot be told."""
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0


def test_s47_all_the_events_of_one_apply_are_one_reload(
    volume: ConfigMapVolume,
    start: Start,
    agent: Callable[..., str],
    arrives: Arrives,
    until: Until,
    hooked: type[Hooked],
) -> None:
    checks: list[Hashable] = []
    reads: list[str] = []

    def token(real: Callable[[], Hashable]) -> Hashable:
        checks.append(real())
        return checks[-1]

    def read(real: Callable[[], Snapshot]) -> Snapshot:
        snapshot = real()
        reads.append(snapshot.parts[0].payload)
        return snapshot

    registry = start(hooked(Volume(volume.path), token=token, read=read))
    reads.clear()
    volume.fs_group = True
    payloads = []
    for swap in range(10):  # each with five new names and five that go
        names = [f"agent-{swap}-{number}" for number in range(5)]
        volume.write({f"{name}.md": agent(name, f"swap {swap}") for name in names})
        payloads.append(volume.payload)
        arrives(registry, f"swap {swap}")
        before = len(checks)
        volume.without_links()
        assert not volume.write(volume.files)  # the links alone, late: events after the load
        until(lambda: len(checks) > before)  # noqa: B023 - called before the next turn
    assert reads == payloads
    assert registry.current.number == 11


def test_s48_junk_beside_the_agents_is_neither_read_nor_does_it_cost_descriptors(
    plain: Path,
    start: Start,
    agent: Callable[..., str],
    arrives: Arrives,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = start(Directory(plain, settle=0.02, exclude=["build", "*.log"]), resync_interval=0.02)
    before, real = descriptors(), os.open
    opened: list[str] = []

    def opening(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).endswith((".md", ".log", ".tmp", ".o")):
            opened.append(str(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", opening)
    for number in range(200):
        for name in ("build", "node_modules", "__pycache__", ".git"):
            (plain / name / f"{number % 20}").mkdir(parents=True, exist_ok=True)
            (plain / name / f"{number % 20}" / f"{number}.md").write_text(agent(f"junk-{number}"))
        for name in (f"{number}.log", f"{number}.md.tmp", f".{number}.md.swp"):
            (plain / name).write_text("junk")
    registry.reload()
    assert registry.current.number == 1
    (plain / "a.md").write_text(agent("a", "two"))
    assert arrives(registry, "two").number == 2
    assert set(opened) == {"a.md"}
    until(lambda: descriptors() <= before)  # a look may be under way


class Counting:
    """A runner that tells when it runs."""

    def __init__(self, name: str, clock: FakeClock) -> None:
        self.name = name
        self.ran: list[tuple[str, float]] = []
        self._clock, self._begun = clock, clock.monotonic()

    def run(self, cycle: Cycle) -> CycleResult:
        self.ran.append((cycle.trigger, round(self._clock.monotonic() - self._begun)))
        return CycleResult()


def test_s49_a_change_that_many_hear_of_at_once_is_worked_on_at_different_times(
    start: Start,
    agent: Callable[..., str],
    launch: Callable[[Host], None],
    until: Until,
    fake_clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = {"early": 5.0, "late": 20.0}
    draws: list[str] = []

    def choose(low: float, high: float) -> float:
        assert (low, high) == (0.0, 30.0)
        name = threading.current_thread().name.removeprefix("hotagents-runner-")
        draws.append(name)
        return chosen[name]

    monkeypatch.setattr(random, "uniform", choose)
    source = Memory({"a.md": agent("a", "one")})
    registry = start(source)
    early, late = runners = [Counting(name, fake_clock) for name in chosen]
    for runner in runners:
        launch(Host(registry, [runner], interval=1e6, jitter=30.0, run_on_change=True, clock=fake_clock))
    until(lambda: sorted(draws) == ["early", "late"])  # both have run once, and wait
    source.write({"a.md": agent("a", "two")})
    until(lambda: sorted(draws) == ["early", "early", "late", "late"])  # both have heard of the change
    assert early.ran == late.ran == [("start", 0)]
    fake_clock.advance(5.0)
    until(lambda: early.ran == [("start", 0), ("change", 5)])
    assert late.ran == [("start", 0)]
    fake_clock.advance(15.0)
    until(lambda: late.ran == [("start", 0), ("change", 20)])


def closing(registry: ConfigRegistry[Any], _change: object) -> None:
    registry.close()


def test_s50_a_close_ends_threads_and_descriptors_at_once_and_any_number_of_times(
    volume: ConfigMapVolume, plain: Path, start: Start, agent: Callable[..., str], until: Until
) -> None:
    def threads() -> set[str]:
        return {thread.name for thread in threading.enumerate() if thread.name.startswith("hotagents")}

    roots = {"volume": volume.path, "plain": plain}
    volume.write({"b.md": agent("b")})
    start(roots).close()  # what is loaded once is loaded now
    before = descriptors()
    for way in ("once", "twice", "from a callback"):
        registry = start(roots)
        assert "hotagents-watch" in threads()
        begun = time.monotonic()
        if way == "from a callback":
            with registry.subscribe(partial(closing, registry)):
                volume.write({"b.md": agent("b", "two")})
                until(lambda: registry.status.state == "closed")  # noqa: B023 - called before the next turn
        else:
            for _ in range(1 if way == "once" else 2):
                registry.close()
            assert time.monotonic() - begun < 1.0
        until(lambda: not threads())
        until(lambda: descriptors() <= before)
        assert registry.current.number >= 1


_FORGETS_TO_CLOSE: Final = """
import atexit, sys
from hotagents import ConfigRegistry
registry = ConfigRegistry(sys.argv[1])
atexit.register(lambda: print(registry.status.state, flush=True))
registry.start()
registry.subscribe(print)
print(registry.status.state, flush=True)
"""


def test_s50_what_was_never_closed_is_closed_at_exit(plain: Path, child: Callable[..., subprocess.Popen[str]]) -> None:
    process = child(_FORGETS_TO_CLOSE, plain)
    output, errors = process.communicate(timeout=30)
    assert output.split() == ["current", "closed"]
    assert (process.returncode, errors) == (0, "")


_FORKS: Final = """
import os, sys, warnings
from hotagents import ConfigRegistry, ForkedError

warnings.simplefilter("ignore", DeprecationWarning)  # a process with threads forks: that is the case in question

def answer(call):
    try:
        return f"stale {call()}"
    except ForkedError as error:
        return f"ForkedError: {error}"

with ConfigRegistry(sys.argv[1]) as registry:
    pin, changes = registry.pin(), registry.changes()
    if os.fork() == 0:
        calls = [lambda: registry.current, registry.reload, registry.pin, lambda: changes.take(timeout=0.1)]
        calls.append(lambda: pin.allows("a", "Read"))
        for call in calls:
            print(answer(call), flush=True)
        print(registry.healthy(), flush=True)
        with ConfigRegistry(sys.argv[1]) as own:
            print("own", own.current.number, flush=True)
        os._exit(0)
    os.wait()
    print("parent", registry.current.number, registry.healthy(), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_s51_a_registry_in_a_forked_child_says_so_and_a_new_one_works(
    volume: ConfigMapVolume, child: Callable[..., subprocess.Popen[str]]
) -> None:
    process = child(_FORKS, volume.path)
    output, errors = process.communicate(timeout=30)
    *answers, healthy, own, parent = output.splitlines()
    assert [answer for answer in answers if not answer.startswith("ForkedError: ")] == []
    assert "before the fork" in answers[0]
    assert (healthy, own, parent, errors) == ("False", "own 1", "parent 1 True", "")


def test_s52_a_deleted_agent_is_told_to_everybody_who_knew_it(
    volume: ConfigMapVolume, start: Start, agent: Callable[..., str], patience: float
) -> None:
    volume.write({"a.md": agent("a"), "b.md": agent("b")})
    registry = start(volume.path)
    changes = registry.changes()
    with registry.pin() as pin:
        volume.update({"b.md": None})
        change = changes.take(timeout=patience)
        assert change is not None
        assert change.diff.agents.removed == ("b",)
        assert "b" not in change.generation.agents
        assert pin.narrowed() == ("b",)
        assert pin.revoked.wait(patience)
        assert not pin.allows("b", "Read")
        with pytest.raises(LookupError, match='no agent "b"'):
            change.generation.agent("b", type(pin.generation.agents["b"]))


class Dying:
    """A watcher whose wait ends the thread that waits, when it is told to."""

    mode = "dying"

    def __init__(self) -> None:
        self._told = threading.Event()
        self._closed = False

    def wait(self, timeout: float | None) -> Wakeup:
        if not self._told.wait(timeout):
            return "timeout"
        if self._closed:
            return "stopped"
        raise SystemExit

    def die(self) -> None:
        self._told.set()

    def close(self) -> None:
        self._closed = True
        self._told.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_s53_a_dead_watch_fails_the_liveness_probe(
    start: Start, agent: Callable[..., str], until: Until, hooked: type[Hooked]
) -> None:
    watcher = Dying()
    registry = start(hooked(Memory({"a.md": agent("a")}), watcher=lambda _: watcher))
    assert registry.healthy()
    watcher.die()
    until(lambda: not registry.healthy())
    assert registry.reload() == "unchanged"
    assert not registry.healthy()  # a check by somebody else is no sign of the watch


def test_s53_a_stalled_watch_fails_the_liveness_probe_until_it_goes_on(
    start: Start, agent: Callable[..., str], until: Until, hooked: type[Hooked]
) -> None:
    flows = threading.Event()
    flows.set()

    def token(real: Callable[[], Hashable]) -> Hashable:
        flows.wait(30)
        return real()

    registry = start(hooked(Memory({"a.md": agent("a")}), token=token), resync_interval=0.02)
    until(lambda: registry.healthy(max_age=0.3))
    flows.clear()
    try:
        until(lambda: not registry.healthy(max_age=0.3))
    finally:
        flows.set()
    until(lambda: registry.healthy(max_age=0.3))


@pytest.mark.usefixtures("denied")
def test_s54_an_unreadable_file_keeps_the_last_good_set_and_is_read_once_it_can_be(
    volume: ConfigMapVolume, start: Start, agent: Callable[..., str], arrives: Arrives, until: Until
) -> None:
    volume.write({"a.md": agent("a", "one"), "b.md": agent("b", "one")})
    registry = start(volume.path, resync_interval=0.02)
    volume.mode = 0
    volume.write({"a.md": agent("a", "two"), "b.md": agent("b", "two")})
    until(lambda: registry.status.condition("Current").reason == "Failed")
    status = registry.status
    assert "md: cannot be read: Permission denied" in status.last_error
    assert registry.current.number == 1
    assert registry.current.agents.keys() == {"a", "b"}
    for name in ("a.md", "b.md"):
        (volume.path / name).chmod(0o644)  # and nothing tells of that
    assert arrives(registry, "two").number == 2
    until(lambda: registry.status.state == "current")


def digest_of(files: Mapping[str, str]) -> str:
    """What anybody computes from the manifests."""
    lines = [f"{sha256(text.encode()).hexdigest()}  {path}\n" for path, text in sorted(files.items())]
    return "sha256:" + sha256("".join(lines).encode()).hexdigest()


def test_s55_every_pod_shows_the_digest_that_is_computed_from_the_manifests(
    tmp_path: Path, start: Start, agent: Callable[..., str], arrives: Arrives
) -> None:
    context = {"CLAUDE.md": "two", "rules.json": "{}"}
    agents = {"B.md": agent("B", "two"), "a.md": agent("a", "two"), "é.md": agent("é", "two"), "deep/a b.md": "text"}
    digests = []
    for pod in ("old", "new"):
        outer = ConfigMapVolume(tmp_path / pod)
        outer.write(context)
        inner = outer.nested("agents")
        inner.write({"a.md": agent("a", "one")} if pod == "old" else agents)
        registry = start(outer.path)
        inner.write(agents)
        assert arrives(registry, "two").number == (2 if pod == "old" else 1)
        assert registry.current.digest == registry.status.digest == registry.status.observed_digest
        digests.append(registry.current.digest)
    expected = digest_of({**context, **{f"agents/{path}": text for path, text in agents.items()}})
    assert digests == [expected, expected]


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("sha256sum"), reason="needs GNU find and sha256sum")
def test_s55_the_digest_can_be_computed_beside_the_process(
    tmp_path: Path, start: Start, agent: Callable[..., str]
) -> None:
    outer = ConfigMapVolume(tmp_path / "mount")
    outer.write({"CLAUDE.md": "context", "a b.json": "{}", "hotagents-not.lock": "x"})
    outer.nested("agents").write({"B.md": agent("B"), "a.md": agent("a"), "é.md": agent("é")})
    outer.stale_payload({"CLAUDE.md": "stale"})
    shown = start(outer.path).current.digest
    done = subprocess.run(["sh", "-c", _DIGEST], cwd=outer.path, capture_output=True, text=True, check=True, timeout=30)
    assert f"sha256:{done.stdout.split()[0]}" == shown
