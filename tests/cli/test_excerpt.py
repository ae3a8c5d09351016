"""What a terminal is shown beneath a finding: the line, a mark below the column, the line to write."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hotagents.cli.chosen import Chosen
from hotagents.cli.excerpt import excerpt, file_text
from hotagents.cli.findings import print_diff, print_findings
from hotagents.cli.output import Output
from hotagents.cli.reading import read
from hotagents.cli.refusal import refusal
from hotagents.diagnostics import Diagnostic
from hotagents.errors import InvalidConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]

BROKEN = "---\nname: a\ndescription: 'Use when: now\ncolour: red\n---\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


def found(line: int, column: int = 0, hint: str = "", *, key: str = "", code: str = "yaml-syntax") -> Diagnostic:
    return Diagnostic(code, "error", "a.md", line, column, key, "expected x", hint)


def shown(diagnostic: Diagnostic, text: str, *, width: int = 80, encoding: str = "utf-8") -> list[str]:
    return [line for line, _ in excerpt(diagnostic, text, width=width, encoding=encoding).lines]


def mark_of(lines: list[str]) -> tuple[str, str]:
    """What stands left of the mark's cell in the line above it, and what in and right of it."""
    (number,) = [number for number, line in enumerate(lines) if line.endswith("^")]
    cells, above = cell_len(lines[number]) - 1, lines[number - 1]
    end = next(n for n in range(len(above) + 1) if cell_len(above[:n]) == cells)
    while end < len(above) and cell_len(above[: end + 1]) == cells:
        end += 1
    return above[:end], above[end:]


def test_it_is_the_line_with_its_number_a_mark_and_the_line_to_write() -> None:
    found_here = excerpt(found(3, 22, 'write: description: "Use when: now"'), BROKEN, width=80)
    assert [line for line, _ in found_here.lines] == [
        "   3 | description: 'Use when: now",
        "     |                      ^",
        '   + | description: "Use when: now"',
    ]
    assert str(found_here.head) == "a.md:3:22: yaml-syntax: expected x"


def test_a_sample_is_called_one_and_words_stay_in_the_finding() -> None:
    lines = shown(found(1, 1, "add: name: my-agent", key="name"), BROKEN)
    assert lines == ["   1 | ---", "     | ^", "e.g. | name: my-agent"]
    words = excerpt(found(2, 1, "nest less"), BROKEN, width=80)
    assert words.head.hint == "nest less"
    assert len(words.lines) == 2


def test_all_lines_that_are_replaced_are_shown_as_far_as_there_is_room() -> None:
    text = "---\n" + "".join(f"line {n}\n" for n in range(2, 40)) + "---\n"
    lines = shown(found(4, 1, "replace lines 2-5 by: a: |\n  b"), text)
    assert [line.split(" | ")[0].strip() for line in lines] == ["2", "3", "4", "", "5", "+", "+"]
    many = excerpt(found(30, 1, "replace lines 2-39 by: " + "\n".join("x" * 20)), text, width=80)
    assert len(many.lines) < 25
    assert any(line.startswith("  30 | ") for line, _ in many.lines)
    assert many.head.hint  # since it is not all shown, the finding still has it


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("description: x: y", 15),
        ("\u6f22\u5b57\u6f22\u5b57: x: y", 8),
        ("e\u0301e\u0301e\u0301: x: y", 10),
        ("\tx\t: y", 4),
        ("a\x1b[2J\u202e: x: y", 9),
        ("\U0001f600\u200d\U0001f680: x: y", 5),
        ("word " * 50 + ": y", 251),
        ("\u6f22" * 200 + ": y", 202),
        ("x: " + "\u6f22" * 200, 2),
        ("\x1b" * 100 + ": y", 101),
    ],
)
@pytest.mark.parametrize("width", [40, 80, 133])
def test_the_mark_stands_below_the_column_however_wide_the_text(line: str, column: int, width: int) -> None:
    lines = shown(found(2, column), f"---\n{line}\n---\n", width=width)
    assert all(cell_len(said) <= width for said in lines)
    assert mark_of(lines)[1].startswith(line[column - 1])


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_what_the_terminal_cannot_show_is_spelled_out_before_it_is_measured(encoding: str) -> None:
    lines = shown(found(2, 2), "---\n\u6f22x\n---\n", encoding=encoding)
    assert lines == ["   2 | \\u6f22x", "     |       ^"]


