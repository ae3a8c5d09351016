"""What waits to be sent: in order, bounded, and the same after a restart, whatever the disk did to it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.messages import Message
from hotagents_k8s_monitor.records import Outbox, RecordsError

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 11, 24, 10, 0, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


def message(thread: str, number: int, **others: Any) -> Message:
    first = Message(
        thread=thread,
        number=number,
        kind="alert",
        form="full",
        severity="SEV-1",
        audience="SEV-1",
        at=AT,
        cluster="demo",
        title="Deployment shop/cart",
        generation=1,
        digest="sha256:00",
        owner=Owner("Deployment", "shop", "cart"),
    )
    return replace(first, **others)


def opened(directory: Path, *, most: int = 1000) -> Outbox:
    found = Outbox("slack", directory, most=most)
    found.load()
    return found


def ids(outbox: Outbox) -> list[str]:
    return [entry.message.id for entry in outbox.waiting()]


def sent(outbox: Outbox, now: datetime = AT) -> list[str]:
    done = []
    while (entry := outbox.next(now)) is not None:
        outbox.trying(entry, now)
        outbox.sent(entry, {"ts": entry.message.id}, now)
        done.append(entry.message.id)
    return done


def test_what_came_twice_is_sent_once_also_after_a_restart(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.accept([message("a", 1)], AT)
    outbox.accept([message("a", 1), message("a", 2)], AT)
    assert ids(opened(tmp_path)) == ["a/1", "a/2"]
    assert sent(outbox) == ["a/1", "a/2"]
    again = opened(tmp_path)
    again.accept([message("a", 2)], AT)
    assert ids(again) == []
    assert again.slip("a") == {"ts": "a/2"}


def test_a_thread_waits_for_its_first_message_and_no_other_thread_does(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.accept([message("a", 1), message("a", 2), message("b", 1)], AT)
    first = outbox.next(AT)
    assert first is not None
    outbox.failed(first, "channel_not_found", AT, alone=True)
    assert sent(outbox) == ["b/1"]
    assert ids(opened(tmp_path)) == ["a/1", "a/2"]
    assert sent(outbox, AT + MINUTE) == ["a/1", "a/2"]


def test_pauses_grow_and_what_was_asked_for_is_kept_to(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.accept([message("a", 1)], AT)
    now, pauses = AT, []
    for _ in range(6):
        entry = outbox.next(now)
        assert entry is not None
        outbox.failed(entry, "no", now)
        begun = now
        while outbox.next(now) is None:
            now += timedelta(seconds=5)
        pauses.append(int((now - begun).total_seconds()))
    assert pauses == [5, 15, 60, 300, 900, 900]
    entry = outbox.next(now)
    assert entry is not None
    outbox.failed(entry, "later", now, retry_after=timedelta(hours=1))
    assert opened(tmp_path).next(now + timedelta(minutes=59)) is None
    assert opened(tmp_path).next(now + timedelta(minutes=60)) is not None
    assert opened(tmp_path).next(now - timedelta(hours=9)) is not None  # the clock was set right


def test_an_attempt_of_which_nobody_knows_is_remembered(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.accept([message("a", 1)], AT)
    entry = outbox.next(AT)
    assert entry is not None
    outbox.trying(entry, AT)  # and the process dies
    again = opened(tmp_path).next(AT + MINUTE)
    assert again is not None
    assert again.tried_at == AT
    outbox.failed(entry, "no connection", AT)
    sure = opened(tmp_path).next(AT + MINUTE)
    assert sure is not None
    assert sure.tried_at is None


def test_what_is_too_much_is_given_up_the_oldest_updates_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = opened(tmp_path, most=4)
    updates = [message("a", n, kind="reminder", form="brief") for n in (2, 3)]
    said = outbox.accept([message("a", 1), *updates, message("b", 1), message("c", 1), message("d", 1)], AT)
    assert said == ("NOT TOLD slack: 2 one-line updates given up, since more than 4 wait",)
    assert ids(outbox) == ids(opened(tmp_path)) == ["a/1", "b/1", "c/1", "d/1"]
    (further,) = outbox.accept([message("e", 1)], AT)
    assert "0 one-line updates and 1 other messages given up" in further
    assert ids(outbox)[0] == "b/1"
    assert caplog.text.count("given up") == 2


def test_a_file_cut_anywhere_gives_what_is_whole(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.accept([message("a", 1), message("b", 1)], AT)
    path = tmp_path / "slack.jsonl"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        cut = opened(tmp_path)
        assert ids(cut) == ["a/1", "b/1"][: len(ids(cut))]
        cut.accept([message("a", 1), message("b", 1)], AT)  # as the state gives it once more
        assert sorted(ids(opened(tmp_path))) == ["a/1", "b/1"]


def test_lines_that_are_damaged_are_said_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outbox = opened(tmp_path)
    outbox.accept([message("a", 1)], AT)
    with (tmp_path / "slack.jsonl").open("a") as file:
        file.write('{"put": {}}\n[1]\n{"sent": "x/1", "slip": 3, "ended": null}\n{"try": "y", "at": "now"}\n')
    assert ids(opened(tmp_path)) == ["a/1"]
    assert "outbox slack: 4 damaged lines are left out" in caplog.text


def test_a_newer_version_s_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "slack.jsonl").write_text(json.dumps({"schema": 99, "notifier": "slack"}) + "\n")
    with pytest.raises(RecordsError, match="newer version"):
        opened(tmp_path)


def test_a_long_life_does_not_make_a_long_file(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.accept([message("kept", 1)], AT)
    assert sent(outbox) == ["kept/1"]
    for n in range(700):
        outbox.accept([message(f"t{n}", 1), message(f"t{n}", 2, kind="resolved")], AT + n * 10 * MINUTE)
        sent(outbox, AT + n * 10 * MINUTE)
    outbox.accept([message("w", 1)], AT + timedelta(days=9))
    assert len((tmp_path / "slack.jsonl").read_text().splitlines()) < 2500
    again = opened(tmp_path)
    assert (ids(again), again.slip("kept"), again.slip("t0")) == (["w/1"], {"ts": "kept/1"}, None)


def test_after_it_is_closed_nothing_is_written(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.accept([message("a", 1)], AT)
    outbox.close()
    assert sent(outbox) == ["a/1"]
    assert ids(opened(tmp_path)) == ["a/1"]


def test_a_disk_that_is_full_is_raised_and_the_message_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hotagents_k8s_monitor.records import outbox as module  # noqa: PLC0415 - patched

    def full(*_arguments: object) -> int:
        raise OSError("No space left on device")

    outbox = opened(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(module, "append_line", full)
        patch.setattr(module, "write_lines", full)
        with pytest.raises(OSError, match="No space"):
            outbox.accept([message("a", 1)], AT)
        with pytest.raises(OSError, match="No space"):  # for as long as it is not on the disk
            outbox.accept([], AT)
        assert ids(outbox) == ["a/1"]
    assert outbox.accept([], AT) == ()
    assert ids(opened(tmp_path)) == ["a/1"]


def test_what_was_sent_while_the_disk_was_full_is_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hotagents_k8s_monitor.records import outbox as module  # noqa: PLC0415 - patched

    def full(*_arguments: object) -> int:
        raise OSError("No space left on device")

    outbox = opened(tmp_path)
    outbox.accept([message("a", 1), message("b", 1)], AT)
    with monkeypatch.context() as patch:
        patch.setattr(module, "append_line", full)
        for entry in outbox.waiting():
            with pytest.raises(OSError, match="No space"):
                outbox.sent(entry, {"ts": "1"}, AT)
    outbox.accept([], AT)
    again = opened(tmp_path)
    assert (ids(again), again.slip("a")) == ([], {"ts": "1"})


def test_what_an_earlier_process_may_have_sent_is_looked_for_first(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.accept([message("a", 1), message("a", 2)], AT)
    outbox.accept([message("a", 2), message("a", 3)], AT + MINUTE, perhaps=True)
    for found in (outbox, opened(tmp_path)):
        assert [entry.tried_at for entry in found.waiting()] == [None, None, AT]


def test_a_line_that_a_crash_cut_off_is_no_damage_and_spoils_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened(tmp_path).accept([message("a", 1)], AT)
    path = tmp_path / "slack.jsonl"
    path.write_bytes(path.read_bytes() + b'{"put": {"thre')
    outbox = opened(tmp_path)
    outbox.accept([message("b", 1)], AT)
    assert ids(opened(tmp_path)) == ["a/1", "b/1"]
    assert not caplog.messages


def test_a_message_that_is_damaged_on_the_disk_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    opened(tmp_path).accept([message("a", 1), message("b", 1)], AT)
    path = tmp_path / "slack.jsonl"
    path.write_bytes(path.read_bytes().replace(b'{"put":{"version":1,"id":"a/1"', b'{"put":{"version":1,"id:"a/1"'))
    assert ids(opened(tmp_path)) == ["b/1"]
    assert f"1 damaged lines are left out, maybe messages: {path}" in caplog.text
