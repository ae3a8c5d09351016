"""What the commands say of a lock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Change, ConfigRegistry, Lock
from hotagents.cli.events import events
from hotagents.cli.inbox import Inbox
from hotagents.snapshot import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]
    Agent = Callable[..., str]


def lock_of(volume: ConfigMapVolume, **changes: str) -> str:
    """A lock over what a volume holds, with some other content."""
    contents = {**volume.files, **{f"{name}.md": text.encode() for name, text in changes.items()}}
    entries = {path: content_hash(text) for path, text in contents.items() if path != "hotagents.lock"}
    return Lock(path="hotagents.lock", release="1.4.2", commit="9fceb02", entries=entries).text()


def test_show_has_a_line_for_the_lock(cli: Cli, volume: ConfigMapVolume) -> None:
    digest = cli("digest", volume.path).stdout.strip()
    assert "\nlock " not in cli("show", volume.path).stdout
    volume.update({"hotagents.lock": lock_of(volume)})
    result = cli("show", volume.path)
    assert result.stdout.splitlines()[-1] == f"lock hotagents.lock {digest}, release 1.4.2, commit 9fceb02"
    assert result.exit_code == 0
    facts = json.loads(cli("show", "--json", volume.path).stdout)
    assert facts["lock"] == {
        "path": "hotagents.lock",
        "release": "1.4.2",
        "commit": "9fceb02",
        "digest": digest,
    }


def test_a_file_that_is_not_as_listed_is_a_finding(cli: Cli, volume: ConfigMapVolume, agent: Agent) -> None:
    volume.update({"hotagents.lock": lock_of(volume, fix=agent("fix"))})
    result = cli("validate", volume.path)
    assert result.stdout.startswith(
        f"{volume.path / 'fix.md'}: lock-mismatch: is missing, and listed in hotagents.lock"
    )
    assert result.exit_code == 1
    facts = json.loads(cli("validate", "--json", volume.path).stdout)
    assert facts["paths"][0]["lock"]["release"] == "1.4.2"
    assert [d["code"] for d in facts["diagnostics"]] == ["lock-mismatch"]
    result = cli("show", volume.path)
    assert "not served: fix.md: lock-mismatch: " in result.stdout
    assert result.exit_code == 1


def test_a_lock_that_cannot_be_read_is_a_finding_with_its_place(cli: Cli, volume: ConfigMapVolume) -> None:
    volume.update({"hotagents.lock": "# hotagents.lock 9\n"})
    result = cli("validate", volume.path)
    assert result.stdout.startswith(f"{volume.path / 'hotagents.lock'}:1:18: lock-syntax: ")
    assert result.exit_code == 1


def test_a_watch_tells_the_release_and_what_it_waits_for(volume: ConfigMapVolume, agent: Agent) -> None:
    volume.update({"hotagents.lock": lock_of(volume)})
    registry: ConfigRegistry[Any] = ConfigRegistry(volume.path, resync_interval=0.2)
    try:
        story = events(registry, Inbox[Change[Any]](seconds=20.0))
        first = next(story)
        assert first.text.endswith(", release 1.4.2, commit 9fceb02: 1 agent")
        assert first.facts["lock"]["release"] == "1.4.2"
        volume.update({"triage.md": agent("triage", "by hand")})
        waiting = next(story)
        assert waiting.text.startswith("waiting for hotagents.lock, release 1.4.2, commit 9fceb02: triage.md differs ")
        assert waiting.text.endswith("; generation 1 stays")
        assert (waiting.facts["event"], waiting.facts["reason"]) == ("problem", "WaitingForLock")
        assert [d["path"] for d in waiting.facts["diagnostics"]] == ["triage.md"]
        volume.update({"hotagents.lock": lock_of(volume)})
        assert next(story).text.startswith("generation 2 sha256:")
        assert next(story).facts["event"] == "healthy"
    finally:
        registry.close()


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_watch_cannot_begin_on_a_set_that_waits(cli: Cli, volume: ConfigMapVolume, options: list[str]) -> None:
    volume.update({"hotagents.lock": lock_of(volume, triage="other")})
    result = cli("watch", volume.path, *options)
    assert result.exit_code == 1
    assert f"{volume.path / 'triage.md'}: lock-mismatch: differs from hotagents.lock; " in result.stderr
    if options:
        assert json.loads(result.stdout)["reason"] == "WaitingForLock"
