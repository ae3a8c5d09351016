"""Reading plain directories: only when they are quiet."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Directory, Limits, SourceError, UnsettledError
from hotagents.sources import read_settled

if TYPE_CHECKING:
    from pathlib import Path


def test_a_quiet_directory_is_read_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    source = Directory(tmp_path, settle=0.05)
    read_settled(source)
    waits: list[float] = []
    snapshot = read_settled(Directory(tmp_path, settle=0.01), wait=waits.append)
    assert snapshot.files == {"a.md": b"a"}
    assert waits == []


def test_a_young_change_has_to_settle(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    with pytest.raises(UnsettledError, match="still changing") as caught:
        Directory(tmp_path, settle=60).read()
    assert 0 < caught.value.retry_after <= 60


def test_each_further_change_begins_the_wait_anew(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("")
    writes = iter(["half", "whole"])

    def write_more(seconds: float) -> None:
        time.sleep(seconds)  # the very wait that read_settled asks for
        for text in writes:
            (tmp_path / "a.md").write_text(text)
            return

    snapshot = read_settled(Directory(tmp_path, settle=0.05), wait=write_more)
    assert snapshot.files == {"a.md": b"whole"}


def test_a_directory_that_is_never_quiet_is_given_up(tmp_path: Path) -> None:
    def write(_: float) -> None:
        (tmp_path / "a.md").write_text("x")

    write(0)
    with pytest.raises(SourceError, match="not quiet within") as caught:
        read_settled(Directory(tmp_path, settle=0.1), timeout=0.05, wait=write)
    assert caught.value.reason == "Unstable"


def test_a_wait_can_be_ended(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    with pytest.raises(SourceError, match="still changing"):
        read_settled(Directory(tmp_path, settle=60), wait=lambda _: True)


def test_a_clock_that_is_behind_does_not_block_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("a")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    assert read_settled(Directory(tmp_path, settle=0.02)).files == {"a.md": b"a"}


def test_junk_beside_the_files_does_not_keep_it_from_settling(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    number = iter(range(10_000))

    def write_junk(seconds: float) -> None:
        time.sleep(seconds)  # the very wait that read_settled asks for
        (tmp_path / f".junk-{next(number)}").write_text("x")

    source = Directory(tmp_path, settle=0.05)
    token = source.token()
    assert read_settled(source, wait=write_junk).files == {"a.md": b"a"}
    assert source.token() == token


def test_unchanged_files_are_not_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.md", "b.md", "c.md"):
        (tmp_path / name).write_text(name)
    source = Directory(tmp_path, settle=0.01)
    first = read_settled(source)
    (tmp_path / "b.md").write_text("new")
    (tmp_path / "c.md").unlink()
    opened: list[Any] = []
    real = os.open

    def opening(path: Any, *rest: Any, **more: Any) -> int:
        opened.append(path)
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", opening)
    second = read_settled(source)
    assert second.files == {"a.md": b"a.md", "b.md": b"new"}
    assert second.files["a.md"] is first.files["a.md"]
    assert [os.path.basename(path) for path in opened if str(path).endswith(".md")] == ["b.md"]


def test_an_mtime_set_back_does_not_hide_a_change(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("old")
    source = Directory(tmp_path, settle=0.01)
    read_settled(source)
    status = file.stat()
    file.write_text("new")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read_settled(source).files == {"a.md": b"new"}


def test_what_is_left_out(tmp_path: Path) -> None:
    for path in (
        "a.md", "sub/b.md", ".hidden.md", ".git/c.md", "__pycache__/d.md", "node_modules/e.md",
        "f.md~", ".g.md.swp", "#h.md#", "i.md.tmp", "..data/j.md",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("x")
    assert read_settled(Directory(tmp_path)).files.keys() == {"a.md", "sub/b.md"}


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")
def test_links_are_not_followed_and_nothing_outside_is_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.md").write_text("secret")
    (root / "a.md").write_text("a")
    (root / "link.md").symlink_to(tmp_path / "secret.md")
    (root / "folder").symlink_to(tmp_path)
    os.mkfifo(root / "fifo.md")
    snapshot = read_settled(Directory(root))
    assert snapshot.files.keys() == {"a.md"}
    assert {d.path for d in snapshot.diagnostics} == {"link.md", "folder", "fifo.md"}


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")
def test_a_file_exchanged_for_another_between_scan_and_read_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "sub").mkdir(parents=True)
    outside.mkdir()
    (root / "sub" / "a.md").write_text("inside")
    (outside / "a.md").write_text("secret")
    source = Directory(root, settle=0.01)
    real = os.open

    def exchanging(path: Any, *rest: Any, **more: Any) -> int:
        if path == "sub/a.md":
            (root / "sub").rename(root / "sub2")
            (root / "sub").symlink_to(outside)
        return real(path, *rest, **more)

    read_settled(Directory(root, settle=0.02))
    monkeypatch.setattr(os, "open", exchanging)
    with pytest.raises(UnsettledError, match="changed while reading"):
        source.read()


@pytest.mark.parametrize("missing", ["nowhere", "file"])
def test_a_path_that_is_no_directory_is_missing(tmp_path: Path, missing: str) -> None:
    (tmp_path / "file").write_text("x")
    source = Directory(tmp_path / missing)
    with pytest.raises(SourceError, match="no such directory") as caught:
        source.read()
    assert caught.value.reason == "Missing"
    assert source.token() == Directory(tmp_path / "elsewhere").token()


def test_too_many_levels_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "x" / "y" / "a.md").write_text("a")
    snapshot = read_settled(Directory(tmp_path, limits=Limits(directory_depth=1)))
    assert [(d.code, d.path) for d in snapshot.diagnostics] == [("too-deep", "x/y")]


def test_a_whole_directory_can_be_left_out(tmp_path: Path) -> None:
    for path in ("a.md", "build/b.md", "docs/deep/c.md"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    source = Directory(tmp_path, exclude=["build", "docs/**"])
    assert read_settled(source).files.keys() == {"a.md"}
