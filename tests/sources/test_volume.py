"""Reading one volume: pinned, whole, and only regular files."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Limits, SourceError, UnsettledError, Volume
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")


@pytest.fixture(name="mount")
def mounted(tmp_path: Path) -> ConfigMapVolume:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": "a", "sub/b.md": "b"})
    return volume


def test_files_are_read_through_the_link(mount: ConfigMapVolume) -> None:
    snapshot = Volume(mount.path).read()
    assert snapshot.files == {"a.md": b"a", "sub/b.md": b"b"}
    [part] = snapshot.parts
    assert (part.kind, part.payload, part.name) == ("volume", mount.payload, ".")
    assert snapshot.token == Volume(mount.path).token()


def test_missing_visible_links_do_not_matter(mount: ConfigMapVolume) -> None:
    mount.without_links()
    assert Volume(mount.path).read().files.keys() == {"a.md", "sub/b.md"}


def test_a_stale_payload_beside_does_not_matter(mount: ConfigMapVolume) -> None:
    mount.stale_payload({"a.md": "stale", "c.md": "stale"})
    assert Volume(mount.path).read().files == {"a.md": b"a", "sub/b.md": b"b"}


def test_the_token_moves_with_a_swap_and_with_a_new_mount(mount: ConfigMapVolume) -> None:
    source = Volume(mount.path)
    tokens = [source.token()]
    mount.update({"a.md": "new"})
    tokens.append(source.token())
    mount.remount()
    tokens.append(source.token())
    mount.detach()
    tokens.append(source.token())
    assert len(set(tokens)) == 4


def test_a_lost_link_is_detached_and_a_lost_directory_missing(mount: ConfigMapVolume) -> None:
    source = Volume(mount.path)
    mount.detach()
    with pytest.raises(SourceError, match="detached, not empty") as caught:
        source.read()
    assert caught.value.reason == "Detached"
    with pytest.raises(SourceError, match="not there") as caught:
        Volume(mount.path / "nowhere").read()
    assert caught.value.reason == "Missing"


def test_a_link_to_nothing_is_unsettled(tmp_path: Path) -> None:
    (tmp_path / "..data").symlink_to("..gone")
    with pytest.raises(UnsettledError, match="leads to nothing"):
        Volume(tmp_path).read()


def test_another_link_name_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "a.md").write_text("one")
    (tmp_path / "current").symlink_to("v1")
    assert Volume(tmp_path, link="current").read().files == {"a.md": b"one"}


def swap_while(monkeypatch: pytest.MonkeyPatch, mount: ConfigMapVolume, contents: list[dict[str, str]]) -> None:
    """Let a swap come before each opening of ``a.md``, as long as there is content left."""
    real = os.open

    def swapping(path: Any, *rest: Any, **more: Any) -> int:
        if contents and path == "a.md":
            mount.write(contents.pop(0))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", swapping)


def test_a_swap_during_the_read_makes_it_read_again(mount: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Volume(mount.path)
    swap_while(monkeypatch, mount, [{"a.md": "2"}, {"a.md": "3", "c.md": "3"}])
    assert source.read().files == {"a.md": b"3", "c.md": b"3"}


def test_a_volume_that_never_holds_still_is_unsettled(mount: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Volume(mount.path)
    swap_while(monkeypatch, mount, [{"a.md": str(n)} for n in range(200)])
    with pytest.raises(UnsettledError, match="changed during each"):
        source.read()


def test_only_regular_files_are_read_and_nothing_blocks(mount: ConfigMapVolume, tmp_path: Path) -> None:
    payload = mount.path / mount.payload
    (tmp_path / "secret").write_text("secret")
    (payload / "escape.md").symlink_to(tmp_path / "secret")
    (payload / "inside.md").symlink_to("a.md")
    (payload / "outside").symlink_to(tmp_path)
    os.mkfifo(payload / "fifo.md")
    snapshot = Volume(mount.path).read()
    assert snapshot.files.keys() == {"a.md", "sub/b.md"}
    assert {d.path for d in snapshot.diagnostics} == {"escape.md", "inside.md", "outside", "fifo.md"}
    assert {(d.code, d.severity) for d in snapshot.diagnostics} == {("not-a-regular-file", "warning")}


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may read everything")
def test_an_unreadable_file_is_an_error_that_names_it(mount: ConfigMapVolume) -> None:
    (mount.path / mount.payload / "a.md").chmod(0)
    with pytest.raises(SourceError, match=r"a\.md: cannot be read: Permission denied"):
        Volume(mount.path).read()


@pytest.mark.parametrize("call", ["open", "fstat", "read"])
def test_a_failing_system_call_is_an_error_that_names_the_file(
    mount: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real = getattr(os, call)
    payload_reads = threading.local()

    def failing(first: Any, *rest: Any, **more: Any) -> Any:
        is_file = first == "a.md" if call == "open" else getattr(payload_reads, "on", False)
        if is_file:
            payload_reads.on = False
            raise OSError(5, "Input/output error")
        return real(first, *rest, **more)

    if call != "open":
        opening = os.open

        def opened(first: Any, *rest: Any, **more: Any) -> int:
            payload_reads.on = first == "a.md"
            return opening(first, *rest, **more)

        monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, call, failing)
    with pytest.raises(SourceError, match=r"a\.md: cannot be read: Input/output error") as caught:
        Volume(mount.path).read()
    assert caught.value.reason == "Unreadable"


def test_short_reads_are_put_together(mount: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    mount.update({"a.md": "0123456789"})
    real = os.read
    monkeypatch.setattr(os, "read", lambda fd, size: real(fd, min(size, 3)))
    assert Volume(mount.path).read().files["a.md"] == b"0123456789"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(file_bytes=5), "too-large"),
        (Limits(total_bytes=15), "too-large"),
        (Limits(files=1), "too-many-files"),
        (Limits(directory_depth=1), "too-deep"),
    ],
)
def test_a_limit_that_is_crossed_is_an_error(mount: ConfigMapVolume, limits: Limits, code: str) -> None:
    mount.write({"a.md": "0123456789", "b.md": "0123456789", "x/y/c.md": "1"})
    errors = [d for d in Volume(mount.path, limits=limits).read().diagnostics if d.severity == "error"]
    assert [d.code for d in errors] in ([code], [code] * 2)


def test_include_and_exclude_choose_what_is_read(mount: ConfigMapVolume) -> None:
    mount.update({"c.txt": "c"})
    assert Volume(mount.path, include=["**/*.md"]).read().files.keys() == {"a.md", "sub/b.md"}
    assert Volume(mount.path, exclude=["sub/**"]).read().files.keys() == {"a.md", "c.txt"}


def test_no_descriptor_is_left(mount: ConfigMapVolume) -> None:
    source = Volume(mount.path)
    source.read()
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("the platform does not list descriptors")
    before = len(os.listdir("/proc/self/fd"))
    for number in range(50):
        mount.update({"a.md": str(number)})
        source.read()
        source.token()
    assert len(os.listdir("/proc/self/fd")) == before
