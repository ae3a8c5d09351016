from __future__ import annotations

import io
import json

import pytest

from hotagents.cli.output import Output, counted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")


def test_a_terminal_is_shown_colours_and_boxes_but_nothing_of_the_files_own() -> None:
    stream = Terminal()
    output = Output(stream=stream)
    output.line("bad\x1b[2J", style="red")
    output.line("plain")
    output.table("things", ("name", "size"), [("[red]a\x1b[2J", "3")])
    text = stream.getvalue()
    assert "\x1b[31mbad\\x1b[2J\x1b[0m\n" in text
    assert "\nplain\n" in text
    assert "[red]a\\x1b[2J" in text
    assert "━" in text or "─" in text
    assert "\x1b[2J" not in text


def test_no_color_and_a_pipe_give_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    Output(stream=pipe).line("bad", style="red")
    assert pipe.getvalue() == "bad\n"
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    output = Output(stream=terminal)
    output.line("bad", style="red")
    output.table("things", ("name", "size"), [("a", "3"), ("long", "10")])
    assert terminal.getvalue() == "bad\nNAME  SIZE\na     3\nlong  10\n"


def test_a_table_without_rows_is_not_shown() -> None:
    stream = io.StringIO()
    Output(stream=stream).table("things", ("name",), [])
    assert stream.getvalue() == ""


def test_json_on_a_terminal_is_plain_and_holds_no_control_character() -> None:
    stream = Terminal()
    Output(as_json=True, stream=stream).event("text", {"a": "\x1b[2J\x7f\u202e\udcff"}, style="red")
    text = stream.getvalue().removesuffix("\n")
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text) == {"a": "\x1b[2J\x7f\u202e\udcff"}


def test_what_json_cannot_hold_becomes_text() -> None:
    stream = io.StringIO()
    Output(as_json=True, stream=stream).json({"a": [float("nan"), float("-inf"), "NaN"], "b": {1}, (1, 2): 3})
    assert stream.getvalue() == '{"a": ["NaN", "-Infinity", "NaN"], "b": "{1}"}\n'


def test_a_character_that_the_stream_cannot_hold_is_spelled_out() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Output(stream=stream).line("naïve")
    assert raw.getvalue() == b"na\\xefve\n"


def test_a_number_is_followed_by_the_right_form() -> None:
    assert [counted(n, "agent") for n in (0, 1, 2)] == ["0 agents", "1 agent", "2 agents"]


def test_no_word_is_broken_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    words = ["a-long-name-of-an-agent", "directory/with/a-file.md", "sorts alerts"]
    Output(stream=stream).table("agents", ("agent", "path", "description"), [words])
    assert all(word in stream.getvalue() for word in words)
