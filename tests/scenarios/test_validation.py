"""What is wrong with an edit, what is then served, and who is told."""

from __future__ import annotations

import json
import logging
import queue
import sys
import threading
import time
from dataclasses import fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents import (
    AgentSpec,
    ConfigRegistry,
    Cycle,
    CycleResult,
    Generation,
    Host,
    InvalidConfigError,
    Memory,
    SourceError,
    hookimpl,
    load_plugins,
)
from hotagents.spec import FORMAT_KEYS
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents import Change, RegistryStatus, Report, Snapshot
    from tests.scenarios.conftest import Hooked

    Start = Callable[..., ConfigRegistry[Any]]
    Arrives = Callable[[ConfigRegistry[Any], str], Generation[Any]]
    Until = Callable[[Callable[[], object]], None]

_BAD: Final = "---\nname: a\ndescription: Use when: asked tools: Read\n---\n"


class Listener:
    """A plugin that hears of publications and rejections."""

    def __init__(self) -> None:
        self.published: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.rejected: queue.SimpleQueue[str] = queue.SimpleQueue()

    @hookimpl
    def hotagents_generation_published(self, change: Change[Any]) -> None:
        self.published.put(change.generation.number)

    @hookimpl
    def hotagents_generation_rejected(self, status: RegistryStatus) -> None:
        self.rejected.put(status.diagnostics[0].code)


def test_s24_an_invalid_file_leaves_the_last_good_generation_and_is_not_told_as_published(
    start: Start, agent: Callable[..., str], patience: float
) -> None:
    listener, source = Listener(), Memory({"a.md": agent("a"), "b.md": agent("b")})
    plugins = load_plugins(from_entry_points=False, plugins={"listener": listener})
    registry = start(source, plugins=plugins)
    first = registry.current
    source.update({"a.md": _BAD})
    assert registry.reload() == "rejected"
    assert registry.current is first
    status = registry.status
    assert status.condition("Current").reason == "Rejected"
    assert (status.diagnostics[0].path, status.diagnostics[0].line) == ("a.md", 3)
    assert status.last_error.startswith("a.md:3:")
    assert listener.rejected.get(timeout=patience) == "yaml-syntax"
    source.update({"a.md": agent("a", "other")})
    assert listener.published.get(timeout=patience) == 2
    assert listener.published.empty()


def test_s25_a_revert_to_what_is_served_is_healthy_again_at_once(
    start: Start, agent: Callable[..., str], until: Until
) -> None:
    source = Memory({"a.md": agent("a")})
    registry = start(source)
    source.write({"a.md": _BAD})
    until(lambda: registry.status.state == "behind")
    source.write({"a.md": agent("a")})
    until(lambda: registry.status.state == "current")
    status = registry.status
    assert (status.generation, status.last_error, status.diagnostics) == (1, "", ())
    assert status.digest == status.observed_digest


def test_s26_a_load_that_failed_is_tried_again_at_the_next_check(
    start: Start, agent: Callable[..., str], arrives: Arrives, until: Until, hooked: type[Hooked]
) -> None:
    source = Memory({"a.md": agent("a", "one")})
    broken = threading.Event()
    failures: list[int] = []

    def read(real: Callable[[], Snapshot]) -> Snapshot:
        if broken.is_set():
            failures.append(1)
            raise SourceError("stale file handle")
        return real()

    registry = start(hooked(source, read=read), resync_interval=0.02)
    broken.set()
    source.write({"a.md": agent("a", "two")})
    until(lambda: failures)
    broken.clear()  # and nothing tells of that
    assert arrives(registry, "two").number == 2


def test_s27_a_start_on_a_bad_set_fails_or_visibly_serves_the_last_good_one_as_it_is_told(
    tmp_path: Path, start: Start, agent: Callable[..., str], arrives: Arrives, until: Until
) -> None:
    source = Memory({"a.md": agent("a", "one")})
    before = start(source, state_dir=tmp_path)
    before.confirm(before.current)
    before.close()
    source.write({"a.md": _BAD})
    with pytest.raises(InvalidConfigError, match=r"a\.md:3:"):
        start(source, state_dir=tmp_path)
    registry = start(source, state_dir=tmp_path, on_start_invalid="last-good")
    assert registry.current.agents["a"].description == "one"
    status = registry.status
    assert status.condition("Complete").reason == "LastGoodFromDisk"
    assert status.condition("Current").reason == "Rejected"
    assert status.last_error.startswith("a.md:3:")
    source.write({"a.md": agent("a", "two")})
    assert arrives(registry, "two").number == 2
    until(lambda: registry.status.condition("Complete").status)


