"""What is said about frontmatter that YAML refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotagents.frontmatter import parse

if TYPE_CHECKING:
    from hotagents.diagnostics import Diagnostic


def error_of(frontmatter: str) -> Diagnostic:
    page = parse("a.md", f"---\n{frontmatter}\n---\n".encode(), recover=False)
    error = page.diagnostics[0]
    assert error.severity == "error"
    assert page.frontmatter == {}
    return error


@pytest.mark.parametrize(
    ("before", "line", "column", "instead"),
    [
        ("description: Use this: now", 2, 22, 'description: "Use this: now"'),
        ('name: a\ndescription: Ünï "x": now  \nb: c', 3, 21, 'description: "Ünï \\"x\\": now"'),
        ("a: C:\\x: y", 2, 8, 'a: "C:\\\\x: y"'),
        ("tools: *", 2, 9, 'tools: "*"'),
        ("tools: *all", 2, 8, 'tools: "*all"'),
        ("tools: &all", 2, 8, 'tools: "&all"'),
        ("description: **bold** text", 2, 15, 'description: "**bold** text"'),
        ("description: @me", 2, 14, 'description: "@me"'),
        ("description: !important", 2, 14, 'description: "!important"'),
        ("name: {{ name }}", 2, 8, 'name: "{{ name }}"'),
        ("tools:\n  - a\n  - `x`", 4, 5, '  - "`x`"'),
        ("hooks:\n  - command: a: b", 3, 15, '  - command: "a: b"'),
        ("description: [WIP] Reviews: all", 2, 20, 'description: "[WIP] Reviews: all"'),
        ("description: {x} text", 2, 18, 'description: "{x} text"'),
        ("description: > text", 2, 16, 'description: "text"'),
        ("description: | text: more", 2, 16, 'description: "text: more"'),
        ("description:Use it\na: b", 2, 1, "description: Use it"),
        ("tools:Read\na: b", 2, 1, "tools: Read"),
        ("name: a\ntools: [Read, Grep\nmodel: opus", 3, 8, "tools: [Read, Grep]"),
        ("tools: [Read", 2, 8, "tools: [Read]"),
        ("tools: - Read, - Bash", 2, 8, "tools: Read, Bash"),
        ("tools: 'Read', 'Bash'", 2, 14, "tools: Read, Bash"),
        ('disallowedTools: "Read" , "Bash"', 2, 25, "disallowedTools: Read, Bash"),
        ("a:\n\tb: 1", 3, 1, "  b: 1"),
        ("description: 'Don't do'", 2, 19, 'description: "Don\'t do"'),
        ('description: "Say "x" \\t"', 2, 20, 'description: "Say \\"x\\" \\t"'),
        ("a: 1\ndescription: 'never closed\nb: 2", 3, 14, 'description: "never closed"'),
        ('description: "A" is: b', 2, 18, 'description: "\\"A\\" is: b"'),
    ],
)
def test_the_hint_is_the_line_to_write_and_it_works(before: str, line: int, column: int, instead: str) -> None:
    error = error_of(before)
    hint = f"replace line {line} by: {instead}" if instead.startswith(" ") else f"write: {instead}"
    assert (error.line, error.column, error.hint) == (line, column, hint)
    assert not parse("a.md", f"---\n{instead}\n---\n".encode()).broken or instead.startswith(" ")


@pytest.mark.parametrize(
    ("before", "line", "lines", "instead"),
    [
        ("description: one\n  two: three\n\n  four\nb: 1", 3, "lines 2-5", 'description: "one two: three\\nfour"'),
        (
            "description: one\n\nExamples:\n<example>\nUser: x\nmodel: opus",
            5,
            "lines 2-6",
            "description: |\n  one\n\n  Examples:\n  <example>\n  User: x",
        ),
        ("description: >\none\ntwo\nmodel: opus", 3, "lines 2-4", "description: >\n  one\n  two"),
        ("description: a\nmore text\ntools: Read", 3, "lines 2-3", "description: |\n  a\n  more text"),
        ("name: x\ndescription: a\nmore text\n\ntools: Read", 4, "lines 3-4", "description: |\n  a\n  more text"),
        ("tools: Read,\nGlob,\nBash(git *)\nname: a", 3, "lines 2-4", "tools: Read, Glob, Bash(git *)"),
        ("description: > one\n  two: x\n  - three\nb: 1", 2, "lines 2-4", "description: >\n  one\n  two: x\n  - three"),
        ("services: - name: x\n  - name: y", 2, "line 2", "services:\n  - name: x"),
        ("services: - name: x\n    url: y\n\n  - name: z\nb: 1", 2, "line 2", "services:\n  - name: x"),
    ],
)
def test_a_hint_over_several_lines_says_which_ones_it_replaces(
    before: str, line: int, lines: str, instead: str
) -> None:
    error = error_of(before)
    assert (error.line, error.hint) == (line, f"replace {lines} by: {instead}")
    first, _, last = lines.split()[1].partition("-")
    said = ["---", *before.split("\n"), "---"]
    said[int(first) - 1 : int(last or first)] = [instead]
    page = parse("a.md", "\n".join(said).encode())
    assert page.diagnostics == ()
    assert ("tools" in page.frontmatter) == ("tools:" in before)


@pytest.mark.parametrize("indent", ["", "  "])
@pytest.mark.parametrize(
    "limit",
    [
        "disallowedTools:Bash",
        "disallowed_tools:Bash",
        "Disallowed Tools Bash",
        "dissallowedTools:Bash",
        "tools=Read",
        "Tools: Read",
        "tool: Read",
        '"tools": Read',
        "'tools' : Read",
        "? tools",
        "!!str tools: Read",
        "\uff54ools: Read",
        "\u200btools: Read",
        "tools\uff1a Read",
        "{tools: Read}",
        "permission-mode: plan",
        "hooks:",
        "model: opus",
        "maxTurns=3",
        "and then disallowedTools: Bash",
    ],
)
def test_no_hint_makes_text_of_a_line_that_could_be_a_limit(indent: str, limit: str) -> None:
    for before in (f"description: a\n{indent}{limit}", f"description: a\n{indent}more\n{indent}{limit}\nb: 1: 2"):
        page = parse("a.md", f"---\n{before}\n---\n".encode())
        assert all(limit not in d.hint or d.hint == f"write: {limit}" for d in page.diagnostics), before


def test_no_hint_quotes_two_keys_that_lost_the_line_break_between_them() -> None:
    page = parse("a.md", "---\ntools: Read\x85disallowedTools: Bash\n---\n".encode())
    begin = 'begin a new line before "disallowedTools", or quote the whole text if it is no limit'
    assert [(d.code, d.hint) for d in page.diagnostics][-1] == ("yaml-syntax", begin)
    assert error_of("description: a disallowedTools: Bash").hint == begin
    assert "tools" in error_of("description: a: b tools: [Read, Grep]").hint
    assert error_of("description: Known tools: a, b").hint.startswith("write: ")
    assert error_of("Tools: Read\n  x: y").hint == ""
    assert error_of("disallowed-tools: Bash\nand Write\nb: 1").hint == ""


@pytest.mark.parametrize(
    ("before", "code", "hint"),
    [
        ("a:\n\tb: 1\n \tc: 2", "yaml-syntax", "indent with spaces, not with tabs"),
        ("a: [b\n]c: d", "yaml-syntax", ""),
        ("a: |x\n  y", "yaml-syntax", ""),
        ("tools: - a, - b c: d", "yaml-syntax", ""),
        ("a: - b\nc:\n  - d", "yaml-syntax", ""),
        ("tools: x\nSome: y\n<z>\nb: 1", "yaml-syntax", ""),
        ("tools: x\n  y: z", "yaml-syntax", ""),
        ("command: 'a \"b' c\"\nd: 1", "yaml-syntax", ""),
        ('"a": b: c', "yaml-syntax", ""),
        (
            "- a\nb: 1",
            "not-a-mapping",
            "write one key: value on each line, or remove the fences if this is no frontmatter",
        ),
        ("[a]: b", "bad-key", "quote the text if it is no YAML"),
        ("a: &x [b]", "alias", 'write: a: "&x [b]"'),
        ("&x a: b", "alias", "quote the text, or write the value out"),
        ("!x a: b", "unsupported-tag", "remove the tag, or quote the text"),
        ("a: " + "[" * 70, "frontmatter-too-deep", "nest less"),
    ],
)
def test_where_no_line_helps_the_hint_says_what_does_or_nothing(before: str, code: str, hint: str) -> None:
    error = error_of(before)
    assert (error.code, error.hint) == (code, hint)


def test_a_second_fault_further_down_does_not_hide_the_first_ones_remedy() -> None:
    error = error_of("a: b: c\nd: e: f")
    assert (error.line, error.hint) == (2, 'write: a: "b: c"')


def test_a_line_that_leaves_its_own_entry_broken_is_no_remedy() -> None:
    joined = 'replace lines 2-3 by: description: "a: b and more"'
    assert error_of("description: a: b\n  and more\ncolor: x: y").hint == joined
    block = "replace lines 2-3 by: description: |\n  a: b\n  - and more"
    assert error_of("description: a: b\n- and more\ncolor: x: y").hint == block
    assert error_of("notes: a: b\n  and more\ncolor: x: y").hint == ""
    assert error_of("description: a: b\n\ncolor: x: y").hint == 'write: description: "a: b"'


@pytest.mark.parametrize("limit", ["tools: Read, Grep", "disallowedTools: Bash", '"tools": Read'])
@pytest.mark.parametrize("text", ["description: Reviews code.\n", "notes: a\n", "description: Reviews\nmore\n"])
def test_no_remedy_makes_a_limit_that_is_indented_a_part_of_a_text(text: str, limit: str) -> None:
    for gap in ("", "\n"):
        assert "replace" not in error_of(f"name: a\n{text}{gap}  {limit}").hint


def test_a_text_at_the_left_margin_is_one_block_up_to_the_next_key_of_the_format() -> None:
    example = '<example>\nuser: "I have it."\nassistant: "So do I."\n</example>\n'
    text = f"name: a\ndescription: Use it.\n\n{example}\n{example}model: opus"
    error = error_of(text)
    assert error.hint.startswith("replace lines 3-13 by: description: |\n  Use it.\n\n  <example>\n  user: ")
    _, _, block = error.hint.partition(" by: ")
    page = parse("a.md", f"---\nname: a\n{block}\nmodel: opus\n---\n".encode(), recover=False)
    assert page.diagnostics == ()
    assert page.frontmatter == {"name": "a", "description": f"Use it.\n\n{example}\n{example}", "model": "opus"}


def test_the_message_says_what_was_expected_and_what_the_parser_says() -> None:
    error = error_of("a: b: c")
    assert 'quotes around a text that has ": " in it' in error.message
    assert "mapping values are not allowed" in error.message
    assert "\n" not in str(error)


def test_a_fault_behind_dashes_that_cut_lies_within_the_file() -> None:
    page = parse("a.md", b"---\na: [b ---")
    assert [(d.code, d.line, d.column) for d in page.diagnostics] == [
        ("fence-in-frontmatter", 2, 7),
        ("yaml-syntax", 2, 4),
    ]
