"""Whatever the bytes are, there is a page, soon, and what it says about places holds."""

from __future__ import annotations

import re
import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from hotagents.diagnostics import CODES
from hotagents.frontmatter import Page, Position, events, parse

WORDS = (
    "--- ... : - ? , [ ] { } # & * ! | > ' \" % @ ` ~ << a b name: tools: description: key: !!int !!str &a *a |- >+ 2"
    " .5 0x1 on \\ \\x \\u00 é 😀 {{ }} %YAML %TAG !<x> \"a\" 'b' [a] {a: 1}"
)
BLANKS = ("\n", "\n", "\n", "\r\n", "\r", " ", " ", "  ", "\t", "\n  ", "\n- ", ": ", " #", "\n---\n")
HIDDEN = ("\x00", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffe")
RUNS = (
    *("-", "--- ", "-- ", " ", "\n", "\t", "'", '"', "a: ", "a:\n", "? ", "- ", "[", "{", "a ", "a: b: ", "-\n", "a\n"),
    *("name", "k: 1\n", "a: 'b' c\n", "- - ", "\r", "\\", "#", " #", "!", "&a ", "*a ", "%", "|", "a: |\n", "é"),
)
FRAGMENTS = st.sampled_from((*WORDS.split(" "), *BLANKS, *HIDDEN))
TEXTS = st.lists(FRAGMENTS, max_size=40).map("".join)


def check(content: bytes) -> None:
    page = parse("a.md", content)
    text = content.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    lines = re.split(r"\r\n|\r|\n", text)
    for diagnostic in page.diagnostics:
        assert diagnostic.code in CODES
        assert str(diagnostic).isprintable() or not diagnostic.message.isascii()
        if diagnostic.line:
            assert_inside(lines, Position(diagnostic.line, diagnostic.column))
    for place in (*page.positions.values(), *page.key_positions.values()):
        assert_inside(lines, place)
    assert_places_lead_to_values(page)
    assert text.endswith(page.body)
    # An error for each entry that cannot be read; a limit that a fence cuts off, or that stands twice, is said besides.
    besides = {"duplicate-key", "fence-in-frontmatter"}
    faults = [d for d in page.diagnostics if d.severity == "error" and d.code not in besides]
    assert len(faults) <= 50
    assert not (faults and page.frontmatter)
    assert not (page.partial and not faults)


def assert_inside(lines: list[str], place: Position) -> None:
    assert 1 <= place.line <= len(lines)
    assert 1 <= place.column <= len(lines[place.line - 1]) + 1


def assert_places_lead_to_values(page: Page) -> None:
    assert set(page.key_positions) <= set(page.positions)
    assert {keys[0] for keys in page.positions} == set(page.readable)
    for keys in page.positions:
        value: object = page.readable
        for key in keys:
            value = value[key]  # type: ignore[index]  # what is not a container fails the test
    assert page.broken or page.fenced or not page.frontmatter


@given(st.binary())
@example(b"\xff\xfe")
@example(b"---\n...\n---\nname:\n---\n")
@example(b"---\n\xed\xa0\x80: \xff\n---")
def test_any_bytes_make_a_page(content: bytes) -> None:
    check(content)


@given(TEXTS, st.sampled_from(["---\n", "\ufeff---\n", ""]), st.sampled_from(["\n---\nBody", "---", ""]))
def test_any_yaml_like_text_makes_a_page(middle: str, opening: str, closing: str) -> None:
    check(f"{opening}{middle}{closing}".encode())


@given(TEXTS)
def test_any_yaml_like_text_makes_a_page_with_the_python_parser(middle: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "__with_libyaml__", False)
        events._parser_class.cache_clear()
        try:
            check(f"---\n{middle}\n---\n".encode())
        finally:
            events._parser_class.cache_clear()


@pytest.mark.untraced
@pytest.mark.parametrize("unit", RUNS)
def test_a_long_run_of_anything_is_read_in_a_short_time(unit: str) -> None:
    begin = time.process_time()
    for opening in ("---\n", "---\na: ", "---\na: x\n ", "name", ""):
        parse("a.md", (opening + unit * (60_000 // len(unit.encode())) + "\n---\n").encode())
        parse("a.md", (opening + unit * 200_000).encode())
    assert time.process_time() - begin < 10
