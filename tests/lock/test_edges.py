"""Locks that are not there as they should be, and too many differences."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

import pytest

from hotagents import ConfigRegistry, InvalidConfigError, Lock, Memory
from hotagents.snapshot import content_hash

if TYPE_CHECKING:
    from pathlib import Path

AGENT = "---\nname: {0}\ndescription: text\n---\n{1}\n"


def locked(files: dict[str, str]) -> dict[str, str]:
    entries = {path: content_hash(text.encode()) for path, text in files.items()}
    return {**files, "hotagents.lock": Lock(path="hotagents.lock", entries=entries).text()}


@pytest.mark.skipif(sys.platform == "win32", reason="links and FIFOs are of Linux and macOS")
@pytest.mark.parametrize("kind", ["link", "FIFO"])
def test_a_lock_that_is_no_regular_file_refuses_the_set(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.md").write_text(AGENT.format("a", "Do it."))
    if kind == "link":
        (tmp_path / "elsewhere").write_text("")
        (tmp_path / "hotagents.lock").symlink_to(tmp_path / "elsewhere")
    else:
        os.mkfifo(tmp_path / "hotagents.lock")
    with pytest.raises(InvalidConfigError, match=r"hotagents\.lock: not-a-regular-file"):
        ConfigRegistry(tmp_path).start()


def test_a_lock_that_is_gone_is_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    source = Memory(locked({"a.md": AGENT.format("a", "one")}))
    with ConfigRegistry(source) as registry, caplog.at_level(logging.WARNING):
        source.write({"a.md": AGENT.format("a", "two")})
        registry.reload()
        assert registry.current.number == 2
    assert [record.message for record in caplog.records] == [
        "the lock is gone: what belongs together is not checked any more"
    ]


def test_what_a_lock_still_waits_for_is_logged_each_time_that_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    old = {name: AGENT.format(name[0], "one") for name in ("a.md", "b.md")}
    new = {name: AGENT.format(name[0], "two") for name in ("a.md", "b.md")}
    source = Memory(locked(old))
    with ConfigRegistry(source) as registry, caplog.at_level(logging.WARNING):
        for files in (locked(new) | old, locked(new) | {"a.md": old["a.md"]}):
            source.write(files)
            for _ in range(3):
                registry.reload()
        assert registry.current.number == 1
    assert [record.message.count("differs") for record in caplog.records] == [2, 1]


def test_of_many_differences_the_first_are_told_and_the_others_counted() -> None:
    files = {f"{n:03}.md": AGENT.format(f"a{n}", "text") for n in range(200)}
    with pytest.raises(InvalidConfigError) as raised:
        ConfigRegistry.fixed({"a.md": AGENT.format("a", "text"), "hotagents.lock": locked(files)["hotagents.lock"]})
    mismatches = [d for d in raised.value.diagnostics if d.code == "lock-mismatch"]
    assert len(mismatches) == 51
    assert [d.message for d in mismatches if "more" in d.message] == ["and 151 more of these"]


def test_a_warning_whose_cause_is_gone_is_gone_from_the_status(tmp_path: Path) -> None:
    agents = tmp_path / "agents"
    (agents / "deep").mkdir(parents=True)
    (agents / "a.md").write_text(AGENT.format("a", "text"))
    (agents / "deep" / "hotagents.lock").write_text("# hotagents.lock 1\n")
    with ConfigRegistry(tmp_path) as registry:
        assert [d.code for d in registry.status.diagnostics] == ["lock-misplaced"]
        (agents / "deep" / "hotagents.lock").unlink()
        registry.reload()
        assert registry.status.diagnostics == ()