class Picky:
    """A runner that cannot work on one description."""

    name = "picky"

    def run(self, cycle: Cycle) -> CycleResult:
        if cycle.generation.agents["a"].description == "two":
            raise ValueError("valid, and of no use")
        return CycleResult()


def test_s28_the_kept_copy_is_not_replaced_by_a_set_that_no_cycle_has_proved(
    tmp_path: Path, start: Start, agent: Callable[..., str], launch: Callable[[Host], None], patience: float
) -> None:
    source = Memory({"a.md": agent("a", "one")})
    results: queue.SimpleQueue[CycleResult] = queue.SimpleQueue()
    before = start(source, state_dir=tmp_path)
    launch(Host(before, [Picky()], interval=1e6, run_on_change=True, on_result=results.put))
    assert results.get(timeout=patience).status == "ok"
    source.write({"a.md": agent("a", "two")})
    result = results.get(timeout=patience)
    assert (result.status, result.generation) == ("failed", 2)
    before.close()
    source.write({})
    registry = start(source, state_dir=tmp_path, on_start_invalid="last-good")
    assert registry.current.agents["a"].description == "one"


@pytest.mark.parametrize(
    "files",
    [{}, {"a.md": ""}, {"README.md": "no agent"}, {"a.md": "---\n---\n"}],
    ids=["nothing", "an empty file", "other files", "an empty frontmatter"],
)
def test_s29_zero_agents_are_never_served_unless_that_is_allowed(
    files: dict[str, str], start: Start, agent: Callable[..., str]
) -> None:
    with pytest.raises(InvalidConfigError, match=r"empty-set: the set holds no agent; .*allow_empty=True"):
        start(Memory(files))
    source = Memory({"a.md": agent("a")})
    registry = start(source)
    source.write(files)
    assert registry.reload() == "rejected"
    assert registry.current.agents.keys() == {"a"}
    assert registry.status.diagnostics[0].code == "empty-set"
    assert start(Memory(files), allow_empty=True).current.agents == {}


def test_s29_a_directory_whose_files_are_all_deleted_keeps_its_last_good_agents(
    plain: Path, start: Start, until: Until
) -> None:
    registry = start(plain)
    (plain / "a.md").unlink()
    until(lambda: registry.status.condition("Current").reason == "Rejected")
    assert registry.current.agents.keys() == {"a"}


@pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")
@pytest.mark.parametrize("policy", ["hold-set", "hold-volume", "hold-file"])
def test_s30_one_invalid_agent_of_ten_holds_what_the_policy_says_and_is_shown(
    policy: str, tmp_path: Path, start: Start, agent: Callable[..., str]
) -> None:
    def files(team: str, text: str) -> dict[str, str]:
        names = [f"{team}-{number}" for number in range(5)]
        return {f"{name}.md": agent(name, text, tools="Read") for name in names}

    volumes = {team: ConfigMapVolume(tmp_path / team) for team in ("one", "two")}
    for team, volume in volumes.items():
        volume.write(files(team, "old"))
    registry = start({team: volume.path for team, volume in volumes.items()}, on_invalid=policy)
    bad = "---\nname: one-3\ndescription: new\ntools: [Read\n---\n"
    volumes["one"].write({**files("one", "new"), "one-3.md": bad})
    volumes["two"].write(files("two", "new"))
    assert registry.reload() in {"rejected", "published"}
    agents = registry.current.agents
    held = {
        "hold-set": set(agents),
        "hold-volume": {f"one-{number}" for number in range(5)},
        "hold-file": {"one-3"},
    }[policy]
    assert len(agents) == 10
    assert {name for name, agent in agents.items() if agent.description == "old"} == held
    assert not agents["one-3"].allows("Bash")
    status = registry.status
    assert (status.condition("Current").reason, status.diagnostics[0].path) == ("Rejected", "one/one-3.md")
    assert status.condition("Complete").reason == ("" if policy == "hold-set" else "FilesHeld")


