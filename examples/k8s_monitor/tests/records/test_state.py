"""The book on disk: what was remembered is remembered exactly, or it is said that it is not."""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotagents_k8s_monitor.findings import IMPACTS, SEVERITIES, Owner, Tier
from hotagents_k8s_monitor.judging import Finding
from hotagents_k8s_monitor.policy import Muted
from hotagents_k8s_monitor.records import SCHEMA, RecordsError, StateFile
from hotagents_k8s_monitor.tracking import Book, End, Incident, Told, Tracked

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeBook = Callable[..., Book]

MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(timezone.utc))  # noqa: DTZ001
TEXTS = st.text(st.characters(), max_size=20)  # surrogates, control characters, everything
OWNERS = st.builds(Owner, TEXTS, TEXTS, TEXTS)
FINDINGS = st.builds(
    Finding,
    fingerprint=TEXTS,
    rule=TEXTS,
    owner=OWNERS,
    impact=st.sampled_from(IMPACTS),
    tier=st.sampled_from(get_args(Tier)),
    severity=st.sampled_from(SEVERITIES),
    message=TEXTS,
    objects=st.lists(TEXTS, max_size=3).map(tuple),
    since=MOMENTS,
    due=MOMENTS,
    muted=st.none(),
    reached=st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
    missing=st.integers(0, 1000),
)
TRACKED = st.builds(
    Tracked,
    finding=FINDINGS,
    first_seen=MOMENTS,
    opened_at=st.none() | MOMENTS,
    absent_since=st.none() | MOMENTS,
    unsure_since=st.none() | MOMENTS,
    last_seen=st.none() | MOMENTS,
    worse_at=st.none() | MOMENTS,
    flapping=st.booleans(),
    away=st.booleans(),
    cause=st.none() | OWNERS,
    cause_over=st.none() | MOMENTS,
)
INCIDENTS = st.builds(
    Incident,
    id=st.from_regex(r"[0-9A-Za-z][0-9A-Za-z.-]{0,40}", fullmatch=True),
    owner=OWNERS,
    opened_at=MOMENTS,
    findings=st.lists(FINDINGS, min_size=1, max_size=3).map(tuple),
    told=st.none()
    | st.builds(
        Told,
        MOMENTS,
        st.sampled_from(SEVERITIES),
        st.frozensets(TEXTS, max_size=3),
        st.fixed_dictionaries(dict.fromkeys(SEVERITIES, MOMENTS)).map(MappingProxyType),
        st.none() | MOMENTS,
        st.integers(1, 1000),
        st.booleans(),
        st.none() | MOMENTS,
    ),
    milder_since=st.none() | MOMENTS,
    worse_since=st.none() | MOMENTS,
    end=st.none() | st.sampled_from(get_args(End)),
    ended_at=st.none() | MOMENTS,
    flapping=st.booleans(),
)
BOOKS = st.builds(
    lambda cluster, tracked, incidents, changes, warned: Book(
        cluster=cluster,
        tracked=MappingProxyType({item.finding.fingerprint: item for item in tracked}),
        incidents=MappingProxyType({incident.id: incident for incident in incidents}),
        changes=MappingProxyType(changes),
        warned=warned,
    ),
    TEXTS,
    st.lists(TRACKED, max_size=3),
    st.lists(INCIDENTS, max_size=3),
    st.dictionaries(TEXTS, st.lists(MOMENTS, min_size=1, max_size=3).map(tuple), max_size=3),
    st.frozensets(TEXTS, max_size=3),
)


def loaded(directory: Path, at: datetime) -> Book:
    return StateFile(directory).load(at)


@pytest.mark.untraced
@settings(max_examples=200, deadline=None)
@given(BOOKS, MOMENTS)
def test_every_book_is_read_back_exactly(book: Book, now: datetime) -> None:
    with TemporaryDirectory() as place:
        StateFile(Path(place)).save(book)
        again = loaded(Path(place), now)
        assert again == book
        assert list(again.tracked) == list(book.tracked)
        assert list(again.incidents) == list(book.incidents)
        assert os.listdir(place) == ["state.json"]


