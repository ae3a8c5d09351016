"""Watches that miss a change, or die of one."""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import signal
import struct
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents import ConfigRegistry, Directory, SourceError, UnsettledError, Volume, watching
from hotagents.sources import mounts
from hotagents.testing import ConfigMapVolume
from hotagents.watchers import inotify

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

    from hotagents import Generation
    from hotagents.sources import Source
    from hotagents.watchers import Wakeup, Watcher
    from tests.scenarios.conftest import Hooked

    Start = Callable[..., ConfigRegistry[Any]]
    Arrives = Callable[[ConfigRegistry[Any], str], Generation[Any]]
    Until = Callable[[Callable[[], object]], None]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="inotify is a part of Linux")

_EVENT: Final = struct.Struct("iIII")
_MODIFY: Final = 0x2


class Deaf:
    """A watcher that hears nothing, until its watch is cut."""

    mode = "deaf"

    def __init__(self) -> None:
        self._over = threading.Event()
        self._said: Wakeup = "lost"

    def wait(self, timeout: float | None) -> Wakeup:
        return self._said if self._over.wait(timeout) else "timeout"

    def cut(self) -> None:
        self._over.set()

    def close(self) -> None:
        self._said = "stopped"
        self._over.set()


def rotate(link: Path, target: str) -> None:
    """Point a link elsewhere, beside and then renamed."""
    beside = link.with_name(f"{link.name}.new")
    beside.symlink_to(target)
    beside.rename(link)


def test_s01_each_awaited_swap_of_a_volume_is_a_generation(
    volume: ConfigMapVolume, start: Start, agent: Callable[..., str], arrives: Arrives
) -> None:
    registry = start(volume.path)
    for number, text in enumerate(("two", "three", "four"), 2):
        volume.write({"a.md": agent("a", text)})
        assert arrives(registry, text).number == number
    assert registry.status.missed_changes == 0


def test_s02_a_registry_on_one_file_of_a_volume_sees_every_swap(
    volume: ConfigMapVolume, start: Start, agent: Callable[..., str], arrives: Arrives
) -> None:
    registry = start(volume.path / "a.md")
    for number, text in enumerate(("two", "three"), 2):
        volume.write({"a.md": agent("a", text)})
        assert arrives(registry, text).number == number


def test_s03_a_volume_whose_link_leads_on_to_another_link_is_followed_each_time(
    tmp_path: Path, start: Start, agent: Callable[..., str], arrives: Arrives
) -> None:
    for text in ("one", "two", "three"):
        (tmp_path / text).mkdir()
        (tmp_path / text / "a.md").write_text(agent("a", text))
    (tmp_path / "current").symlink_to("one")
    (tmp_path / "mount").mkdir()
    (tmp_path / "mount" / "..data").symlink_to("../current")
    registry = start(tmp_path / "mount", resync_interval=0.05)
    for text in ("two", "three"):
        rotate(tmp_path / "current", text)
        arrives(registry, text)


def test_s03_a_checkout_behind_a_link_is_followed_each_time(
    tmp_path: Path, start: Start, agent: Callable[..., str], arrives: Arrives
) -> None:
    for text in ("one", "two", "three"):
        (tmp_path / "worktrees" / text / "agents").mkdir(parents=True)
        (tmp_path / "worktrees" / text / "agents" / "a.md").write_text(agent("a", text))
    (tmp_path / "current").symlink_to("worktrees/one")
    registry = start(tmp_path / "current" / "agents", resync_interval=0.1)
    for text in ("two", "three"):
        rotate(tmp_path / "current", f"worktrees/{text}")
        arrives(registry, text)


