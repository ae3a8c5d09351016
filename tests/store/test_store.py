"""The last good set on disk: what is kept, what is refused, and who dies while writing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import datetime, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from hotagents.snapshot import Part, Snapshot
from hotagents.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)


def part(files: dict[str, bytes], *, name: str = ".", prefix: str = "") -> Part:
    return Part(
        name=name, prefix=prefix, kind="volume", location="/mnt", payload="..x", files=MappingProxyType(dict(files))
    )


def kept(store: Store, *parts: Part) -> Snapshot:
    snapshot = Snapshot.of(parts)
    store.save(snapshot.digest, parts, now=NOW)
    return snapshot


def age(path: Path) -> None:
    old = time.time() - 7200
    os.utime(path, (old, old))


def sets(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("set-*.json"))


def test_what_was_saved_comes_back_byte_for_byte(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "state")
    outer, inner = part({"CLAUDE.md": b"\xff\x00\r\n", "hotagents.lock": b"x"}), part({"a.md": b"a"}, name="agents")
    saved = kept(store, outer, inner)
    loaded = Store(tmp_path / "deep" / "state").load()
    assert loaded.files == saved.files
    assert loaded.parts == saved.parts
    assert loaded.digest == saved.digest


@pytest.mark.skipif(sys.platform == "win32", reason="modes are Unix's")
def test_nobody_else_may_read_what_is_kept(tmp_path: Path) -> None:
    kept(Store(tmp_path), part({"a.md": b"a"}))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_last_one_saved_is_the_one_that_comes_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = kept(store, part({"a.md": b"one"}))
    kept(store, part({"a.md": b"two"}))
    assert store.load().files["a.md"] == b"two"
    kept(store, part({"a.md": b"one"}))
    assert store.load().digest == first.digest


def test_older_sets_are_deleted_once_nobody_can_be_writing_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept(store, part({"a.md": b"one"}))
    left_behind, foreign = tmp_path / ".hotagents-dead.tmp", tmp_path / "notes.json"
    for path in (left_behind, foreign):
        path.write_text("x")
    kept(store, part({"a.md": b"two"}))
    assert len(sets(tmp_path)) == 2
    for path in tmp_path.iterdir():
        age(path)
    kept(store, part({"a.md": b"two"}))
    assert len(sets(tmp_path)) == 1
    assert not left_behind.exists()
    assert foreign.exists()
    assert store.load().files["a.md"] == b"two"


def test_a_set_that_is_kept_already_is_not_written_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept(store, part({"a.md": b"one"}))
    inode = (tmp_path / sets(tmp_path)[0]).stat().st_ino
    kept(store, part({"a.md": b"one"}))
    assert (tmp_path / sets(tmp_path)[0]).stat().st_ino == inode


def test_a_damaged_set_is_written_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept(store, part({"a.md": b"one"}))
    (tmp_path / sets(tmp_path)[0]).write_text("{}")
    kept(store, part({"a.md": b"one"}))
    assert store.load().files["a.md"] == b"one"


def test_where_nothing_was_kept_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"last-good\.json: there is none"):
        Store(tmp_path / "nowhere").load()


def _pointer(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        path = directory / "last-good.json"
        value = json.loads(path.read_text())
        change(value)
        path.write_text(json.dumps(value))

    return damage


def _set(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        path = directory / sets(directory)[0]
        value = json.loads(path.read_text())
        change(value)
        path.write_text(json.dumps(value))

    return damage


def _cut(directory: Path) -> None:
    path = directory / sets(directory)[0]
    path.write_bytes(path.read_bytes()[:-20])


def _fifo(directory: Path) -> None:
    path = directory / "last-good.json"
    path.unlink()
    os.mkfifo(path)


def _link(directory: Path) -> None:
    path = directory / "last-good.json"
    path.rename(directory / "elsewhere")
    path.symlink_to("elsewhere")


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs and links are Unix's")
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_cut, "damaged: it is no JSON"),
        (_fifo, "expected a regular file"),
        (_link, "cannot be read"),
        (lambda directory: (directory / sets(directory)[0]).unlink(), "there is none"),
        (lambda directory: (directory / "last-good.json").write_text("[" * 100_000), "damaged"),
        (lambda directory: (directory / "last-good.json").write_text("[]"), "expected an object with a schema"),
        (lambda directory: (directory / "last-good.json").write_bytes(b"\xff"), "damaged"),
        (_pointer(lambda value: value.update(digest="sha256:../../etc")), "expected a digest"),
        (_pointer(lambda value: value.update(digest=None)), "expected a digest"),
        (_pointer(lambda value: value.update(schema=2)), "another version: schema 2, this one reads 1"),
        (_set(lambda value: value.update(schema=99)), "another version: schema 99, this one reads 1"),
        (_set(lambda value: value["parts"][0]["files"].update({"a.md": "dHdv"})), "its content has the digest sha256"),
        (_set(lambda value: value["parts"][0]["files"].update({"a.md": "no base64"})), "damaged"),
        (_set(lambda value: value["parts"][0].update(kind="magic")), "damaged"),
        (_set(lambda value: value["parts"][0].update(prefix=3)), "damaged"),
        (_set(lambda value: value["parts"].append(None)), "damaged"),
        (_set(lambda value: value.update(parts=None)), "damaged"),
    ],
)
def test_what_is_damaged_or_of_another_version_is_refused_by_name(
    tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    store = Store(tmp_path)
    kept(store, part({"a.md": b"one"}))
    damage(tmp_path)
    with pytest.raises(StoreError, match=said) as caught:
        store.load()
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("call", ["fsync", "fdopen"])
def test_a_write_that_fails_leaves_the_old_set_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    store = Store(tmp_path)
    kept(store, part({"a.md": b"one"}))
    before = sorted(os.listdir(tmp_path))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(f"hotagents.store.os.{call}", full)
        with pytest.raises(OSError, match="No space left"):
            kept(store, part({"a.md": b"two"}))
    assert sorted(os.listdir(tmp_path)) == before
    assert store.load().files["a.md"] == b"one"


WRITER = textwrap.dedent(
    """
    import sys
    from datetime import datetime, timezone
    from types import MappingProxyType
    from hotagents.snapshot import Part, Snapshot
    from hotagents.store import Store

    store, n = Store(sys.argv[1]), 0
    while True:
        n += 1
        files = MappingProxyType({"a.md": b"%d" % n, "b.md": b"%d" % n * 20000})
        part = Part(name=".", prefix="", kind="volume", location="", payload="", files=files)
        store.save(Snapshot.of([part]).digest, [part], now=datetime.now(timezone.utc))
        print(n, flush=True)
    """
)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is Unix's")
@pytest.mark.parametrize("saves", [1, 2, 5])
def test_a_writer_killed_at_any_moment_leaves_a_usable_set(tmp_path: Path, saves: int) -> None:
    for _ in range(5):
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for writer in writers:
            assert writer.stdout is not None
            for _ in range(saves):
                writer.stdout.readline()
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait(10)
            assert writer.stdout is not None
            writer.stdout.close()
        files = Store(tmp_path).load().files
        assert files["b.md"] == files["a.md"] * 20000


def test_processes_that_share_a_directory_do_not_delete_what_another_just_wrote(tmp_path: Path) -> None:
    one, other = Store(tmp_path), Store(tmp_path)
    first = kept(one, part({"a.md": b"one"}))
    age(tmp_path / sets(tmp_path)[0])
    kept(one, part({"a.md": b"one"}))  # made young again: it is about to be pointed at
    kept(other, part({"a.md": b"two"}))
    assert f"set-{first.digest.removeprefix('sha256:')}.json" in sets(tmp_path)
