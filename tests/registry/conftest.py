from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def agent(name: str, text: str = "text", *, tools: str | None = None, prompt: str = "Do it.\n") -> str:
    """An agent's file."""
    lines = [f"name: {name}", f"description: {text}", *([] if tools is None else [f"tools: {tools}"])]
    return "---\n" + "\n".join(lines) + f"\n---\n{prompt}"


@pytest.fixture(name="agent")
def agent_file() -> Callable[..., str]:
    return agent


@pytest.fixture(autouse=True)
def everywhere(no_thread_is_left: None) -> None:
    """Every test here leaves no thread."""
