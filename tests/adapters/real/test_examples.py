"""The examples run, without a network and without a key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "adapters"

pytestmark = pytest.mark.skipif(not EXAMPLES.exists(), reason="no checkout: the examples are not beside the tests")


def output(name: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_pydantic_ai() -> None:
    pytest.importorskip("pydantic_ai", reason="nox -s adapters installs it")
    lines = output("with_pydantic_ai")
    assert lines[:2] == ["offered: ['kubectl']", "kubectl get pods: done"]
    assert lines[2].startswith("Refused: ")


def test_openai_agents() -> None:
    pytest.importorskip("agents", reason="nox -s adapters installs it")
    lines = output("with_openai_agents")
    assert lines[:2] == ["offered: []", "offered: ['kubectl']"]
    assert lines[-1] == "Nothing is wrong."


def test_claude_agent_sdk() -> None:
    pytest.importorskip("claude_agent_sdk", reason="nox -s adapters installs it")
    assert output("with_claude_agent_sdk")[-2:] == ["kubectl get pods -> allow", "kubectl delete pod web -> deny"]


def test_anthropic(messages_api: Any) -> None:
    pytest.importorskip("anthropic", reason="nox -s adapters installs it")
    asked = iter(["kubectl get pods | kubectl get nodes", "kubectl delete pod web"])

    def script(_: Any) -> list[dict[str, Any]]:
        command = next(asked, None)
        if command is None:
            return [{"type": "text", "text": "Nothing is wrong."}]
        return [{"type": "tool_use", "id": command, "name": "Bash", "input": {"command": command}}]

    messages_api.script = script
    assert output("with_anthropic", messages_api.url) == [
        "run: kubectl get pods | kubectl get nodes",
        "refused: kubectl delete pod web",
        "Nothing is wrong.",
    ]
    assert messages_api.requests[2]["messages"][-1]["content"][0]["is_error"] is True
