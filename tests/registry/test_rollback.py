"""Going back: an earlier content under the next number, held until somebody lets go."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import (
    ClosedError,
    ConfigRegistry,
    NotStartedError,
    UnknownGenerationError,
    hookimpl,
    load_plugins,
)
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hotagents import Condition


@pytest.fixture(name="volume")
def mounted(tmp_path: Path, agent: Callable[..., str]) -> ConfigMapVolume:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": agent("a", "one")})
    return volume


@pytest.fixture(name="registry")
def running(volume: ConfigMapVolume) -> Iterator[ConfigRegistry[Any]]:
    with ConfigRegistry(volume.path, resync_interval=3600) as registry:
        yield registry


def edit(registry: ConfigRegistry[Any], volume: ConfigMapVolume, content: str) -> int:
    """Publish one more content and return its number."""
    number = registry.current.number
    volume.write({"a.md": content})
    registry.reload()
    registry.wait_for(lambda generation: generation.number > number, timeout=10)
    return registry.current.number


def current(registry: ConfigRegistry[Any]) -> Condition:
    return registry.status.condition("Current")


def test_a_rollback_is_a_new_publication_of_the_old_content(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    first = registry.current
    edit(registry, volume, agent("a", "two"))
    back = registry.rollback(1)
    assert back is registry.current
    assert (back.number, back.digest, back.restores) == (3, first.digest, 1)
    assert back.agents["a"] is first.agents["a"]  # prompt caches stay warm
    assert [generation.number for generation in registry.history] == [3, 2, 1]


@pytest.mark.parametrize("form", ["generation", "number", "digest", "beginning"])
def test_it_takes_a_generation_a_number_a_digest_or_its_beginning(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str], form: str
) -> None:
    first = registry.current
    edit(registry, volume, agent("a", "two"))
    forms: dict[str, Any] = {"generation": first, "number": 1, "digest": first.digest, "beginning": first.digest[:19]}
    to = forms[form]
    assert registry.rollback(to).digest == first.digest


def test_newer_content_is_read_judged_and_shown_but_not_published(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    edit(registry, volume, agent("a", "two"))
    back = registry.rollback(1)
    volume.write({"a.md": agent("a", "three")})
    assert registry.reload() == "held"
    assert registry.current is back
    status = registry.status
    assert (status.state, current(registry).reason) == ("behind", "Held")
    assert status.observed_digest != status.digest == back.digest
    assert f"{status.observed_digest[:19]} waits" in current(registry).message

    volume.write({"a.md": "---\nname: a\ntools: [\n---\n"})
    assert registry.reload() == "rejected"
    assert registry.current is back
    assert "would be refused: a.md:" in current(registry).message
    assert registry.status.diagnostics[0].path == "a.md"
    assert registry.healthy()

    volume.write({"a.md": agent("a", "one")})
    assert registry.reload() == "unchanged"
    assert current(registry).reason == "Held"
    assert "waits" not in current(registry).message


def test_resume_publishes_the_newest_good_content(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    edit(registry, volume, agent("a", "two"))
    registry.rollback(1)
    volume.write({"a.md": agent("a", "three")})
    assert registry.reload() == "held"
    assert registry.resume() == "published"
    assert (registry.current.number, registry.current.agents["a"].description) == (4, "three")
    assert current(registry).status
    assert edit(registry, volume, agent("a", "four")) == 5


def test_resume_gives_what_there_would_be_had_nothing_been_held(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    edit(registry, volume, agent("a", "two"))
    registry.rollback(1)
    volume.write({"a.md": agent("a", "three")})
    registry.reload()
    volume.write({"a.md": "---\nname: a\ntools: [\n---\n"})
    registry.reload()
    assert registry.resume() == "published"
    assert registry.current.agents["a"].description == "three"
    assert current(registry).reason == "Rejected"


def test_resume_after_a_source_that_is_gone_serves_what_was_current_before(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    edit(registry, volume, agent("a", "two"))
    registry.rollback(1)
    volume.detach()
    assert registry.resume() == "published"
    assert registry.current.agents["a"].description == "two"
    assert current(registry).reason == "Failed"


def test_going_back_to_what_is_current_publishes_nothing_and_holds(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    first = registry.current
    assert registry.rollback(first) is first
    volume.write({"a.md": agent("a", "two")})
    assert registry.reload() == "held"
    assert registry.resume() == "published"


def test_resume_without_a_hold_is_a_reload(registry: ConfigRegistry[Any]) -> None:
    assert registry.resume() == "unchanged"


def test_a_second_rollback_goes_on_holding(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    edit(registry, volume, agent("a", "two"))
    edit(registry, volume, agent("a", "three"))
    registry.rollback(1)
    back = registry.rollback(2)
    assert (back.number, back.restores, back.agents["a"].description) == (5, 2, "two")
    assert registry.resume() == "published"
    assert registry.current.agents["a"].description == "three"


@pytest.mark.parametrize("to", [7, "sha256:0000000", "1", "sha256:", ""])
def test_what_is_not_in_the_history_is_refused_with_what_is(registry: ConfigRegistry[Any], to: int | str) -> None:
    with pytest.raises(UnknownGenerationError, match="is not in the history, which holds 1 ") as caught:
        registry.rollback(to)
    assert registry.current.digest[:19] in str(caught.value)
    assert current(registry).status  # nothing is held


def test_a_generation_of_another_registry_is_refused(registry: ConfigRegistry[Any], agent: Callable[..., str]) -> None:
    with ConfigRegistry.fixed({"a.md": agent("a", "one")}) as other:
        foreign = other.current
    with pytest.raises(UnknownGenerationError, match="<Generation 1 sha256"):
        registry.rollback(foreign)


@pytest.mark.parametrize("to", [True, 1.0, None])
def test_what_is_no_target_at_all_is_a_type_error(registry: ConfigRegistry[Any], to: Any) -> None:
    with pytest.raises(TypeError, match="a generation, its number or its digest"):
        registry.rollback(to)


def test_the_history_is_bounded_and_what_left_it_cannot_come_back(
    volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    with ConfigRegistry(volume.path, history=2, resync_interval=3600) as registry:
        first = registry.current
        edit(registry, volume, agent("a", "two"))
        edit(registry, volume, agent("a", "three"))
        assert [generation.number for generation in registry.history] == [3, 2]
        for to in (first, 1, first.digest):
            with pytest.raises(UnknownGenerationError, match=r"which holds 3 .*, 2 "):
                registry.rollback(to)


def test_a_beginning_that_means_several_is_refused(monkeypatch: pytest.MonkeyPatch, agent: Callable[..., str]) -> None:
    digests = iter(["sha256:aaaaaa11", "sha256:aaaaaa22"])
    monkeypatch.setattr("hotagents.loading.digest_of_lines", lambda _: next(digests))
    with ConfigRegistry.fixed({"a.md": agent("a")}) as registry:
        registry.reload()
        with pytest.raises(UnknownGenerationError, match="begins several digests"):
            registry.rollback("sha256:aaaaaa")
        assert registry.rollback("sha256:aaaaaa1").number == 3


def test_pins_get_nothing_back(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    edit(registry, volume, agent("a", tools="Read, Bash"))
    pin = registry.pin()
    edit(registry, volume, agent("a", tools="Read"))
    assert pin.revoked.is_set()
    registry.rollback(2)
    assert registry.current.agents["a"].allows("Bash")
    assert not pin.allows("a", "Bash")
    assert pin.narrowed() == ("a",)
    pin.close()


def test_iterators_and_subscribers_hear_of_it_and_may_go_back_themselves(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    went_back = threading.Event()

    def guard(change: Any) -> None:
        if change.generation.agents["a"].description == "bad":
            registry.rollback(change.previous)
            went_back.set()

    changes = registry.changes()
    with registry.subscribe(guard):
        volume.write({"a.md": agent("a", "bad")})
        assert went_back.wait(10)
    assert registry.current.restores == 1
    last = registry.current.number
    for change in changes:
        if change.generation.number == last:
            break
    assert change.generation.agents["a"].description == "one"


def test_before_the_start_and_after_the_close_it_is_an_error(volume: ConfigMapVolume) -> None:
    registry = ConfigRegistry(volume.path)
    with pytest.raises(NotStartedError):
        registry.rollback(1)
    registry.start()
    registry.close()
    for call in (lambda: registry.rollback(1), registry.resume, registry.reload):
        with pytest.raises(ClosedError):
            call()


def test_it_is_logged_with_what_it_means(
    registry: ConfigRegistry[Any],
    volume: ConfigMapVolume,
    agent: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    edit(registry, volume, agent("a", "two"))
    caplog.clear()
    with caplog.at_level("INFO", logger="hotagents"):
        registry.rollback(1)
        volume.write({"a.md": agent("a", "three")})
        for _ in range(3):
            registry.reload()
    lines = [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"]
    assert "restoring 1" in lines[0]
    held = [line for line in lines if "is held; nothing newer is published until resume()" in line]
    assert len(held) == 2  # when it began, and what waits; not at each look


class Refuses:
    """A plugin that changes its mind."""

    def __init__(self) -> None:
        self.refused = ""

    @hookimpl
    def hotagents_validate(self, candidate: Any, report: Any) -> None:
        if candidate.digest == self.refused:
            report.error("not any more")


def test_resume_publishes_nothing_that_is_refused_by_now(volume: ConfigMapVolume, agent: Callable[..., str]) -> None:
    refuses = Refuses()
    plugins = load_plugins(from_entry_points=False, plugins={"refuses": refuses})
    with ConfigRegistry(volume.path, resync_interval=3600, plugins=plugins) as registry:
        edit(registry, volume, agent("a", "two"))
        refuses.refused = registry.current.digest
        back = registry.rollback(1)
        assert registry.resume() == "rejected"
        assert registry.current is back
        assert current(registry).reason == "Rejected"


def test_a_hold_that_keeps_nothing_back_is_no_lag(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    edit(registry, volume, agent("a", "two"))
    registry.rollback(1)
    before = registry.status.last_success
    volume.write({"a.md": agent("a", "one")})
    assert registry.reload() == "unchanged"
    status = registry.status
    assert (status.state, current(registry).reason) == ("current", "Held")
    assert before is not None
    assert status.last_success is not None
    assert status.last_success > before


def test_what_is_held_is_said_whatever_else_is_wrong(
    registry: ConfigRegistry[Any], volume: ConfigMapVolume, agent: Callable[..., str]
) -> None:
    edit(registry, volume, agent("a", "two"))
    files = volume.files
    volume.detach()
    registry.reload()
    registry.rollback(1)
    assert (registry.status.state, current(registry).reason) == ("blind", "Failed")
    assert "is held; nothing newer" in current(registry).message
    assert registry.status.last_error
    registry.reload()
    assert "is held; nothing newer" in current(registry).message
    volume.write({**files, "hotagents.lock": f"# hotagents.lock 1\n{'0' * 64}  a.md\n"})
    assert registry.reload() == "held"
    assert "is held; nothing newer" in current(registry).message
    volume.write(files)
    assert registry.resume() == "published"
    assert "is held" not in current(registry).message