def test_what_mutes_a_finding_is_judged_anew_after_a_restart(
    tmp_path: Path, book_about: MakeBook, at: datetime
) -> None:
    book = book_about("cart")
    (name, item), *_ = book.tracked.items()
    muted = replace(item, finding=replace(item.finding, muted=Muted("known issue", "known", at)))
    StateFile(tmp_path).save(replace(book, tracked={name: muted}))
    assert loaded(tmp_path, at) == book


def test_without_a_file_or_a_directory_nothing_is_remembered_and_nothing_made(tmp_path: Path, at: datetime) -> None:
    assert loaded(tmp_path / "not" / "there", at) == Book()
    assert list(tmp_path.iterdir()) == []


def test_the_first_save_makes_the_directory(tmp_path: Path, book_about: MakeBook, at: datetime) -> None:
    StateFile(tmp_path / "a" / "b").save(book_about("cart"))
    assert loaded(tmp_path / "a" / "b", at) == book_about("cart")


def test_a_file_cut_anywhere_is_moved_aside_and_said_once(
    tmp_path: Path, book_about: MakeBook, at: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.json"
    StateFile(tmp_path).save(book_about("cart"))
    whole = path.read_bytes()
    for length in range(len(whole) - 1):  # the last byte is the line's end, which nobody misses
        path.write_bytes(whole[:length])
        caplog.clear()
        assert loaded(tmp_path, at) == Book()
        assert loaded(tmp_path, at) == Book()
        (aside,) = tmp_path.iterdir()
        assert aside.name == "state.json.damaged-20261124T100000Z"
        assert aside.read_bytes() == whole[:length]
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert f"{path} is damaged (" in record.message
        assert "was moved to state.json.damaged-20261124T100000Z; beginning without memory" in record.message
    path.write_bytes(whole[:-1])
    assert loaded(tmp_path, at) == book_about("cart")


def changed(values: Any, *keys: str | int, to: Any) -> Any:
    inner = values
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = to
    return values


@pytest.mark.parametrize(
    ("keys", "to"),
    [
        (("schema",), None),
        (("schema",), "1"),
        (("schema",), 1.0),
        (("tracked",), None),
        (("tracked", 0), 7),
        (("tracked", 0, "absent_since"), 7),
        (("tracked", 0, "absent_since"), "long ago"),
        (("tracked", 0, "first_seen"), "yesterday"),
        (("tracked", 0, "first_seen"), "2026-11-24T10:00:00"),
        (("tracked", 0, "first_seen"), "0001-01-01T00:00:00+14:00"),
        (("tracked", 0, "finding", "severity"), "SEV-9"),
        (("tracked", 0, "finding", "severity"), ["SEV-1"]),
        (("tracked", 0, "finding", "impact"), "none"),
        (("tracked", 0, "finding", "tier"), "P9"),
        (("incidents", 0, "findings"), []),
        (("incidents", 0, "end"), "somehow"),
        (("incidents", 0, "id"), "../../etc/cron.d/x"),
        (("incidents", 0, "id"), ".."),
        (("incidents", 0, "id"), "x" * 300),
        (("incidents", 0, "id"), 7),
        (("tracked", 0, "finding", "reached"), "soon"),
        (("incidents", 0, "told", "severity"), "SEV-0"),
        (("incidents", 0, "told", "heard"), None),
        (("incidents", 0, "told", "heard"), {}),
        (("incidents", 0, "told", "heard", "SEV-9"), "2026-11-24T10:00:00+00:00"),
        (("incidents", 0, "told", "heard", "SEV-1"), "soon"),
        (("incidents", 0, "ended_at"), "soon"),
        (("incidents", 0, "milder_since"), 7),
        (("incidents", 0, "worse_since"), 7),
        (("tracked", 0, "unsure_since"), True),
        (("tracked", 0, "finding", "missing"), None),
        (("incidents", 0, "told", "fingerprints"), 1),
        (("incidents", 0, "owner"), {}),
    ],
)
def test_values_that_no_version_wrote_are_damage(
    tmp_path: Path, book_about: MakeBook, at: datetime, keys: tuple[str | int, ...], to: Any
) -> None:
    path = tmp_path / "state.json"
    StateFile(tmp_path).save(book_about("cart"))
    path.write_text(json.dumps(changed(json.loads(path.read_text()), *keys, to=to)))
    assert loaded(tmp_path, at) == Book()
    assert [p.name for p in tmp_path.iterdir()] == ["state.json.damaged-20261124T100000Z"]


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 100, b"\xff\xfe", b"[]", b"null", b"[" * 100_000, b'{"schema":' + b"9" * 5000 + b"}"]
)
def test_what_is_no_state_at_all_is_damage(tmp_path: Path, at: datetime, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)
    assert loaded(tmp_path, at) == Book()
    assert (tmp_path / "state.json.damaged-20261124T100000Z").read_bytes() == content


