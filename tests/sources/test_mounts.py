"""The system's table of mounts as text, and what follows from it for a source."""

from __future__ import annotations

import itertools
import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents import Directory, File, SourceError, Tree, Volume
from hotagents.snapshot import Part
from hotagents.sources import mounted, mounts, read_settled
from hotagents.sources.footing import Ground, loss, points, subpaths
from hotagents.sources.mounts import MountPoint, Mounts, dead, is_subpath, mounts_now, parse
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")

POD = "/var/lib/kubelet/pods/8a1d/volumes/kubernetes.io~configmap"
CONTAINER = f"""\
612 540 0:83 / / rw,relatime master:211 - overlay overlay rw,lowerdir=/x,upperdir=/y,workdir=/z
613 612 0:86 / /proc rw,nosuid - proc proc rw
640 612 254:1 {POD}/context /app/.claude ro,relatime shared:7 master:2 propagate_from:1 - ext4 /dev/vda1 rw
641 640 254:1 {POD}/agents//deleted /app/.claude/agents ro,relatime - ext4 /dev/vda1 rw
642 612 254:1 {POD}/one/..2026_11_04_09_10_11.42/a.md /app/one/a.md ro,relatime - ext4 /dev/vda1 rw
"""


def line(number: int, parent: int, path: str, root: str = "/") -> str:
    return f"{number} {parent} 254:1 {root} {path} rw - ext4 /dev/vda1 rw\n"


def part(kind: str = "directory", *files: str, prefix: str = "", payload: str = "") -> Part:
    content = dict.fromkeys(files, b"")
    return Part(name=".", prefix=prefix, kind=kind, location="", payload=payload, files=content)  # type: ignore[arg-type]  # a name of a kind


# --- the table


def test_a_line_gives_number_parent_root_and_path_whatever_fields_follow() -> None:
    table = parse(CONTAINER)
    assert table.at("/app/.claude") == MountPoint("640", "612", f"{POD}/context", "/app/.claude")
    assert table.at("/proc") == MountPoint("613", "612", "/", "/proc")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r"/a\040b", "/a b"),
        (r"/a\011b", "/a\tb"),
        (r"/a\012b", "/a\nb"),
        (r"/a\134b", "/a\\b"),
        (r"/a\134040b", r"/a\040b"),
        ("/a\x0b\x85\u2028b", "/a\x0b\x85\u2028b"),
        ("/a\r", "/a\r"),
        (r"/a\09", r"/a\09"),
    ],
)
def test_names_are_unescaped_once_and_only_a_newline_ends_a_line(written: str, name: str) -> None:
    table = parse(line(1, 0, "/") + line(2, 1, written, written))
    assert table.at(name) == MountPoint("2", "1", name, name)


@given(st.text())
def test_any_text_is_a_table(text: str) -> None:
    table = parse(text)
    assert table.holding("/app") is None
    assert list(table.below("/")) == []


@given(st.lists(st.tuples(*[st.sampled_from("0123")] * 2, st.sampled_from(["/", "/a", "/a/b"]))))
def test_no_table_leads_in_a_circle(rows: list[tuple[str, str, str]]) -> None:
    table = Mounts(MountPoint(number, parent, "/", path) for number, parent, path in rows)
    held = table.holding("/a/b")
    assert held is None or "/a/b".startswith(held.path)


def test_a_path_lies_on_the_nearest_mount_above_it() -> None:
    table = parse(CONTAINER)
    holding = {
        path: found.path for path in ("/", "/app", "/app/.claude/x", "/app/.claudex") if (found := table.holding(path))
    }
    assert holding == {"/": "/", "/app": "/", "/app/.claude/x": "/app/.claude", "/app/.claudex": "/"}
    assert table.at("/app") is None
    assert [name for name, _ in table.below("/app/.claude/")] == ["agents"]
    assert [name for name, _ in table.below("/app")] == [".claude", ".claude/agents", "one/a.md"]


def test_the_later_of_two_mounts_at_one_place_covers_the_earlier() -> None:
    on_each_other = line(1, 0, "/") + line(2, 1, "/a", "/old") + line(3, 2, "/a", "/new")
    beside = line(1, 0, "/") + line(2, 1, "/a", "/old") + line(3, 1, "/a", "/new")
    reverse = line(3, 2, "/a", "/new") + line(2, 1, "/a", "/old") + line(1, 1, "/")
    for text in (on_each_other, beside, reverse):
        found = parse(text).holding("/a/b")
        assert found is not None
        assert found.root == "/new"


def test_a_mount_below_one_that_was_covered_later_cannot_be_seen() -> None:
    table = parse(line(1, 0, "/") + line(2, 1, "/a") + line(3, 2, "/a/b", "/hidden") + line(4, 2, "/a", "/over"))
    found = table.holding("/a/b")
    assert found is not None
    assert found.root == "/over"
    assert table.at("/a/b") is None
    assert [name for name, _ in table.below("/")] == ["a"]


