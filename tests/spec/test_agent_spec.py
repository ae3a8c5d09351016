"""`AgentSpec` made by hand: defaults, immutability, JSON, subclasses; and the tables of the format."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import ValidationError

from hotagents.authority import Rights
from hotagents.spec import FORMAT_KEYS, KNOWN_TOOLS, AgentSpec, Document, freeze, is_model_id, name_fault, thaw


class Analyst(AgentSpec):
    clusters: tuple[str, ...] = ()


def test_three_fields_make_an_agent_that_may_use_every_tool() -> None:
    agent = AgentSpec(name="a", description="b", prompt="c")
    assert (agent.model, agent.tools, agent.disallowed_tools, agent.extra) == ("inherit", None, (), {})
    assert agent.allows("Bash", "ls")
    assert agent.rights == Rights()


def test_tools_and_disallowed_tools_decide_together() -> None:
    agent = AgentSpec(name="a", description="b", tools=("Read", "Bash(git *)"), disallowed_tools=("Bash(git push *)",))
    assert agent.allows("Bash", "git log")
    assert not agent.allows("Bash", "git push origin")
    assert not agent.allows("Write")


def test_fields_go_by_their_name_and_by_the_name_in_the_file() -> None:
    by_alias = AgentSpec.model_validate({"name": "a", "description": "b", "maxTurns": 3, "disallowedTools": ["Bash"]})
    assert by_alias == AgentSpec(name="a", description="b", max_turns=3, disallowed_tools=("Bash",))


def test_an_agent_cannot_be_changed_at_any_depth() -> None:
    hooks: dict[str, Any] = {"Stop": [{"hooks": [{"type": "command"}]}]}
    agent = AgentSpec(name="a", description="b", hooks=hooks, extra={"x": {"y": [1]}}, mcp_servers=("g", {"h": {}}))
    with pytest.raises(ValidationError):
        agent.name = "other"  # type: ignore[misc]  # the mistake under test
    assert agent.hooks is not None
    for mapping in (agent.hooks, agent.hooks["Stop"][0], agent.extra["x"], agent.mcp_servers[1]):
        assert isinstance(mapping, MappingProxyType)
    hooks["Stop"].clear()
    assert agent.hooks["Stop"]
    assert agent.extra["x"]["y"] == (1,)


def test_an_agent_goes_to_json_and_back() -> None:
    agent = Analyst(
        name="a", description="b", hooks={"Stop": [{"hooks": []}]}, extra={"x": [1, {"y": 2}]}, clusters=("c",)
    )
    dumped = agent.model_dump(mode="json", by_alias=True)
    assert dumped["extra"] == {"x": [1, {"y": 2}]}
    assert Analyst.model_validate(json.loads(json.dumps(dumped))) == agent
    assert Analyst.model_validate_json(agent.model_dump_json()) == agent


def test_equal_agents_have_equal_hashes() -> None:
    first, second = (Analyst(name="a", description="b", extra={"x": []}) for _ in range(2))
    assert first == second
    assert len({first, second}) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"nmae": "typo"},
        {"description": ""},
        {"model": ""},
        {"name": "a:b"},
        {"max_turns": 0},
        {"max_turns": True},
        {"effort": True},
        {"permission_mode": "plna"},
        {"color": "magenta"},
        {"tools": "Read"},
    ],
)
def test_a_mistake_made_by_hand_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AgentSpec.model_validate({"name": "a", "description": "b"} | fields)


@pytest.mark.parametrize("name", ["a", "K8s Analyzer", "中文", "x" * 256, "a-b.c/d"])
def test_these_names_are_allowed(name: str) -> None:
    assert name_fault(name) == ""


@pytest.mark.parametrize("name", ["", "  ", "x" * 257, "-a", "a:b", "a\uff1ab", "\uff0da"])
def test_these_names_are_not(name: str) -> None:
    assert name_fault(name).startswith("expected")


@pytest.mark.parametrize(
    "model",
    ["sonnet", "inherit", "opus[1m]", "claude-opus-4-1-20250805", "us.anthropic.claude-x-v1:0", "openai/gpt-5"],
)
def test_these_are_models(model: str) -> None:
    assert is_model_id(model)


@pytest.mark.parametrize("model", ["Sonnet", "gpt-5", "Claude Sonnet 4.5", "claude-x or y", "{model}"])
def test_these_are_not(model: str) -> None:
    assert not is_model_id(model)


def test_freezing_and_thawing_keep_values() -> None:
    value = {"a": [1, {"b": "c"}], "d": None}
    assert thaw(freeze(value)) == value
    assert freeze({"a": {1}})["a"] == frozenset({1})
    assert thaw(frozenset({1})) == [1]


def test_the_keys_of_the_format_are_the_fields_of_a_spec_but_for_our_own() -> None:
    assert set(AgentSpec.model_fields) - set(FORMAT_KEYS.values()) == {"prompt", "extra", "path", "digest"}
    assert FORMAT_KEYS["disallowedTools"] == "disallowed_tools"
    assert {"name", "mcpServers", "initialPrompt", "permissionMode", "maxTurns"} <= FORMAT_KEYS.keys()
    assert {"Bash", "Read", "Agent", "WebFetch"} <= KNOWN_TOOLS


def test_a_spec_has_a_schema_in_the_words_of_the_file() -> None:
    properties = Analyst.model_json_schema()["properties"]
    assert FORMAT_KEYS.keys() | {"clusters"} <= properties.keys()


def test_a_document_compares_by_value() -> None:
    assert Document({}, "x", "CLAUDE.md", "") == Document({}, "x", "CLAUDE.md", "")
