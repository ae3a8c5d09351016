"""The short way to read frontmatter says what the parser says, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents.frontmatter.events import read_events
from hotagents.frontmatter.plain import plain_tree

if TYPE_CHECKING:
    from hotagents.frontmatter.tree import Tree

DEPTH = 64
SIGNS = ["a", "Z", "9", " ", "  ", ":", ": ", "#", " #", "-", "- ", "---", "?", "!", "&", "*", "%", "@", "`", "|", ">"]
SIGNS += ["[", "]", "{", "}", ",", '"', "'", "''", '\\"', "\\", "\n", "\r\n", "\r", "\n ", "\t", "é", "\u3000", "\xa0"]
SIGNS += [
    "\ufeff",
    "\x85",
    "\u2028",
    "🙂",
    "\x7f",
    "0x1f",
    "1e3",
    ".5",
    "true",
    "null",
    "~",
    "<<",
    "=",
    ".",
    "...",
    "/",
]
lines = st.builds(
    "{}:{}{}{}".format,
    st.sampled_from(["name", "tools", "a", "a-b", "B_2", "9", "é", '"q"', "? k", "- k", ""]),
    st.sampled_from([" ", "  ", "", "\t"]),
    st.lists(st.sampled_from(SIGNS), max_size=8).map("".join) | st.text(max_size=8),
    st.sampled_from(["\n", "\r\n", "", " \n", "\n\n", "\r"]),
)


def said(tree: Tree) -> object:
    return repr(tree.values), dict(tree.places), dict(tree.key_places), dict(tree.repeated)


@given(st.lists(lines, min_size=1, max_size=4).map("".join))
def test_what_is_read_the_short_way_is_what_the_parser_reads(text: str) -> None:
    tree = plain_tree(text, depth=DEPTH)
    if tree is not None:
        assert said(tree) == said(read_events(text, depth=DEPTH))


@given(st.text(max_size=30))
def test_so_it_is_for_any_text_behind_a_key(text: str) -> None:
    tree = plain_tree(f"key: {text}", depth=DEPTH)
    if tree is not None:
        assert said(tree) == said(read_events(f"key: {text}", depth=DEPTH))


@pytest.mark.parametrize(
    "text",
    [
        "name: triage\ndescription: Use when an alert fires.\ntools: Read, Bash(git log:*)\nmodel: sonnet\n",
        'description: "Use when: # an alert fires"\nname: x',
        "description: 'Use \"when\"'\r\nmaxTurns: 20\r\n",
        "name: \"\"\nskills: ''\ncolor: C#\n",
    ],
)
def test_the_usual_lines_are_read_the_short_way(text: str) -> None:
    tree = plain_tree(text, depth=DEPTH)
    assert tree is not None
    assert said(tree) == said(read_events(text, depth=DEPTH))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "# only a comment\n",
        "a: b: c",
        "a: b #c",
        "a: b:",
        "a: - b",
        "a: [b]",
        "a: |\n  b",
        "a: b\n  c",
        "a: b\n\nc: d",
        "a:\tb",
        "a:",
        "a: b\na: c",
        "a: 'it''s'",
        'a: "\\n"',
        "a: b\u2028c",
        "a: b\x00c",
        "a: &b c",
        "a: *b",
        "a: !b c",
        "? a: b",
        f"{'k' * 1100}: x",
    ],
)
def test_all_else_is_left_to_the_parser(text: str) -> None:
    assert plain_tree(text, depth=DEPTH) is None


def test_a_long_line_costs_no_more_than_its_length() -> None:
    for text in (
        "a: " + "b " * 30_000 + ": ",
        "a: " + "x#" * 30_000 + " #",
        'a: "' + "b" * 60_000,
        "a: " + " " * 60_000,
    ):
        assert plain_tree(text, depth=DEPTH) is None
