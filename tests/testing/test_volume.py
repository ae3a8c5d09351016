from __future__ import annotations

import os
import re
import stat
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the volume needs symbolic links")


@pytest.fixture
def volume(tmp_path: Path) -> ConfigMapVolume:
    return ConfigMapVolume(tmp_path / "mount")


def _names(volume: ConfigMapVolume) -> set[str]:
    return {entry.name for entry in volume.path.iterdir()}


def test_the_first_write_makes_the_layout_of_a_mounted_configmap(volume: ConfigMapVolume) -> None:
    assert volume.write({"a.md": "ä", "pdf/SKILL.md": b"\xff", "pdf/more/b.md": "b"})
    assert _names(volume) == {"..data", volume.payload, "a.md", "pdf"}
    assert (volume.path / "a.md").readlink().as_posix() == "..data/a.md"
    assert (volume.path / "pdf").readlink().as_posix() == "..data/pdf"
    assert (volume.path / "a.md").read_text(encoding="utf-8") == "ä"
    assert (volume.path / "pdf/SKILL.md").read_bytes() == b"\xff"
    assert volume.files == {"a.md": "ä".encode(), "pdf/SKILL.md": b"\xff", "pdf/more/b.md": b"b"}


def test_a_payload_has_the_name_and_the_modes_that_the_kubelet_gives(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path, mode=0o440)
    volume.write({"a.md": "a"})
    payload = tmp_path / volume.payload
    assert re.fullmatch(r"\.\.\d{4}(_\d\d){5}\.\d{1,10}", payload.name)
    assert stat.S_IMODE(payload.stat().st_mode) == 0o755
    assert stat.S_IMODE((payload / "a.md").stat().st_mode) == 0o440


def test_a_write_replaces_every_file_and_removes_what_is_left_out(volume: ConfigMapVolume) -> None:
    volume.write({"a.md": "a", "b.md": "b", "pdf/SKILL.md": "s"})
    kept = (volume.path / "a.md").stat().st_ino
    first = volume.payload
    with (volume.path / "a.md").open() as opened:  # holds the inode, so that it cannot be given again
        assert volume.write({"a.md": "a", "c.md": "c"})
        assert opened.read() == "a"
    assert volume.payload != first
    assert _names(volume) == {"..data", volume.payload, "a.md", "c.md"}
    assert (volume.path / "a.md").stat().st_ino != kept


def test_equal_content_is_not_written(volume: ConfigMapVolume) -> None:
    volume.write({"a.md": "a"})
    first, swapped_at = volume.payload, volume.swapped_at
    assert not volume.write({"a.md": b"a"})
    assert (volume.payload, volume.swapped_at) == (first, swapped_at)


def test_an_empty_configmap_is_an_empty_payload(volume: ConfigMapVolume) -> None:
    assert volume.write({})
    assert _names(volume) == {"..data", volume.payload}
    assert not volume.write({})


def test_an_update_changes_some_files_and_removes_those_given_as_none(volume: ConfigMapVolume) -> None:
    assert volume.update({"a.md": "a", "b.md": "b", "c.md": "c"})
    assert volume.update({"b.md": "B", "c.md": None, "never.md": None})
    assert volume.files == {"a.md": b"a", "b.md": b"B"}
    assert not volume.update({"c.md": None})


def test_the_moment_of_the_swap_lies_before_its_rename(volume: ConfigMapVolume) -> None:
    unset = volume.swapped_at
    before = time.perf_counter()
    volume.write({"a.md": "a"})
    assert unset is None
    assert volume.swapped_at is not None
    assert before <= volume.swapped_at <= time.perf_counter()


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../a", "a/../../b", "a/..", "..data", "..2026/a", "...", "./a", "a/", "a//b", ".", "a\0b"],
)
def test_a_bad_path_is_refused_before_anything_is_touched(volume: ConfigMapVolume, path: str) -> None:
    with pytest.raises(ValueError, match="expected a plain relative path"):
        volume.write({"a.md": "a", path: "b"})
    assert not volume.path.exists()


