"""A source that is not there yet: an error at once, or patience for as long as was asked."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ClosedError, ConfigRegistry, InvalidConfigError, SourceError, hookimpl, load_plugins
from hotagents.registry.reloader import Reloader
from hotagents.testing import ConfigMapVolume
from hotagents.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(name="first_look")
def first_looks(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once a start has looked, found nothing, and waits."""
    looked = threading.Event()
    real = Reloader.wait

    def wait(self: Reloader[Any], seconds: float) -> bool:
        looked.set()
        return real(self, seconds)

    monkeypatch.setattr(Reloader, "wait", wait)
    return looked


def test_by_default_it_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such directory"):
        ConfigRegistry(tmp_path / "later").start()


@pytest.mark.parametrize("state", ["missing", "empty", "detached"])
def test_a_start_waits_for_a_volume_and_then_watches_it(
    tmp_path: Path, agent: Callable[..., str], first_look: threading.Event, state: str
) -> None:
    volume = ConfigMapVolume(tmp_path / "later")
    if state != "missing":
        volume.path.mkdir()
    if state == "detached":
        volume.write({"a.md": agent("a")})
        volume.detach()
    registry = ConfigRegistry(volume.path, wait_for_source=30, resync_interval=3600)
    thread = threading.Thread(target=registry.start)
    thread.start()
    assert first_look.wait(10)
    volume.write({"a.md": agent("a", "one")})
    thread.join(10)
    with registry:
        assert registry.current.agents["a"].description == "one"
        assert registry.status.watch_mode in {"inotify", "watchfiles"}
        volume.write({"a.md": agent("a", "two")})
        registry.wait_for(lambda g: g.agents["a"].description == "two", timeout=10)


@pytest.mark.parametrize("is_volume", [True, False])
def test_one_file_of_a_mount_that_is_not_there_yet(
    tmp_path: Path, agent: Callable[..., str], first_look: threading.Event, *, is_volume: bool
) -> None:
    volume = ConfigMapVolume(tmp_path / "later")
    registry = ConfigRegistry(volume.path / "a.md", wait_for_source=30, resync_interval=3600)
    thread = threading.Thread(target=registry.start)
    thread.start()
    assert first_look.wait(10)

    def write(text: str) -> None:
        if is_volume:
            volume.write({"a.md": agent("a", text), "b.md": agent("b")})
        else:
            volume.path.mkdir(exist_ok=True)
            (volume.path / "a.md").write_text(agent("a", text))

    write("one")
    thread.join(10)
    with registry:
        assert list(registry.current.agents) == ["a"]
        for text in ("two", "three"):
            write(text)
            registry.wait_for(lambda g: g.agents["a"].description == text, timeout=10)  # noqa: B023 - called at once


def test_what_is_there_and_wrong_is_not_waited_for(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "---\nname: a\ntools: [\n---\n"})
    begun = time.monotonic()
    with pytest.raises(InvalidConfigError):
        ConfigRegistry(volume.path, wait_for_source=300).start()
    assert time.monotonic() - begun < 60


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted by /proc")
def test_a_wait_leaves_no_descriptor_and_no_thread(tmp_path: Path, agent: Callable[..., str]) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    def wait(number: int) -> None:
        outer = tmp_path / str(number)
        volume = ConfigMapVolume(outer / "agents")
        volume.write({})  # an optional ConfigMap that does not exist yet
        registry = ConfigRegistry(outer, wait_for_source=30, resync_interval=3600)
        thread = threading.Thread(target=registry.start)
        thread.start()
        volume.write({"a.md": agent("a")})
        thread.join(10)
        registry.close()

    wait(0)
    before = descriptors()
    for number in range(1, 6):
        wait(number)
    deadline = time.monotonic() + 10
    while descriptors() > before:  # watchfiles lets go on a thread of its own
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_a_plugin_hears_of_no_rejection_that_is_over(
    tmp_path: Path, agent: Callable[..., str], first_look: threading.Event
) -> None:
    told: list[Any] = []

    class Listens:
        @hookimpl
        def hotagents_generation_rejected(self, status: Any) -> None:
            told.append(status)

    plugins = load_plugins(from_entry_points=False, plugins={"listens": Listens()})
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({})
    registry = ConfigRegistry(volume.path, wait_for_source=30, resync_interval=3600, plugins=plugins)
    thread = threading.Thread(target=registry.start)
    thread.start()
    assert first_look.wait(10)
    volume.write({"a.md": agent("a")})
    thread.join(10)
    with registry:
        volume.write({"a.md": "---\nname: a\n---\n"})
        registry.reload()
    assert [status.condition("Current").reason for status in told] == ["Rejected"]