def test_what_cannot_be_read_is_moved_aside_too(tmp_path: Path, at: datetime, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state.json").mkdir()
    assert loaded(tmp_path, at) == Book()
    assert [p.name for p in tmp_path.iterdir()] == ["state.json.damaged-20261124T100000Z"]
    assert "cannot be read (not a regular file)" in caplog.text


def test_a_damaged_file_that_cannot_be_moved_keeps_nobody_from_looking(
    tmp_path: Path, at: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state.json").write_text("{")

    def refused(_self: Path, _target: Path) -> Path:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refused)
    assert loaded(tmp_path, at) == Book()
    assert "could not be moved aside (Read-only file system)" in caplog.text


def test_a_newer_versions_state_is_refused_with_a_remedy_and_left_alone(
    tmp_path: Path, at: datetime, files_below: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"schema": SCHEMA + 1, "all": "new"}))
    before = (files_below(tmp_path), path.stat().st_mtime_ns, path.stat().st_ino)
    said = (
        f"{path} was written by a newer version (schema 2, this one knows 1); "
        "run that version again, or move the file away to start without memory"
    )
    state = StateFile(tmp_path)
    for ask in (lambda: state.load(at), state.refuse_newer):
        with pytest.raises(RecordsError) as error:
            ask()
        assert str(error.value) == said
    assert (files_below(tmp_path), path.stat().st_mtime_ns, path.stat().st_ino) == before
    assert caplog.records == []


@pytest.mark.parametrize("content", [None, "", '{"schema": 1}', '{"schema": 0}', "[]"])
def test_what_is_not_newer_is_not_refused_nor_touched_beforehand(
    tmp_path: Path, content: str | None, files_below: Any
) -> None:
    if content is not None:
        (tmp_path / "state.json").write_text(content)
    before = files_below(tmp_path)
    StateFile(tmp_path).refuse_newer()
    assert files_below(tmp_path) == before


def test_a_book_that_is_written_already_is_not_written_again(
    tmp_path: Path, book_about: MakeBook, at: datetime
) -> None:
    state, path = StateFile(tmp_path), tmp_path / "state.json"
    state.save(book_about("cart"))
    inode = path.stat().st_ino
    state.save(book_about("cart"))
    assert path.stat().st_ino == inode
    state.save(book_about("cart", "search"))
    assert loaded(tmp_path, at) == book_about("cart", "search")