def test_a_path_that_is_a_file_and_a_directory_is_refused(volume: ConfigMapVolume) -> None:
    with pytest.raises(ValueError, match="'a/b' cannot be a file and a directory"):
        volume.write({"a/b/c.md": "c", "a/b": "b"})
    assert not volume.path.exists()


@pytest.mark.parametrize("path", [".hidden", "a..b", "a/..b/c", "-._a"])
def test_a_path_with_harmless_dots_is_taken(volume: ConfigMapVolume, path: str) -> None:
    assert volume.write({path: "x"})
    assert volume.files == {path: b"x"}


def test_there_is_no_payload_before_the_first_write(volume: ConfigMapVolume) -> None:
    assert volume.files == {}
    with pytest.raises(FileNotFoundError):
        _ = volume.payload


def test_no_payload_is_ever_named_like_an_earlier_one(volume: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter(["..1.0", "..1.0", "..1.1", "..1.0", "..1.1", "..1.2", "..1.3"])
    monkeypatch.setattr("hotagents.testing.payload.fresh_name", lambda: next(names))
    payloads: list[str] = []
    for content in "abc":
        volume.write({"a.md": content})
        payloads.append(volume.payload)
    (volume.path / "..1.3").mkdir()
    assert payloads == ["..1.0", "..1.1", "..1.2"]
    with pytest.raises(StopIteration):
        volume.write({"a.md": "d"})
    assert volume.files == {"a.md": b"c"}


def test_a_volume_is_the_path_of_its_directory(volume: ConfigMapVolume) -> None:
    assert os.fspath(volume) == str(volume.path)


def test_another_object_goes_on_with_a_volume_that_is_there(volume: ConfigMapVolume) -> None:
    volume.write({"a.md": "a"})
    other = ConfigMapVolume(str(volume.path))
    assert not other.write({"a.md": "a"})
    assert other.update({"b.md": "b"})
    assert volume.files == {"a.md": b"a", "b.md": b"b"}


def test_on_windows_it_says_that_it_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(NotImplementedError, match="on Windows use Memory"):
        ConfigMapVolume(tmp_path)


def test_a_reader_through_a_descriptor_of_the_link_never_sees_a_mix(volume: ConfigMapVolume) -> None:
    volume.write({f"{name}.md": "0" for name in "abcd"})
    stop = threading.Event()

    def swap() -> None:
        for number in range(1, 201):
            volume.write({f"{name}.md": str(number) for name in "abcd"})
        stop.set()

    writer = threading.Thread(target=swap)
    writer.start()
    whole: list[set[str]] = []
    while not stop.is_set():
        if (content := _read_through_descriptor(volume.path)) is not None:
            whole.append(content)
    writer.join(30)
    whole.append(_read_through_descriptor(volume.path) or set())
    assert whole[-1] == {"200"}
    assert all(len(content) == 1 for content in whole)


def _read_through_descriptor(path: Path) -> set[str] | None:
    """Return the different contents of the four files, or None where the payload went meanwhile."""
    try:
        directory = os.open(path / "..data", os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    found: set[str] = set()
    try:
        for name in "abcd":
            with os.fdopen(os.open(f"{name}.md", os.O_RDONLY, dir_fd=directory)) as opened:
                found.add(opened.read())
    except FileNotFoundError:
        return None
    finally:
        os.close(directory)
    return found


def test_the_link_is_never_absent_while_volumes_are_swapped(volume: ConfigMapVolume) -> None:
    volume.write({"a.md": "0"})
    absent: list[int] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            try:
                (volume.path / "..data").readlink()
            except FileNotFoundError:
                absent.append(1)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(1, 101):
        volume.write({"a.md": str(number)})
    stop.set()
    reader.join(30)
    assert not reader.is_alive()
    assert not absent


def test_a_relative_path_is_as_good_as_an_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    volume = ConfigMapVolume("mount")
    assert volume.write({"a.md": "1", "sub/b.md": "1"})
    assert not volume.write({"a.md": "1", "sub/b.md": "1"})
    assert volume.write({"a.md": "2"})
    assert volume.files == {"a.md": b"2"}
