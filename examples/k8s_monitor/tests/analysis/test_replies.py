"""JSON in what a model says."""

from __future__ import annotations

from typing import Any

import pytest

from hotagents_k8s_monitor.analysis.bodies import redacted_body
from hotagents_k8s_monitor.analysis.replies import json_within


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ("[1]", [1]),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Here it is: {"a": {"b": [1]}}. I hope {that} helps.', {"a": {"b": [1]}}),
        ('<think>It is {"a": 0}, or { so.</think>{"a": 1, "b": 2}', {"a": 1, "b": 2}),
        ('<think>{"a": 0}</think>{"a": 1}', {"a": 1}),
        ('{"a": 1}\n{}', {"a": 1}),
        ("{" * 100_000, None),
        ('{"a":' * 100_000, None),
        ("[" * 100_000, None),
        ("1" * 5000, None),
        ("", None),
        ("no", None),
    ],
)
def test_the_json_is_found_where_there_is_any(text: str, expected: Any) -> None:
    assert json_within(text) == expected


def test_a_text_that_is_long_and_odd_does_not_stop_the_process() -> None:
    said = "\\" * 400_000  # which took hours, while nothing else in the process ran
    assert redacted_body({"messages": [{"role": "assistant", "content": said}]})["messages"][0]["content"] == said
    assert json_within('{"a": [' * 100_000) is None
