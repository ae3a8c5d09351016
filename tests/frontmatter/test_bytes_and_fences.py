"""From bytes to frontmatter and body."""

from __future__ import annotations

import pytest

from hotagents.frontmatter import Page, Position, parse
from hotagents.limits import Limits


def codes(page: Page) -> list[str]:
    return [d.code for d in page.diagnostics]


def test_a_page_has_its_frontmatter_and_its_untouched_body() -> None:
    page = parse("agents/a.md", b"---\nname: a\n---\n\n  Body \n\n---\n")
    assert (page.path, page.frontmatter, page.body) == ("agents/a.md", {"name": "a"}, "\n  Body \n\n---\n")
    assert (page.fenced, page.broken, page.diagnostics) == (True, False, ())


@pytest.mark.parametrize("text", ["", "\n", "# Title\n\nText with --- and name: in a line.\n", "--- x\n", "--\n", "-"])
def test_a_text_without_frontmatter_is_all_body_and_has_nothing_wrong(text: str) -> None:
    page = parse("a.md", text.encode())
    assert (page.frontmatter, page.body, page.fenced) == ({}, text, False)
    assert page.diagnostics == ()


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way_and_are_counted_alike(break_: str) -> None:
    text = break_.join(["---", "name: a", "tools:", "  - Read", "-----  ", "Body", ""])
    page = parse("a.md", text.encode())
    assert page.frontmatter == {"name": "a", "tools": ["Read"]}
    assert page.body == f"Body{break_}"
    assert page.at("tools", 0) == Position(4, 5)
    assert page.diagnostics == ()


def test_a_byte_order_mark_and_other_alphabets_do_not_shift_places() -> None:
    text = "\ufeff---\ndescription: größer 😀\nmodel: {é: [ü, x]}\n---\n"
    page = parse("a.md", text.encode())
    assert page.frontmatter == {"description": "größer 😀", "model": {"é": ["ü", "x"]}}
    assert page.at("model", "é", 1) == Position(3, 16)
    assert page.at_key("model", "é") == Position(3, 9)
    assert page.diagnostics == ()


@pytest.mark.parametrize("fence", ["---", "---  ", "---\t", "-----", "---- \t"])
def test_the_closing_fence_is_three_or_more_dashes_and_blanks(fence: str) -> None:
    assert parse("a.md", f"---\na: 1\n{fence}\nBody".encode()).body == "Body"
    assert parse("a.md", f"---\na: 1\n{fence}".encode()).body == ""


def test_the_opening_fence_may_have_trailing_blanks() -> None:
    assert parse("a.md", b"--- \t\na: 1\n---\n").frontmatter == {"a": 1}


@pytest.mark.parametrize("text", ["---\n---\nBody", "---\n\n---\nBody", "---\n# only a comment\n---\nBody"])
def test_an_empty_frontmatter_is_an_empty_mapping(text: str) -> None:
    page = parse("a.md", text.encode())
    assert (page.frontmatter, page.body, page.fenced, page.diagnostics) == ({}, "Body", True, ())


def test_dashes_within_the_frontmatter_are_text_where_a_fence_follows_and_a_warning_names_the_first() -> None:
    page = parse("a.md", b"---\ndescription: a --- b\nother: x------\n  ---\n---\nBody")
    assert page.frontmatter == {"description": "a --- b", "other": "x------ ---"}
    (warning,) = page.diagnostics
    assert (warning.code, warning.severity, warning.line, warning.column) == ("fence-in-frontmatter", "warning", 2, 16)
    assert "other readers" in warning.message


@pytest.mark.parametrize(
    ("rest", "body"), [(" more\nBody", " more\nBody"), ("\nBody", "Body"), ("- x\n", "- x\n"), (" \t\r\nBody", "Body")]
)
def test_without_a_closing_line_the_first_dashes_cut_and_a_warning_says_where(rest: str, body: str) -> None:
    page = parse("a.md", f"---\nname: a\ndescription: b ---{rest}".encode())
    assert page.frontmatter == {"name": "a", "description": "b"}
    assert page.body == body
    (warning,) = page.diagnostics
    assert (warning.code, warning.severity, warning.line, warning.column) == ("fence-in-frontmatter", "warning", 3, 16)


