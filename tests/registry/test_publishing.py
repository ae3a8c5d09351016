"""What is published, and what is not."""

from __future__ import annotations

import logging
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, InvalidConfigError, Memory, SourceError
from hotagents.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Agent = "Callable[..., str]"


def test_the_first_load_is_generation_one(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"a.md": agent("a"), "CLAUDE.md": "context"})) as registry:
        generation = registry.current
        assert generation.number == 1
        assert generation.restores is None
        assert generation.agents["a"].prompt == "Do it.\n"
        assert generation.documents["CLAUDE.md"].body == "context"
        assert generation.digest == registry.status.observed_digest
        assert generation.created_at.utcoffset() is not None


def test_an_edit_is_the_next_generation_and_its_diff_names_it(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a"), "b.md": agent("b"), "notes.txt": "x"})
    with ConfigRegistry(source) as registry:
        first = registry.current
        changes = registry.changes()
        source.update({"a.md": agent("a", "new"), "c.md": agent("c"), "b.md": None, "notes.txt": "y"})
        change = next(changes)
        assert change.previous is first
        assert change.generation is registry.current
        assert change.generation.number == 2
        assert change.diff.agents.changed == ("a",)
        assert change.diff.agents.added == ("c",)
        assert change.diff.agents.removed == ("b",)
        assert change.diff.files.changed == ("notes.txt",)
        assert not change.diff.documents


def test_unchanged_agents_are_the_same_objects(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a"), "b.md": agent("b")})
    with ConfigRegistry(source) as registry:
        first = registry.current
        source.update({"a.md": agent("a", "other")})
        second = registry.wait_for(lambda g: g.number == 2, timeout=10)
        assert second.agents["b"] is first.agents["b"]
        assert second.agents["a"] is not first.agents["a"]


def test_unchanged_agents_stay_the_same_objects_across_a_rejection(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a"), "b.md": agent("b")})
    with ConfigRegistry(source) as registry:
        first = registry.current
        source.update({"a.md": "---\nname: a\n---\n"})
        assert registry.reload() == "rejected"
        source.update({"a.md": agent("a"), "b.md": agent("b", "other")})
        assert registry.reload() in {"published", "unchanged"}
        assert registry.current.agents["a"] is first.agents["a"]


def test_the_same_bytes_publish_nothing(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        source.write({"a.md": agent("a")})
        assert registry.reload() == "unchanged"
        assert registry.current.number == 1


def test_a_return_to_earlier_content_is_a_new_number_with_the_old_digest(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        first = registry.current
        source.write({"a.md": agent("a", "other")})
        registry.reload()
        source.write({"a.md": agent("a")})
        registry.reload()
        again = registry.current
        assert (again.number, again.digest, again.restores) == (3, first.digest, 1)
        assert again is not first
        assert again != first
        assert [g.number for g in registry.history] == [3, 2, 1]


def test_the_history_keeps_as_many_as_asked_for(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source, history=2) as registry:
        for number in range(5):
            source.write({"a.md": agent("a", f"text {number}")})
            registry.reload()
        assert [g.number for g in registry.history] == [6, 5]


def test_an_invalid_update_keeps_the_last_good_generation(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        first = registry.current
        source.write({"a.md": '---\nname: a\ndescription: "3: 4\n---\n'})
        assert registry.reload() == "rejected"
        status = registry.status
        assert registry.current is first
        assert status.state == "behind"
        assert status.digest == first.digest != status.observed_digest
        assert status.condition("Current").reason == "Rejected"
        assert (status.diagnostics[0].path, status.diagnostics[0].line) == ("a.md", 3)
        assert registry.healthy()


def test_reverting_a_rejected_edit_is_healthy_again_without_a_new_number(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        source.write({"a.md": "---\nname: a\n---\n"})
        assert registry.reload() == "rejected"
        source.write({"a.md": agent("a")})
        assert registry.reload() == "unchanged"
        assert registry.current.number == 1
        assert registry.status.state == "current"
        assert registry.status.last_error == ""


def test_an_error_beside_unchanged_content_is_not_hidden(tmp_path: Path, agent: Callable[..., str]) -> None:
    # The file that is too large is left out of the digest, which therefore is the served one.
    (tmp_path / "a.md").write_text(agent("a"))
    with ConfigRegistry(tmp_path) as registry:
        (tmp_path / "b.md").write_bytes(b"x" * (1024 * 1024 + 1))
        assert registry.reload() == "rejected"
        assert registry.status.diagnostics[0].code == "too-large"


@pytest.mark.parametrize("files", [{}, {"README.md": "nothing"}, {"notes.txt": "nothing"}])
def test_a_set_without_agents_is_refused_at_start(files: dict[str, str]) -> None:
    registry = ConfigRegistry(Memory(files))
    with pytest.raises(InvalidConfigError) as caught:
        registry.start()
    assert [d.code for d in caught.value.diagnostics if d.severity == "error"] == ["empty-set"]


def test_a_set_that_loses_all_agents_is_refused(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        source.write({})
        assert registry.reload() == "rejected"
        assert registry.current.agents.keys() == {"a"}


def test_emptiness_is_published_where_it_is_allowed(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source, allow_empty=True) as registry:
        source.write({})
        assert registry.reload() == "published"
        assert registry.current.agents == {}


def test_a_first_load_that_is_invalid_fails_with_every_error(agent: Callable[..., str]) -> None:
    registry = ConfigRegistry(
        Memory({"a.md": "---\nname: a\n---\n", "b.md": "---\nname: b\n---\n", "c.md": agent("c")})
    )
    with pytest.raises(InvalidConfigError) as caught:
        registry.start()
    assert {d.path for d in caught.value.diagnostics if d.severity == "error"} == {"a.md", "b.md"}
    assert "a.md:" in str(caught.value)


def test_a_registry_that_failed_to_start_can_be_started_later(agent: Callable[..., str]) -> None:
    source = Memory()
    registry = ConfigRegistry(source)
    with pytest.raises(InvalidConfigError):
        registry.start()
    source.write({"a.md": agent("a")})
    with registry:
        assert registry.current.number == 1


def test_a_directory_that_is_not_there_fails_at_start(tmp_path: Path) -> None:
    registry = ConfigRegistry(tmp_path / "missing")
    with pytest.raises(SourceError, match="no such directory") as caught:
        registry.start()
    assert caught.value.reason == "Missing"


def test_two_agents_of_one_name_are_refused_with_both_paths(agent: Callable[..., str]) -> None:
    registry = ConfigRegistry(Memory({"a.md": agent("same"), "b.md": agent("same")}))
    with pytest.raises(InvalidConfigError, match=r"b\.md.*duplicate-name.*a\.md"):
        registry.start()


class Flaky:
    """A source that fails when told to."""

    def __init__(self, files: dict[str, str]) -> None:
        self.memory = Memory(files)
        self.error: Exception | None = None

    def read(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.memory.read()

    def token(self) -> Any:
        return self.memory.token()

    def watcher(self) -> Any:
        return self.memory.watcher()


@pytest.mark.parametrize("error", [SourceError("gone", reason="Detached"), ValueError("a defect")])
def test_a_source_that_fails_is_read_again_at_the_next_check(error: Exception, agent: Callable[..., str]) -> None:
    source = Flaky({"a.md": agent("a")})
    with ConfigRegistry(source, resync_interval=3600) as registry:
        source.error = error
        assert registry.reload() == "failed"
        failed = registry.status
        assert failed.state == "blind"
        assert registry.current.number == 1
        source.error = None
        assert registry.reload() == "unchanged"
        assert registry.status.state == "current"


def test_a_source_that_comes_back_as_it_was_is_current_again(agent: Callable[..., str]) -> None:
    source = Flaky({"a.md": agent("a")})
    with ConfigRegistry(source, resync_interval=0.02) as registry:
        source.error = SourceError("gone", reason="Detached")
        assert registry.reload() == "failed"
        source.error = None
        deadline = time.monotonic() + 10
        while registry.status.state != "current":  # nothing is published, so there is no event to wait for
            assert time.monotonic() < deadline
        assert registry.status.last_error == ""


def test_a_warning_is_logged_once_and_not_with_each_generation(
    agent: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    source = Memory({"a.md": agent("a").replace("description", "colour: x\ndescription")})
    with ConfigRegistry(source) as registry:
        source.update({"b.md": agent("b")})
        registry.wait_for(lambda g: g.number == 2, timeout=10)
        many = "".join(f"key{n}: x\n" for n in range(15))
        source.update({"c.md": agent("c").replace("description", f"{many}description")})
        registry.wait_for(lambda g: g.number == 3, timeout=10)
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert sum("colour" in line for line in warnings) == 1
    assert len(warnings) == 12
    assert warnings[-1] == "... and 5 more warnings"


def test_an_error_that_lasts_is_said_again_after_growing_pauses(
    agent: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    clock, source = FakeClock(), Memory({"a.md": agent("a")})
    with ConfigRegistry(source, clock=clock) as registry:
        source.write({"a.md": "---\nname: a\n---\n"})
        said: list[float] = []
        for minute in range(600):
            registry.reload()
            if any(r.levelno == logging.ERROR for r in caplog.records):
                said.append(minute)
                caplog.clear()
            clock.advance(60)
    assert said[:7] == [0, 1, 3, 7, 15, 31, 63]
    assert {later - sooner for sooner, later in pairwise(said[7:])} == {60}


def test_one_log_line_for_each_distinct_error(agent: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hotagents")
    source = Memory({"a.md": agent("a")})
    with ConfigRegistry(source, resync_interval=3600) as registry:
        source.write({"a.md": "---\nname: a\n---\n"})
        for _ in range(5):
            registry.reload()
        source.write({"a.md": "---\nname: b\n---\nwith \x1b[31m in it"})
        registry.reload()
    errors = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert len(errors) == 2
    assert all("generation 1 stays" in line and "\x1b" not in line for line in errors)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"on_invalid": "hope"}, "on_invalid"), ({"resync_interval": 0}, "resync_interval"), ({"history": 0}, "history")],
)
def test_settings_out_of_range_are_refused_when_they_are_given(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ConfigRegistry(Memory(), **options)
