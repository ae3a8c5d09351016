"""A registry on a set with a lock: nothing is published before all of it is there."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotagents import ConfigRegistry, InvalidConfigError, Lock, Memory, Part, Snapshot
from hotagents.snapshot import content_hash
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from hotagents import AgentSpec, Generation

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")

AGENT: Final = "---\nname: {}\ndescription: release {}\n---\n"


def lock_of(files: Mapping[str, str], *, release: str = "", commit: str = "") -> str:
    entries = {path: content_hash(text.encode()) for path, text in files.items()}
    return Lock(path="hotagents.lock", release=release, commit=commit, entries=entries).text()


class Release(NamedTuple):
    """The content of the two volumes of one release."""

    context: dict[str, str]
    agents: dict[str, str]


def release(version: int, *, nested: bool = False) -> Release:
    context = {"CLAUDE.md": f"release {version}"}
    agents = {"a.md": AGENT.format("a", version), "b.md": AGENT.format("b", version)}
    lock = lock_of(
        {**context, **{f"agents/{path}": text for path, text in agents.items()}},
        release=f"1.{version}",
        commit=f"c0ffee{version}",
    )
    (agents if nested else context)["hotagents.lock"] = lock
    return Release(context, agents)


def is_release(version: int) -> Callable[[Generation[AgentSpec]], bool]:
    return lambda generation: generation.lock is not None and generation.lock.release == f"1.{version}"


class Mounts(NamedTuple):
    """Two volumes that have to agree, one inside the other."""

    context: ConfigMapVolume
    agents: ConfigMapVolume

    def write(self, content: Release) -> None:
        self.context.write(content.context)
        self.agents.write(content.agents)


@pytest.fixture(name="mounts")
def mounted(tmp_path: Path) -> Mounts:
    """Both volumes with release 1."""
    context = ConfigMapVolume(tmp_path / "claude")
    context.write(release(1).context)
    mounts = Mounts(context, context.nested("agents"))
    mounts.write(release(1))
    return mounts


@pytest.fixture(name="registry")
def started(mounts: Mounts) -> Iterator[ConfigRegistry[AgentSpec]]:
    with ConfigRegistry(mounts.context.path, resync_interval=3600) as registry:
        yield registry


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "hotagents"]


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("first", ["context", "agents"])
def test_s22_whichever_volume_swaps_first_nothing_is_published_until_both_are_there(
    tmp_path: Path, first: str, *, nested: bool
) -> None:
    context = ConfigMapVolume(tmp_path / "claude")
    old, new = release(1, nested=nested), release(2, nested=nested)
    context.write(old.context)
    agents = context.nested("agents")
    agents.write(old.agents)
    swaps = [(context, new.context), (agents, new.agents)]
    (one, its_content), (other, others_content) = swaps if first == "context" else reversed(swaps)
    with ConfigRegistry(context.path, resync_interval=3600) as registry:
        one.write(its_content)
        assert registry.reload() == "held"
        assert registry.current.number == 1
        assert registry.status.condition("Current").reason == "WaitingForLock"
        other.write(others_content)
        generation = registry.wait_for(is_release(2), timeout=10)
        assert generation.number == 2
        assert generation.documents["CLAUDE.md"].body == "release 2"
        assert {agent.description for agent in generation.agents.values()} == {"release 2"}
        assert registry.status.state == "current"


def test_s22_two_locks_wait_for_each_other(tmp_path: Path) -> None:
    def both(version: int) -> Release:
        content = release(version)
        content.agents["hotagents.lock"] = content.context["hotagents.lock"]
        return content

    context = ConfigMapVolume(tmp_path / "claude")
    context.write(both(1).context)
    agents = context.nested("agents")
    agents.write(both(1).agents)
    with ConfigRegistry(context.path, resync_interval=3600) as registry:
        agents.write(both(2).agents)
        assert registry.reload() == "held"
        message = registry.status.condition("Current").message
        assert "agents/hotagents.lock contradicts the hotagents.lock of another volume" in message
        context.write(both(2).context)
        assert registry.wait_for(is_release(2), timeout=10).number == 2


def test_a_generation_says_what_it_was_published_under(registry: ConfigRegistry[AgentSpec]) -> None:
    generation = registry.current
    assert generation.lock is not None
    assert generation.to_dict()["lock"] == {
        "path": "hotagents.lock",
        "release": "1.1",
        "commit": "c0ffee1",
        "digest": generation.digest,
    }
    assert ConfigRegistry.fixed({"a.md": AGENT.format("a", 1)}).current.to_dict()["lock"] is None
    assert repr(generation) == f"<Generation 1 {generation.digest[:19]} agents=2>"


def test_while_it_waits_the_status_says_for_which_files_and_since_when(
    registry: ConfigRegistry[AgentSpec], mounts: Mounts
) -> None:
    served = registry.current
    mounts.context.write(release(2).context)
    assert registry.reload() == "held"
    status = registry.status
    condition = status.condition("Current")
    assert registry.current is served
    assert (status.state, condition.status, condition.reason) == ("behind", False, "WaitingForLock")
    assert condition.message == (
        "hotagents.lock, release 1.2, commit c0ffee2: agents/a.md differs from hotagents.lock; agents/b.md differs "
        "from hotagents.lock; generation 1 stays"
    )
    assert condition.since >= served.created_at
    assert status.last_error == condition.message
    assert status.digest == served.digest != status.observed_digest
    assert [d.code for d in status.diagnostics] == ["lock-mismatch"] * 2
    assert registry.healthy()
    assert registry.reload() == "held"
    assert registry.status.condition("Current").since == condition.since


def test_of_many_files_the_first_are_named_and_the_rest_counted() -> None:
    files = {f"{n}.md": AGENT.format(f"a{n}", 1) for n in range(9)}
    source = Memory(files)
    with ConfigRegistry(source, resync_interval=3600) as registry:
        source.write({**files, "hotagents.lock": lock_of(dict.fromkeys(files, "other"))})
        assert registry.reload() == "held"
        message = registry.status.condition("Current").message
        assert "4.md differs from hotagents.lock; and 4 more; generation 1 stays" in message
        assert len(registry.status.diagnostics) == 9


def test_it_is_looked_at_again_at_each_resync_without_any_event(mounts: Mounts) -> None:
    with ConfigRegistry(mounts.context.path, resync_interval=0.02) as registry:
        mounts.context.write(release(2).context)
        assert registry.reload() == "held"
        # In place: no event, and the token stays what it is.
        mounts.agents.write_in_place({path: text for path, text in release(2).agents.items() if path == "a.md"})
        assert registry.reload() == "held"
        mounts.agents.write_in_place(release(2).agents)
        assert registry.wait_for(is_release(2), timeout=10).number == 2


def test_a_check_that_finds_a_wait_is_finished_and_so_healthy(
    registry: ConfigRegistry[AgentSpec], mounts: Mounts
) -> None:
    mounts.context.write(release(2).context)
    for _ in range(3):
        outcome = registry._core._reloader.check()
        assert (outcome.result, outcome.checked.finished) == ("held", True)
    assert registry.healthy()


def test_a_line_is_logged_when_what_it_waits_for_changes_and_when_that_is_over(
    mounts: Mounts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hotagents")
    with ConfigRegistry(mounts.context.path, resync_interval=3600) as registry:
        mounts.context.write(release(2).context)
        for _ in range(5):
            assert registry.reload() == "held"
        mounts.agents.write({**release(2).agents, "a.md": AGENT.format("a", 1)})
        for _ in range(5):
            assert registry.reload() == "held"
        mounts.agents.write(release(2).agents)
        registry.wait_for(is_release(2), timeout=10)
        registry.reload()
        second = registry.current
    first, waiting, less, over = lines(caplog)
    assert first.endswith(", release 1.1, commit c0ffee1): 2 agents")
    assert waiting.startswith("waiting for hotagents.lock, release 1.2, commit c0ffee2: agents/a.md differs from ")
    assert waiting.endswith("; agents/b.md differs from hotagents.lock; generation 1 stays")
    assert less.endswith("c0ffee2: agents/a.md differs from hotagents.lock; generation 1 stays")
    assert over == (
        f"published generation 2 ({second.digest[:19]}, release 1.2, commit c0ffee2): "
        "agents changed: a, b; documents changed: CLAUDE.md"
    )
    records: list[Any] = [record for record in caplog.records if record.name == "hotagents"]
    assert [record.levelname for record in records] == ["INFO", "WARNING", "WARNING", "INFO"]
    assert [(record.release, record.commit) for record in records[1:]] == [("1.2", "c0ffee2")] * 3
    assert (records[1].reason, records[3].generation) == ("WaitingForLock", 2)


def test_each_lock_that_is_waited_for_has_its_line(mounts: Mounts, caplog: pytest.LogCaptureFixture) -> None:
    with ConfigRegistry(mounts.context.path, resync_interval=3600) as registry:
        for version in (2, 3):
            mounts.context.write(release(version).context)
            assert registry.reload() == "held"
    assert [line.partition(":")[0] for line in lines(caplog)] == [
        f"waiting for hotagents.lock, release 1.{version}, commit c0ffee{version}" for version in (2, 3)
    ]


def test_a_return_to_what_is_served_is_current_again(
    registry: ConfigRegistry[AgentSpec], mounts: Mounts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hotagents")
    mounts.agents.write(release(2).agents)
    assert registry.reload() == "held"
    mounts.write(release(1))
    assert registry.reload() == "unchanged"
    assert registry.current.number == 1
    assert (registry.status.state, registry.status.last_error) == ("current", "")
    assert [line.partition(" (")[0] for line in lines(caplog)][1:] == ["the source is back at what is served"]


def test_a_stale_lock_after_an_edit_by_hand_is_called_so() -> None:
    files = {"a.md": AGENT.format("a", 1)}
    source = Memory({**files, "hotagents.lock": lock_of(files)})
    with ConfigRegistry(source, resync_interval=3600) as registry:
        source.update({"a.md": AGENT.format("a", "by hand")})
        assert registry.reload() == "held"
        assert registry.status.last_error == (
            "hotagents.lock: a.md differs from hotagents.lock; the lock still lists what generation 1 serves: the lock "
            "was not rendered anew after this edit; render it again or remove it; generation 1 stays"
        )
        edited = {"a.md": AGENT.format("a", "by hand")}
        source.write({**edited, "hotagents.lock": lock_of(edited)})
        registry.wait_for(lambda g: g.number == 2, timeout=10)


def test_a_lock_in_another_volume_may_just_be_late(registry: ConfigRegistry[AgentSpec], mounts: Mounts) -> None:
    mounts.agents.write(release(2).agents)
    assert registry.reload() == "held"
    message = registry.status.last_error
    assert "still lists what generation 1 serves: unless a new one is on its way, the lock was not rendered" in message


def test_a_lock_that_came_after_its_files_is_stale_by_the_next_edit_too() -> None:
    files = {"a.md": AGENT.format("a", 1)}
    source = Memory(files)
    with ConfigRegistry(source, resync_interval=3600) as registry:
        source.update({"hotagents.lock": lock_of(files)})
        assert registry.reload() == "unchanged"
        source.update({"a.md": AGENT.format("a", 2)})
        assert registry.reload() == "held"
        assert "was not rendered anew after this edit" in registry.status.last_error


def test_a_lock_that_is_removed_binds_no_longer(registry: ConfigRegistry[AgentSpec], mounts: Mounts) -> None:
    mounts.agents.update({"a.md": AGENT.format("a", "by hand")})
    assert registry.reload() == "held"
    mounts.context.update({"hotagents.lock": None})
    generation = registry.wait_for(lambda g: g.number == 2, timeout=10)
    assert generation.lock is None
    assert generation.agents["a"].description == "release by hand"


def test_a_lock_alone_publishes_nothing(registry: ConfigRegistry[AgentSpec], mounts: Mounts) -> None:
    renamed = release(1).context["hotagents.lock"].replace("1.1", "1.1-final")
    mounts.context.update({"hotagents.lock": renamed})
    assert registry.reload() == "unchanged"
    assert registry.current.number == 1
    assert registry.current.lock is not None
    assert registry.current.lock.release == "1.1"


def test_a_lock_ahead_of_its_files_waits_although_the_content_is_what_is_served() -> None:
    files = {"a.md": AGENT.format("a", 1)}
    source = Memory(files)
    with ConfigRegistry(source, resync_interval=3600) as registry:
        source.update({"hotagents.lock": lock_of({**files, "b.md": "x"}, release="2")})
        assert registry.reload() == "held"
        assert registry.status.digest == registry.status.observed_digest
        assert registry.status.state == "behind"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a.md": AGENT.format("a", 1)[:-8]}, "agents/a.md differs from"),
        ({"a.md": None}, "agents/a.md is missing, and listed in"),
        ({"c.md": AGENT.format("c", 1)}, "agents/c.md is not listed in"),
        ({"notes.md": "text"}, "agents/notes.md is not listed in"),
    ],
)
def test_a_cut_file_a_lost_key_and_an_agent_too_many_are_held(
    registry: ConfigRegistry[AgentSpec], mounts: Mounts, change: dict[str, str | None], message: str
) -> None:
    mounts.agents.update(change)
    assert registry.reload() == "held"
    assert message in registry.status.last_error
    assert registry.current.number == 1


@pytest.mark.parametrize(
    ("lock", "place"),
    [
        ("", ":1:1: "),
        ("# hotagents.lock 2\n", ":1:18: "),
        ("# hotagents.lock 1\n\n", ":2:1: "),
        (release(1).context["hotagents.lock"][:-9], ":6: "),
        (f"# hotagents.lock 1\n{'1' * 64}  /etc/passwd\n", ":2:67: "),
    ],
)
def test_a_lock_that_cannot_be_read_is_rejected_and_last_good_stays(
    registry: ConfigRegistry[AgentSpec], mounts: Mounts, lock: str, place: str
) -> None:
    mounts.context.update({"hotagents.lock": lock})
    assert registry.reload() == "rejected"
    assert registry.current.number == 1
    assert registry.status.condition("Current").reason == "Rejected"
    assert registry.status.last_error.startswith(f"hotagents.lock{place}lock-syntax: ")
    mounts.write(release(1))
    assert registry.reload() == "unchanged"


def test_errors_of_a_set_that_is_not_whole_are_shown_and_reject_nothing(
    registry: ConfigRegistry[AgentSpec], mounts: Mounts
) -> None:
    mounts.agents.update({"a.md": "---\nname: b\ndescription: moved\n---\n"})
    assert registry.reload() == "held"
    assert {d.code for d in registry.status.diagnostics} == {"lock-mismatch", "duplicate-name"}
    assert registry._core.board.rejections == 0


def test_a_set_that_is_as_listed_and_invalid_is_rejected() -> None:
    files = {"a.md": AGENT.format("a", 1)}
    source = Memory(files)
    with ConfigRegistry(source, resync_interval=3600) as registry:
        broken = {"a.md": "---\nname: a\n---\n"}
        source.write({**broken, "hotagents.lock": lock_of(broken)})
        assert registry.reload() == "rejected"
        assert registry.status.diagnostics[0].code == "missing-description"


def test_a_start_on_a_set_that_is_not_as_listed_fails_and_a_later_one_succeeds(mounts: Mounts) -> None:
    mounts.context.write(release(2).context)
    registry = ConfigRegistry(mounts.context.path)
    with pytest.raises(InvalidConfigError, match="nothing older to serve: start again once every file is as") as caught:
        registry.start()
    assert [(d.code, d.path) for d in caught.value.diagnostics] == [
        ("lock-mismatch", "agents/a.md"),
        ("lock-mismatch", "agents/b.md"),
    ]
    mounts.agents.write(release(2).agents)
    with registry:
        assert is_release(2)(registry.current)


def test_a_restart_while_it_waits_has_nothing_to_serve(mounts: Mounts) -> None:
    with ConfigRegistry(mounts.context.path, resync_interval=3600) as registry:
        mounts.agents.write(release(2).agents)
        assert registry.reload() == "held"
        assert is_release(1)(registry.current)
    with pytest.raises(InvalidConfigError, match="lock-mismatch"):
        ConfigRegistry(mounts.context.path).start()


def test_a_lock_that_appears_in_the_wrong_place_is_said_although_nothing_is_published(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = Memory({"a.md": AGENT.format("a", 1)})
    with ConfigRegistry(source, resync_interval=3600) as registry:
        source.update({"sub/hotagents.lock": "x"})
        for _ in range(3):
            assert registry.reload() == "unchanged"
        assert [d.code for d in registry.status.diagnostics] == ["lock-misplaced"]
        source.update({"sub/hotagents.lock": None})
        registry.reload()
        assert registry.status.diagnostics == ()
    assert len(lines(caplog)) == 1


class Pair:
    """A source of two volumes in memory, swapped apart."""

    def __init__(self) -> None:
        self.versions = (1, 1)

    def read(self) -> Snapshot:
        outer, inner = (release(version) for version in self.versions)
        parts = [_part("", outer.context), _part("agents/", inner.agents)]
        return Snapshot.of(parts, token=self.versions)

    def token(self) -> object:
        return self.versions

    def watcher(self) -> Any:
        return Memory().watcher()


def _part(prefix: str, files: Mapping[str, str]) -> Part:
    content = {path: text.encode() for path, text in sorted(files.items())}
    return Part(name=prefix or ".", prefix=prefix, kind="volume", location="", payload="", files=content)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), max_size=10))
def test_however_two_volumes_are_swapped_only_whole_releases_are_served(swaps: list[tuple[int, int]]) -> None:
    source = Pair()
    with ConfigRegistry(source, resync_interval=3600) as registry:
        served = 1
        for versions in swaps:
            source.versions = versions
            outcome = registry.reload()
            if versions[0] == versions[1]:
                assert outcome == ("unchanged" if versions[0] == served else "published")
                served = versions[0]
            else:
                assert outcome == "held"
            current = registry.current
            assert current.documents["CLAUDE.md"].body == f"release {served}"
            assert {agent.description for agent in current.agents.values()} == {f"release {served}"}
            assert is_release(served)(current)
            assert (registry.status.state == "current") is (versions[0] == versions[1])
