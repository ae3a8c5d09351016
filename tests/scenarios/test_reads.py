"""Reads that are torn, cut, or too early."""

from __future__ import annotations

import os
import sys
import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents import Directory, SourceError, Tree, Volume
from hotagents.sources import read_settled
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hotagents import ConfigRegistry, Generation

    Start = Callable[..., ConfigRegistry[Any]]
    Arrives = Callable[[ConfigRegistry[Any], str], Generation[Any]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")

_FILES: Final = 40
_SETTLE: Final = 0.8


@pytest.fixture
def release(agent: Callable[..., str]) -> Callable[[int], dict[str, str]]:
    """A function that gives the files of one version of many agents."""

    def files(version: int) -> dict[str, str]:
        names = [f"agent-{number:02}" for number in range(_FILES)]
        return {f"{name}.md": agent(name, f"version {version}") for name in names}

    return files


def is_whole(generation: Generation[Any]) -> bool:
    versions = {agent.description for agent in generation.agents.values()}
    return len(generation.agents) == _FILES and len(versions) == 1


def pause(seconds: float) -> None:
    """The pause that a writer makes; nothing is awaited."""
    threading.Event().wait(seconds)


def test_s16_swaps_during_the_load_leave_every_file_of_one_version(
    volume: ConfigMapVolume,
    start: Start,
    arrives: Arrives,
    release: Callable[[int], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    volume.write(release(1))
    registry = start(volume.path)
    real, opened, versions = os.open, [""], iter(range(3, 8))

    def opening(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).startswith("agent-"):
            opened.append(path)
            if len(opened) % 20 == 0 and (version := next(versions, 0)):
                volume.write(release(version))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", opening)
    volume.write(release(2))
    arrives(registry, "version 7")
    assert [is_whole(generation) for generation in registry.history] == [True] * len(registry.history)


def test_s17_what_is_deleted_during_the_load_is_read_again_at_its_new_place(
    tmp_path: Path,
    volume: ConfigMapVolume,
    start: Start,
    release: Callable[[int], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    volume.write(release(1))
    registry = start(volume.path)
    real_open, real_scandir = os.open, os.scandir
    missing, listed = iter([True]), iter([True])

    def opening(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).endswith("..data") and next(missing, False):
            raise FileNotFoundError(2, "gone between the link and its target", path)
        return real_open(path, *rest, **more)

    def listing(where: Any = ".") -> Any:
        if isinstance(where, int) and next(listed, False):
            volume.write(release(2))  # deletes what is about to be listed
        return real_scandir(where)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, "scandir", listing)
    assert registry.reload() == "published"
    assert registry.current.number == 2
    assert all(is_whole(generation) for generation in registry.history)
    (tmp_path / "..data").symlink_to("nowhere")  # for good: that is given up
    with pytest.raises(SourceError, match=str(tmp_path)) as caught:
        read_settled(Volume(tmp_path), timeout=0.1)
    assert caught.value.reason == "Detached"


@pytest.mark.parametrize("nested", [False, True], ids=["volume", "volume in a directory"])
def test_s18_one_file_of_a_volume_is_one_agent(
    tmp_path: Path, start: Start, agent: Callable[..., str], *, nested: bool
) -> None:
    volume = ConfigMapVolume(tmp_path / "root" / "team" if nested else tmp_path / "root")
    volume.write({"a.md": agent("a", "one"), "deep/b.md": agent("b", "one")})
    volume.stale_payload({"a.md": agent("a", "stale")})
    expected = {"team/a.md", "team/deep/b.md"} if nested else {"a.md", "deep/b.md"}
    assert read_settled(Tree(tmp_path / "root")).files.keys() == expected
    registry = start(tmp_path / "root")
    assert {agent.path for agent in registry.current.agents.values()} == expected
    assert registry.status.diagnostics == ()


def test_s19_a_file_that_is_emptied_and_filled_again_is_read_when_it_is_full(
    plain: Path, start: Start, agent: Callable[..., str], patience: float, caplog: pytest.LogCaptureFixture
) -> None:
    registry = start(Directory(plain, settle=_SETTLE), resync_interval=0.02)
    lines = agent("a", "two", prompt="A line of the prompt.\n" * 8).splitlines(keepends=True)
    with (plain / "a.md").open("w") as file:
        for piece in ("".join(lines[:4]), *lines[4:]):
            pause(0.04)
            file.write(piece)
            file.flush()
    whole = "".join(lines[4:])
    registry.wait_for(lambda generation: generation.agents["a"].prompt == whole, timeout=patience)
    assert [generation.agents["a"].prompt for generation in registry.history] == [whole, "Do it.\n"]
    assert "rejected" not in caplog.text


def test_s20_a_cut_body_is_not_taken_for_whole_because_it_is_read_twice_alike(
    plain: Path, start: Start, agent: Callable[..., str], patience: float
) -> None:
    registry = start(Directory(plain, settle=_SETTLE), resync_interval=0.02)
    whole = agent("a", "two", prompt="Ask first.\nNever delete anything.\n")
    cut = whole.index("Never")
    with (plain / "a.md").open("w") as file:
        file.write(whole[:cut])
        file.flush()
        pause(0.25)
        file.write(whole[cut:])
    registry.wait_for(lambda generation: generation.agents["a"].prompt.endswith("anything.\n"), timeout=patience)
    assert registry.current.number == 2


def lock_of(files: Mapping[str, str]) -> str:
    """The file that lists these."""
    lines = [f"{sha256(text.encode()).hexdigest()}  {path}" for path, text in sorted(files.items())]
    return "\n".join(["# hotagents.lock 1", *lines, ""])


def test_s20_a_cut_body_is_held_for_as_long_as_a_lock_lists_the_whole(
    plain: Path, start: Start, agent: Callable[..., str], arrives: Arrives
) -> None:
    whole = agent("a", "two", prompt="Ask first.\nNever delete anything.\n")
    registry = start(Directory(plain, settle=0.01))
    (plain / "hotagents.lock").write_text(lock_of({"a.md": whole}))
    (plain / "a.md").write_text(whole[: whole.index("Never")])  # and the writer pauses for longer than settle
    assert registry.reload() == "held"
    assert registry.status.condition("Current").reason == "WaitingForLock"
    (plain / "a.md").write_text(whole)
    assert arrives(registry, "two").agents["a"].prompt.endswith("anything.\n")
    assert registry.current.number == 2


def test_s21_an_editor_that_deletes_and_then_renames_makes_one_generation(
    plain: Path, start: Start, agent: Callable[..., str], patience: float
) -> None:
    (plain / "b.md").write_text(agent("b", "one"))
    registry = start(Directory(plain, settle=_SETTLE), resync_interval=0.02)
    changes = registry.changes()
    (plain / ".a.md.swp").write_text("recovery")
    (plain / "a.md.tmp").write_text(agent("a", "two"))
    (plain / "a.md").unlink()
    pause(0.25)
    (plain / "a.md.tmp").rename(plain / "a.md")
    (plain / ".a.md.swp").unlink()
    change = changes.take(timeout=patience)
    assert change is not None
    assert change.diff.to_dict()["agents"] == {"added": [], "changed": ["a"], "removed": []}
    assert registry.reload() == "unchanged"
    assert registry.current.number == 2


def test_s22_two_volumes_with_a_lock_are_published_together_or_not_at_all(
    tmp_path: Path, start: Start, agent: Callable[..., str], arrives: Arrives
) -> None:
    def contents(text: str) -> tuple[dict[str, str], dict[str, str]]:
        context, agents = {"CLAUDE.md": text}, {"a.md": agent("a", text)}
        return context, {**agents, "hotagents.lock": lock_of({**context, "agents/a.md": agents["a.md"]})}

    outer = ConfigMapVolume(tmp_path / "claude")
    context, agents = contents("one")
    outer.write(context)
    inner = outer.nested("agents")
    inner.write(agents)
    registry = start(outer.path)
    context, agents = contents("two")
    inner.write(agents)
    assert registry.reload() == "held"
    condition = registry.status.condition("Current")
    assert condition.reason == "WaitingForLock"
    assert "CLAUDE.md differs" in condition.message
    assert registry.current.agents["a"].description == registry.current.documents["CLAUDE.md"].body == "one"
    outer.write(context)
    generation = arrives(registry, "two")
    assert generation.documents["CLAUDE.md"].body == "two"
    assert generation.number == 2


@pytest.mark.parametrize("other", ["rules.json", "CLAUDE.md", "skills/pdf/SKILL.md"])
def test_s23_a_change_of_a_file_that_an_agent_only_refers_to_is_a_new_generation(
    other: str, volume: ConfigMapVolume, start: Start, agent: Callable[..., str], patience: float
) -> None:
    volume.write({"a.md": agent("a", prompt=f"Follow {other}.\n"), other: "one"})
    registry = start(volume.path)
    first = registry.current
    volume.update({other: "two"})
    generation = registry.wait_for(lambda generation: generation.number == 2, timeout=patience)
    diff = first.diff(generation)
    assert (*diff.documents.changed, *diff.files.changed) == (other,)
    assert not diff.agents
    assert generation.agents["a"] is first.agents["a"]