@pytest.mark.parametrize(
    "below",
    [
        "tools: Read",
        "model: x\n\n# Title\n  Disallowed-Tools : Bash\nText",
        '"tools": Read',
        "? tools: Read",
        "text\n" * 38 + "permissionMode: plan",
        "tools:",
    ],
)
def test_a_limit_below_dashes_that_cut_is_an_error(below: str) -> None:
    page = parse("a.md", f"---\ndescription: use --- b\n{below}\n".encode())
    (error,) = page.diagnostics
    assert (error.code, error.severity, error.line, error.column) == ("fence-in-frontmatter", "error", 2, 18)
    assert "would be lost" in error.message
    assert page.broken


@pytest.mark.parametrize("below", ["The tools: Read", "- tools: Read", "text\n" * 40 + "tools: Read", "tools Read"])
def test_a_text_below_dashes_that_cut_is_none(below: str) -> None:
    page = parse("a.md", f"---\ndescription: use --- b\n{below}\n".encode())
    assert [d.severity for d in page.diagnostics] == ["warning"]


@pytest.mark.parametrize(
    "below",
    [
        "tools: Read",
        "\nmodel: opus\n\ntools:\n  - Read\n- Grep\n# comment\ncolor: red\n",
        "Disallowed-Tools:Bash",
        '"tools": Read',
        "name: b",
    ],
)
@pytest.mark.parametrize("fence", ["---", "----- "])
def test_a_limit_between_two_closing_fences_is_an_error(below: str, fence: str) -> None:
    page = parse("a.md", f"---\nname: a\nmodel: x\n---\n{below}\n{fence}\nBody\n".encode())
    (error,) = page.diagnostics
    assert (error.code, error.severity, error.line, error.column) == ("fence-in-frontmatter", "error", 4, 1)
    assert "would be lost" in error.message
    assert error.hint == "remove this ---"


@pytest.mark.parametrize(
    "body",
    [
        "Use the tools below.\n\ntools: Read\n---\n",
        "# Title\n\ntools: Read\n\n---\n",
        "Name: The Agent\nRole: x\n\n---\n",
        "color: red\n---\ntools: Read\n",
        "tools: Read\n\nText\n---\n",
        "tools: Read\n",
        "---\n\n---\n",
        "- Tools: Read\n---\n",
    ],
)
def test_a_body_with_rules_is_a_body(body: str) -> None:
    page = parse("a.md", f"---\nname: a\n---\n{body}".encode())
    assert (page.body, page.diagnostics) == (body, ())


def test_where_the_dashes_cut_no_value_stands_behind_them() -> None:
    page = parse("a.md", b"---\n? a ---")
    assert page.frontmatter == {"a": None}
    assert page.at("a") == Position(2, 5)


@pytest.mark.parametrize("text", ["---\nname: a\n# Title\n", "---\n\nA rule opens this\n"])
def test_a_fence_that_never_closes_is_an_error_with_the_remedy(text: str) -> None:
    page = parse("a.md", text.encode())
    (error,) = page.diagnostics
    assert (error.code, error.severity, error.line, error.column) == ("unclosed-fence", "error", 1, 1)
    assert "---" in error.hint
    assert (page.frontmatter, page.body, page.fenced) == ({}, text, True)


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("\n---\nname: a\n---\n", 3, "move the --- of line 2"),
        (" ---\n name: a\n ---\n", 2, "replace line 1 by: ---"),
        ("name: a\ndescription: b\n", 1, "write --- on line 1"),
        ("```markdown\n---\nname: a\n---\n```\n", 3, "replace lines 1-2 by: ---"),
        ("<!-- licence -->\r\n---\r\nname:\r\n---\r\n", 3, "move the --- of line 2"),
    ],
)
def test_a_name_without_a_fence_above_is_an_error_with_the_remedy(text: str, line: int, hint: str) -> None:
    page = parse("a.md", text.encode())
    (error,) = page.diagnostics
    assert (error.code, error.severity, error.line, error.column) == ("missing-fence", "error", 1, 1)
    assert f"line {line}" in error.message
    assert hint in error.hint
    assert (page.fenced, page.body) == (False, text)


