"""What an error holds: the set, the volume or the file; and what it never lets through."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

import pytest

from hotagents import ConfigRegistry, Diagnostic, InvalidConfigError, Lock, hookimpl, load_plugins
from hotagents.registry.judge import Judge
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hotagents import Condition
    from hotagents.loading import Candidate


def lock_of(files: dict[str, str]) -> str:
    hashes = {path: sha256(text.encode()).hexdigest() for path, text in files.items()}
    return Lock(path="hotagents.lock", entries=hashes).text()


BROKEN = "---\nname: x\ntools: [\n---\n"
Policy = Literal["hold-set", "hold-volume", "hold-file"]


class Mount:
    """Two volumes, one inside the other, and registries on them."""

    def __init__(self, root: Path, agent: Callable[..., str]) -> None:
        self.outer = ConfigMapVolume(root / "mount")
        self.outer.write({"CLAUDE.md": "context one"})
        self.agents = self.outer.nested("agents")
        self.agents.write({"a.md": agent("a", "one"), "b.md": agent("b", "one")})
        self.opened: list[ConfigRegistry[Any]] = []

    def registry(self, policy: Policy, **options: Any) -> ConfigRegistry[Any]:
        registry = ConfigRegistry(self.outer.path, on_invalid=policy, resync_interval=3600, **options)
        registry.start()
        self.opened.append(registry)
        return registry


@pytest.fixture(name="mount")
def mounted(tmp_path: Path, agent: Callable[..., str]) -> Iterator[Mount]:
    mount = Mount(tmp_path, agent)
    yield mount
    for registry in mount.opened:
        registry.close()


def condition(registry: ConfigRegistry[Any], kind: Any) -> Condition:
    return registry.status.condition(kind)


def said(registry: ConfigRegistry[Any]) -> dict[str, str]:
    return {name: spec.description for name, spec in registry.current.agents.items()}


def test_hold_set_lets_nothing_through(mount: Mount, agent: Callable[..., str]) -> None:
    registry = mount.registry("hold-set")
    mount.agents.write({"a.md": BROKEN, "b.md": agent("b", "two")})
    assert registry.reload() == "rejected"
    assert said(registry) == {"a": "one", "b": "one"}
    assert condition(registry, "Complete").status


def test_hold_file_holds_the_broken_file_and_publishes_the_rest(mount: Mount, agent: Callable[..., str]) -> None:
    registry = mount.registry("hold-file")
    before = registry.current.agents["a"]
    mount.agents.write({"a.md": BROKEN, "b.md": agent("b", "two")})
    registry.reload()
    registry.wait_for(lambda generation: generation.number == 2, timeout=10)
    assert said(registry) == {"a": "one", "b": "two"}
    assert registry.current.agents["a"] is before
    assert [d.code for d in registry.current.diagnostics] == ["file-held"]
    held = registry.current.diagnostics[0]
    assert (held.path, held.line) == ("agents/a.md", 4)
    assert "held at its last good content" in held.message

    status = registry.status
    assert (status.state, condition(registry, "Current").reason) == ("behind", "Rejected")
    assert condition(registry, "Complete").reason == "FilesHeld"
    assert "agents/a.md" in condition(registry, "Complete").message
    assert status.observed_digest != status.digest == registry.current.digest
    assert status.diagnostics[0].severity == "error"
    assert registry.healthy()

    mount.agents.write({"a.md": agent("a", "three"), "b.md": agent("b", "two")})
    registry.reload()
    registry.wait_for(lambda generation: generation.number == 3, timeout=10)
    assert said(registry) == {"a": "three", "b": "two"}
    assert all(c.status for c in registry.status.conditions)
    assert registry.status.state == "current"


def test_the_digest_is_that_of_what_is_served(mount: Mount, agent: Callable[..., str]) -> None:
    registry = mount.registry("hold-file")
    mount.agents.write({"a.md": BROKEN, "b.md": agent("b", "two")})
    registry.reload()
    mended = registry.wait_for(lambda generation: generation.number == 2, timeout=10).digest
    mount.agents.write({"a.md": agent("a", "one"), "b.md": agent("b", "two")})
    assert registry.reload() == "unchanged"
    assert (registry.current.digest, registry.current.number) == (mended, 2)
    assert all(c.status for c in registry.status.conditions)


def test_a_new_broken_file_is_left_out_and_one_alone_publishes_nothing(mount: Mount, agent: Callable[..., str]) -> None:
    registry = mount.registry("hold-file")
    mount.agents.update({"new.md": BROKEN})
    assert registry.reload() == "rejected"
    assert registry.current.number == 1
    assert condition(registry, "Complete").reason == "FilesHeld"
    assert "left out" in condition(registry, "Complete").message
    mount.agents.update({"b.md": agent("b", "two")})
    registry.reload()
    registry.wait_for(lambda generation: generation.number == 2, timeout=10)
    assert said(registry) == {"a": "one", "b": "two"}


def test_hold_volume_holds_the_volume_and_publishes_the_other(mount: Mount, agent: Callable[..., str]) -> None:
    registry = mount.registry("hold-volume")
    mount.agents.write({"a.md": BROKEN, "b.md": agent("b", "two")})
    mount.outer.write({"CLAUDE.md": "context two"})
    registry.reload()
    registry.wait_for(lambda generation: "two" in generation.documents["CLAUDE.md"].body, timeout=10)
    assert said(registry) == {"a": "one", "b": "one"}
    assert "volume agents is held" in condition(registry, "Complete").message
    assert [d.code for d in registry.current.diagnostics] == ["volume-held"]


@pytest.mark.parametrize("policy", ["hold-volume", "hold-file"])
def test_a_volume_that_lost_all_its_agents_is_held_whole(mount: Mount, policy: Policy) -> None:
    registry = mount.registry(policy)
    mount.agents.write({})
    mount.outer.write({"CLAUDE.md": "context two"})
    registry.reload()
    registry.wait_for(lambda generation: "two" in generation.documents["CLAUDE.md"].body, timeout=10)
    assert said(registry) == {"a": "one", "b": "one"}
    assert condition(registry, "Complete").reason == "FilesHeld"


@pytest.mark.parametrize("new", ["0.md", "z.md"])
def test_a_new_file_with_a_name_that_is_taken_is_left_out_wherever_it_sorts(
    mount: Mount, agent: Callable[..., str], new: str
) -> None:
    registry = mount.registry("hold-file")
    mount.agents.update({new: agent("a", "impostor"), "b.md": agent("b", "two")})
    registry.reload()
    registry.wait_for(lambda generation: generation.number == 2, timeout=10)
    assert said(registry) == {"a": "one", "b": "two"}


def test_a_required_document_that_went_is_held(mount: Mount, agent: Callable[..., str]) -> None:
    registry = mount.registry("hold-file", documents={"CLAUDE.md": None})
    mount.outer.write({"other.md": "text"})
    mount.agents.update({"b.md": agent("b", "two")})
    registry.reload()
    registry.wait_for(lambda generation: generation.agents["b"].description == "two", timeout=10)
    assert registry.current.documents["CLAUDE.md"].body == "context one"


@pytest.mark.parametrize("policy", ["hold-set", "hold-volume", "hold-file"])
def test_the_first_load_fails_whatever_is_held(mount: Mount, policy: Policy) -> None:
    mount.agents.update({"new.md": BROKEN})
    with pytest.raises(InvalidConfigError, match=r"new\.md:4"):
        mount.registry(policy)


@pytest.mark.parametrize("policy", ["hold-volume", "hold-file"])
def test_what_belongs_together_under_a_lock_is_held_together(
    mount: Mount, agent: Callable[..., str], policy: Policy
) -> None:
    one = {"CLAUDE.md": "context one", "agents/a.md": agent("a", "one"), "agents/b.md": agent("b", "one")}
    mount.outer.write({"CLAUDE.md": "context one", "hotagents.lock": lock_of(one)})
    registry = mount.registry(policy)
    two = {"CLAUDE.md": "context two", "agents/a.md": BROKEN, "agents/b.md": agent("b", "two")}
    mount.agents.write({"a.md": two["agents/a.md"], "b.md": two["agents/b.md"]})
    mount.outer.write({"CLAUDE.md": "context two", "hotagents.lock": lock_of(two)})
    assert registry.reload() == "rejected"
    assert registry.current.number == 1
    assert condition(registry, "Complete").status
    mount.outer.write({"CLAUDE.md": "context two", "hotagents.lock": "nonsense"})
    assert registry.reload() == "rejected"
    assert registry.current.number == 1


class Vetoes:
    """A plugin that refuses an agent, by its file or by the whole set."""

    def __init__(self) -> None:
        self.located = True
        self.asked = 0

    @hookimpl
    def hotagents_validate(self, candidate: Candidate[Any], report: Any) -> None:
        self.asked += 1
        for spec in candidate.agents.values():
            if spec.description == "bad":
                report.error("no", path=spec.path if self.located else "")


def test_a_plugin_holds_the_file_that_it_names_and_else_the_set(mount: Mount, agent: Callable[..., str]) -> None:
    vetoes = Vetoes()
    registry = mount.registry("hold-file", plugins=load_plugins(from_entry_points=False, plugins={"vetoes": vetoes}))
    mount.agents.write({"a.md": agent("a", "bad"), "b.md": agent("b", "two")})
    registry.reload()
    registry.wait_for(lambda generation: generation.number == 2, timeout=10)
    assert said(registry) == {"a": "one", "b": "two"}
    vetoes.located = False
    mount.agents.write({"a.md": agent("a", "bad"), "b.md": agent("b", "three")})
    assert registry.reload() == "rejected"
    assert said(registry) == {"a": "one", "b": "two"}


def test_holding_makes_no_agent_of_a_document(tmp_path: Path, agent: Callable[..., str]) -> None:
    # Without agents/ all Markdown would be agents: what the author put beside that directory must not become one.
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"x.md": agent("x")})
    with ConfigRegistry(volume.path, on_invalid="hold-file", resync_interval=3600) as registry:
        volume.write({"x.md": agent("x"), "notes.md": agent("notes", tools="Bash"), "agents/y.md": BROKEN})
        assert registry.reload() == "rejected"
        assert set(registry.current.agents) == {"x"}


def test_a_hold_and_a_rollback_together(mount: Mount, agent: Callable[..., str]) -> None:
    registry = mount.registry("hold-file")
    mount.agents.write({"a.md": agent("a", "two"), "b.md": agent("b", "two")})
    registry.reload()
    registry.wait_for(lambda generation: generation.number == 2, timeout=10)
    registry.rollback(1)
    mount.agents.write({"a.md": BROKEN, "b.md": agent("b", "three")})
    assert registry.reload() == "rejected"
    assert said(registry) == {"a": "one", "b": "one"}
    assert condition(registry, "Current").reason == "Held"
    assert registry.resume() == "published"
    # What there would be had nothing been held: the broken file at its newest good content, not at an older one.
    assert said(registry) == {"a": "two", "b": "three"}


def test_a_rejection_that_stays_is_told_once_and_its_files_are_parsed_once(
    mount: Mount, agent: Callable[..., str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry = mount.registry("hold-file")
    mount.agents.write({"a.md": BROKEN, "b.md": agent("b", "two")})
    registry.reload()
    registry.wait_for(lambda generation: generation.number == 2, timeout=10)
    registry.reload()
    parsed: list[str] = []
    monkeypatch.setattr("hotagents.loading.parse", lambda path, *_, **__: parsed.append(path))
    caplog.clear()
    for _ in range(3):
        assert registry.reload() == "rejected"
    assert parsed == []
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


def test_a_fault_that_holding_does_not_cure_ends_in_a_rejection(
    mount: Mount, agent: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = mount.registry("hold-file")
    rounds: list[int] = []
    real = Judge.judge

    def never_well(self: Judge[Any], candidate: Candidate[Any]) -> Any:
        verdict = real(self, candidate)
        rounds.append(1)
        fault = Diagnostic("invalid-field", "error", f"agents/{len(rounds)}.md", 1, 1, "", "no")
        return verdict._replace(diagnostics=(*verdict.diagnostics, fault))

    monkeypatch.setattr(Judge, "judge", never_well)
    mount.agents.write({"a.md": agent("a", "two"), "b.md": agent("b", "two")})
    assert registry.reload() == "rejected"
    assert len(rounds) < 50
    assert registry.current.number == 1


@pytest.mark.parametrize("policy", ["hold-volume", "hold-file"])
@pytest.mark.parametrize("agents", [{"a.md": BROKEN, "b.md": BROKEN}, {}], ids=["broken", "emptied"])
def test_a_lock_that_comes_with_what_is_broken_counts(mount: Mount, policy: Policy, agents: dict[str, str]) -> None:
    registry = mount.registry(policy)
    new = {"CLAUDE.md": "context two", **{f"agents/{path}": text for path, text in agents.items()}}
    mount.agents.write({**agents, "hotagents.lock": lock_of(new)})  # held back with the files beside it, it still says
    mount.outer.write({"CLAUDE.md": "context two"})
    assert registry.reload() == "rejected"
    assert registry.current.documents["CLAUDE.md"].body == "context one"
