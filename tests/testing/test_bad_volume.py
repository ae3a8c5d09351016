"""Each way in which a mount goes wrong does what it says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the volume needs symbolic links")


@pytest.fixture
def volume(tmp_path: Path) -> ConfigMapVolume:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "a", "pdf/SKILL.md": "s"})
    return volume


def _names(volume: ConfigMapVolume) -> set[str]:
    return {entry.name for entry in volume.path.iterdir()}


def test_writing_in_place_changes_the_very_file_without_a_swap(volume: ConfigMapVolume) -> None:
    payload, inode = volume.payload, (volume.path / "a.md").stat().st_ino
    volume.write_in_place({"a.md": "A", "new/b.md": "b"})
    assert volume.payload == payload
    assert (volume.path / "a.md").stat().st_ino == inode
    assert volume.files == {"a.md": b"A", "new/b.md": b"b", "pdf/SKILL.md": b"s"}
    assert "new" not in _names(volume)


def test_writing_in_place_needs_a_payload_and_good_paths(tmp_path: Path, volume: ConfigMapVolume) -> None:
    with pytest.raises(FileNotFoundError):
        ConfigMapVolume(tmp_path / "never").write_in_place({"a.md": "a"})
    with pytest.raises(ValueError, match="expected a plain relative path"):
        volume.write_in_place({"../a.md": "a"})


def test_swapping_by_recreation_replaces_the_content(volume: ConfigMapVolume) -> None:
    payload, swapped_at = volume.payload, volume.swapped_at
    volume.swap_by_recreation({"a.md": "A"})
    assert volume.payload != payload
    assert volume.swapped_at != swapped_at
    assert _names(volume) == {"..data", volume.payload, "a.md"}
    assert volume.files == {"a.md": b"A"}


def test_swapping_by_recreation_can_be_the_first_write(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "new")
    volume.swap_by_recreation({"a.md": "a"})
    assert volume.files == {"a.md": b"a"}


def test_a_stale_payload_lies_beside_for_ever_and_nothing_leads_to_it(volume: ConfigMapVolume) -> None:
    served = volume.payload
    stale = volume.stale_payload({"a.md": "half"})
    assert volume.payload == served
    assert (volume.path / stale / "a.md").read_text() == "half"
    volume.write({"a.md": "A"})
    assert _names(volume) == {"..data", volume.payload, stale, "a.md"}


def test_without_links_only_the_data_link_is_left_until_the_next_write(volume: ConfigMapVolume) -> None:
    volume.without_links()
    assert _names(volume) == {"..data", volume.payload}
    assert volume.files == {"a.md": b"a", "pdf/SKILL.md": b"s"}
    volume.write({"b.md": "b"})
    assert _names(volume) == {"..data", volume.payload, "b.md"}


def test_a_kept_old_payload_stays_whole(volume: ConfigMapVolume) -> None:
    old = volume.payload
    volume.keep_old = True
    volume.write({"a.md": "A"})
    assert (volume.path / old / "a.md").read_text() == "a"
    assert _names(volume) == {"..data", volume.payload, old, "a.md"}


def test_a_remount_has_the_same_content_under_a_new_inode(volume: ConfigMapVolume) -> None:
    inode, payload, files = volume.path.stat().st_ino, volume.payload, volume.files
    volume.remount()
    assert volume.path.stat().st_ino != inode
    assert volume.payload != payload
    assert volume.files == files
    assert _names(volume) == {"..data", volume.payload, "a.md", "pdf"}
    assert [entry.name for entry in volume.path.parent.iterdir()] == ["mount"]


def test_a_remount_takes_nested_volumes_along(volume: ConfigMapVolume) -> None:
    inner = volume.nested("inner")
    inner.write({"b.md": "b"})
    volume.remount()
    assert not inner.path.exists()
    inner.write({"b.md": "b"})
    assert inner.files == {"b.md": b"b"}


def test_detaching_leaves_an_empty_directory_with_the_same_inode(volume: ConfigMapVolume) -> None:
    volume.nested("inner").write({"b.md": "b"})
    inode = volume.path.stat().st_ino
    volume.detach()
    assert _names(volume) == set()
    assert volume.path.stat().st_ino == inode
    assert volume.files == {}
    assert volume.write({"a.md": "a"})


@pytest.mark.parametrize("old_link_order", [False, True])
def test_a_left_over_temporary_link_makes_the_next_change_a_remount(
    volume: ConfigMapVolume, *, old_link_order: bool
) -> None:
    volume.old_link_order = old_link_order
    inode = volume.path.stat().st_ino
    (volume.path / "..data_tmp").symlink_to(volume.stale_payload({}))
    assert not volume.write(volume.files)
    assert volume.path.stat().st_ino == inode
    assert volume.write({"a.md": "A"})
    assert volume.path.stat().st_ino != inode
    assert _names(volume) == {"..data", volume.payload, "a.md"}


def test_a_group_changes_neither_content_nor_modes(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "grouped", mode=0o640, fs_group=True)
    volume.write({"a.md": "a", "pdf/SKILL.md": "s"})
    volume.write({"a.md": "A", "pdf/SKILL.md": "s"})
    assert volume.files == {"a.md": b"A", "pdf/SKILL.md": b"s"}
    assert (volume.path / "a.md").stat().st_mode & 0o7777 == 0o640


def test_the_outer_volume_never_touches_a_nested_one(tmp_path: Path) -> None:
    outer = ConfigMapVolume(tmp_path / "mount", mode=0o600)
    inner = outer.nested("agents")
    assert inner.mode == 0o600
    inner.write({"a.md": "a"})
    outer.write({"CLAUDE.md": "c", "agents/hidden.md": "h"})
    outer.without_links()
    outer.write({"CLAUDE.md": "c"})
    assert inner.files == {"a.md": b"a"}
    assert not (outer.path / "agents").is_symlink()
    assert _names(outer) == {"..data", outer.payload, "agents", "CLAUDE.md"}


def test_a_nested_volume_cannot_lie_outside(volume: ConfigMapVolume) -> None:
    with pytest.raises(ValueError, match="expected a plain relative path"):
        volume.nested("../beside")


@pytest.mark.parametrize("name", ["pdf", "pdf/inner", "a.md"])
def test_a_nested_volume_cannot_lie_behind_a_link_of_the_outer_one(volume: ConfigMapVolume, name: str) -> None:
    with pytest.raises(FileExistsError, match="the outer volume has a link there"):
        volume.nested(name)
