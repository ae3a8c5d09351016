"""The demo tells what really happens, in text and in JSON, and leaves nothing behind."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents import PluginError, Plugins, RunnerInfo, hookimpl, load_plugins
from hotagents.demo import digest, run
from hotagents.echo import Echo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents.runner import Story

NONE: Final = load_plugins(from_entry_points=False)
posix = pytest.mark.skipif(sys.platform == "win32", reason="the demo needs links and renames of Linux or macOS")
gnu = pytest.mark.skipif(sys.platform != "linux" or not shutil.which("xargs"), reason="needs GNU's find and xargs")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def told(*, as_json: bool, plugins: Plugins = NONE) -> tuple[int, list[str]]:
    lines: list[str] = []
    return run(as_json=as_json, write=lines.append, plugins=plugins), lines


def offering(*infos: RunnerInfo) -> Plugins:
    class Plugin:
        @hookimpl
        def hotagents_runners(self) -> list[RunnerInfo]:
            return list(infos)

    return load_plugins(from_entry_points=False, plugins={"fake": Plugin()})


def runner(name: str, demo: Callable[[Story], None] | None) -> RunnerInfo:
    return RunnerInfo(name, "a runner of the test's", lambda _context: Echo(), demo=demo)


@pytest.fixture(scope="module")
def steps() -> dict[str, dict[str, Any]]:
    code, lines = told(as_json=True)
    assert code == 0, lines
    said = [json.loads(line) for line in lines]
    return {step["step"]: step for step in said}


@posix
def test_each_step_is_one_json_object_in_the_order_of_the_story(steps: dict[str, dict[str, Any]]) -> None:
    assert list(steps) == ["start", "edit", "rejected", "healed", "restored", "narrowed", "digest", "end"]
    assert {step["story"] for step in steps.values()} == {"hotagents"}


@posix
def test_the_numbers_grow_from_one_to_four(steps: dict[str, dict[str, Any]]) -> None:
    names = ("start", "edit", "rejected", "healed", "restored", "narrowed", "digest")
    assert [steps[name]["number"] for name in names] == [1, 2, 2, 2, 3, 4, 4]


@posix
def test_the_first_cycle_serves_generation_1(steps: dict[str, dict[str, Any]]) -> None:
    cycle = steps["start"]["cycle"]
    assert (cycle["trigger"], cycle["generation"], cycle["status"]) == ("start", 1, "ok")
    assert steps["start"]["agents"] == ["reviewer", "triage"]


@posix
@pytest.mark.parametrize(("name", "number"), [("edit", 2), ("restored", 3), ("narrowed", 4)])
def test_each_publication_is_served_by_the_cycle_of_its_change(
    steps: dict[str, dict[str, Any]], name: str, number: int
) -> None:
    cycle, took = steps[name]["cycle"], steps[name]["milliseconds"]
    assert (cycle["trigger"], cycle["generation"], cycle["digest"]) == ("change", number, steps[name]["digest"])
    assert 0 < took["current"] <= took["cycle"] < 10_000


@posix
def test_the_good_edit_tells_its_difference(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["edit"]["diff"]["agents"] == {"added": ["scribe"], "changed": ["triage"], "removed": []}
    assert steps["edit"]["rights"] == {}


@posix
def test_the_broken_edit_tells_its_place_and_changes_nothing(steps: dict[str, dict[str, Any]]) -> None:
    rejected = steps["rejected"]
    assert re.match(r"agents/triage\.md:4:\d+: yaml-syntax: ", rejected["diagnostic"])
    assert rejected["digest"] == steps["edit"]["digest"] != rejected["observed_digest"]
    assert (rejected["state"], rejected["healthy"]) == ("behind", True)


@posix
def test_the_reverts_heal_without_a_number_and_then_restore_generation_1(steps: dict[str, dict[str, Any]]) -> None:
    assert (steps["healed"]["result"], steps["healed"]["state"]) == ("unchanged", "current")
    assert steps["restored"]["restores"] == 1
    assert steps["restored"]["digest"] == steps["start"]["digest"]


@posix
def test_a_right_that_is_taken_away_is_lost_in_the_difference_and_in_the_pin(steps: dict[str, dict[str, Any]]) -> None:
    narrowed = steps["narrowed"]
    assert narrowed["rights"] == {"triage": {"gained": [], "lost": ["Bash(kubectl get *)"]}}
    assert narrowed["pin"] == {
        "generation": 3,
        "asked": ["triage", "Bash", "kubectl get pods"],
        "before": True,
        "after": False,
        "revoked": True,
    }


@gnu
def test_the_shell_computes_the_digest_that_is_served(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["digest"]["computed"] == steps["digest"]["digest"] == steps["narrowed"]["digest"]
    assert "sha256sum" in steps["digest"]["command"]


@posix
def test_the_text_fits_100_columns_and_says_what_an_operator_wants_to_know() -> None:
    code, lines = told(as_json=False)
    text = "\n".join(lines)
    assert code == 0, text
    # Not the mounts and the command: their directory is this test's, and long.
    assert [line for line in lines if len(line) > 100 and ".claude" not in line] == []
    for words in (
        "generation 2  sha256:",
        "agents added: scribe; changed: triage",
        "ms to registry.current",
        "agents/triage.md:4:14: yaml-syntax",
        "generation 2 stays current",
        "restores=1",
        "rights of triage lost: Bash(kubectl get *)",
        "was True, is False; pin.revoked is set",
        "  | [change] generation 4 sha256:",
        "hotagents kubelet-sim",
    ):
        assert words in text


@posix
def test_nothing_is_left_behind_and_nothing_else_is_printed(temporary: Path, capfd: pytest.CaptureFixture[str]) -> None:
    threads = set(threading.enumerate())
    handlers = list(logging.getLogger("hotagents").handlers)
    assert run(as_json=True, plugins=NONE) == 0
    assert set(threading.enumerate()) <= threads
    assert list(temporary.iterdir()) == []
    assert logging.getLogger("hotagents").handlers == handlers
    out, err = capfd.readouterr()
    assert all(isinstance(json.loads(line), dict) for line in out.splitlines())
    assert err == ""


@posix
def test_an_installed_runner_tells_its_own_story_after_the_librarys() -> None:
    def demo(story: Story) -> None:
        story.say("It found one pod.\nNothing else.", pods=1)

    plugins = offering(runner("pods", demo), runner("silent", None))
    code, lines = told(as_json=True, plugins=plugins)
    own = [said for said in map(json.loads, lines) if said["story"] == "pods"]
    assert (code, own) == (0, [{"story": "pods", "pods": 1, "text": "It found one pod. Nothing else."}])
    _, text = told(as_json=False, plugins=plugins)
    assert text[text.index("runner pods: a runner of the test's") + 2 :][:2] == [
        "   It found one pod.",
        "   Nothing else.",
    ]
    assert not any("silent" in line for line in text)


@posix
def test_a_story_that_fails_is_reported_makes_the_exit_code_1_and_does_not_stop_the_next() -> None:
    def broken(_story: Story) -> None:
        raise ValueError("no pods\x1b[2J here")

    def leaves(_story: Story) -> None:
        raise SystemExit(0)

    def good(story: Story) -> None:
        story.say("told")

    code, lines = told(as_json=True, plugins=offering(runner("a", broken), runner("b", leaves), runner("c", good)))
    said = {step["story"]: step for step in map(json.loads, lines) if step["story"] != "hotagents"}
    assert code == 1
    assert said["a"]["error"] == "ValueError: no pods\x1b[2J here"
    assert said["b"]["step"] == "failed"
    assert said["c"]["text"] == "told"
    end = json.loads(lines[-1])
    assert (end["ok"], end["failed"]) == (False, ["a", "b"])


@posix
def test_what_a_story_says_cannot_move_the_cursor() -> None:
    def demo(story: Story) -> None:
        story.say("red \x1b[31m alert")

    _, lines = told(as_json=False, plugins=offering(runner("red", demo)))
    assert "   red \\x1b[31m alert" in lines


@posix
def test_a_plugin_that_cannot_be_loaded_is_named() -> None:
    offers = offering()
    plugins = Plugins(offers._manager, runners={}, offers={}, broken={"bent": "plugin bent cannot be imported"})
    code, lines = told(as_json=True, plugins=plugins)
    assert code == 0
    assert any(step.get("plugin") == "bent" for step in map(json.loads, lines))


@posix
def test_plugins_that_cannot_be_loaded_together_fail_after_the_librarys_own_story(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load_plugins() -> Plugins:
        raise PluginError('runner "x" is offered by both a 1 and b 2')

    monkeypatch.setattr("hotagents.demo.load_plugins", load_plugins)
    lines: list[str] = []
    assert run(as_json=False, write=lines.append) == 1
    assert any("generation 4" in line for line in lines)
    assert any(line.startswith('   FAILED  PluginError: runner "x" is offered') for line in lines)


def test_a_system_without_volumes_is_told_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    code, lines = told(as_json=False)
    assert (code, len(lines)) == (2, 1)
    assert "needs Linux or macOS" in lines[0]


@posix
def test_a_digest_that_differs_is_a_step_that_did_not_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "recomputed", lambda _root: "sha256:0")
    code, lines = told(as_json=True)
    assert code == 1
    assert "this did not happen" in json.loads(lines[-2])["error"]


@posix
def test_the_shells_digest_is_skipped_where_its_tools_are_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(digest, "COMMAND", "echo 'find: unrecognized: -printf' >&2 | cat")
    assert digest.recomputed(tmp_path) is None
    monkeypatch.setattr(digest, "_TOOLS", ("no-such-tool-anywhere",))
    code, lines = told(as_json=False)
    assert code == 0
    assert any(line.strip().startswith("Skipped: ") for line in lines)
