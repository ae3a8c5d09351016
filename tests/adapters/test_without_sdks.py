"""Adapters are there without any SDK: importing them imports none, and plain data needs none."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import AgentSpec
from hotagents.adapters import ExportError, openai_agents, pydantic_ai

if TYPE_CHECKING:
    from pathlib import Path

AGENT = AgentSpec(name="triage", description="Sorts alerts.", prompt="Sort alerts.", model="sonnet", max_turns=7)
in_both = pytest.mark.parametrize("adapter", [openai_agents, pydantic_ai])


def test_importing_the_adapters_imports_no_sdk(tmp_path: Path) -> None:
    names = "anthropic, claude_agent_sdk, openai_agents, pydantic_ai"
    program = f"from hotagents.adapters import {names}; import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=45, check=True
    )
    assert set(done.stdout.split()) & {"agents", "anthropic", "claude_agent_sdk", "openai", "pydantic_ai"} == set()


def test_an_agent_without_tools_is_plain_data_for_the_openai_agents_sdk() -> None:
    assert openai_agents.definition(AGENT, models={"sonnet": "gpt-x"}, output_type=str) == {
        "name": "triage",
        "handoff_description": "Sorts alerts.",
        "instructions": "Sort alerts.",
        "model": "gpt-x",
        "output_type": str,
    }
    assert openai_agents.run_options(AGENT) == {"max_turns": 7}


def test_an_agent_without_tools_is_plain_data_for_pydantic_ai() -> None:
    assert pydantic_ai.definition(AGENT, models={"*": "anthropic:x"}, retries=2) == {
        "name": "triage",
        "description": "Sorts alerts.",
        "instructions": "Sort alerts.",
        "model": "anthropic:x",
        "retries": 2,
    }


@in_both
def test_without_turns_a_run_has_no_options(adapter: Any) -> None:
    assert adapter.run_options(AgentSpec(name="a", description="d")) == {}


@in_both
@pytest.mark.parametrize("model", ["sonnet", "claude-sonnet-5-5", "inherit"])
def test_a_model_that_the_program_does_not_name_is_an_error(adapter: Any, model: str) -> None:
    with pytest.raises(ExportError, match="add models="):
        adapter.definition(AGENT.model_copy(update={"model": model}), models={})


@in_both
def test_a_limit_that_has_no_place_is_an_error_until_it_may_be_lost(adapter: Any) -> None:
    agent = AGENT.model_copy(update={"isolation": "worktree"})
    with pytest.raises(ExportError, match="isolation"):
        adapter.definition(agent, models={"*": "x"})
    assert adapter.definition(agent, models={"*": "x"}, drop=("isolation",))["name"] == "triage"
