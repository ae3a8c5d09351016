"""A cycle for real: agents come from the generation, rights only shrink, and nothing of the machine is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What Claude Code puts where tools may come later does nothing.
TOOLS: Final = {"Agent", "Glob", "Grep", "Read", "DeferredToolPlaceholder"}

pytestmark = pytest.mark.timeout(120)


def test_the_agents_of_the_generation_answer(bench: Any, model: Any, start: Any, read: Any) -> None:
    (bench.notes / "monday.md").write_text("Who brings the tea?\n", encoding="utf-8")
    said = model([start("reader")], [read(bench.notes / "monday.md")], answer="One question is open.\nmonday.md:1")
    result = bench.run(said)
    assert (result.status, result.summary, result.error) == ("ok", "One question is open.", "")
    assert "Who brings the tea?" in said.told("agent")[0]
    assert "What is open?" in said.heard
    assert "You put answers together." in said.heard
    assert result.data["text"] == "One question is open.\nmonday.md:1"
    assert result.data["cost_usd"] > 0
    assert result.data["usage"]["output_tokens"] > 0
    assert result.data["turns"] == 2
    json.dumps(result.to_dict(), allow_nan=False)


def test_an_edit_acts_at_the_next_cycle(bench: Any, model: Any, reader: Callable[..., str]) -> None:
    before = model()
    bench.run(before)
    assert "Reads notes." in before.heard
    bench.edit("agents/reader.md", reader(description="Reads notes of meetings."))
    bench.edit("CLAUDE.md", "---\ntask: Who is away?\nmodel: haiku\n---\nBe short.\n")
    after = model()
    bench.run(after)
    assert "Reads notes of meetings." in after.heard
    assert "Reads notes." not in after.heard
    assert "Who is away?" in after.heard
    assert "Be short." in after.heard
    assert "haiku" in after.requests[-1]["model"]


def test_a_tool_that_is_withdrawn_meanwhile_is_refused_at_the_next_call(
    bench: Any, model: Any, start: Any, read: Any, reader: Callable[..., str]
) -> None:
    note = bench.notes / "monday.md"
    note.write_text("Tea at four.\n", encoding="utf-8")
    said = model([start("reader")], [read(note), read(note)])

    def editing(request: dict[str, Any]) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = said(request)
        if said.told("agent") and said.told("agent")[0] and bench.registry.current.number == 1:
            bench.edit("agents/reader.md", reader(tools="Grep"))
        return answer

    result = bench.run(editing)
    first, second = said.told("agent")
    assert "Tea at four." in first
    assert 'Refused: the agent \\"reader\\" may not use Read' in second
    assert result.status == "ok"


def test_an_agent_that_is_gone_meanwhile_may_do_nothing_more(
    bench: Any, model: Any, start: Any, read: Any, reader: Callable[..., str]
) -> None:
    bench.edit("agents/other.md", reader("other"))
    said = model([start("reader")], [read(bench.notes), read(bench.notes)])

    def editing(request: dict[str, Any]) -> list[dict[str, Any]]:
        if len(said.requests) == 1:
            del bench.files["agents/reader.md"]
            bench.edit("agents/other.md", reader("other", description="Alone."))
        answer: list[dict[str, Any]] = said(request)
        return answer

    bench.run(editing)
    assert said.told("agent")
    assert all("Refused" in told for told in said.told("agent"))


def test_the_session_itself_may_only_start_agents_of_the_generation(
    bench: Any, model: Any, start: Any, read: Any
) -> None:
    note = bench.notes / "monday.md"
    note.write_text("Tea at four.\n", encoding="utf-8")
    said = model(
        [read(note), start("general-purpose"), ("Agent", {"description": "d", "prompt": "go"}), start("reader")]
    )
    result = bench.run(said)
    *refused, started = said.told("session")
    assert len(refused) == 3
    assert [told for told in refused if "Refused: start one of these agents instead: reader." not in told] == []
    assert "Tea at four." not in said.heard
    assert "All is said." in started
    assert "- general-purpose:" not in said.heard
    assert result.data["refused"] == 3


def test_nothing_outside_of_the_directory_is_read_and_nothing_is_done_but_reading(
    bench: Any, model: Any, start: Any, read: Any
) -> None:
    secret = bench.home / "secret.txt"
    secret.write_text("TOP-SECRET", encoding="utf-8")
    (bench.notes / "link.md").symlink_to(secret)
    calls = [
        read(secret),
        read(bench.notes / "link.md"),
        read(bench.notes / ".." / "secret.txt"),
        ("Grep", {"pattern": "TOP", "path": str(bench.home), "output_mode": "content"}),
        ("Glob", {"pattern": f"{bench.home}/*.txt"}),
        ("Bash", {"command": f"cat {secret}", "description": "d"}),
        ("Write", {"file_path": str(bench.notes / "new.md"), "content": "x"}),
    ]
    said = model([start("reader")], calls)
    bench.run(said)
    assert {tool["name"] for request in said.requests for tool in request.get("tools", [])} == TOOLS
    assert len(said.told("agent")) == len(calls)
    assert all(said.told("agent"))
    assert "TOP-SECRET" not in said.heard
    assert "secret.txt" not in said.told("agent")[4]
    assert not (bench.notes / "new.md").exists()


def test_a_file_that_the_task_mentions_is_not_read(bench: Any, model: Any) -> None:
    secret = bench.home / "secret.txt"
    secret.write_text("TOP-SECRET", encoding="utf-8")
    bench.edit("CLAUDE.md", f"---\ntask: 'Look at @{secret} and @/etc/hostname'\n---\n@{secret}\n")
    said = model()
    bench.run(said)
    assert f"@{secret}" in said.heard
    assert "TOP-SECRET" not in said.heard


STRANGER: Final = "---\nname: stranger\ndescription: FROM-THE-DISK\n---\nFROM-THE-DISK\n"


def litter(directory: Path) -> None:
    """Put all that Claude Code would take from a directory by itself into it."""
    (directory / ".claude" / "agents").mkdir(parents=True)
    (directory / ".claude" / "agents" / "stranger.md").write_text(STRANGER, encoding="utf-8")
    (directory / ".claude" / "skills" / "stranger").mkdir(parents=True)
    (directory / ".claude" / "skills" / "stranger" / "SKILL.md").write_text(STRANGER, encoding="utf-8")
    mark = directory / "started"
    hook = {"hooks": [{"type": "command", "command": f"touch {mark}"}]}
    settings = {
        "permissions": {"allow": ["Bash", "Read(//**)"], "defaultMode": "bypassPermissions"},
        "hooks": {"PreToolUse": [hook], "SessionStart": [hook], "UserPromptSubmit": [hook]},
    }
    for place in (directory / ".claude" / "settings.json", directory / ".claude" / "settings.local.json"):
        place.write_text(json.dumps(settings), encoding="utf-8")
    server = {"mcpServers": {"stranger": {"command": "touch", "args": [str(mark)]}}}
    for place in (directory / ".mcp.json", directory / ".claude.json"):
        place.write_text(json.dumps(server), encoding="utf-8")
    for place in (directory / "CLAUDE.md", directory / "CLAUDE.local.md", directory / ".claude" / "CLAUDE.md"):
        place.write_text("FROM-THE-DISK", encoding="utf-8")


def test_nothing_of_the_home_directory_and_of_the_project_is_taken(
    bench: Any, model: Any, start: Any, read: Any
) -> None:
    deep = bench.notes / "deep"
    for directory in (bench.home, bench.notes, deep):
        litter(directory)
    (deep / "monday.md").write_text("Tea at four.\n", encoding="utf-8")
    said = model([start("reader"), start("stranger")], [read(deep / "monday.md"), read(bench.home / ".claude.json")])
    bench.run(said)
    assert "Tea at four." in said.told("agent")[0]
    assert "FROM-THE-DISK" not in said.heard
    assert "mcp__stranger" not in said.heard
    assert "denied" in said.told("agent")[1]
    assert not [place for place in (bench.home, bench.notes, deep) if (place / "started").exists()]


def test_a_cycle_leaves_nothing_behind_in_the_home_directory(bench: Any, model: Any, start: Any) -> None:
    bench.run(model([start("reader")]))
    assert [path.name for path in bench.home.iterdir()] == ["notes"]
    assert list(bench.notes.iterdir()) == []
