from __future__ import annotations

import json
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Change, ConfigRegistry
from hotagents.cli.events import Event, events
from hotagents.cli.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]
    Agent = Callable[..., str]

BAD = "---\nname: bad\n---\n"
BOUND = 20.0


@pytest.fixture
def story(volume: ConfigMapVolume) -> Iterator[Iterator[Event]]:
    """The events of a registry on the volume; it ends by itself rather than hang a test."""
    registry: ConfigRegistry[Any] = ConfigRegistry(volume.path, resync_interval=0.2)
    yield events(registry, Inbox[Change[Any]](seconds=BOUND))
    registry.close()


def test_the_first_generation_and_each_change_are_told(
    story: Iterator[Event], volume: ConfigMapVolume, agent: Agent
) -> None:
    first = volume.files
    assert next(story).text.endswith(": 1 agent")
    volume.write(
        {
            "triage.md": agent("triage", more="tools: Read, Bash\n"),
            "fix.md": agent("fix"),
            "CLAUDE.md": "x",
            "d.bin": "",
        }
    )
    change = next(story)
    assert change.text.startswith("generation 2 sha256:")
    assert "agents added fix, changed triage; documents added CLAUDE.md; files added d.bin" in change.text
    assert change.text.endswith("triage gains Bash; triage loses Grep")
    assert change.facts["diff"]["rights"] == {"triage": {"gained": ["Bash"], "lost": ["Grep"]}}
    volume.write(first)
    back = next(story)
    assert ", restores 1: agents changed triage, removed fix; " in back.text
    assert back.facts["restores"] == 1


def test_a_refusal_names_its_place_and_the_way_back_is_told(story: Iterator[Event], volume: ConfigMapVolume) -> None:
    good = volume.files
    next(story)
    volume.update({"bad.md": BAD})
    refused = next(story)
    assert refused.text.startswith("rejected sha256:")
    assert ": bad.md:" in refused.text
    assert refused.text.endswith("; generation 1 stays")
    assert [d["path"] for d in refused.facts["diagnostics"]] == ["bad.md"]
    volume.write(good)
    healthy = next(story)
    assert healthy.text.startswith("healthy: generation 1 sha256:")
    assert healthy.facts["event"] == "healthy"


def test_a_mount_that_is_gone_is_told(story: Iterator[Event], volume: ConfigMapVolume) -> None:
    good = volume.files
    next(story)
    volume.detach()
    gone = next(story)
    assert gone.facts["event"] == "problem"
    assert gone.facts["number"] == 1
    volume.write(good)
    while (later := next(story)).facts["event"] == "problem":
        pass  # the watch is armed anew
    assert later.facts["event"] == "healthy"


def test_the_number_of_lines_can_be_bounded(cli: Cli, volume: ConfigMapVolume) -> None:
    result = cli("watch", volume.path, "--count", "1")
    assert result.stdout.startswith("generation 1 sha256:")
    assert result.exit_code == 0


def test_the_time_can_be_bounded_and_lines_be_json(cli: Cli, volume: ConfigMapVolume) -> None:
    result = cli("watch", volume.path, "--for", "0", "--json")
    facts = json.loads(result.stdout)
    assert (facts["event"], facts["number"], facts["agents"], facts["diff"]) == ("generation", 1, ["triage"], None)
    assert result.exit_code == 0


@pytest.mark.parametrize("bound", ["nan", "-1", "inf", "soon"])
def test_a_time_that_cannot_be_waited_for_is_refused(cli: Cli, volume: ConfigMapVolume, bound: str) -> None:
    result = cli("watch", volume.path, "--for", bound)
    assert (result.stdout, result.exit_code) == ("", 2)


@pytest.mark.parametrize("command", [["watch"], ["run", "--once", "--runner", "echo"]])
def test_a_first_set_that_is_refused_ends_with_its_errors(
    cli: Cli, volume: ConfigMapVolume, command: list[str], installed: Path
) -> None:
    assert installed.is_dir()
    volume.update({"bad.md": BAD, "odd.md": "---\nname: odd\ndescription: x\ncolour: red\n---\n"})
    result = cli(*command, volume.path)
    assert result.exit_code == 1
    assert f"hotagents: {volume.path}/bad.md:" in result.stderr
    assert "Traceback" not in result.stderr
    assert "unknown-key" not in result.stderr


def test_a_directory_that_is_missing_ends_with_one_line(cli: Cli, tmp_path: Path) -> None:
    result = cli("watch", tmp_path / "nowhere")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.count("\n") == 1


def test_a_signal_ends_an_inbox_after_what_came_before_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Inbox[str](seconds=BOUND) as inbox:
        inbox.put("a change")
        os.kill(os.getpid(), signal.SIGTERM)
        assert [item for item in inbox if item is not None] == ["a change"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_inbox_in_another_thread_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def use() -> None:
        with Inbox[str](seconds=0.01) as inbox:
            seen.append(signal.getsignal(signal.SIGTERM))
            seen.extend(inbox)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join(BOUND)
    assert seen[0] is before
    assert set(seen[1:]) <= {None}
