from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from hotagents.watchers.events import wakeup_in

_LINKS = {1: {b"..data"}}
_MOVED_TO = 0x80


def event(name: bytes, *, mask: int = _MOVED_TO, watch: int = 1) -> bytes:
    padded = name + b"\0" * (16 - len(name) % 16) if name else b""
    return struct.pack("iIII", watch, mask, 0, len(padded)) + padded


def test_the_link_is_a_hint_and_only_in_its_own_directory() -> None:
    assert wakeup_in(event(b"..data"), _LINKS) == "hint"
    assert wakeup_in(event(b"..data", watch=2), _LINKS) is None


def test_noise_before_and_after_a_hint_does_not_hide_it() -> None:
    noise = event(b"..data_tmp")
    assert wakeup_in(noise + event(b"..data") + noise, _LINKS) == "hint"
    assert wakeup_in(noise + noise, _LINKS) is None


def test_a_name_that_is_not_utf8_is_a_hint() -> None:
    assert wakeup_in(event(b"\xff"), _LINKS) == "hint"


def test_every_kind_of_loss_wins_over_a_hint() -> None:
    for mask in (0x400, 0x800, 0x2000, 0x4000, 0x8000):  # self deleted, self moved, unmounted, overflow, ignored
        assert wakeup_in(event(b"a") + event(b"", mask=mask, watch=-1) + event(b"a"), _LINKS) == "lost"


def test_an_event_cut_off_is_lost() -> None:
    whole = event(b"a.md")
    for end in range(1, len(whole)):
        assert wakeup_in(whole[:end], _LINKS) == "lost"


def test_a_length_that_lies_is_lost() -> None:
    assert wakeup_in(struct.pack("iIII", 1, _MOVED_TO, 0, 0xFFFFFFFF) + b"a", _LINKS) == "lost"


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    assert wakeup_in(data, _LINKS) in {None, "hint", "lost"}
