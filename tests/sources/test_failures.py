"""System calls that fail: an error that names the path, and nothing half read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Directory, SourceError, Tree, UnsettledError, Volume
from hotagents.sources import read_settled
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="descriptors of directories are not used there")

DENIED = PermissionError(13, "Permission denied")


@pytest.fixture(name="fail")
def failing_calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[Any], bool], OSError], None]:
    def fail(call: str, when: Callable[[Any], bool], error: OSError) -> None:
        real = getattr(os, call)

        def failing(first: Any, *rest: Any, **more: Any) -> Any:
            if when(first):
                raise error
            return real(first, *rest, **more)

        monkeypatch.setattr(os, call, failing)

    return fail


@pytest.fixture(name="volume")
def mounted(tmp_path: Path) -> ConfigMapVolume:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "a", "sub/b.md": "b"})
    return volume


@pytest.mark.parametrize("name", ["..data", "sub"])
def test_a_directory_of_a_volume_that_may_not_be_opened(volume: ConfigMapVolume, fail: Any, name: str) -> None:
    fail("open", lambda path: str(path).endswith(name), DENIED)
    with pytest.raises(SourceError, match=f"{name}: cannot be read: Permission denied") as caught:
        Volume(volume.path).read()
    assert caught.value.reason == "Unreadable"


def test_a_payload_that_may_not_be_listed(volume: ConfigMapVolume, fail: Any) -> None:
    source = Volume(volume.path)
    fail("scandir", lambda where: isinstance(where, int), DENIED)
    with pytest.raises(SourceError, match="cannot be read: Permission denied"):
        source.read()


@pytest.mark.parametrize("name", ["a.md", "sub"])
def test_what_goes_while_a_volume_is_read_is_passed_over_and_read_again(
    volume: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # The old payload is being deleted: the link leads elsewhere already.
    real = os.open
    once = iter([True])

    def going(path: Any, *rest: Any, **more: Any) -> int:
        if path == name and next(once, False):
            volume.write({"a.md": "new"})
        return real(path, *rest, **more)

    source = Volume(volume.path)
    monkeypatch.setattr(os, "open", going)
    assert source.read().files == {"a.md": b"new"}


@pytest.mark.parametrize("name", ["", "sub"])
def test_a_plain_directory_that_may_not_be_opened(tmp_path: Path, fail: Any, name: str) -> None:
    (tmp_path / "sub").mkdir()
    opened = name or str(tmp_path)
    fail("open", lambda path: path == opened, DENIED)
    with pytest.raises(SourceError, match="cannot be read: Permission denied"):
        Directory(tmp_path).read()


def test_a_plain_directory_that_may_not_be_listed(tmp_path: Path, fail: Any) -> None:
    source = Tree(tmp_path)
    fail("scandir", lambda _: True, DENIED)
    with pytest.raises(SourceError, match="cannot be read: Permission denied"):
        source.read()


def test_a_volume_whose_directory_may_not_be_listed_is_still_read(volume: ConfigMapVolume, fail: Any) -> None:
    # Nested volumes are found by listing; the volume itself needs no listing of its visible names.
    source = Tree(volume.path)
    fail("scandir", lambda where: where == str(volume.path), DENIED)
    assert source.read().files.keys() == {"a.md", "sub/b.md"}


def test_a_plain_file_that_goes_while_it_is_read(tmp_path: Path, fail: Any) -> None:
    (tmp_path / "a.md").write_text("a")
    read_settled(Directory(tmp_path, settle=0.01))
    fail("open", lambda path: path == "a.md", FileNotFoundError(2, "No such file or directory"))
    with pytest.raises(UnsettledError, match=r"a\.md: gone while reading"):
        Directory(tmp_path, settle=0.01).read()


@pytest.mark.parametrize("name", ["a.md", "sub"])
def test_what_goes_while_a_plain_directory_is_scanned_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "b.md").write_text("b")
    (tmp_path / "a.md").write_text("a")
    (tmp_path / "sub").mkdir()
    real = os.scandir

    class Listing:
        def __init__(self, where: Any) -> None:
            self.entries = list(real(where))
            path = tmp_path / name
            if path.exists():
                path.rmdir() if path.is_dir() else path.unlink()

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self.entries

        def __exit__(self, *_: object) -> None: ...

    source = Directory(tmp_path, settle=0.01)
    monkeypatch.setattr(os, "scandir", Listing)
    token = source.token()
    monkeypatch.undo()
    assert source.token() == token


def test_a_file_that_grows_past_its_limit_while_it_is_read(volume: ConfigMapVolume) -> None:
    real = os.fstat

    class Small:
        st_mode = 0o100644
        st_size = 1

    volume.update({"a.md": "x" * (1024 * 1024 + 10)})
    source = Volume(volume.path)
    os_fstat = lambda fd: Small() if os.readlink(f"/proc/self/fd/{fd}").endswith("a.md") else real(fd)  # noqa: E731
    if not os.path.exists("/proc/self/fd"):
        pytest.skip("needs /proc")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fstat", os_fstat)
        snapshot = source.read()
    assert [d.code for d in snapshot.diagnostics] == ["too-large"]
    assert "a.md" not in snapshot.files
