"""Which model an alias stands for is the program's to say, and what it did not say is an error."""

from __future__ import annotations

import pytest

from hotagents import AgentSpec
from hotagents.adapters import ExportError
from hotagents.adapters.models import model_of


def agent_on(model: str) -> AgentSpec:
    return AgentSpec(name="triage", description="Sorts alerts.", model=model, path="agents/triage.md")


def test_a_model_is_looked_up_as_it_is_written() -> None:
    assert model_of(agent_on("opus"), {"opus": 1, "*": 2}) == 1


def test_a_star_stands_for_every_other_model() -> None:
    assert model_of(agent_on("claude-x"), {"opus": 1, "*": 2}) == 2


def test_an_error_names_agent_and_file_and_what_to_add() -> None:
    with pytest.raises(ExportError) as raised:
        model_of(agent_on("opus"), {"sonnet": 1})
    assert str(raised.value) == (
        "agents/triage.md: agent \"triage\": model: expected a model that models= names ('sonnet'), got 'opus'; "
        "add models={'opus': ...}"
    )
    assert (raised.value.agent, raised.value.path, raised.value.key) == ("triage", "agents/triage.md", "model")