def test_a_table_without_its_first_mount_is_what_a_chroot_sees() -> None:
    table = parse(line(7, 3, "/data") + line(8, 7, "/data/a"))
    assert table.holding("/other") is None
    assert table.at("/data/a") is not None


def test_a_mount_is_dead_once_its_root_was_deleted_and_by_subpath_if_that_lies_in_a_payload() -> None:
    table = parse(CONTAINER)
    found = {path: table.at(path) for path in ("/app/.claude", "/app/.claude/agents", "/app/one/a.md")}
    assert [dead(mount) for mount in found.values() if mount] == [False, True, False]
    assert [is_subpath(mount) for mount in found.values() if mount] == [False, False, True]
    assert is_subpath(MountPoint("1", "0", "/..2026_11_04_09_10_11.42/a.md//deleted", "/a.md"))  # a tmpfs' own root


def test_where_the_system_does_not_tell_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "_TABLE", str(tmp_path / "mountinfo"))
    assert mounts_now().holding("/") is None
    grounds = [Ground("/app/.claude", part("directory", "a.md"))]
    nothing = mounts_now()
    assert (points(nothing, grounds), loss(nothing, grounds, {"/app/.claude"}), subpaths(nothing, grounds)) == (
        frozenset(),
        None,
        [],
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_this_system_tells_what_its_root_is() -> None:
    found = mounts_now().holding("/")
    assert found is None or found.path == "/"  # None in a chroot


# --- what follows from it


def claude(*files: str, kind: str = "directory") -> Ground:
    return Ground("/app/.claude", part(kind, *files))


def test_points_are_of_mounts_that_hold_the_directory_or_files_that_were_read() -> None:
    table = parse(CONTAINER + line(700, 640, "/app/.claude/cache") + line(701, 640, "/app/.claude/b.md"))
    assert points(table, [claude("agents/a.md", "b.md")]) == {
        "/app/.claude",
        "/app/.claude/agents",
        "/app/.claude/b.md",
    }
    assert points(table, [claude("agents/a.md", kind="volume")]) == {"/app/.claude"}


def test_a_dead_mount_is_a_loss_where_it_holds_the_directory_or_what_was_read() -> None:
    table = parse(CONTAINER)
    for lost in (
        loss(table, [Ground("/app/.claude/agents")], ()),
        loss(table, [Ground("/app/.claude/agents/deeper", part())], ()),
        loss(table, [claude("agents/a.md")], ()),
        loss(table, [claude("b.md")], {"/app/.claude/agents"}),
    ):
        assert isinstance(lost, SourceError)
        assert (lost.reason, lost.path) == ("Detached", "/app/.claude/agents")
        assert f"({POD}/agents) was deleted outside" in str(lost)
        assert "recreated pod" in str(lost)
    assert loss(table, [claude("b.md")], ()) is None
    assert loss(table, [Ground("/app/one", part("directory", "a.md"))], ()) is None


def test_a_mount_that_is_gone_is_a_loss_where_it_concerns_the_directory() -> None:
    table = parse(CONTAINER)
    for ground, known in (("/app/one", "/app/one"), ("/app/one/deeper", "/app/one"), ("/app", "/app/x")):
        lost = loss(table, [Ground(ground)], ["/", known])
        assert isinstance(lost, SourceError)
        assert (lost.reason, lost.path) == ("Detached", known)
        assert "a mount of its own" in str(lost)
    assert loss(table, [Ground("/app/one")], ["/", "/mnt/usb", "/app/on"]) is None


def test_names_of_mounts_are_escaped_in_what_is_said() -> None:
    table = parse(line(1, 0, "/") + line(2, 1, "/a", r"/\012b//deleted"))
    assert r"(/\nb) was deleted" in str(loss(table, [Ground("/a")], ()))
    assert r"/b/\nc: was a mount" in str(loss(table, [Ground("/b")], ["/b/\nc"]))


def test_a_subpath_is_a_warning_and_never_a_loss_while_its_file_is_read() -> None:
    payload = "/..2026_11_04_09_10_11.42"
    text = line(1, 0, "/") + line(2, 1, "/app/a.md", f"{payload}/a.md//deleted")
    text += line(3, 1, "/app/unread.md", f"{payload}/unread.md")
    ground = Ground("/app", part("directory", "a.md", prefix="agents/"))
    assert loss(parse(text), [ground], {"/app/a.md"}) is None
    [warning] = subpaths(parse(text), [ground])
    assert str(warning) == (
        "agents/a.md: subpath-mount: a subPath mount is as it was when the container started; no edit ever arrives; "
        "mount the whole volume, without subPath"
    )
    directory = line(1, 0, "/") + line(2, 1, "/app", f"{payload}/sub")
    [warning] = subpaths(parse(directory), [Ground("/app", part("directory", "a.md", "b.md"))])
    assert (warning.path, warning.severity) == ("", "warning")


def test_a_subpath_in_a_volume_is_not_read_unless_it_lies_over_its_payload() -> None:
    payload = "..2026_11_04_09_10_11.42"
    text = line(1, 0, "/") + line(2, 1, "/app", "/v")
    for number, name in enumerate(("CLAUDE.md", ".hidden", "agents", f"{payload}/a.md", "..2026_1/old.md"), start=3):
        text += line(number, 2, f"/app/{name}", f"/..2026_9/{name}")
    grounds = [
        Ground("/app", part("volume", "a.md", payload=payload)),
        Ground("/app/agents", part("directory", "b.md", prefix="agents/")),
    ]
    found = {d.path: d.message for d in subpaths(parse(text), grounds)}
    assert found.keys() == {"CLAUDE.md", "a.md", "agents"}
    assert "is not read" in found["CLAUDE.md"]
    assert "no edit ever arrives" in found["a.md"]
    assert "no edit ever arrives" in found["agents"]


# --- at a source


@pytest.fixture(name="tell")
def told_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    table = tmp_path / "mountinfo"
    monkeypatch.setattr(mounts, "_TABLE", str(table))

    def tell(text: str) -> None:
        table.write_text(line(1, 0, "/") + text)

    return tell


def test_a_deleted_mount_is_detached_though_its_files_can_still_be_read(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    (tmp_path / "a.md").write_text("a")
    where = os.path.realpath(tmp_path)
    tell(line(2, 1, where, "/pods/v"))
    sources = [Directory(tmp_path, include=["*.md"]), Tree(tmp_path, include=["*.md"]), File(tmp_path / "a.md")]
    for source in sources:
        assert not read_settled(source).diagnostics
    tell(line(2, 1, where, "/pods/v//deleted"))
    for source in sources:
        with pytest.raises(SourceError, match="deleted outside") as caught:
            read_settled(source)
        assert caught.value.reason == "Detached"
    tell(line(2, 1, where, "/pods/v"))
    assert read_settled(sources[0]).files == {"a.md": b"a"}


@needs_links
def test_a_deleted_volume_is_known_by_its_lost_link_and_explained_by_the_table(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "a"})
    where = os.path.realpath(volume.path)
    tell(line(2, 1, where, "/pods/v"))
    sources = [Volume(volume.path), Tree(volume.path)]
    for source in sources:
        assert not source.read().diagnostics
    tell(line(2, 1, where, "/pods/v//deleted"))
    volume.detach()  # nothing is deleted before it is empty
    for source in sources:
        with pytest.raises(SourceError, match="deleted outside") as caught:
            source.read()
        assert caught.value.reason == "Detached"


@needs_links
def test_the_table_is_asked_once_for_each_directory_that_a_volume_is_read_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def told() -> Mounts:
        asked.append(1)
        return parse(line(1, 0, "/"))

    monkeypatch.setattr(mounted, "mounts_now", told)
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "a"})
    source = Tree(volume.path)
    source.read()
    volume.write({"a.md": "b"})
    assert source.read().files == {"a.md": b"b"}
    assert len(asked) == 1
    volume.remount()
    volume.write({"a.md": "c"})
    assert source.read().files == {"a.md": b"c"}
    assert len(asked) == 3  # another directory: before it is read, and after


