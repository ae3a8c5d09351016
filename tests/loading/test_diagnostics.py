"""What a diagnostic looks like in a terminal or a log."""

from __future__ import annotations

import pytest

from hotagents import Diagnostic, Limits
from hotagents.diagnostics import did_you_mean, errors_in, escape, order


def test_a_diagnostic_is_one_line_with_place_code_key_message_and_remedy() -> None:
    diagnostic = Diagnostic("wrong-type", "error", "triage.md", 4, 8, "model", "expected a string, got 3", 'write "3"')
    assert str(diagnostic) == 'triage.md:4:8: wrong-type: model: expected a string, got 3; write "3"'
    assert diagnostic.to_dict()["line"] == 4


@pytest.mark.parametrize(
    ("path", "line", "column", "place"),
    [("", 0, 0, "(set)"), ("a.md", 0, 0, "a.md"), ("a.md", 3, 0, "a.md:3"), ("a.md", 3, 1, "a.md:3:1")],
)
def test_a_place_has_as_much_as_is_known(path: str, line: int, column: int, place: str) -> None:
    assert str(Diagnostic("x", "info", path, line, column, "", "m")) == f"{place}: x: m"


@pytest.mark.parametrize(
    "hidden",
    ["\x1b[31m", "\n", "\r", "\x00", "\x9b", "\u202e", "\u2028", "\ud800", "\u00a0", "\u3164", "\u2800", "\ufe0f"],
)
def test_nothing_that_a_terminal_obeys_or_hides_is_shown(hidden: str) -> None:
    text = f"a{hidden}b"
    shown = str(Diagnostic(text, "error", text, 1, 1, text, text, text))
    assert shown.isascii()
    assert shown.isprintable()
    assert "\\" in shown


def test_letters_of_any_script_are_shown_as_they_are() -> None:
    assert escape("naïve 日本語 é 🙂") == "naïve 日本語 é 🙂"


def test_long_text_is_cut_but_a_hint_can_be_pasted() -> None:
    assert len(escape("x" * 10_000)) == 501
    assert str(Diagnostic("x", "error", "a.md", 1, 1, "", "m", "y" * 3000)).endswith("y" * 3000)


def test_errors_come_first_and_then_places() -> None:
    a = Diagnostic("x", "info", "a", 1, 1, "", "m")
    b = Diagnostic("x", "warning", "b", 1, 1, "", "m")
    c = Diagnostic("x", "error", "c", 1, 1, "", "m")
    assert order([a, b, c]) == (c, b, a)
    assert errors_in([a, b, c]) == (c,)


@pytest.mark.parametrize(("word", "near"), [("disallowed-tools", "disallowedTools"), ("modell", "model"), ("zzz", "")])
def test_a_near_word_is_proposed(word: str, near: str) -> None:
    assert did_you_mean(word, ["model", "disallowedTools"]) == (f'did you mean "{near}"?' if near else "")


@pytest.mark.parametrize("limits", [{"files": 0}, {"frontmatter_depth": 1000}])
def test_limits_that_would_switch_a_guard_off_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected at"):
        Limits(**limits)
