"""What a generation and a status answer."""

from __future__ import annotations

import json
import queue
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from hotagents import AgentSpec, ConfigRegistry, Delta, Memory, hookimpl, load_plugins

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Change, RegistryStatus


class Analyst(AgentSpec):
    clusters: tuple[str, ...] = ()


class Context(BaseModel):
    cluster: str


@pytest.fixture(name="registry")
def typed(agent: Callable[..., str]) -> ConfigRegistry[Any]:
    files: dict[str, str | bytes] = {
        "a.md": agent("analyst", tools="Read, Bash(git *)"),
        "CLAUDE.md": "---\ncluster: one\n---\n",
        "notes.md": "text",
        "data.bin": b"\x00\x01",
    }
    return ConfigRegistry.fixed(files, spec={"analyst": Analyst, "*": AgentSpec}, documents={"CLAUDE.md": Context})


def test_agents_and_documents_can_be_had_typed(registry: ConfigRegistry[Any]) -> None:
    generation = registry.current
    assert generation.agent("analyst", Analyst).clusters == ()
    assert generation.document("CLAUDE.md", Context).cluster == "one"
    with pytest.raises(LookupError, match=r'no agent "analist"; did you mean "analyst"\?'):
        generation.agent("analist", Analyst)
    with pytest.raises(LookupError, match=r"there are: CLAUDE\.md, notes\.md"):
        generation.document("x", Context)
    with pytest.raises(TypeError, match="holds mappingproxy, expected Context"):
        generation.document("notes.md", Context)

    class Other(AgentSpec): ...

    with pytest.raises(TypeError, match="is a Analyst, expected Other"):
        generation.agent("analyst", Other)


def test_a_generation_as_json_has_no_content(registry: ConfigRegistry[Any]) -> None:
    values = registry.current.to_dict()
    text = json.dumps(values)
    assert "Do it." not in text
    assert values["agents"]["analyst"]["tools"] == ["Read", "Bash(git *)"]
    assert values["files"]["data.bin"]["size"] == 2
    assert values["volumes"]["."]["agents"] == ["analyst"]
    assert values["number"] == 1
    assert repr(registry.current).startswith("<Generation 1 sha256:")


def test_nothing_of_a_generation_can_be_assigned(registry: ConfigRegistry[Any]) -> None:
    generation = registry.current
    with pytest.raises(AttributeError):
        generation.number = 2  # type: ignore[misc]  # that it is refused is the test
    mutable: Any
    for mutable in (generation.agents, generation.documents, generation.files, generation.volumes):
        with pytest.raises(TypeError):
            mutable["x"] = 1
    with pytest.raises(ValueError, match="frozen"):
        generation.agents["analyst"].model = "opus"


def test_a_status_as_json_has_all_conditions(registry: ConfigRegistry[Any]) -> None:
    status = registry.status
    values = json.loads(json.dumps(status.to_dict()))
    assert [c["type"] for c in values["conditions"]] == ["Loaded", "Current", "Watching", "Complete"]
    assert all(c["status"] and c["reason"] == "" for c in values["conditions"])
    assert values["digest"] == registry.current.digest
    assert status.condition("Loaded").status


def test_rights_gained_and_lost_are_in_the_diff(agent: Callable[..., str]) -> None:
    source = Memory({"a.md": agent("a", tools="Read, Bash(git *)"), "b.md": agent("b", tools="Read")})
    with ConfigRegistry(source) as registry:
        before = registry.current
        source.write({"a.md": agent("a", tools="Read, Write"), "b.md": agent("b", "new text", tools="Read")})
        registry.reload()
        diff = before.diff(registry.current)
        assert diff.rights.keys() == {"a"}
        assert diff.rights["a"].gained == ("Write",)
        assert diff.rights["a"].lost == ("Bash(git *)",)
        assert diff.to_dict()["rights"] == {"a": {"gained": ["Write"], "lost": ["Bash(git *)"]}}
        assert diff
        assert not before.diff(before)
        assert not Delta()


class Listener:
    def __init__(self) -> None:
        self.heard: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    @hookimpl
    def hotagents_generation_published(self, change: Change[Any]) -> None:
        self.heard.put(("published", change.generation.number))

    @hookimpl
    def hotagents_generation_rejected(self, status: RegistryStatus) -> None:
        self.heard.put(("rejected", status.diagnostics[0].code))


def test_plugins_hear_of_publications_and_rejections(agent: Callable[..., str]) -> None:
    listener = Listener()
    source = Memory({"a.md": agent("a")})
    plugins = load_plugins(from_entry_points=False, plugins={"listener": listener})
    with ConfigRegistry(source, plugins=plugins) as registry:
        source.write({"a.md": "---\nname: a\n---\n"})
        registry.reload()
        assert listener.heard.get(timeout=10) == ("rejected", "missing-description")
        source.write({"a.md": agent("a", "other")})
        assert listener.heard.get(timeout=10) == ("published", 2)