@pytest.mark.parametrize("state", ["missing", "empty"])
def test_the_status_tells_why_a_start_waits_and_since_when(
    tmp_path: Path, agent: Callable[..., str], first_look: threading.Event, state: str
) -> None:
    volume = ConfigMapVolume(tmp_path / "later")
    if state == "empty":
        volume.write({})
    registry = ConfigRegistry(volume.path, wait_for_source=30, resync_interval=3600)
    before = registry.status
    assert before.condition("Current").message == "nothing was read yet"
    assert registry.status == before
    thread = threading.Thread(target=registry.start)
    thread.start()
    assert first_look.wait(10)
    one, reads = registry.status, sum(registry.status.reloads.values())
    deadline = time.monotonic() + 10
    while sum(registry.status.reloads.values()) < reads + 2:
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
    two = registry.status
    assert (one.state, one.generation, registry.history) == ("starting", 0, ())
    assert [(c.type, c.reason) for c in one.conditions if not c.status] == {
        "missing": [("Loaded", "Starting"), ("Current", "Failed"), ("Watching", "Detached")],
        "empty": [("Loaded", "Starting"), ("Current", "Rejected")],
    }[state]
    said = {"missing": "no such directory", "empty": "the set holds no agent"}[state]
    assert said in one.condition("Current").message
    assert said in one.last_error
    assert two.conditions == one.conditions
    volume.write({"a.md": agent("a")})
    thread.join(10)
    with registry:
        assert registry.status.state == "current"


def test_a_start_that_failed_leaves_its_reason_and_the_next_one_goes_on_from_there(
    tmp_path: Path, agent: Callable[..., str]
) -> None:
    registry = ConfigRegistry(tmp_path / "later", resync_interval=3600)
    for _ in range(2):
        with pytest.raises(SourceError):
            registry.start()
    status = registry.status
    assert (status.state, status.watch_mode, status.reloads["failed"]) == ("starting", "none", 2)
    assert status.condition("Current").reason == "Failed"
    assert registry.status == status
    ConfigMapVolume(tmp_path / "later").write({"a.md": agent("a")})
    with registry:
        assert (registry.status.state, registry.status.last_error) == ("current", "")
        assert all(condition.status for condition in registry.status.conditions)


def test_nothing_is_said_to_be_served_before_the_start_has_ended(
    tmp_path: Path, agent: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": agent("a")})
    registry = ConfigRegistry(volume.path)
    seen: list[Any] = []
    real = Watch.start

    def start(self: Watch) -> None:
        seen.append(registry.status)
        real(self)

    monkeypatch.setattr(Watch, "start", start)
    with registry:
        pass
    (status,) = seen
    assert (status.state, status.generation, status.digest) == ("starting", 0, "")
    assert [c.reason for c in status.conditions if not c.status] == ["Starting", "Starting"]


def test_it_ends_with_the_error_once_the_time_is_over(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such directory"):
        ConfigRegistry(tmp_path / "never", wait_for_source=0.25).start()


def test_a_close_ends_the_wait(tmp_path: Path, first_look: threading.Event) -> None:
    registry = ConfigRegistry(tmp_path / "never", wait_for_source=300)
    raised: list[Any] = []

    def start() -> None:
        try:
            registry.start()
        except ClosedError as error:
            raised.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    assert first_look.wait(10)
    registry.close()
    thread.join(5)
    assert not thread.is_alive()
    assert raised


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_a_wait_that_makes_no_sense_is_refused(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="wait_for_source"):
        ConfigRegistry(tmp_path, wait_for_source=value)
