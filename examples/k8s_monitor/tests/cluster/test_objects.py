"""Reading JSON of any shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.cluster.objects import (
    at,
    condition,
    count_at,
    items_at,
    mapping_at,
    name_of,
    namespace_of,
    text_at,
    time_at,
)

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ["metadata", "name", "namespace", "status", "conditions", "type", "items", "", "Ready"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner), max_leaves=20)
KEYS = st.lists(ANY_TEXT, max_size=3)


@given(JSON, KEYS)
def test_any_json_can_be_read(value: Any, keys: list[str]) -> None:
    at(value, *keys)
    assert isinstance(text_at(value, *keys), str)
    assert count_at(value, *keys, default=7) >= 0
    assert isinstance(mapping_at(value, *keys), Mapping)
    assert all(isinstance(item, Mapping) for item in items_at(value, *keys))
    time = time_at(value, *keys)
    assert time is None or time.utcoffset() == timedelta(0)
    assert isinstance(condition(value, "Ready"), Mapping)
    assert isinstance(name_of(value), str)
    assert isinstance(namespace_of(value), str)


@given(st.from_regex(r"[-+T:Z.,W0-9 ]{0,40}", fullmatch=True) | st.datetimes().map(datetime.isoformat) | ANY_TEXT)
def test_any_text_can_be_read_as_a_time(text: str) -> None:
    time = time_at({"t": text}, "t")
    assert time is None or time.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["2026-11-02T03:04:05Z", "2026-11-02T03:04:05.000000Z", "2026-11-02T04:04:05+01:00"])
def test_times_are_read_as_the_api_server_writes_them(text: str) -> None:
    assert time_at({"t": text}, "t") == datetime(2026, 11, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-02", "2026-11-02T03:04:05", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_moment_is_no_time(text: str) -> None:
    assert time_at({"t": text}, "t") is None


@pytest.mark.parametrize("value", [None, True, -1, 1.5, "3", [3]])
def test_what_is_no_count_is_the_default(value: Any) -> None:
    assert count_at({"n": value}, "n", default=9) == 9


def test_a_condition_is_found_by_its_type() -> None:
    ready = {"type": "Ready", "status": "False"}
    assert condition({"status": {"conditions": [None, {"type": "Other"}, ready]}}, "Ready") == ready
    assert condition({"status": {"conditions": None}}, "Ready") == {}