def test_s31_a_persistent_error_is_one_log_line_however_often_it_is_met(
    start: Start,
    agent: Callable[..., str],
    until: Until,
    hooked: type[Hooked],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def errors() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]

    def read(real: Callable[[], Snapshot]) -> Snapshot:
        reads.append(1)
        return real()

    reads: list[int] = []
    source = Memory({"a.md": agent("a")})
    start(hooked(source, read=read), resync_interval=0.01)
    for distinct, content in enumerate((_BAD, "---\nname: a\n---\n"), 1):
        source.write({"a.md": content})
        until(lambda: len(errors()) == distinct)  # noqa: B023 - called before the next turn
        reads.clear()
        until(lambda: len(reads) > 20)
        assert len(errors()) == distinct


class Validator:
    """A plugin that does to a candidate what it is told."""

    def __init__(self) -> None:
        self.act: Callable[[], object] = lambda: None

    @hookimpl
    def hotagents_validate(self, report: Report) -> None:
        _ = report
        self.act()


def test_s32_a_validator_that_raises_or_hangs_ends_neither_the_watch_nor_its_silence(
    start: Start, agent: Callable[..., str], arrives: Arrives, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    validator, release = Validator(), threading.Event()

    def fail() -> None:
        raise ZeroDivisionError("a defect")

    def refusal() -> str:
        return " ".join(diagnostic.message for diagnostic in registry.status.diagnostics)

    source = Memory({"a.md": agent("a", "one")})
    plugins = load_plugins(from_entry_points=False, plugins={"strict": validator})
    registry = start(source, plugins=plugins, validate_timeout=0.1, resync_interval=0.05)
    try:
        validator.act = fail
        source.write({"a.md": agent("a", "two")})
        until(lambda: "plugin strict: ZeroDivisionError: a defect" in refusal())
        validator.act = lambda: release.wait(30)
        source.write({"a.md": agent("a", "three")})
        until(lambda: "plugin strict: an earlier call has not returned yet" in refusal())
        assert "plugin strict: did not return within 0.1 s" in caplog.text
        assert registry.healthy(max_age=5.0)
        assert registry.current.number == 1
    finally:
        validator.act = lambda: None
        release.set()
    assert arrives(registry, "three").number == 2


@pytest.mark.parametrize("paths", [("a.md", "b.md"), ("b.md", "a.md")], ids=["a first", "b first"])
def test_s33_one_name_in_two_files_is_an_error_whichever_was_written_first(
    paths: tuple[str, str], tmp_path: Path, start: Start, agent: Callable[..., str]
) -> None:
    for path in paths:
        (tmp_path / path).write_text(agent("same", path))
    with pytest.raises(InvalidConfigError, match=r'b\.md:2:7: duplicate-name: .*"same" is also defined in a\.md'):
        start(tmp_path)


def test_s33_one_name_in_two_sources_is_an_error_that_names_both(
    tmp_path: Path, start: Start, agent: Callable[..., str]
) -> None:
    for team in ("one", "two"):
        (tmp_path / team).mkdir()
        (tmp_path / team / f"{team}.md").write_text(agent("same"))
    for order in (["one", "two"], ["two", "one"]):
        with pytest.raises(InvalidConfigError, match=r"two\.md:2:7: duplicate-name: .*one\.md"):
            start([tmp_path / team for team in order])


def outcome(frontmatter: str) -> list[str]:
    """What a file with this frontmatter is: names of agents, or places and codes of errors."""
    try:
        registry = ConfigRegistry.fixed({"a.md": f"---\n{frontmatter}\n---\nDo it.\n"})
    except InvalidConfigError as error:
        errors = [d for d in error.diagnostics if d.severity == "error"]
        return [f"{d.path}:{d.line}:{d.column} {d.code}" for d in errors]
    return [f"{type(name).__name__} {name}" for name in registry.current.agents]


def test_s34_what_yaml_takes_for_something_else_is_a_string_or_a_precise_error() -> None:
    meant = {
        "name: off\ndescription: on": ["str off"],
        "name: yes\ndescription: d": ["str yes"],
        "name: 2030-01-01\ndescription: d": ["str 2030-01-01"],
        "name: 007\ndescription: d": ["a.md:2:7 wrong-type"],
        "name: 1.5\ndescription: d": ["a.md:2:7 wrong-type"],
        "name: true\ndescription: d": ["a.md:2:7 wrong-type"],
        "name: a\nname: b\ndescription: d": ["a.md:3:1 duplicate-key"],
        "name: a\ndescription: d\ntools: Read\ntools: Bash": ["a.md:5:1 duplicate-key"],
        "name: a\ndescription: Use when: asked\ntools: Read: x": ["a.md:4:12 yaml-syntax"],
    }
    assert {frontmatter: outcome(frontmatter) for frontmatter in meant} == meant


def test_s35_hostile_frontmatter_is_refused_soon_and_precisely(patience: float) -> None:
    begun = time.monotonic()
    agent = "name: a\ndescription: d\n"
    bomb = "x0: &x0 [lol]\n" + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 9))
    meant = {
        agent + bomb: [f"a.md:{line}:5 alias" for line in range(4, 13)],
        agent + "extra: " + "[" * 100 + "]" * 100: ["a.md:4:71 frontmatter-too-deep"],
        agent + "extra: " + "x" * 300_000: ["a.md:2:1 frontmatter-too-large"],
        agent + f"tools: Bash({'{a,b}' * 2000})": ["str a"],
        agent + f"disallowedTools: Bash({'*a' * 15_000})": ["str a"],
    }
    assert {frontmatter: outcome(frontmatter) for frontmatter in meant} == meant
    assert time.monotonic() - begun < patience