def failing(*_arguments: object, **_options: object) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("name", ["os.fsync", "os.fchmod", "os.replace", "pathlib.Path.replace", "tempfile.mkstemp"])
def test_a_write_that_fails_leaves_what_was_there_and_the_next_one_goes_through(
    tmp_path: Path, book_about: MakeBook, at: datetime, name: str, monkeypatch: pytest.MonkeyPatch, files_below: Any
) -> None:
    state = StateFile(tmp_path)
    state.save(book_about("cart"))
    before = files_below(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(name, failing)
        for _ in range(2):
            with pytest.raises(OSError, match="No space left"):
                state.save(book_about("search"))
            assert files_below(tmp_path) == before
    state.save(book_about("search"))
    assert loaded(tmp_path, at) == book_about("search")
    assert list(files_below(tmp_path)) == ["state.json"]


def test_a_disk_that_is_full_leaves_what_was_there(
    tmp_path: Path, book_about: MakeBook, at: datetime, largest_file: Any, files_below: Any
) -> None:
    state = StateFile(tmp_path)
    state.save(book_about("cart"))
    before = files_below(tmp_path)
    for size in (0, 1, 100, len(before["state.json"])):
        with largest_file(size), pytest.raises(OSError, match="File too large"):
            state.save(book_about("cart", "search"))
        assert files_below(tmp_path) == before
    state.save(book_about("cart", "search"))
    assert loaded(tmp_path, at) == book_about("cart", "search")


def test_a_directory_that_may_not_be_written_leaves_what_was_there(
    tmp_path: Path, book_about: MakeBook, files_below: Any
) -> None:
    state = StateFile(tmp_path)
    state.save(book_about("cart"))
    before = files_below(tmp_path)
    tmp_path.chmod(0o555)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("root may write anywhere")
        with pytest.raises(PermissionError):
            state.save(book_about("search"))
    finally:
        tmp_path.chmod(0o755)
    assert files_below(tmp_path) == before


def test_a_file_in_the_directorys_place_is_an_error_and_not_overwritten(tmp_path: Path, book_about: MakeBook) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(OSError, match="data"):
        StateFile(tmp_path / "data").save(book_about("cart"))
    assert (tmp_path / "data").read_text() == "mine"


def test_a_file_system_that_syncs_no_directory_is_good_enough(
    tmp_path: Path, book_about: MakeBook, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, code = os.fsync, errno.EINVAL

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    StateFile(tmp_path).save(book_about("cart"))
    assert loaded(tmp_path, at) == book_about("cart")
    code = errno.EIO
    with pytest.raises(OSError, match="Input/output error"):
        StateFile(tmp_path).save(book_about("search"))


def test_the_files_may_be_read_by_the_group_and_by_nobody_else(tmp_path: Path, book_about: MakeBook) -> None:
    StateFile(tmp_path).save(book_about("cart"))
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o640


DYING = """
import os, sys, time
from pathlib import Path
from datetime import datetime, timezone
from dataclasses import replace
from hotagents_k8s_monitor.records import StateFile

where, directory = {where!r}, Path(sys.argv[1])
state = StateFile(directory)
book = state.load(datetime.now(timezone.utc))

def here(*_arguments):
    print("here", flush=True)
    time.sleep(60)

real = os.fsync
def second(descriptor):
    os.fsync = here
    real(descriptor)

if where == "written":
    os.fsync = here
elif where == "synced":
    Path.replace = here
else:
    os.fsync = second
state.save(replace(book, cluster="renamed"))
"""


@pytest.mark.parametrize("where", ["written", "synced", "renamed"])
def test_a_process_that_is_killed_while_it_writes_leaves_the_old_book_or_the_new(
    tmp_path: Path, book_about: MakeBook, at: datetime, killed: Any, where: str
) -> None:
    StateFile(tmp_path).save(book_about("cart"))
    killed(DYING.format(where=where), tmp_path)
    cluster = "renamed" if where == "renamed" else "demo"
    assert loaded(tmp_path, at) == replace(book_about("cart"), cluster=cluster)
    left = [path.name for path in tmp_path.iterdir() if path.name != "state.json"]
    assert [name.startswith(".state.json.") for name in left] == ([] if where == "renamed" else [True])
    StateFile(tmp_path).save(book_about("search"))
    assert loaded(tmp_path, at + timedelta(hours=1)) == book_about("search")