_TEXTS = st.text(st.characters(exclude_characters="\r\n"), max_size=300)


@given(_TEXTS, st.integers(0, 310), st.integers(0, 200), st.sampled_from(["utf-8", "ascii"]))
def test_no_text_gets_too_wide_or_moves_a_cursor(line: str, column: int, width: int, encoding: str) -> None:
    text = f"---\n{line}\n---\n"
    for diagnostic in (found(2, column, f"write: {line}"), found(2, column, f"add: {line}", key="x")):
        for said in shown(diagnostic, text, width=width, encoding=encoding):
            assert cell_len(said) <= max(40, width)
            assert not any(ord(char) < 32 or char in "\u202e\u2028\x7f\x85" for char in said)


def test_a_place_that_is_not_in_the_text_shows_the_finding_alone() -> None:
    for diagnostic, text in ((found(9, 1), BROKEN), (found(0), BROKEN), (found(1, 1), None)):
        assert excerpt(diagnostic, text, width=80).lines == ()
    assert mark_of(shown(found(2, 99), BROKEN))[1] == ""


def test_in_a_manifest_the_line_keeps_its_indentation_and_ranges_of_the_file_are_not_shown() -> None:
    text = "data:\n  a.md: |\n    ---\n    name: 7\n  version: 1.2\n"
    lines = [line for line, _ in excerpt(found(4, 11, 'write: name: "7"'), text, width=80, apart=True).lines]
    assert lines[-1] == '   + |     name: "7"'
    for hint in ("replace lines 2-3 by: a: b", 'write: other: "7"', "write: name: |\n  b"):
        assert len(excerpt(found(4, 11, hint), text, width=80, apart=True).lines) == 2


def test_a_file_is_read_for_showing_only_if_it_is_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x\xff")
    assert file_text(str(tmp_path / "a")) == "x\ufffd"
    assert file_text(str(tmp_path)) is None
    assert file_text(str(tmp_path / "b")) is None
    assert file_text("a\0b") is None
    (tmp_path / "large").write_bytes(b"x" * (1 << 20) + b"y")
    assert file_text(str(tmp_path / "large")) is None


def printed(*paths: str, colours: bool = False) -> str:
    stream = Terminal()
    readings = [read(path, Chosen()) for path in paths]
    if colours:
        os.environ.pop("NO_COLOR")
    output = Output(stream=stream)
    print_findings(output, readings, [d for reading in readings for d in reading.placed], full=True)
    return stream.getvalue()


def test_each_finding_of_a_set_is_shown_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(BROKEN)
    text = printed("a.md")
    assert '\n   + | description: "Use when: now"\n' in text
    assert "\x1b" not in text
    assert "\x1b[31m     |              ^\x1b[0m\n" in printed(".", colours=True)


def test_findings_in_manifests_show_the_manifests_own_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "".join(f"    {line}\n" for line in BROKEN.splitlines())
    (tmp_path / "a.yaml").write_text(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  version: 1.2\n  a.md: |\n{body}"
    )
    text = printed("a.yaml")
    assert '\n   + |     description: "Use when: now"\n' in text
    assert '\n   + |   version: "1.2"\n' in text
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((tmp_path / "a.yaml").read_bytes())))
    assert " | " not in printed("-")