@linux_only
def test_s04_a_swap_that_is_reported_as_a_write_is_loaded_all_the_same(
    volume: ConfigMapVolume,
    start: Start,
    agent: Callable[..., str],
    arrives: Arrives,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = vars(inotify)["wakeup_in"]

    def as_writes(data: bytes, links: Mapping[int, set[bytes]]) -> Wakeup | None:
        changed, offset = bytearray(data), 0
        while offset < len(data):
            descriptor, _, cookie, length = _EVENT.unpack_from(data, offset)
            _EVENT.pack_into(changed, offset, descriptor, _MODIFY, cookie, length)
            offset += _EVENT.size + length
        wakeup: Wakeup | None = real(bytes(changed), links)
        return wakeup

    monkeypatch.setattr(inotify, "wakeup_in", as_writes)
    registry = start(volume.path)
    for number, text in enumerate(("two", "three"), 2):
        volume.write({"a.md": agent("a", text)})
        assert arrives(registry, text).number == number


def test_s05_a_directory_that_is_not_there_at_the_start_is_a_clear_error_at_once(
    tmp_path: Path, start: Start, agent: Callable[..., str]
) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(SourceError, match="missing: no such directory; is the path right") as caught:
        start(missing, allow_empty=True)
    assert (caught.value.reason, caught.value.path) == ("Missing", str(missing))
    missing.mkdir()
    (missing / "a.md").write_text(agent("a"))
    assert start(missing).current.number == 1


def test_s05_a_directory_that_appears_later_is_waited_for_where_that_is_asked(
    tmp_path: Path, agent: Callable[..., str], arrives: Arrives, until: Until, patience: float
) -> None:
    late = ConfigMapVolume(tmp_path / "late")
    registry = ConfigRegistry(late.path, wait_for_source=patience, resync_interval=3600)
    starting = threading.Thread(target=registry.start, daemon=True)
    starting.start()
    try:
        starting.join(0.2)  # it can end before there is anything only where nobody waits
        late.write({"a.md": agent("a", "one")})
        until(lambda: registry.status.state == "current")
        starting.join(patience)
        late.write({"a.md": agent("a", "two")})
        assert arrives(registry, "two").number == 2
    finally:
        registry.close()


def test_s06_a_mount_that_is_removed_and_made_anew_is_watched_again(
    volume: ConfigMapVolume,
    start: Start,
    agent: Callable[..., str],
    arrives: Arrives,
    until: Until,
) -> None:
    registry = start(volume.path)
    mode = registry.status.watch_mode
    for again in ("once", "twice"):
        volume.remount()
        for text in (f"{again} two", f"{again} three", f"{again} four"):
            volume.write({"a.md": agent("a", text)})
            arrives(registry, text)
        until(lambda: registry.status.watch_mode == mode)
    assert registry.status.condition("Watching").status


_WATCHED_ELSEWHERE: Final = """
import sys, threading, time
from hotagents import ConfigRegistry
path, patience = sys.argv[1], float(sys.argv[2])
with ConfigRegistry(path) as registry:
    print("watching", flush=True)
    sys.stdin.readline()  # patience begins once the process runs again
    try:
        registry.wait_for(lambda generation: generation.agents["a"].description == "two", timeout=patience)
    except TimeoutError:
        print("nothing", flush=True)
    else:
        print("found", flush=True)
    end = time.monotonic() + patience
    while not registry.status.missed_changes and time.monotonic() < end:
        threading.Event().wait(0.005)
    print(registry.status.missed_changes, flush=True)
"""


def make_noise(directory: Path, events: int) -> None:
    for _ in range(events // 2 + 1):
        (directory / "..noise").touch()
        (directory / "..noise").unlink()


@linux_only
def test_s07_a_swap_among_more_events_than_the_kernel_keeps_is_found_and_counted(
    volume: ConfigMapVolume, agent: Callable[..., str], child: Callable[..., subprocess.Popen[str]], patience: float
) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 200_000:
        pytest.skip(f"this system queues {limit} events, too many to make in a test")
    process = child(_WATCHED_ELSEWHERE, volume.path, patience)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "watching\n"
    process.send_signal(signal.SIGSTOP)
    try:
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        make_noise(volume.path, limit + 100)
        volume.write({"a.md": agent("a", "two")})
        make_noise(volume.path, 100)
    finally:
        process.send_signal(signal.SIGCONT)
    resumed = time.monotonic()
    print("go on", file=process.stdin, flush=True)
    assert process.stdout.readline() == "found\n"
    assert time.monotonic() - resumed < 5.0  # one resync interval
    assert int(process.stdout.readline()) >= 1


@linux_only
@pytest.mark.parametrize(
    ("call", "code"), [("inotify_init1", errno.EMFILE), ("inotify_add_watch", errno.ENOSPC)], ids=["EMFILE", "ENOSPC"]
)
def test_s08_without_a_free_watch_it_polls_and_says_so_once(
    call: str,
    code: int,
    volume: ConfigMapVolume,
    start: Start,
    agent: Callable[..., str],
    arrives: Arrives,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tries: list[str] = []

    def exhausted(*_: object) -> int:
        tries.append(call)
        ctypes.set_errno(code)
        return -1

    monkeypatch.setattr(watching, "_FIRST_PAUSE", 0.02)
    monkeypatch.setattr(watching, "_POLL", 0.05)
    with monkeypatch.context() as limited:
        limited.setattr(inotify._libc(), call, exhausted)
        registry = start(volume.path)
        condition = registry.status.condition("Watching")
        assert (registry.status.watch_mode, condition.reason) == ("polling", "Polling")
        assert "fs.inotify.max_user_" in condition.message
        volume.write({"a.md": agent("a", "two")})
        arrives(registry, "two")
        until(lambda: len(tries) >= 3)
        warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        assert len(warnings) == 1
        assert "fs.inotify.max_user_" in warnings[0]
    until(lambda: registry.status.watch_mode == "inotify")  # once there is one, it is used


def test_s09_a_change_between_two_watches_is_found_by_the_look_after_arming(
    volume: ConfigMapVolume,
    start: Start,
    agent: Callable[..., str],
    arrives: Arrives,
    until: Until,
    hooked: type[Hooked],
) -> None:
    first = Deaf()
    watchers: list[Watcher] = [first]

    def arm(real: Callable[[], Watcher]) -> Watcher:
        if watchers:
            return watchers.pop()
        volume.write({"a.md": agent("a", "two")})
        return real()

    registry = start(hooked(Volume(volume.path), watcher=arm))
    first.cut()
    arrives(registry, "two")
    until(lambda: registry.status.missed_changes == 1)


@pytest.mark.parametrize("kind", ["volume", "directory"])
def test_s10_where_nothing_tells_of_changes_they_are_found_by_looking(
    kind: str,
    volume: ConfigMapVolume,
    plain: Path,
    start: Start,
    agent: Callable[..., str],
    arrives: Arrives,
    hooked: type[Hooked],
) -> None:
    source: Source = Volume(volume.path) if kind == "volume" else Directory(plain, settle=0.02)
    registry = start(hooked(source, watcher=lambda _: Deaf()), resync_interval=0.05)
    for text in ("two", "three"):
        if kind == "volume":
            volume.write({"a.md": agent("a", text)})
        else:
            (plain / "a.md").write_text(agent("a", text))
        arrives(registry, text)
    assert registry.status.missed_changes >= 1


def test_s11_polling_finds_a_second_rewrite_within_the_same_second(
    plain: Path, start: Start, agent: Callable[..., str], arrives: Arrives, hooked: type[Hooked]
) -> None:
    def rewrite(text: str) -> None:
        (plain / "a.md").write_text(agent("a", text))
        os.utime(plain / "a.md", (1_900_000_000, 1_900_000_000))  # all that a file system of whole seconds keeps

    rewrite("was")
    registry = start(hooked(Directory(plain, settle=0.02), watcher=lambda _: Deaf()), resync_interval=0.02)
    for text in ("one", "two"):  # of one length
        rewrite(text)
        arrives(registry, text)


def test_s12_content_decides_and_not_the_time_that_a_file_claims(
    plain: Path, start: Start, agent: Callable[..., str], arrives: Arrives
) -> None:
    file = plain / "a.md"
    registry = start(Directory(plain, settle=0.02))
    then = file.stat()
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns + 10**9))
    assert registry.reload() == "unchanged"
    assert registry.current.number == 1
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))
    registry.reload()
    file.write_text(agent("a", "two"))
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert arrives(registry, "two").number == 2


