from __future__ import annotations

import json
import os
import stat
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, Memory
from hotagents.errors import InvalidConfigError
from hotagents.ops.status_file import StatusFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Until = Callable[[Callable[[], object]], None]

BROKEN = "---\nname: triage\n---\n"


def read(path: Path) -> dict[str, Any]:
    """The report in a file; empty where there is none yet."""
    return dict(json.loads(path.read_bytes())) if path.exists() else {}


def test_it_follows_publications_rejections_and_the_end(
    agent: Callable[..., str], until: Until, tmp_path: Path
) -> None:
    path = tmp_path / "status.json"
    source = Memory({"triage.md": agent()})
    registry: ConfigRegistry[Any] = ConfigRegistry(source)
    with StatusFile(path, registry):
        until(lambda: read(path).get("registry", {}).get("state") == "starting")
        registry.start()
        until(lambda: (read(path)["generation"] or {}).get("number") == 1)
        source.write({"triage.md": agent(text="other")})
        until(lambda: read(path)["generation"]["number"] == 2)
        source.write({"triage.md": BROKEN})
        until(lambda: read(path)["registry"]["state"] == "behind")
        registry.close()
    found = read(path)
    assert (found["registry"]["state"], found["generation"]["number"], found["error"]) == ("closed", 2, "")
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"]


def test_it_is_written_again_though_nothing_changed(agent: Callable[..., str], until: Until, tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    with ConfigRegistry.fixed({"triage.md": agent()}) as registry, StatusFile(path, registry, interval=0.2):
        until(path.exists)
        first = read(path)
        until(lambda: read(path)["at"] != first["at"])
        assert {**read(path), "at": ""} == {**first, "at": ""}
        assert first["interval"] == pytest.approx(0.2)


def test_it_is_not_written_again_before_it_has_to_be(agent: Callable[..., str], tmp_path: Path, until: Until) -> None:
    path = tmp_path / "status.json"
    looks = threading.Semaphore(0)
    registry = ConfigRegistry.fixed({"triage.md": agent()})
    with registry, StatusFile(path, registry, interval=3600.0) as kept:
        until(path.exists)
        first = path.stat().st_ino
        seen = kept._seen

        def counting() -> tuple[object, ...]:
            looks.release()
            return seen()

        kept._seen = counting  # type: ignore[method-assign]  # that looks are many and writes are not is the test
        assert looks.acquire(timeout=10.0)
        assert looks.acquire(timeout=10.0)
        assert path.stat().st_ino == first


def test_while_a_start_waits_it_says_why_and_is_not_written_again(
    agent: Callable[..., str], tmp_path: Path, until: Until
) -> None:
    path, mount = tmp_path / "status.json", tmp_path / "mount"
    registry: ConfigRegistry[Any] = ConfigRegistry(mount, wait_for_source=60.0)
    with StatusFile(path, registry, interval=3600.0) as kept:
        thread = threading.Thread(target=registry.start)
        thread.start()
        until(lambda: "no such directory" in read(path).get("registry", {}).get("last_error", ""))
        first, looks, seen = path.stat().st_ino, threading.Semaphore(0), kept._seen

        def counting() -> tuple[object, ...]:
            looks.release()
            return seen()

        kept._seen = counting  # type: ignore[method-assign]  # that looks are many and writes are not is the test
        assert looks.acquire(timeout=10.0)
        assert looks.acquire(timeout=10.0)
        assert path.stat().st_ino == first
        mount.mkdir()
        (mount / "triage.md").write_text(agent())
        thread.join(20.0)
        until(lambda: read(path)["registry"]["state"] == "current")
        registry.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be replaced there")
def test_a_reader_never_sees_half_of_it_and_anybody_may_read(
    agent: Callable[..., str], until: Until, tmp_path: Path
) -> None:
    path = tmp_path / "status.json"
    registry = ConfigRegistry.fixed({"triage.md": agent()})
    before = os.umask(0o077)
    try:
        with registry, StatusFile(path, registry, interval=0.1):
            until(path.exists)
            with path.open("rb") as held:
                assert stat.S_IMODE(path.stat().st_mode) == 0o644
                until(lambda: path.stat().st_ino != os.fstat(held.fileno()).st_ino)
                assert json.loads(held.read())["registry"]["state"] == "current"
    finally:
        os.umask(before)


def test_a_disk_that_refuses_is_logged_once_and_tried_again(
    agent: Callable[..., str], until: Until, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "missing\x1b[2J" / "status.json"
    registry = ConfigRegistry.fixed({"triage.md": agent()})
    with registry, StatusFile(path, registry, interval=0.1):
        until(lambda: "the status file cannot be written" in caplog.text)
        assert "\x1b" not in caplog.text
        path.parent.mkdir()
        until(path.exists)
    assert caplog.text.count("cannot be written") == 1


def test_why_the_process_ended_is_the_last_that_it_says(agent: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory({"triage.md": BROKEN, "other.md": agent("other")}))
    with pytest.raises(InvalidConfigError), StatusFile(path, registry):
        registry.start()
    assert read(path)["error"].startswith("triage.md:1:1: missing-description: ")
    assert read(path)["registry"]["state"] == "starting"


def test_a_status_that_cannot_be_made_stops_nothing(
    agent: Callable[..., str], until: Until, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd:
        @property
        def status(self) -> object:
            raise ValueError("a defect")

    odd: Any = Odd()
    registry = ConfigRegistry.fixed({"triage.md": agent()})
    with registry, StatusFile(tmp_path / "status.json", registry, odd):
        until(lambda: "no status could be made" in caplog.text)
    assert "a defect" in caplog.text
    assert not list(tmp_path.iterdir())