def test_a_pipe_gets_one_line_each_unless_it_asks_for_more(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(BROKEN)
    plain = cli("validate", "a.md").stdout
    assert len(plain.splitlines()) == 3
    assert plain == cli("validate", "a.md", "--format", "text").stdout
    assert "   3 | description" in cli("validate", "a.md", "--format", "full").stdout


def test_a_terminal_that_starts_on_a_broken_path_is_shown_the_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text(BROKEN)
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    error = InvalidConfigError("refused", read("a.md", Chosen()).diagnostics)
    with pytest.raises(Exception, match="1"), refusal("a.md", Output(stream=io.StringIO())):
        raise error
    assert '\n   + | description: "Use when: now"\n' in stream.getvalue()


# --- the diff -------------------------------------------------------------------------------------------------------
def test_the_diff_mends_what_can_be_mended_and_the_rest_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "agents" / "sub").mkdir(parents=True)
    (tmp_path / "agents" / "a.md").write_bytes(b"\xef\xbb\xbf" + BROKEN.replace("\n", "\r\n").encode() + b"\xff")
    (tmp_path / "agents" / "sub" / "b c.md").write_text("---\nname: b\ndescription: x #y\nmodel: gpt 4\n---")
    (tmp_path / "agents" / "bad.md").write_text("---\nname: bad\n---\n")
    result = cli("validate", "agents", "--format", "diff")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[:-1] == [
        line for line in result.stderr.splitlines() if line.startswith("hotagents: left: agents/")
    ]
    assert result.stderr.endswith("hotagents: 3 remedies in 2 files; left: 1 error, 2 warnings\n")
    if shutil.which("patch"):
        done = subprocess.run(["patch", "-p0"], input=result.stdout_bytes, check=True, capture_output=True, timeout=30)
        assert b"fuzz" not in done.stdout
        again = cli("validate", "agents", "--format", "diff")
        assert (again.stdout, again.exit_code) == ("", 1)
        assert again.stderr.endswith("hotagents: 0 remedies in 0 files; left: 1 error, 2 warnings\n")
        assert (tmp_path / "agents" / "a.md").read_bytes().startswith(b"\xef\xbb\xbf---\r\nname: a\r\n")


def test_of_a_file_with_too_many_remedies_it_is_said_that_some_were_not_tried(cli: Cli, tmp_path: Path) -> None:
    lines = "".join(f"k{n}: a: b\n" for n in range(120))
    (tmp_path / "a.md").write_text(f"---\nname: a\ndescription: b\n{lines}---\n")
    result = cli("validate", "a.md", "--format", "diff")
    assert "hotagents: a.md: not all remedies were tried; apply the diff, then ask again\n" in result.stderr
    assert result.stdout.count("\n+k") == 100


def test_a_file_that_is_named_twice_is_mended_once_and_absolute_paths_below_here_are_relative(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text(BROKEN)
    diff = cli("validate", tmp_path, "a.md", tmp_path / "a.md", "--format", "diff").stdout
    assert diff.count("+++ ") == 1
    assert diff.startswith("--- a.md\n+++ a.md\n")


def test_manifests_are_not_mended_and_a_mounted_volume_is_told_apart(
    cli: Cli, tmp_path: Path, volume: ConfigMapVolume
) -> None:
    (tmp_path / "a.yaml").write_text("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {a.md: hello}\n")
    result = cli("validate", "a.yaml", "--format", "diff")
    assert result.stdout == ""
    assert "a.yaml: manifests are not mended" in result.stderr
    volume.update({"b.md": BROKEN})
    assert "is a mounted volume" in cli("validate", volume.path, "--format", "diff").stderr


def test_a_terminal_is_shown_a_diff_that_cannot_move_its_cursor(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(BROKEN + "\x1b[2J\n")
    stream = Terminal()
    print_diff(Output(stream=stream), [read("a.md", Chosen())])
    assert "\x1b" not in stream.getvalue()
    assert '\n+description: "Use when: now"\n' in stream.getvalue()


def test_code_scanning_gets_the_change(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nname: a\ndescription: b\ncolour: red\n---\n")
    (result,) = json.loads(cli("validate", "a.md", "--format", "sarif").stdout)["runs"][0]["results"]
    (fix,) = result["fixes"]
    assert fix["artifactChanges"] == [
        {
            "artifactLocation": {"uri": "a.md"},
            "replacements": [
                {
                    "deletedRegion": {"startLine": 4, "startColumn": 1, "endLine": 5, "endColumn": 1},
                    "insertedContent": {"text": "color: red\n"},
                }
            ],
        }
    ]
