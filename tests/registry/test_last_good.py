"""A start on a broken mount: loudly not at all, or visibly on the last set that proved itself."""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import (
    AgentSpec,
    Ceiling,
    ConfigRegistry,
    CycleResult,
    Host,
    InvalidConfigError,
    Limits,
    SourceError,
    Tree,
    UnknownGenerationError,
)
from hotagents.store import Store
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents import Cycle

BROKEN = "---\nname: a\ntools: [\n---\n"


@pytest.fixture(name="volume")
def mounted(tmp_path: Path, agent: Callable[..., str]) -> ConfigMapVolume:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": agent("a", "good", tools="Read")})
    return volume


@pytest.fixture(name="registry")
def maker(tmp_path: Path, volume: ConfigMapVolume) -> Callable[..., ConfigRegistry[Any]]:
    def make(**options: Any) -> ConfigRegistry[Any]:
        defaults: dict[str, Any] = {
            "state_dir": tmp_path / "state",
            "on_start_invalid": "last-good",
            "resync_interval": 3600,
        }
        return ConfigRegistry(volume.path, **{**defaults, **options})

    return make


def prove(registry: ConfigRegistry[Any]) -> None:
    with registry:
        registry.confirm(registry.current)


def test_a_start_on_a_broken_mount_serves_the_last_set_that_proved_itself(
    registry: Callable[..., ConfigRegistry[Any]], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    prove(registry())
    volume.write({"a.md": BROKEN})
    with registry() as restarted:
        generation = restarted.current
        assert (generation.number, generation.agents["a"].description) == (1, "good")
        assert [d.code for d in generation.diagnostics] == ["last-good-from-disk"]
        status = restarted.status
        assert (status.state, status.condition("Loaded").status) == ("behind", True)
        assert status.condition("Complete").reason == "LastGoodFromDisk"
        assert status.condition("Current").reason == "Rejected"
        assert "a.md:4" in status.condition("Current").message
        assert "generation 1 stays" in status.condition("Current").message
        assert status.observed_digest != status.digest
        assert restarted.healthy()
        # The watch goes on: once the mount is well again it is served.
        volume.write({"a.md": agent("a", "better")})
        restarted.wait_for(lambda g: g.agents["a"].description == "better", timeout=10)
        assert all(condition.status for condition in restarted.status.conditions)


def test_a_source_that_comes_back_as_it_was_is_complete_again(
    registry: Callable[..., ConfigRegistry[Any]], volume: ConfigMapVolume
) -> None:
    prove(registry())
    good = volume.files
    volume.write({"a.md": BROKEN})
    with registry() as restarted:
        volume.write(good)
        assert restarted.reload() == "unchanged"
        assert restarted.current.number == 1
        assert all(condition.status for condition in restarted.status.conditions)


@pytest.mark.parametrize("broken", ["detached", "missing", "waiting", "empty"])
def test_any_source_that_cannot_be_served_will_do(
    registry: Callable[..., ConfigRegistry[Any]], volume: ConfigMapVolume, broken: str
) -> None:
    prove(registry())
    if broken == "waiting":
        lock = f"# hotagents.lock 1\n{'0' * 64}  a.md\n"
        volume.update({"hotagents.lock": lock})
    elif broken == "empty":
        volume.write({})
    else:
        volume.detach()
    if broken == "missing":
        volume.path.rmdir()
    with registry() as restarted:
        assert restarted.current.agents["a"].description == "good"
        status = restarted.status
        assert status.condition("Complete").reason == "LastGoodFromDisk"
        # A process that starts on an empty directory cannot know that it was a volume once.
        reasons = {"waiting": "WaitingForLock", "missing": "Failed"}
        assert status.condition("Current").reason == reasons.get(broken, "Rejected")


def test_the_default_is_to_fail(registry: Callable[..., ConfigRegistry[Any]], volume: ConfigMapVolume) -> None:
    prove(registry())
    volume.write({"a.md": BROKEN})
    with pytest.raises(InvalidConfigError, match=r"a\.md:4"):
        registry(on_start_invalid="fail").start()


def test_without_a_directory_there_is_no_last_good(registry: Callable[..., ConfigRegistry[Any]]) -> None:
    with pytest.raises(ValueError, match="expected a state_dir"):
        registry(state_dir=None)


def test_what_was_published_but_never_proved_itself_is_not_kept(
    registry: Callable[..., ConfigRegistry[Any]], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    with registry() as running:
        running.confirm(running.current)
        volume.write({"a.md": agent("a", "unproved")})
        running.wait_for(lambda g: g.number == 2, timeout=10)
    volume.write({"a.md": BROKEN})
    with registry() as restarted:
        assert restarted.current.agents["a"].description == "good"


def test_an_older_generation_confirmed_late_does_not_go_back(
    registry: Callable[..., ConfigRegistry[Any]], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    with registry(history=1) as running:
        first = running.current
        volume.write({"a.md": agent("a", "newer")})
        running.wait_for(lambda g: g.number == 2, timeout=10)
        with pytest.raises(UnknownGenerationError):
            running.confirm(first)
        running.confirm(running.current)
        running.confirm(first)  # older than what proved itself: nothing to say
    volume.write({"a.md": BROKEN})
    with registry() as restarted:
        assert restarted.current.agents["a"].description == "newer"


def test_what_is_kept_is_judged_like_any_other_set(
    registry: Callable[..., ConfigRegistry[Any]], volume: ConfigMapVolume
) -> None:
    class Stricter(AgentSpec):
        cluster: str

    prove(registry())
    volume.write({"a.md": BROKEN})
    for options in ({"spec": Stricter}, {"ceiling": Ceiling(tools=["Grep"])}):
        with pytest.raises(InvalidConfigError, match=r"a\.md:4") as caught:
            registry(**options).start()
        assert "no last good set could be served in its place: the last good set" in caught.value.__notes__[0]


@pytest.mark.parametrize("state", ["none", "damaged"])
def test_where_nothing_can_be_served_the_start_fails_and_says_both(
    registry: Callable[..., ConfigRegistry[Any]], volume: ConfigMapVolume, tmp_path: Path, state: str
) -> None:
    if state == "damaged":
        prove(registry())
        (tmp_path / "state" / "last-good.json").write_text("{")
    volume.detach()
    volume.path.rmdir()
    with pytest.raises(SourceError, match="no such directory") as caught:
        registry().start()
    assert "last-good.json" in caught.value.__notes__[0]


def test_a_disk_that_refuses_is_logged_once_and_disturbs_nothing(
    registry: Callable[..., ConfigRegistry[Any]],
    volume: ConfigMapVolume,
    agent: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with registry() as running:
        with monkeypatch.context() as patched:
            patched.setattr("hotagents.store.os.fsync", full)
            running.confirm(running.current)
            running.confirm(running.current)
        said = [r.getMessage() for r in caplog.records if "cannot be kept" in r.getMessage()]
        assert len(said) == 1
        running.confirm(running.current)  # tried again
        volume.write({"a.md": agent("a", "next")})
        running.wait_for(lambda g: g.number == 2, timeout=10)
    volume.write({"a.md": BROKEN})
    with registry() as restarted:
        assert restarted.current.agents["a"].description == "good"


class Runs:
    """A runner that ends as it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ok = True
        self.done = threading.Semaphore(0)

    def run(self, _: Cycle) -> CycleResult:
        return CycleResult(status="ok" if self.ok else "failed")


def test_a_host_confirms_what_every_runner_has_finished_a_cycle_on(
    registry: Callable[..., ConfigRegistry[Any]], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    one, other = Runs("one"), Runs("other")
    results: list[CycleResult] = []
    arrived = threading.Condition()

    def heard(result: CycleResult) -> None:
        with arrived:
            results.append(result)
            arrived.notify_all()

    def wait(count: int) -> None:
        with arrived:
            assert arrived.wait_for(lambda: len(results) >= count, 10)

    with registry() as running:
        host = Host(running, [one, other], interval=3600, on_result=heard)
        thread = threading.Thread(target=host.run)
        thread.start()
        wait(2)
        volume.write({"a.md": agent("a", "half proved")})
        running.wait_for(lambda g: g.number == 2, timeout=10)
        other.ok = False
        host.trigger()
        wait(4)
        host.stop()
        thread.join(10)
    volume.write({"a.md": BROKEN})
    with registry() as restarted:
        assert restarted.current.agents["a"].description == "good"


def test_a_mount_that_is_laid_out_otherwise_is_served_once_it_is_well(
    tmp_path: Path, agent: Callable[..., str], registry: Callable[..., ConfigRegistry[Any]], volume: ConfigMapVolume
) -> None:
    volume.write({"CLAUDE.md": "one", "agents/a.md": agent("a", "good")})
    prove(registry())
    # The next deployment mounts two volumes in the place of one.
    other = ConfigMapVolume(tmp_path / "other")
    other.write({"CLAUDE.md": "one"})
    nested = other.nested("agents")
    nested.write({"b.md": BROKEN})
    options: dict[str, Any] = {"state_dir": tmp_path / "state", "on_start_invalid": "last-good"}
    with ConfigRegistry(other.path, resync_interval=3600, **options) as restarted:
        assert restarted.current.agents["a"].description == "good"
        nested.write({"b.md": agent("b", "well")})
        restarted.wait_for(lambda g: "b" in g.agents, timeout=10)
        assert all(condition.status for condition in restarted.status.conditions)
        nested.write({})
        assert restarted.reload() == "rejected"  # from here on its own parts are known


def test_the_last_to_confirm_wins_and_what_is_lost_is_kept_again(
    tmp_path: Path, agent: Callable[..., str], registry: Callable[..., ConfigRegistry[Any]]
) -> None:
    canary = ConfigMapVolume(tmp_path / "canary")
    canary.write({"a.md": agent("a", "canary")})
    with registry() as healthy, ConfigRegistry(canary.path, state_dir=tmp_path / "state") as other:
        healthy.confirm(healthy.current)
        other.confirm(other.current)
        healthy.confirm(healthy.current)
        store = Store(tmp_path / "state")
        assert store.digest() == healthy.current.digest
        for path in (tmp_path / "state").iterdir():
            path.unlink()
        assert store.digest() == ""
        healthy.confirm(healthy.current)
        assert store.load().digest == healthy.current.digest


def test_what_was_chosen_by_other_patterns_or_is_beyond_the_limits_is_not_served(
    volume: ConfigMapVolume, agent: Callable[..., str], tmp_path: Path
) -> None:
    volume.write({"a.md": agent("a"), "draft/b.md": agent("b", tools="Bash")})
    options: dict[str, Any] = {"state_dir": tmp_path / "state", "on_start_invalid": "last-good"}
    prove(ConfigRegistry(Tree(volume.path), **options))
    volume.write({"a.md": BROKEN})
    with pytest.raises(InvalidConfigError) as caught:
        ConfigRegistry(Tree(volume.path, exclude=["draft/**"]), **options).start()
    assert "was kept for other include, exclude or agents patterns" in caught.value.__notes__[0]
    with pytest.raises(InvalidConfigError) as caught:
        ConfigRegistry(Tree(volume.path), limits=Limits(file_bytes=45), **options).start()
    assert "is beyond the limits" in caught.value.__notes__[0]
    with ConfigRegistry(Tree(volume.path), **options) as restarted:
        assert set(restarted.current.agents) == {"a", "b"}
