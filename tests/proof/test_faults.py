"""Every system call of a reader and of the store fails once, at every place where it is made.

What comes back is the whole right snapshot or a `SourceError`; never a part of a set, never another exception, and no
descriptor stays open. Of the store, the set that was kept before stays loadable.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents import Directory, File, Limits, Snapshot, Source, SourceError, Tree, Volume
from hotagents.snapshot import Part
from hotagents.sources import mounts, read_settled, source_from
from hotagents.store import Store, StoreError
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="readers use other calls there")

ONCE: Final = (errno.ENOENT, errno.EIO, errno.EACCES, errno.EMFILE, errno.ESTALE)
FROM_THEN_ON: Final = (errno.EIO, errno.EACCES, errno.EMFILE)
CALLS: Final = (
    *("open", "read", "stat", "lstat", "fstat", "readlink"),
    *("scandir", "next", "is_dir", "entry_stat", "table"),
)
MOST_CALLS: Final = 400
NOW: Final = datetime(2026, 11, 24, tzinfo=timezone.utc)


@final
class Faults:
    """Stands in for the system, and fails at one call, or from one call on.

    Attributes:
        happened: Whether the place was reached.
    """

    def __init__(self, call: str, at: int, fault: int | None, *, lasting: bool = False) -> None:
        self._call, self._at, self._fault, self._lasting = call, at, fault, lasting
        self._seen = 0
        self.happened = False

    def strikes(self, call: str) -> bool:
        if call != self._call:
            return False
        self._seen += 1
        struck = self._seen == self._at or (self._lasting and self._seen > self._at)
        self.happened = self.happened or struck
        return struck

    def meet(self, call: str) -> None:
        if self.strikes(call):
            assert self._fault is not None
            raise OSError(self._fault, os.strerror(self._fault))

    @contextmanager
    def injected(self) -> Iterator[Faults]:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("open", "stat", "lstat", "fstat", "readlink"):
                patch.setattr(os, name, self._failing(name, getattr(os, name)))
            patch.setattr(os, "read", self._reading(os.read))
            patch.setattr(os, "scandir", self._listing(os.scandir))
            patch.setattr(mounts, "open", self._failing("table", open), raising=False)
            yield self

    def _failing(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.meet(name)
            return real(*arguments, **options)

        return call

    def _reading(self, real: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
        def read(fd: int, size: int) -> bytes:
            if self._fault is None:
                return real(fd, max(1, size // 3) if self.strikes("read") else size)
            self.meet("read")
            return real(fd, size)

        return read

    def _listing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def scandir(where: Any) -> Listing:
            self.meet("scandir")
            return Listing(real(where), self)

        return scandir


@final
class Listing:
    """What `os.scandir` returns, with faults on the way."""

    def __init__(self, real: Any, faults: Faults) -> None:
        self._real, self._faults = real, faults

    def __enter__(self) -> Listing:
        return self

    def __exit__(self, *_: object) -> None:
        self._real.close()

    def __iter__(self) -> Listing:
        return self

    def __next__(self) -> Entry:
        self._faults.meet("next")
        return Entry(next(self._real), self._faults)


@final
class Entry:
    """An `os.DirEntry`, with faults on the way."""

    def __init__(self, real: os.DirEntry[str], faults: Faults) -> None:
        self._real, self._faults = real, faults
        self.name, self.path = real.name, real.path

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        self._faults.meet("is_dir")
        return self._real.is_dir(follow_symlinks=follow_symlinks)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        self._faults.meet("entry_stat")
        return self._real.stat(follow_symlinks=follow_symlinks)


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


# --- readers ----------------------------------------------------------------------------------------------------------


def volume(home: Path) -> Source:
    ConfigMapVolume(home / "v").write({"a.md": "a" * 3000, "sub/b.md": "b", "c.txt": ""})
    return Volume(home / "v")


def nested(home: Path) -> Source:
    outer = ConfigMapVolume(home / "n")
    outer.write({"CLAUDE.md": "context", "agents-beside.md": "x"})
    outer.nested("agents").write({"a.md": "a", "b.md": "b"})
    outer.nested("skills/one").write({"SKILL.md": "s"})
    return Tree(home / "n", settle=0.01)


def plain(home: Path) -> Source:
    (home / "p" / "sub").mkdir(parents=True)
    for path in ("a.md", "b.md", "sub/c.md"):
        (home / "p" / path).write_text(path * 500)
    return Directory(home / "p", settle=0.01)


def mixed(home: Path) -> Source:
    (home / "m").mkdir()
    (home / "m" / "CLAUDE.md").write_text("context")
    ConfigMapVolume(home / "m" / "agents").write({"a.md": "a", "b.md": "b"})
    return Tree(home / "m", settle=0.01)


def one_file(home: Path) -> Source:
    ConfigMapVolume(home / "f").write({"a.md": "a", "b.md": "b"})
    return File(home / "f" / "a.md")


def roots(home: Path) -> Source:
    for name in ("one", "two"):
        ConfigMapVolume(home / name).write({f"{name}.md": name})
    return source_from({"x": Volume(home / "one"), "y": Volume(home / "two")}, limits=Limits())


SOURCES: Final[tuple[Callable[[Path], Source], ...]] = (volume, nested, plain, mixed, one_file, roots)


def anew(source: Source, home: Path) -> Source:
    """The same source, which has seen nothing yet."""
    match source:
        case Tree():
            return Tree(source.places()[0].mount.path, settle=0.01)
        case Directory():
            return Directory(home / "p", settle=0.01)
        case _:
            return source


Finding = tuple[str, str, str]
# What cannot be told from a volume that is not there yet: a system that once says so of one that nobody knows so far,
# or that cannot tell links from directories while every other call works. A registry asks for the token first.
KNOWN: Final[frozenset[Finding]] = frozenset(
    (kind, call, "a part of the set")
    for call, kinds in (
        ("is_dir", ("nested", "mixed")),
        ("lstat", ("nested", "mixed")),
        ("scandir", ("nested",)),
        ("next", ("nested",)),
        ("stat", ("nested",)),
    )
    for kind in kinds
)


def tried(source: Source, faults: Faults, whole: Snapshot, *, token_first: bool) -> Iterator[str]:
    """Read under faults and yield in what way the outcome is not as it should be."""
    before = descriptors()
    with faults.injected():
        if token_first:
            try:
                source.token()
            except OSError:
                yield "the token raises"
        try:
            snapshot = source.read()
        except SourceError:
            pass
        except OSError:
            yield "another exception"
        else:
            if snapshot.files != whole.files:
                yield "a part of the set"
    if descriptors() != before:
        yield "a descriptor stays open"


def strike(call: str, kind: Callable[[Path], Source], home: Path) -> Iterator[Finding]:
    """Strike at each place where a source makes the call; yield what that makes of it."""
    source = kind(home)
    whole = read_settled(source)
    ways: list[tuple[bool, int | None]] = [(False, fault) for fault in ONCE]
    ways += [(True, fault) for fault in FROM_THEN_ON]
    if call == "read":
        ways.append((False, None))  # a short read
    for (lasting, fault), cold, token_first in product(ways, (False, True), (False, True)):
        for at in range(1, MOST_CALLS):
            faults = Faults(call, at, fault, lasting=lasting)
            subject = anew(source, home) if cold else source
            yield from (
                (kind.__name__, call, found) for found in tried(subject, faults, whole, token_first=token_first)
            )
            if not faults.happened:
                break
        else:
            yield kind.__name__, call, "it never gets through"
    if read_settled(source).files != whole.files:
        yield kind.__name__, call, "it does not recover"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", SOURCES)
def test_a_reader_gives_the_whole_or_an_error(tmp_path: Path, kind: Callable[[Path], Source], call: str) -> None:
    assert set(strike(call, kind, tmp_path)) - KNOWN == set()


# --- the store --------------------------------------------------------------------------------------------------------

STORE_CALLS: Final = (
    *("open", "mkdir", "utime", "fsync", "fstat", "fdopen"),
    *("replace", "rename", "scandir", "stat", "unlink", "close"),
)


def part(text: str) -> Part:
    files = MappingProxyType({"a.md": text.encode(), "b.md": text.encode() * 1000})
    return Part(name=".", prefix="", kind="volume", location="/mnt", payload="..x", files=files)


def save(store: Store, text: str) -> None:
    store.save(Snapshot.of([part(text)]).digest, [part(text)], now=NOW)


@contextmanager
def failing_store(call: str, at: int, fault: int) -> Iterator[list[int]]:
    """Each of the store's own calls fails at its ``at``-th time; yields how often it was made."""
    seen = [0]
    real = getattr(os, call)

    def failing(*arguments: Any, **options: Any) -> Any:
        seen[0] += 1
        if seen[0] == at:
            if call == "close":  # closed it is, whatever it says
                real(*arguments)
            raise OSError(fault, os.strerror(fault))
        return real(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, failing)
        yield seen


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.ENOENT])
@pytest.mark.parametrize("call", STORE_CALLS)
@pytest.mark.parametrize("before", ["nothing", "another", "the same"])
def test_whichever_call_of_a_save_fails_a_whole_set_stays_loadable(
    tmp_path: Path, call: str, fault: int, before: str
) -> None:
    made = at = 0
    while at <= made:
        at += 1
        home = tmp_path / str(at)
        store = Store(home)
        if before != "nothing":
            save(store, "new" if before == "the same" else "old")
        open_before = descriptors()
        with failing_store(call, at, fault) as seen, suppress(OSError):
            save(store, "new")
        made = seen[0]
        assert descriptors() == open_before
        assert_whole(store, before)
        save(store, "new")
        assert store.load().files == part("new").files
        assert [name for name in os.listdir(home) if name.endswith(".tmp")] == []


