"""Readers of a volume that another process keeps swapping never see a mix, and the last content arrives."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from hotagents import ConfigRegistry, Directory, Generation
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents import AgentSpec

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")

FILES = 40
WRITER = """
import sys, time
from hotagents.testing import ConfigMapVolume
path, files, swaps, pause, seconds = sys.argv[1], *map(float, sys.argv[2:])
volume, swap, end = ConfigMapVolume(path), 0, time.monotonic() + seconds
text = "---\\nname: agent-{}\\ndescription: version {}\\n---\\n" + "body\\n" * 50
while swap < swaps and time.monotonic() < end:
    swap += 1
    volume.write({f"agent-{n}.md": text.format(n, swap) for n in range(int(files))})
    time.sleep(pause)  # the kubelet's own pause, not a wait for the reader
print(swap)
"""


def write(path: Path, *, swaps: int, pause: float = 0.0, seconds: float = 60.0) -> int:
    """Let another process swap, and return the version that it wrote last."""
    arguments = [str(path), str(FILES), str(swaps), str(pause), str(seconds)]
    command = [sys.executable, "-c", WRITER, *arguments]
    return int(subprocess.run(command, check=True, timeout=seconds + 60, capture_output=True).stdout)


def versions(generation: Generation[AgentSpec]) -> set[str]:
    return {agent.description for agent in generation.agents.values()}


def describes(text: str) -> Callable[[Generation[AgentSpec]], bool]:
    return lambda generation: generation.agents["a"].description == text


def follow(path: Path, *, swaps: int, pause: float, seconds: float = 60.0) -> list[int]:
    """Read all the time while another process swaps; return the numbers seen."""
    wrong: list[str] = []
    numbers: list[int] = []
    stop = threading.Event()
    write(path, swaps=1)
    with ConfigRegistry(path) as registry:

        def pull() -> None:
            last = 0
            while not stop.is_set():
                generation = registry.current
                if generation.number != last:
                    if len(generation.agents) != FILES or len(versions(generation)) != 1:
                        wrong.append(f"mixed: {generation}: {versions(generation)}")
                    if generation.number < last:
                        wrong.append(f"{generation.number} after {last}")
                    last = generation.number
                    numbers.append(last)

        threads = [threading.Thread(target=pull) for _ in range(2)]
        for thread in threads:
            thread.start()
        last = write(path, swaps=swaps, pause=pause, seconds=seconds)
        registry.wait_for(lambda g: versions(g) == {f"version {last}"}, timeout=10)
        stop.set()
        for thread in threads:
            thread.join(10)
        assert registry.status.state == "current"
    assert wrong == []
    return numbers


@pytest.mark.timeout(180)
@pytest.mark.parametrize("pause", [0.0, 0.005])
def test_no_pull_is_mixed_or_short_under_300_swaps(tmp_path: Path, pause: float) -> None:
    assert max(follow(tmp_path / "mount", swaps=300, pause=pause)) > 5


@pytest.mark.stress
@pytest.mark.parametrize("pause", [0.0, 0.0005, 0.002, 0.01])
def test_no_pull_is_mixed_or_short_for_as_long_as_it_is_tried(tmp_path: Path, pause: float) -> None:
    seconds = float(os.environ.get("HOTAGENTS_STRESS_SECONDS", "20"))
    assert max(follow(tmp_path / "mount", swaps=1_000_000, pause=pause, seconds=seconds)) > 5


def test_three_awaited_swaps_are_three_generations(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "---\nname: a\ndescription: zero\n---\n"})
    with ConfigRegistry(volume.path) as registry:
        for number, text in enumerate(("one", "two", "three"), 2):
            volume.write({"a.md": f"---\nname: a\ndescription: {text}\n---\n"})
            generation = registry.wait_for(describes(text), timeout=10)
            assert generation.number == number
        assert registry.status.missed_changes == 0


def test_two_nested_volumes_are_one_whole(tmp_path: Path) -> None:
    context = ConfigMapVolume(tmp_path / "claude")
    context.write({"CLAUDE.md": "context 1"})
    agents = context.nested("agents")
    agents.write({"a.md": "---\nname: a\ndescription: one\n---\n"})
    with ConfigRegistry(context.path) as registry:
        assert registry.current.documents["CLAUDE.md"].body == "context 1"
        assert registry.current.agents["a"].path == "agents/a.md"
        assert set(registry.current.volumes) == {".", "agents"}
        context.write({"CLAUDE.md": "context 2"})
        registry.wait_for(lambda g: g.documents["CLAUDE.md"].body == "context 2", timeout=10)
        agents.write({"a.md": "---\nname: a\ndescription: two\n---\n"})
        registry.wait_for(describes("two"), timeout=10)
        assert registry.current.number == 3


def test_a_detached_volume_keeps_last_good_and_says_so(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    content = {"a.md": "---\nname: a\ndescription: one\n---\n"}
    volume.write(content)
    with ConfigRegistry(volume.path, resync_interval=0.05) as registry:
        volume.detach()
        assert registry.reload() == "failed"
        status = registry.status
        assert status.state == "blind"
        assert status.condition("Watching").reason == "Detached"
        assert registry.current.agents.keys() == {"a"}
        volume.write({"a.md": content["a.md"].replace("one", "two")})
        registry.wait_for(describes("two"), timeout=10)
        assert registry.status.state == "current"


def test_a_remounted_volume_is_followed_again(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "---\nname: a\ndescription: one\n---\n"})
    with ConfigRegistry(volume.path, resync_interval=0.2) as registry:
        for text in ("two", "three"):
            volume.remount()
            volume.write({"a.md": f"---\nname: a\ndescription: {text}\n---\n"})
            registry.wait_for(describes(text), timeout=10)


def test_a_change_without_an_event_is_found_by_the_resync_and_counted(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "---\nname: a\ndescription: one\n---\n"})
    other = ConfigMapVolume(tmp_path / "other")
    other.write({"a.md": "---\nname: a\ndescription: two\n---\n"})
    link = tmp_path / "link"
    link.symlink_to(volume.path)
    with ConfigRegistry(link, resync_interval=0.1) as registry:
        # The watch sits on the directory that the path led to; pointing the path elsewhere is no event there.
        (tmp_path / "link_tmp").symlink_to(other.path)
        (tmp_path / "link_tmp").rename(link)
        registry.wait_for(describes("two"), timeout=10)
        # This one may come before the watch is armed anew, and then is found by the look that follows arming.
        other.write({"a.md": "---\nname: a\ndescription: three\n---\n"})
        registry.wait_for(describes("three"), timeout=10)
        missed = registry.status.missed_changes
        assert missed >= 1
        other.write({"a.md": "---\nname: a\ndescription: four\n---\n"})
        registry.wait_for(describes("four"), timeout=10)
        assert registry.status.missed_changes == missed


def test_a_link_further_down_the_way_is_followed(tmp_path: Path) -> None:
    for name, text in (("rev1", "one"), ("rev2", "two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(f"---\nname: a\ndescription: {text}\n---\n")
    (tmp_path / "mount").mkdir()
    (tmp_path / "current").symlink_to("rev1")
    (tmp_path / "mount" / "..data").symlink_to("../current")
    with ConfigRegistry(tmp_path / "mount", resync_interval=0.05) as registry:
        (tmp_path / "next").symlink_to("rev2")
        (tmp_path / "next").rename(tmp_path / "current")
        registry.wait_for(describes("two"), timeout=10)


def test_a_relative_path_means_the_directory_of_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "---\nname: a\ndescription: one\n---\n"})
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with ConfigRegistry("mount") as registry:
        monkeypatch.chdir(tmp_path / "elsewhere")
        volume.write({"a.md": "---\nname: a\ndescription: two\n---\n"})
        registry.wait_for(describes("two"), timeout=10)


def test_a_mount_that_is_back_with_a_broken_edit_is_no_longer_detached(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "---\nname: a\ndescription: one\n---\n"})
    with ConfigRegistry(volume.path, resync_interval=3600) as registry:
        volume.detach()
        assert registry.reload() == "failed"
        volume.write({"a.md": "---\nname: a\n---\n"})
        assert registry.reload() == "rejected"
        status = registry.status
        assert status.condition("Watching").reason == ""
        assert status.condition("Current").reason == "Rejected"


def test_a_status_is_of_one_instant(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "---\nname: a\ndescription: version 0\n---\n"})
    torn: list[str] = []
    stop = threading.Event()
    with ConfigRegistry(volume.path) as registry:

        def look() -> None:
            while not stop.is_set():
                status = registry.status
                if status.condition("Current").status and status.digest != status.observed_digest:
                    torn.append(f"{status.digest} {status.observed_digest}")

        thread = threading.Thread(target=look)
        thread.start()
        for number in range(1, 200):
            volume.write({"a.md": f"---\nname: a\ndescription: version {number}\n---\n"})
        registry.wait_for(describes("version 199"), timeout=10)
        stop.set()
        thread.join(10)
    assert torn == []


def test_a_directory_that_is_never_quiet_is_behind_but_does_not_fail_liveness(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nname: a\ndescription: one\n---\n")
    source = Directory(tmp_path)
    with ConfigRegistry(source, resync_interval=3600) as registry:
        core = registry._core
        core._reloader._stopped.set()  # ends the wait for quiet at once
        (tmp_path / "a.md").write_text("---\nname: a\ndescription: two\n---\n")
        outcome = core._reloader.check()
        assert outcome.result == "failed"
        assert outcome.checked.finished
        assert registry.status.condition("Current").reason == "Unstable"
        assert registry.status.state == "behind"