@needs_links
def test_a_failure_for_which_no_mount_is_to_blame_stays_what_it_is(tmp_path: Path, tell: Callable[[str], None]) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "a"})
    tell("")
    source = Volume(volume.path)
    source.read()
    volume.detach()
    with pytest.raises(SourceError, match="detached, not empty"):
        source.read()


def test_a_line_missing_from_a_table_that_changes_is_looked_for_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text("a")
    where = os.path.realpath(tmp_path)
    whole, torn = parse(line(1, 0, "/") + line(2, 1, where)), parse(line(1, 0, "/"))
    tables = itertools.chain([whole, torn, whole, whole], itertools.repeat(torn))
    monkeypatch.setattr(mounted, "mounts_now", lambda: next(tables))
    source = Directory(tmp_path, settle=0.01)
    read_settled(source)
    source.read()
    with pytest.raises(SourceError, match="a mount of its own"):
        source.read()


@needs_links
def test_a_token_asks_no_table_and_moves_when_the_directory_loses_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "a"})
    sources = [Volume(volume.path), Tree(tmp_path), Directory(tmp_path / "mount")]
    before = [source.token() for source in sources]

    def refuse() -> Mounts:
        raise AssertionError("the table was read")

    real = os.stat

    def nameless(path: object, **more: object) -> os.stat_result:
        status = real(path, **more)  # type: ignore[arg-type]  # handed on as it came
        values = list(status)
        values[3] = 0
        return os.stat_result(values, {"st_mtime_ns": status.st_mtime_ns, "st_ctime_ns": status.st_ctime_ns})

    monkeypatch.setattr(mounted, "mounts_now", refuse)
    assert [source.token() for source in sources] == before
    monkeypatch.setattr(os, "stat", nameless)
    assert all(source.token() != token for source, token in zip(sources, before, strict=True))