def test_s12_a_file_that_may_change_within_the_same_tick_of_the_clock_is_not_read_yet(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = max(plain.stat().st_ctime_ns, (plain / "a.md").stat().st_ctime_ns) / 1e9
    monkeypatch.setattr(time, "time", lambda: changed + 0.004)
    with pytest.raises(UnsettledError, match="still changing") as caught:
        Directory(plain, settle=0.0).read()
    assert 0 < caught.value.retry_after <= 0.01
    monkeypatch.setattr(time, "time", lambda: changed + 0.011)
    assert Directory(plain, settle=0.0).read().files.keys() == {"a.md"}


@linux_only
def test_s13_a_mount_by_subpath_is_warned_of_at_the_start(
    plain: Path, start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    payload = "/var/lib/kubelet/pods/0/volumes/kubernetes.io~configmap/agents/..2030_01_01_00_00_00.1"
    table = plain.with_name("mountinfo")
    table.write_text(f"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:1 {payload}/a.md {plain}/a.md ro - ext4 /dev/a rw\n")
    monkeypatch.setattr(mounts, "_TABLE", str(table))
    registry = start(plain)
    said = [d for d in registry.status.diagnostics if d.code == "subpath-mount"]
    assert [(d.severity, d.path, d.hint) for d in said] == [
        ("warning", "a.md", "mount the whole volume, without subPath")
    ]
    assert "no edit ever arrives" in caplog.text


@pytest.mark.usefixtures("denied")
def test_s14_an_unreadable_directory_beside_the_agents_disturbs_nothing(
    plain: Path, start: Start, agent: Callable[..., str], arrives: Arrives
) -> None:
    beside = [plain / "private", plain / ".git", plain / "node_modules"]
    for directory in beside:
        (directory / "deep").mkdir(parents=True)
    registry = start(Directory(plain, settle=0.02, exclude=["private"]))
    try:
        for directory in beside:
            directory.chmod(0)
        for text in ("two", "three"):
            (plain / "a.md").write_text(agent("a", text))
            arrives(registry, text)
    finally:
        for directory in beside:
            directory.chmod(0o700)


@pytest.mark.usefixtures("denied")
def test_s14_the_unreadable_directory_of_a_file_system_itself_disturbs_nothing(
    plain: Path, start: Start, agent: Callable[..., str]
) -> None:
    beside = plain / "lost+found"  # every ext4 volume has one, of root alone
    beside.mkdir()
    registry = start(Directory(plain, settle=0.02))
    try:
        beside.chmod(0)
        (plain / "a.md").write_text(agent("a", "two"))
        assert registry.reload() != "failed"
        assert registry.current.agents["a"].description == "two"
    finally:
        beside.chmod(0o700)


def test_s15_a_volume_without_its_visible_links_is_read_whole(
    volume: ConfigMapVolume, start: Start, agent: Callable[..., str]
) -> None:
    volume.write({"a.md": agent("a"), "b.md": agent("b"), "skills/pdf/SKILL.md": "how"})
    volume.without_links()
    registry = start(volume.path, allow_empty=True)
    assert registry.current.agents.keys() == {"a", "b"}
    assert registry.current.documents.keys() == {"skills/pdf/SKILL.md"}
