"""Trees, several roots, single files, memory: from what a user names to one snapshot."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Directory, File, Limits, Memory, SourceError, Tree, Volume
from hotagents.sources import Roots, read_settled, source_from
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from pathlib import Path

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")


@needs_links
def test_nested_volumes_are_found(tmp_path: Path) -> None:
    outer = ConfigMapVolume(tmp_path / "claude")
    outer.write({"CLAUDE.md": "c"})
    middle = outer.nested("agents")
    middle.write({"a.md": "a"})
    middle.nested("team").write({"b.md": "b"})
    snapshot = Tree(outer.path).read()
    assert list(snapshot.files) == ["CLAUDE.md", "agents/a.md", "agents/team/b.md"]
    assert [(p.name, p.prefix, p.kind) for p in snapshot.parts] == [
        (".", "", "volume"),
        ("agents", "agents/", "volume"),
        ("agents/team", "agents/team/", "volume"),
    ]


@needs_links
def test_a_volume_inside_a_plain_directory_is_found_and_not_read_twice(tmp_path: Path) -> None:
    (tmp_path / "CLAUDE.md").write_text("c")
    ConfigMapVolume(tmp_path / "deep" / "agents").write({"a.md": "a"})
    snapshot = read_settled(Tree(tmp_path))
    assert list(snapshot.files) == ["CLAUDE.md", "deep/agents/a.md"]
    assert [p.kind for p in snapshot.parts] == ["directory", "volume"]


@needs_links
def test_a_plain_directory_mounted_inside_a_volume_belongs_to_the_set(tmp_path: Path) -> None:
    outer = ConfigMapVolume(tmp_path / "claude")
    outer.write({"CLAUDE.md": "c"})
    (outer.path / "agents").mkdir()
    (outer.path / "agents" / "a.md").write_text("a")
    assert list(read_settled(Tree(outer.path)).files) == ["CLAUDE.md", "agents/a.md"]


@needs_links
def test_a_volume_that_appears_later_is_found(tmp_path: Path) -> None:
    outer = ConfigMapVolume(tmp_path / "claude")
    outer.write({"CLAUDE.md": "c"})
    tree = Tree(outer.path)
    before = tree.token()
    assert len(tree.read().parts) == 1
    outer.nested("agents").write({"a.md": "a"})
    assert tree.token() != before
    assert list(tree.read().files) == ["CLAUDE.md", "agents/a.md"]


@needs_links
@pytest.mark.parametrize("damage", ["detach", "remove"])
def test_a_volume_stays_one_when_its_link_is_lost(tmp_path: Path, damage: str) -> None:
    outer = ConfigMapVolume(tmp_path / "claude")
    outer.write({"CLAUDE.md": "c"})
    inner = outer.nested("agents")
    inner.write({"a.md": "a"})
    tree = Tree(outer.path)
    tree.read()
    inner.detach()
    if damage == "remove":
        inner.path.rmdir()
    with pytest.raises(SourceError) as caught:
        tree.read()
    assert caught.value.reason == ("Detached" if damage == "detach" else "Missing")
    inner.path.mkdir(exist_ok=True)
    inner.write({"a.md": "back"})
    assert tree.read().files["agents/a.md"] == b"back"


@needs_links
def test_a_plain_root_that_becomes_a_volume_is_read_as_one(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    tree = Tree(tmp_path / "root")
    assert read_settled(tree).parts[0].kind == "directory"
    ConfigMapVolume(tmp_path / "root").write({"a.md": "a"})
    assert tree.read().parts[0].kind == "volume"


@needs_links
def test_the_watcher_of_a_tree_is_lost_once_there_are_other_volumes(tmp_path: Path) -> None:
    outer = ConfigMapVolume(tmp_path / "claude")
    outer.write({"CLAUDE.md": "c"})
    tree = Tree(outer.path)
    watcher = tree.watcher()
    try:
        assert watcher.wait(0.0) == "timeout"
        outer.nested("agents").write({"a.md": "a"})
        tree.token()
        assert watcher.wait(0.0) == "lost"
    finally:
        watcher.close()


@needs_links
def test_a_storm_of_looks_with_nothing_changed_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outer = ConfigMapVolume(tmp_path / "claude")
    outer.write({"CLAUDE.md": "c"})
    outer.nested("agents").write({"a.md": "a"})
    tree = Tree(outer.path)
    token = tree.read().token
    for path in (outer.path, outer.path / "agents"):
        os.utime(path, ns=(0, 1))  # long ago: a listing is only kept where its directory is older than the clock's tick
    tree.token()

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("something was opened")

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "scandir", refuse)
    assert tree.token() == token


@needs_links
def test_a_mapping_of_roots_prefixes_paths(tmp_path: Path) -> None:
    ConfigMapVolume(tmp_path / "one").write({"CLAUDE.md": "c"})
    ConfigMapVolume(tmp_path / "two").write({"a.md": "a"})
    source = source_from({"context": tmp_path / "one", "agents": tmp_path / "two"}, limits=Limits())
    snapshot = source.read()
    assert list(snapshot.files) == ["agents/a.md", "context/CLAUDE.md"]
    assert {p.name for p in snapshot.parts} == {"context", "agents"}


@needs_links
def test_a_list_of_roots_is_an_overlay_in_which_a_path_twice_is_an_error(tmp_path: Path) -> None:
    one, two = ConfigMapVolume(tmp_path / "one"), ConfigMapVolume(tmp_path / "two")
    one.write({"a.md": "a", "b.md": "b"})
    two.write({"b.md": "other", "c.md": "c"})
    source = source_from([one.path, Volume(two.path)], limits=Limits())
    snapshot = source.read()
    assert list(snapshot.files) == ["a.md", "b.md", "c.md"]
    [problem] = snapshot.diagnostics
    assert (problem.code, problem.path, problem.severity) == ("duplicate-path", "b.md", "error")
    assert str(one.path) in problem.message
    assert str(two.path) in problem.message
    two.write({"c.md": "c"})
    assert not source.read().diagnostics
    watcher = source.watcher()
    watcher.close()


@needs_links
def test_one_file_of_a_volume_is_read_through_its_link(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "1", "b.md": "1", "sub/[c].md": "1"})
    source, deep = File(volume.path / "a.md"), File(volume.path / "sub" / "[c].md")
    assert source.read().files == {"a.md": b"1"}
    assert deep.read().files == {"sub/[c].md": b"1"}
    volume.update({"a.md": "2", "sub/[c].md": "2"})
    assert source.read().files == {"a.md": b"2"}
    assert deep.read().files == {"sub/[c].md": b"2"}


def test_a_single_plain_file_is_read_without_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    (tmp_path / "b.md").write_text("b")
    source = source_from(tmp_path / "a.md", limits=Limits())
    assert isinstance(source, File)
    assert read_settled(source).files == {"a.md": b"a"}


def test_what_a_source_can_be(tmp_path: Path) -> None:
    limits = Limits()
    memory = Memory()
    assert source_from(memory, limits=limits) is memory
    assert isinstance(source_from(str(tmp_path), limits=limits), Tree)
    assert isinstance(source_from([tmp_path, Directory(tmp_path)], limits=limits), Roots)
    wrong: Any
    for wrong in (3, [memory], [3]):
        with pytest.raises(TypeError, match="expected a path"):
            source_from(wrong, limits=limits)
    for wrong in ([], {}):
        with pytest.raises(ValueError, match="at least one"):
            source_from(wrong, limits=limits)


def test_memory_is_replaced_as_a_whole_and_rings_its_watchers() -> None:
    memory = Memory({"a.md": "a", "b.md": b"b"})
    watcher = memory.watcher()
    token = memory.token()
    memory.update({"a.md": None, "c.md": "c"})
    assert memory.read().files == {"b.md": b"b", "c.md": b"c"}
    assert memory.token() != token
    assert watcher.wait(5) == "hint"
    memory.write({})
    assert watcher.wait(5) == "hint"
    watcher.close()
    memory.write({"d.md": "d"})
    assert memory.read().token == memory.token()


@needs_links
def test_a_volume_mounted_over_another_ones_content_is_an_error(tmp_path: Path) -> None:
    # The outer volume projects agents/x.md, so its visible `agents` is a link into the payload, and there the inner
    # volume is mounted.
    outer = ConfigMapVolume(tmp_path / "claude")
    outer.write({"CLAUDE.md": "c", "agents/x.md": "x"})
    ConfigMapVolume(outer.path / outer.payload / "agents").write({"a.md": "a"})
    [problem] = Tree(outer.path).read().diagnostics
    assert (problem.code, problem.severity, problem.path) == ("mount-in-content", "error", "agents")


@pytest.mark.parametrize("key", ["", "/x", "../x", "x/", "a//b", 1])
def test_a_root_whose_key_is_no_relative_path_is_refused(tmp_path: Path, key: Any) -> None:
    with pytest.raises(ValueError, match="expected a relative path"):
        source_from({key: tmp_path}, limits=Limits())


@needs_links
def test_a_file_is_found_through_its_volumes_link_and_beside_its_content(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "1"})
    assert File(volume.path / "..data" / "a.md").read().files == {"a.md": b"1"}
    (volume.path / "plain").mkdir()
    (volume.path / "plain" / "b.md").write_text("b")
    assert read_settled(File(volume.path / "plain" / "b.md")).files == {"b.md": b"b"}


def test_a_plain_directory_with_too_many_files_is_not_walked_to_its_end(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.md").write_text("x")
    with pytest.raises(SourceError, match="more than 4 files"):
        Directory(tmp_path, limits=Limits(files=4)).read()
