"""A recording gives back what was put in, is never larger than it may be, and is read with suspicion."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster.snapshot import RESOURCES, Gap, Snapshot
from hotagents_k8s_monitor.rehearsal.reading import read_recording
from hotagents_k8s_monitor.rehearsal.recording import FILE, FORMAT, Header, RecordedLook, RecordingError
from hotagents_k8s_monitor.rehearsal.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOW: Final = datetime(2026, 11, 24, 10, tzinfo=timezone.utc)
HEADER: Final = Header(name="test", summary="a test", resources=tuple(RESOURCES))
MIB: Final = 1 << 20


def pod(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, **more}


def look(minute: float, pods: Iterable[dict[str, Any]], *gaps: Gap, took: float = 0.25) -> RecordedLook:
    objects: Any = {"nodes": ({"metadata": {"name": "node-a"}},), "pods": tuple(pods)}
    for gap in gaps:
        objects.pop(gap.resource, None)
    snapshot = Snapshot(
        NOW + timedelta(minutes=minute),
        MappingProxyType(objects),
        MappingProxyType(dict[Any, Gap]((g.resource, g) for g in gaps)),
    )
    return RecordedLook(snapshot, timedelta(seconds=took))


def written(directory: Path, looks: Iterable[RecordedLook], *, most_bytes: int = MIB) -> list[bool]:
    with Writer(directory, HEADER, most_bytes=most_bytes) as writer:
        return [writer.add(each) for each in looks]


def test_looks_come_back_with_their_objects_gaps_and_times(tmp_path: Path) -> None:
    looks = [
        look(0, [pod("a"), pod("b", status={"phase": "Pending"})]),
        look(1, [pod("a"), pod("b", status={"phase": "Running"}), pod("c")]),
        look(2, [], Gap("pods", "forbidden", "not allowed")),
        look(3, [pod("c")], took=12.5),
    ]
    assert written(tmp_path, looks) == [True] * 4
    recorded = read_recording(tmp_path)
    assert recorded.header == HEADER
    assert list(recorded.looks()) == looks
    assert [each.judged_at for each in recorded.looks()][-1] == NOW + timedelta(minutes=3, seconds=12.5)


def test_an_object_that_stays_as_it_is_is_written_once(tmp_path: Path) -> None:
    written(tmp_path, [look(minute, [pod("the-only-one")]) for minute in range(50)])
    assert gzip.decompress((tmp_path / FILE).read_bytes()).count(b"the-only-one") == 1


def test_a_file_never_outgrows_its_bound_and_stays_readable(tmp_path: Path) -> None:
    bound = 2000
    looks = [look(n, [pod(f"{n}-{hash((n, m)):x}") for m in range(20)]) for n in range(40)]
    added = written(tmp_path, looks, most_bytes=bound)
    assert added[0]
    assert not added[-1]
    assert (tmp_path / FILE).stat().st_size <= bound
    kept = list(read_recording(tmp_path).looks())
    assert [each.snapshot.taken_at for each in kept] == [
        each.snapshot.taken_at for each, there in zip(looks, added, strict=True) if there
    ]


def test_what_was_added_is_on_disk_before_the_end(tmp_path: Path) -> None:
    with Writer(tmp_path, HEADER, most_bytes=MIB) as writer:
        writer.add(look(0, [pod("a")]))
        assert len(list(read_recording(tmp_path).looks())) == 1


def test_a_file_that_was_cut_off_ends_with_its_last_whole_look(tmp_path: Path) -> None:
    written(tmp_path, [look(0, [pod("a")]), look(1, [pod("b" * 200)])])
    content = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content[:-30])
    assert len(list(read_recording(tmp_path).looks())) in {1, 2}


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    written(tmp_path, [look(0, [])])
    with pytest.raises(RecordingError, match="there is a recording already"):
        Writer(tmp_path, HEADER, most_bytes=MIB)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "line 1: expected a look"),
        (["null"], "expected the header"),
        (['{"kind": "k8s-monitor recording", "format": 99}'], "format 99, this version reads up to"),
        (["[1"], "line 1"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_line(lines: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    with pytest.raises(RecordingError, match=said):
        read_recording(tmp_path)


@pytest.mark.parametrize("line", ["{}", '{"at": "soon", "lists": {}}', '{"at": 3, "lists": []}', "x", "[" * 20_000])
def test_a_line_that_is_no_look_is_refused_with_its_number(line: str, tmp_path: Path) -> None:
    head = json.dumps(HEADER.to_dict())
    (tmp_path / FILE).write_bytes(gzip.compress(f"{head}\n{line}\n".encode()))
    with pytest.raises(RecordingError, match="line 2"):
        list(read_recording(tmp_path).looks())


def test_no_directory_and_a_file_that_is_no_gzip_are_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no recording there"):
        read_recording(tmp_path / "nowhere")
    (tmp_path / FILE).write_text("plain", encoding="utf-8")
    with pytest.raises(RecordingError, match="line 1"):
        read_recording(tmp_path)


def test_a_resource_that_was_never_asked_for_is_neither_seen_nor_a_gap(tmp_path: Path) -> None:
    header = Header(name="old", summary="", resources=("nodes",))
    with Writer(tmp_path, header, most_bytes=MIB) as writer:
        seen: Any = {"nodes": ()}
        writer.add(RecordedLook(Snapshot(NOW, seen)))
    recorded = read_recording(tmp_path)
    (only,) = recorded.looks()
    assert "pods" in recorded.unseen
    assert "pods" not in only.snapshot.objects
    assert not only.snapshot.gaps
    assert not only.snapshot.is_whole(("pods",))


def test_the_format_is_the_first() -> None:
    assert FORMAT == 1
