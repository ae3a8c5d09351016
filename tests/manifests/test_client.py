"""What a cluster's own client reads otherwise than a parser of YAML does; each case as kubectl 1.27 to 1.33 has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hotagents import Manifests

if TYPE_CHECKING:
    from hotagents import Diagnostic, Snapshot

A = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a.md: "x"}\n'
B = A.replace("a.md", "b.md").replace("name: a", "name: b")
JSON_A = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a.md": "x"}})
JSON_B = JSON_A.replace("a.md", "b.md").replace('"a"', '"b"')
COMMA = JSON_A.replace("}}", ",}}")
OLDER = "kubectl before 1.33 refuses it"


def read(text: str) -> Snapshot:
    return Manifests(text if "\n" in text else f"{text}\n").read()


def only(snapshot: Snapshot, severity: str) -> Diagnostic:
    (found,) = snapshot.diagnostics
    assert (found.code, found.severity) == ("manifest-syntax", severity)
    return found


@pytest.mark.parametrize(
    "text",
    [
        f"---\n{A}---\n{B}",
        f"\n---\n{A}--- # comment\n{B}---\t\n---\n# nothing\n---",
        f"{A}...\n---\n{B}",
        f"---\r\n{A}---  \r\n{B}".replace("\n", "\r\n").replace("\r\r", "\r"),
        f"{JSON_A}{JSON_B}",
        f"\n {JSON_A}\n\n{JSON_B}\n",
        f"---\n{COMMA}\n---\n{JSON_B}",
        f"# comment\n{COMMA}\n---\n{JSON_B}",
    ],
)
def test_what_every_client_reads_is_read(text: str) -> None:
    snapshot = read(text)
    assert (dict(snapshot.files), snapshot.diagnostics) == ({"a.md": b"x", "b.md": b"x"}, ())


@pytest.mark.parametrize(
    ("text", "files", "place"),
    [
        (COMMA, ["a.md"], (1, COMMA.index(",}}") + 2)),
        (f"{{{A.replace(chr(10), ', ')[:-2]}}}", ["a.md"], (1, 2)),
        (f"{JSON_A}\n---\n{B}", ["a.md", "b.md"], (2, 1)),
        (f"{JSON_A} # comment\n---\n{B}", ["a.md", "b.md"], (1, len(JSON_A) + 2)),
        (f"{JSON_A}\n{B}", ["a.md", "b.md"], (2, 1)),
        (JSON_A.replace('"x"', '"x\ty"'), ["a.md"], (1, JSON_A.index('"x"') + 3)),
        (JSON_A.replace('"x"', "NaN"), ["a.md"], (1, 1)),
    ],
)
def test_what_begins_as_json_and_is_none_is_for_newer_clients(
    text: str, files: list[str], place: tuple[int, int]
) -> None:
    snapshot = read(text)
    assert list(snapshot.files) == files
    found = only(snapshot, "warning")
    assert (found.line, found.column) == place
    assert OLDER in found.message
    assert "write --- on a line of its own before each" in found.hint


def test_yaml_behind_several_objects_of_json_is_read_by_nobody() -> None:
    snapshot = read(f"{JSON_A}\n{JSON_B}\n---\n{A.replace('a.md', 'c.md')}")
    assert list(snapshot.files) == ["a.md", "b.md"]
    found = only(snapshot, "error")
    assert (found.line, found.column) == (3, 1)


@pytest.mark.parametrize("behind", [" {a: b}", " text", "foo", "-", " |", "--BEGIN KEY-----"])
@pytest.mark.parametrize("before", ["", A])
def test_what_stands_behind_the_dashes_is_refused_where_it_stands(before: str, behind: str) -> None:
    snapshot = read(f"{before}---{behind}\n{B}")
    found = only(snapshot, "error")
    assert (found.line, found.column) == (before.count("\n") + 1, 4)
    assert "write it on the next line" in found.hint
    assert list(snapshot.files) == (["a.md", "b.md"] if before else ["b.md"])


@pytest.mark.parametrize("directive", ["%YAML 1.1", "%TAG ! tag:x,2000:"])
def test_a_directive_is_refused(directive: str) -> None:
    snapshot = read(f"{directive}\n---\n{A}")
    found = only(snapshot, "error")
    assert "remove the line that begins with %" in found.hint
    assert list(snapshot.files) == ["a.md"]


@pytest.mark.parametrize("between", ["\r---\r", "\u2028--- \n"])
def test_a_second_document_that_kubectl_does_not_see_is_an_error(between: str) -> None:
    snapshot = read(f"{A[:-1]}{between}{B}")
    found = only(snapshot, "error")
    assert "a second, which kubectl drops in silence" in found.message
    assert list(snapshot.files) == ["a.md"]


def test_a_slash_that_is_escaped_is_one_in_json_alone() -> None:
    text = JSON_A.replace('"x"', '"x\\/y"')
    assert dict(read(text).files) == {"a.md": b"x/y"}
    found = only(read(f"---\n{text}"), "error")
    assert (found.line, found.column) == (2, text.index('"x') + 1)
    assert "write / without the backslash" in found.hint
    assert dict(read("---\n" + JSON_A.replace('"x"', '"x\\\\/y"')).files) == {"a.md": b"x\\/y"}


def test_a_document_that_cannot_be_read_hides_none_behind_it() -> None:
    snapshot = read(f"{A}---\na: b: c\n---\n{B}")
    assert list(snapshot.files) == ["a.md", "b.md"]
    assert only(snapshot, "error").line == 6


def test_an_anchor_ends_with_its_document() -> None:
    snapshot = read(A.replace('"x"', '&x "x"') + f"---\n{B}".replace('"x"', "*x"))
    assert 'got "*x"' in only(snapshot, "error").message


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_text_ends_its_last_line_also_where_the_file_does_not(end: str) -> None:
    block = A.replace('data: {a.md: "x"}\n', f"data:\n  a.md: |\n    x{end}")
    assert dict(read(f"---\n{block}").files) == {"a.md": b"x\n"}
    assert dict(read(f"---\n{block.replace('|', '|-')}").files) == {"a.md": b"x"}


def test_only_mappings_are_merged() -> None:
    found = only(read(A.replace("a.md", "<<")), "error")
    assert found.message == 'expected a mapping to merge, or a list of them, behind "<<"'
    assert dict(read(A.replace("{a.md", "{<<: [{b.md: yy}], a.md")).files) == {"a.md": b"x", "b.md": b"yy"}


@pytest.mark.parametrize("value", ["null", "5", "[]"])
def test_any_value_is_one_of_the_stream_of_json(value: str) -> None:
    snapshot = read(f"{JSON_A}\n{value}\n{JSON_B}")
    assert list(snapshot.files) == ["a.md", "b.md"]
    assert [d.severity for d in snapshot.diagnostics] == ([] if value == "null" else ["error"])
    assert [d.severity for d in read(f"{JSON_A}\nnull\n---\n{B}").diagnostics] == ["error"]


@pytest.mark.parametrize("line", [" ---", "\t", "\u00a0"])
@pytest.mark.parametrize("before", [f"{JSON_A}\n", "---\n"])
def test_a_piece_that_only_looks_empty_is_refused(before: str, line: str) -> None:
    assert "error" in {d.severity for d in read(f"{before}{line}\n---\n{B}").diagnostics}


def test_white_space_that_is_none_of_json_ends_it() -> None:
    assert [d.severity for d in read(f"{JSON_A}\n\x0c\n").diagnostics] == ["warning", "error"]
