"""Findings for code scanning and for a pull request's lines."""

from __future__ import annotations

import json
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st
from sarif_pydantic import Sarif  # type: ignore[import-untyped]  # it has no types

from hotagents import Diagnostic
from hotagents.diagnostics import CODES, Severity
from hotagents.ops.sarif import sarif, workflow_commands
from hotagents.remedy import Edit

_DIAGNOSTICS = st.builds(
    Diagnostic,
    code=st.sampled_from(sorted(CODES)),
    severity=st.sampled_from(get_args(Severity)),
    path=st.text(max_size=20),
    line=st.integers(0, 9),
    column=st.integers(0, 9),
    key=st.text(max_size=5),
    message=st.text(max_size=50),
    hint=st.text(max_size=20),
)
FOUND = Diagnostic("wrong-type", "error", "agents/a b.md", 4, 8, "model", "expected a string, got 3", 'write "3"')


def test_a_log_names_rule_level_place_and_remedy() -> None:
    log = sarif([FOUND, Diagnostic("empty-set", "warning", "", 0, 0, "", "no agent")])
    run = log["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["empty-set", "wrong-type"]
    located, whole = run["results"]
    assert (located["ruleId"], located["ruleIndex"], located["level"]) == ("wrong-type", 1, "error")
    assert located["message"]["text"] == 'model: expected a string, got 3; write "3"'
    place = located["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "agents/a%20b.md"}, "region": {"startLine": 4, "startColumn": 8}}
    assert "locations" not in whole


@given(found=st.lists(_DIAGNOSTICS, max_size=4))
def test_every_log_is_one(found: list[Diagnostic]) -> None:
    log = json.loads(json.dumps(sarif(found)))
    read: Any = Sarif.model_validate(log)
    assert len(read.runs[0].results) == len(found)


@given(text=st.text(max_size=30), first=st.integers(1, 4), count=st.integers(0, 3), lines=st.lists(st.text(max_size=5)))
def test_a_remedy_that_is_proved_is_a_fix(text: str, first: int, count: int, lines: list[str]) -> None:
    edit = Edit(first, first + count - 1, tuple(lines))
    log = json.loads(json.dumps(sarif([FOUND], {FOUND: (edit, text)})))
    read: Any = Sarif.model_validate(log)
    (fix,) = read.runs[0].results[0].fixes
    assert fix.description.text == FOUND.hint
    (change,) = fix.artifact_changes
    assert change.artifact_location.uri == "agents/a%20b.md"


def test_an_annotation_is_a_line_that_a_workflow_understands() -> None:
    (line,) = workflow_commands([FOUND])
    assert line == (
        '::error file=agents/a b.md,line=4,col=8,title=wrong-type::model: expected a string, got 3; write "3"'
    )


@given(found=_DIAGNOSTICS)
def test_no_text_of_a_file_can_add_a_command_or_a_property(found: Diagnostic) -> None:
    (line,) = workflow_commands([found])
    assert "\n" not in line
    assert "\r" not in line
    head, _, _ = line.removeprefix("::").partition("::")
    properties = dict(item.split("=", 1) for item in head.partition(" ")[2].split(","))
    assert set(properties) <= {"file", "line", "col", "title"}
    assert properties["title"] == found.code


def test_a_path_that_could_not_be_read_is_no_clean_bill() -> None:
    (run,) = sarif([], unread=["nope: no such file"])["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "nope: no such file"
    assert sarif([FOUND])["runs"][0]["invocations"][0]["executionSuccessful"] is True
