from __future__ import annotations

import logging
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

import pytest
from coverage import Coverage

from hotagents import ConfigRegistry, Cycle, Memory, load_plugins
from hotagents.testing import FakeClock
from hotagents_k8s_monitor import plugin
from hotagents_k8s_monitor.cluster import Snapshot
from hotagents_k8s_monitor.cluster.kinds import KINDS as LISTED
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.monitor import Monitor
from hotagents_k8s_monitor.notifiers import sentence
from hotagents_k8s_monitor.shipped import config_dir
from hotagents_k8s_monitor.testing.objects import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
    from datetime import datetime

    from hotagents import CycleResult, Generation
    from hotagents_k8s_monitor.cluster import Gap, Resource
    from hotagents_k8s_monitor.messages import Message
    from hotagents_k8s_monitor.notify import Sending, Slip
    from hotagents_k8s_monitor.records import Acks, Recorder

if sys.platform == "win32":  # the monitor runs in a pod or on its author's Linux or macOS
    collect_ignore_glob = ["*"]

KINDS: Final = MappingProxyType({kind.name: resource for resource, kind in LISTED.items()})


def seen(objects: Iterable[Mapping[str, Any]], *gaps: Gap) -> Snapshot:
    """A look that saw all of these and nothing else; other kinds are nobody's concern."""
    lists: dict[Resource, list[Mapping[str, Any]]] = {resource: [] for resource in RESOURCES}
    for item in objects:
        if item["kind"] in KINDS:
            lists[KINDS[item["kind"]]].append(item)
    found = {resource: tuple(some) for resource, some in lists.items()}
    return Snapshot(NOW, found, {gap.resource: gap for gap in gaps if gap.resource != "version"})


def shipped() -> dict[str, str]:
    """The shipped configuration, by path."""
    root = config_dir()
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.md"))}


@final
class Shown:
    """A collector that sees what it is shown."""

    def __init__(self) -> None:
        self.snapshot = seen([])
        self.closed = False

    def collect(self) -> Snapshot:
        return self.snapshot

    def close(self) -> None:
        self.closed = True


@final
class Heard:
    """A notifier that keeps what it was told; with ``broken`` it raises instead."""

    name = "heard"

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.lines: list[str] = []
        self.broken: Exception | None = None

    def send(self, sending: Sending) -> Slip:
        if self.broken is not None:
            raise self.broken
        self.messages.append(sending.message)
        self.lines.append(sentence(sending.message, now=sending.now))
        return {}

    def taken(self) -> list[tuple[str, str, str]]:
        """Kind, severity and owner's name of what was told since the last time."""
        found: list[tuple[str, str, str]] = [
            (m.kind, m.severity, m.owner.name if m.owner is not None else "") for m in self.messages
        ]
        self.messages.clear()
        return found


@final
class Bench:
    """A monitor on a registry in memory, with a cluster that is shown to it and a clock that stands still."""

    def __init__(
        self,
        stack: ExitStack,
        *,
        recorder: Recorder | None = None,
        acks: Acks | None = None,
        collector: Any = None,
        post: Callable[[], Any] | None = None,
        analyst: Callable[[Any], Any] | None = None,
    ) -> None:
        self.files = shipped()
        self.clock = FakeClock(NOW)
        self.shown = Shown()
        self.heard = Heard()
        self._recorder = recorder
        self._acks = acks
        self._make_post = post
        self._make_analyst = analyst
        self._collector = collector or self.shown
        self._source = Memory(self.files)
        plugins = load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin}).hosting([plugin.NAME])
        registry: ConfigRegistry[Any] = ConfigRegistry(
            self._source, spec=plugin.SPECS, documents=plugin.DOCUMENTS, plugins=plugins
        )
        self.registry = stack.enter_context(registry)
        self.restart()

    def restart(self) -> None:
        """A new process on the same records."""
        post = self._make_post() if self._make_post is not None else self.heard
        analyst = self._make_analyst(self.clock) if self._make_analyst is not None else None
        self.monitor = Monitor(
            self._collector, post, recorder=self._recorder, acks=self._acks, analyst=analyst, clock=self.clock
        )
        self.monitor.setup()

    def set_clock(self, at: datetime) -> None:
        """Set the clock, which may be back."""
        self.clock = self.monitor._clock = FakeClock(at)

    def edit(self, path: str, *changes: tuple[str, str]) -> Generation[Any]:
        """Replace texts in a file, each of which must be there once, and publish."""
        for old, new in changes:
            assert self.files[path].count(old) == 1, old
            self.files = {**self.files, path: self.files[path].replace(old, new)}
        number = self.registry.current.number
        self._source.write(self.files)
        self.registry.reload()  # the watch may have been there before
        current: Generation[Any] = self.registry.current
        assert current.number == number + 1, self.registry.status.last_error
        return current

    def look(
        self, *objects: Mapping[str, Any], gaps: Iterable[Gap] = (), after: timedelta = timedelta(0)
    ) -> CycleResult:
        """Show objects, let time pass, and run one cycle."""
        self.shown.snapshot = seen(objects, *gaps)
        return self.again(after=after)

    def again(self, *, after: timedelta = timedelta(0)) -> CycleResult:
        """Run one more cycle on what was shown last."""
        self.clock.advance(after.total_seconds())
        self.shown.snapshot = replace(self.shown.snapshot, taken_at=self.clock.now())
        with self.registry.pin() as pin:
            logger = logging.LoggerAdapter(logging.getLogger("test"), {})
            cycle = Cycle(
                id=f"cycle-{self.clock.now():%H%M%S%f}",
                pin=pin,
                trigger="manual",
                deadline=None,
                cancelled=threading.Event(),
                logger=logger,
            )
            return self.monitor.run(cycle)


def rated(result: CycleResult) -> dict[str, str]:
    """State and severity of each finding, by owner and rule."""
    return {
        f"{finding['owner']['name']} {finding['rule']}": f"{finding['state']} {finding['severity']}"
        for finding in result.data["findings"]
    }


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
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def bench(stack: ExitStack) -> Bench:
    return Bench(stack)


@pytest.fixture(scope="module")
def bench_of_module() -> Iterator[Bench]:
    """A bench for what all tests of a module compare with."""
    with ExitStack() as stack:
        yield Bench(stack)


@pytest.fixture
def make_bench(stack: ExitStack) -> Callable[..., Bench]:
    def make(**options: Any) -> Bench:
        return Bench(stack, **options)

    return make


@pytest.fixture(name="rated")
def rated_function() -> Callable[[CycleResult], dict[str, str]]:
    return rated


@pytest.fixture(name="seen")
def seen_function() -> Callable[..., Snapshot]:
    return seen