def assert_whole(store: Store, before: str) -> None:
    texts = {"nothing": ("new",), "another": ("old", "new"), "the same": ("new",)}[before]
    try:
        assert store.load().files in [part(text).files for text in texts]
    except StoreError:
        assert before == "nothing"


@pytest.mark.parametrize("name", ["last-good.json", "set"])
def test_a_directory_in_the_place_of_a_kept_file_costs_no_descriptor(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)
    save(store, "new")
    path = next(tmp_path.glob(f"{name}*"))
    path.unlink()
    path.mkdir()
    before = descriptors()
    with pytest.raises(StoreError, match="expected a regular file"):
        store.load()
    with pytest.raises(OSError, match="directory"):
        save(store, "new")
    assert descriptors() == before


def test_a_disk_that_fills_up_in_the_middle_of_a_file_leaves_the_earlier_set(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    store = Store(tmp_path)
    save(store, "old")
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most[1]))  # Python ignores the signal, so a write fails
    try:
        with pytest.raises(OSError, match="File too large"):
            save(store, "new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert store.load().files == part("old").files
    assert not list(tmp_path.glob("*.tmp"))


# --- one call that fails once -----------------------------------------------------------------------------------------


def struck(source: Source, call: str, at: int, fault: int) -> Snapshot:
    faults = Faults(call, at, fault)
    with faults.injected():
        snapshot = source.read()
    assert faults.happened
    return snapshot


def test_no_descriptor_left_for_a_plain_directory_is_a_source_error(tmp_path: Path) -> None:
    read_settled(plain(tmp_path))
    with pytest.raises(SourceError):
        struck(Directory(tmp_path / "p", settle=0.01), "open", 3, errno.EMFILE)


def test_a_status_that_cannot_be_had_is_a_source_error(tmp_path: Path) -> None:
    source = one_file(tmp_path)
    with pytest.raises(SourceError):
        struck(source, "fstat", 2, errno.EIO)


@pytest.mark.parametrize(("kind", "call"), [(volume, "is_dir"), (plain, "is_dir"), (plain, "entry_stat")])
def test_an_entry_that_cannot_be_looked_at_is_a_source_error(
    tmp_path: Path, kind: Callable[[Path], Source], call: str
) -> None:
    source = kind(tmp_path)
    read_settled(source)
    with pytest.raises(SourceError):
        struck(source, call, 1, errno.EIO)


def test_the_token_of_a_plain_directory_never_raises(tmp_path: Path) -> None:
    source = plain(tmp_path)
    with Faults("entry_stat", 1, errno.EIO).injected():
        source.token()


@pytest.mark.parametrize("call", ["open", "is_dir"])
def test_a_file_that_is_listed_and_once_said_not_to_be_there_is_not_left_out(tmp_path: Path, call: str) -> None:
    source = volume(tmp_path)
    whole = source.read()
    assert struck(source, call, 2, errno.ENOENT).files == whole.files


def test_a_listing_that_fails_once_hides_no_volume(tmp_path: Path) -> None:
    whole = read_settled(nested(tmp_path))
    try:
        found = struck(Tree(tmp_path / "n"), "scandir", 1, errno.EIO)
    except SourceError:
        return
    assert found.files == whole.files