@pytest.mark.parametrize(
    "text",
    [
        "# Agents\n\n```yaml\nname: an-example\n```\n",
        "# Agents\n\n~~~\n---\nname: an-example\n",
        "text\n" * 20 + "name: too far down\n",
        "# Title\n\nThe name: of the rose\n",
        "Name: of another kind\n",
        "names: x\n",
    ],
)
def test_an_example_of_an_agent_makes_no_agent(text: str) -> None:
    page = parse("README.md", text.encode())
    assert page.diagnostics == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_another_encoding_is_an_error_that_names_it(encoding: str) -> None:
    page = parse("a.md", "---\nname: a\n---\n".encode(encoding))
    (error,) = page.diagnostics
    assert (error.code, error.severity) == ("encoding", "error")
    assert encoding[:6].upper() in error.message
    assert (page.frontmatter, page.body) == ({}, "")


def test_a_nul_byte_alone_is_no_other_encoding() -> None:
    assert codes(parse("a.md", b"a\0bc")) == []
    assert codes(parse("a.md", b"a\0")) == []


def test_stray_bytes_are_replaced_and_the_first_is_named() -> None:
    page = parse("a.md", b"\xef\xbb\xbf---\nname: a\n# \xc3\xa9\xff\n---\n\xfe")
    (warning,) = page.diagnostics
    assert (warning.code, warning.severity, warning.line, warning.column) == ("invalid-bytes", "warning", 3, 4)
    assert "0xff" in warning.message
    assert (page.frontmatter, page.body) == ({"name": "a"}, "\ufffd")


@pytest.mark.parametrize("char", [*"\x00\x1b\x0b\x0c\x1f\x7f\x80\x85\x9f\u2028\u2029\ufffe\uffff"])
def test_control_characters_are_replaced_with_one_warning(char: str) -> None:
    page = parse("a.md", f"---\nname: a\ntools: x{char}disallowedTools: y{char}\n---\n{char}".encode())
    assert codes(page)[0] == "control-character"
    warning = page.diagnostics[0]
    assert (warning.severity, warning.line, warning.column) == ("warning", 3, 9)
    assert f"got 2, the first being U+{ord(char):04X}" in warning.message
    assert page.body == char
    assert page.frontmatter == {}, "one line stays one line, so that the second key is a fault and not a key"


def test_frontmatter_over_its_limit_is_not_read() -> None:
    limits = Limits(frontmatter_bytes=20)
    assert parse("a.md", b"---\nname: aaaaaaaaaaaaa\n---\n", limits=limits).frontmatter == {"name": "a" * 13}
    for text in ("---\nname: aaaaaaaaaaaaaa\n---\n", "---\nname: ééééééééééééé\n---\n"):
        page = parse("a.md", text.encode(), limits=limits)
        (error,) = page.diagnostics
        assert (error.code, error.severity, error.line) == ("frontmatter-too-large", "error", 2)
        assert "20 bytes" in error.message
        assert page.frontmatter == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\nname: a\ndescription: b\n\n# A heading\n\nDo this: that.\n", 4),
        ("---\nname: a\ndescription: b\ntools: Read\nYou help: always.\n", 5),
        ("---\nname: a\ndescription: b\ntools:\n  - Read\n\nYou help.\n", 6),
        ("---\nname: a\ndescription: b", 4),
        ("---\nname: a\ndescription: b\nYou help.\n\ntools: Read\n", 0),
        ("---\nname: a\ndescription: b\nmore text\nAllowed Tools: Read\n", 0),
        ("---\nYou help.\n", 0),
        ("---", 0),
    ],
)
def test_where_a_closing_fence_is_missing_its_line_is_named_unless_a_key_could_stand_below(
    text: str, line: int
) -> None:
    page = parse("a.md", text.encode())
    (error,) = page.diagnostics
    assert error.code == "unclosed-fence"
    if not line:
        assert error.hint == "write --- on a line of its own below the last key"
        return
    assert error.hint == f"write --- on line {line}, below the last key"
    lines = text.split("\n")
    mended = parse("a.md", "\n".join([*lines[: line - 1], "---", *lines[line - 1 :]]).encode())
    assert mended.diagnostics == ()
    assert set(mended.frontmatter) >= {"name", "description"}