class Analyst(AgentSpec):
    """A program's own agent."""

    clusters: tuple[str, ...] = ()


def versions_in_every_way(version: int, agent: Callable[..., str]) -> dict[str, str]:
    """Files that differ from those of another version wherever a generation can."""
    other = agent("a", "text", prompt=f"Version {version}.\n")
    files = {"a.md": other, "CLAUDE.md": f"{version}", "rules.json": f"{version}"}
    odd = f"---\nname: b\ndescription: d\nodd-{version}: x\n---\n"
    return {**files, "b.md": odd}


def test_s36_nothing_of_a_generation_is_left_over_from_the_one_before(start: Start, agent: Callable[..., str]) -> None:
    def locked(version: int) -> dict[str, str]:
        files = versions_in_every_way(version, agent)
        lines = [f"{sha256(text.encode()).hexdigest()}  {path}\n" for path, text in sorted(files.items())]
        return {**files, "hotagents.lock": "".join(["# hotagents.lock 1\n", *lines])}

    source = Memory(locked(1))
    registry = start(source)
    first = registry.current
    for version in (2, 1):
        source.write(locked(version))
        registry.reload()
    # Each one the whole of its own content; of the third, the digest and what it restores say that it is the first's.
    second, third = registry.history[1], registry.current
    same = {f.name for f in fields(Generation) if getattr(second, f.name) == getattr(first, f.name)}
    assert same == {"restores"}
    assert third.restores == first.number
    assert {f.name for f in fields(Generation) if getattr(third, f.name) != getattr(first, f.name)} == {
        "number",
        "restores",
        "created_at",
    }
    with pytest.raises(AttributeError):
        first.number = 2  # type: ignore[misc]  # that it is refused is the test


def test_s36_every_field_of_an_agent_arrives_with_the_edit_that_changes_it_alone(start: Start) -> None:
    values: dict[str, object] = {
        "tools": "Read",
        "disallowedTools": "Write",
        "model": "opus",
        "permissionMode": "plan",
        "maxTurns": 3,
        "skills": ["pdf"],
        "mcpServers": ["github"],
        "hooks": {"Stop": []},
        "memory": "user",
        "background": True,
        "effort": "high",
        "isolation": "worktree",
        "color": "red",
        "initialPrompt": "Begin.",
        "clusters": ["one"],
    }
    assert values.keys() | {"name", "description"} == FORMAT_KEYS.keys() | {"clusters"}
    plain: dict[str, object] = {"name": "a", "description": "text"}

    def file(said: dict[str, object]) -> dict[str, str]:
        lines = [f"{key}: {json.dumps(value)}" for key, value in said.items()]
        return {"a.md": "---\n" + "\n".join(lines) + "\n---\n"}

    source = Memory(file(plain))
    registry = start(source, spec=Analyst)
    before = registry.current.agents["a"]
    for key, value in values.items():
        source.write(file({**plain, key: value}))
        registry.reload()
        after = registry.current.agents["a"]
        name = FORMAT_KEYS.get(key, key)
        assert getattr(after, name) != getattr(before, name), key
