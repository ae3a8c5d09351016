"""A hint becomes a change of the file's lines, or it does not, and whatever else the file has stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents.diagnostics import Diagnostic
from hotagents.remedy import Edit, edit_of, lines_of, said_to_write

FILE = """---
name: 7
description: Use it.
tools:
  - bash
  - Write

# of the team
colour: red
hooks:
---
Prompt.
"""


def found(
    hint: str, line: int, *, key: str = "", code: str = "wrong-type", column: int = 1, said: str = ""
) -> Diagnostic:
    return Diagnostic(code, "error", "a.md", line, column, key, said, hint)


def edited(diagnostic: Diagnostic, text: str = FILE) -> str:
    edit = edit_of(diagnostic, text)
    assert edit is not None
    assert edit.exact
    return edit.applied(text)


@pytest.mark.parametrize(
    ("diagnostic", "old", "new"),
    [
        (found('write: name: "7"', 2, key="name"), "name: 7\n", 'name: "7"\n'),
        (found('write: name: "7"', 2), "name: 7\n", 'name: "7"\n'),
        (found("write: tools: []", 5, key="tools"), "tools:\n  - bash\n  - Write\n", "tools: []\n"),
        (found("write: tools: []", 6, key="tools.1"), "tools:\n  - bash\n  - Write\n", "tools: []\n"),
        (found("write: a: |\n  b", 3), "description: Use it.\n", "a: |\n  b\n"),
        (found("replace line 4 by: tools:\n  - Read", 9), "tools:\n", "tools:\n  - Read\n"),
        (found("replace lines 4-6 by: tools: Read", 4), "tools:\n  - bash\n  - Write\n", "tools: Read\n"),
        (found("add: model: opus", 1), "---\nname", "---\nmodel: opus\nname"),
        (found('did you mean "color"?', 9, key="colour", code="unknown-key"), "colour: red", "color: red"),
        (
            found('did you mean "Bash"?', 5, key="tools", column=3, said='got unknown ones such as "bash", x'),
            "- bash",
            "- Bash",
        ),
        (found("rename the key to skills", 4, key="tools"), "tools:\n", "skills:\n"),
        (found("write it as color:", 9, key="colour"), "colour: red", "color: red"),
        (found("remove the line", 10, key="hooks"), "hooks:\n", ""),
        (found('remove the line of "tools"', 4, key="tools"), "tools:\n  - bash\n  - Write\n", ""),
        (found("remove hooks", 10, key="hooks"), "hooks:\n", ""),
        (found("remove this ---", 11), "hooks:\n---\n", "hooks:\n"),
    ],
)
def test_each_form_of_a_hint_changes_what_it_names_and_nothing_else(diagnostic: Diagnostic, old: str, new: str) -> None:
    assert FILE.count(old) == 1
    assert edited(diagnostic) == FILE.replace(old, new)


@pytest.mark.parametrize(
    "hint",
    [
        "",
        "nest less",
        "quote the whole text",
        "remove one of the two",
        "remove the tag, or quote the text",
        "name the tools, or remove the line",
        "write one text, in quotes",
        'write what you mean under "tools" and remove the other line',
        "remove tools",
        'remove the line of "tools"',
        "write: ",
    ],
)
def test_what_is_no_line_to_write_is_left_to_people(hint: str) -> None:
    edit = edit_of(found(hint, 10, key="absent"), FILE)
    assert edit is None


@pytest.mark.parametrize(
    ("hint", "key", "code"),
    [
        ("add: name: my-agent", "name", "missing-name"),
        ("such as: description: Use when ...", "description", "missing-description"),
        ('such as: hooks: {PreToolUse: [{matcher: "Bash", hooks: [{type: command, command: "..."}]}]}', "hooks", "x"),
        ("add: clusters: ...", "clusters", "invalid-field"),
        ("such as: colour: pink", "colour", "invalid-value"),
        ("such as: tools: [Read]", "tools", "beyond-ceiling"),
        ('write: description: "caf\ufffd"', "description", "yaml-syntax"),
    ],
)
def test_a_sample_is_not_exact(hint: str, key: str, code: str) -> None:
    line = next((n for n, line in enumerate(lines_of(FILE), 1) if line.startswith(key)), 1)
    edit = edit_of(found(hint, line, key=key, code=code), FILE)
    assert edit is not None
    assert not edit.exact
    assert said_to_write(hint) == (hint.partition(": ")[2],)


@pytest.mark.parametrize(
    "text",
    [
        '---\n{name: 7, description: "x"}\n---\n',
        '---\n"name: 7": x\n---\n',
        "---\nname: [7,\n8]\ndescription: x\n---\n",
        "---\n---\n",
        "",
    ],
)
def test_where_an_entry_begins_or_ends_unclearly_there_is_no_edit(text: str) -> None:
    assert edit_of(found('write: name: "7"', 2, key="name"), text) is None


def test_a_word_that_stands_there_twice_or_not_at_all_is_not_replaced() -> None:
    twice = FILE.replace("- Write", "- bash")
    said = 'got unknown ones such as "bash"'
    assert edit_of(found('did you mean "Bash"?', 5, key="tools", said=said), twice) is None
    assert edit_of(found('did you mean "Bash"?', 5, key="tools", said='got "zsh"'), FILE) is None
    assert edit_of(found('did you mean "Bash"?', 5, key="tools", said="got a list"), FILE) is None


def test_an_indented_frontmatter_stays_indented() -> None:
    text = "---\n  name: 7\n  tools:\n  - x\n---\n"
    assert edited(found('write: name: "7"', 2, key="name"), text) == text.replace("7", '"7"')
    assert edited(found("write: tools: []", 4, key="tools"), text) == "---\n  name: 7\n  tools: []\n---\n"


def test_a_nested_key_of_the_same_name_is_not_the_one() -> None:
    text = "---\nmodel:\n  model: 3\nname: x\n---\n"
    edit = edit_of(found("write: model: 3", 3, key="model"), text)
    assert edit is not None
    assert (edit.first, edit.last) == (2, 3)


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("---\nname: a\ndescription: b ---\nPrompt", "---\nname: a\ndescription: b\n---\nPrompt"),
        ("---\nname: a\ndescription: b ---Prompt", "---\nname: a\ndescription: b\n---\nPrompt"),
    ],
)
def test_dashes_that_cut_get_a_line_of_their_own(text: str, fixed: str) -> None:
    hint = "write --- on a line of its own below the last key"
    line = text.split("\n")[2]
    assert edited(found(hint, 3, column=line.index("---") + 1), text) == fixed


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("---\nname: a\ndescription: b\n\nPrompt\n", "---\nname: a\ndescription: b\n---\n\nPrompt\n"),
        ("---\nname: a\n", "---\nname: a\n---\n"),
        ("---\nname: a", "---\nname: a\n---"),
    ],
)
def test_an_open_frontmatter_is_closed_on_the_line_that_is_named(text: str, fixed: str) -> None:
    line = fixed.split("\n").index("---", 1) + 1
    assert edited(found(f"write --- on line {line}, below the last key", 1), text) == fixed


def test_fences_that_are_not_on_line_one_are_moved_or_added_there() -> None:
    moved = found("move the --- of line 2 to the very beginning of the file", 1)
    assert edited(moved, "\n---\nname: a\n---\n") == "---\nname: a\n---\n"
    assert edit_of(moved, "Prose.\n---\nname: a\n---\n") is None
    added = found("write --- on line 1, above the keys, and --- on a line of its own below them", 1)
    assert edited(added, "name: a\nb: c\n---\nPrompt\n") == "---\nname: a\nb: c\n---\nPrompt\n"
    assert edit_of(added, "name: a\nProse.\n---\n") is None
    assert edit_of(added, "name: a\n") is None


def test_characters_that_nobody_sees_become_blanks() -> None:
    text = "---\nname: a\x1b\u2028b\tc\n---\n"
    assert edited(found("remove the character", 2), text) == "---\nname: a  b\tc\n---\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_are_kept(end: str, mark: str) -> None:
    text = mark + FILE.replace("\n", end)
    assert edited(found("write: tools: []", 5, key="tools"), text).count(end) == FILE.count("\n") - 2
    assert edited(found("add: a: b\nc: d", 1), text).startswith(f"{mark}---{end}a: b{end}c: d{end}name: 7{end}")
    assert edited(found("remove this ---", 1), text).startswith(f"{mark}name")


def test_a_text_without_a_last_line_end_stays_without() -> None:
    assert Edit(2, 2, ("c", "d")).applied("a\nb") == "a\nc\nd"
    assert Edit(2, 1, ("c",)).applied("a") == "a\nc"
    assert Edit(2, 2, ()).applied("a\nb") == "a\n"
    assert Edit(1, 0, ("c",)).applied("") == "c\n"


def test_bytes_that_are_no_text_go_through() -> None:
    assert Edit(1, 1, ("b",)).applied_to(b"a\n\xff\xfe\n") == b"b\n\xff\xfe\n"


_LINES = st.lists(st.text("ab \u6f22", max_size=3), max_size=5)


@given(_LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(1, 6), st.integers(0, 3), _LINES)
def test_a_change_in_lines_and_columns_says_the_same(
    old: list[str],
    end: str,
    is_ended: bool,  # noqa: FBT001
    first: int,
    count: int,
    new: list[str],
) -> None:
    text = end.join([*old, ""] if is_ended else old)
    lines = lines_of(text)
    if first > len(lines) + 1:
        return
    edit = Edit(first, min(first + count - 1, len(lines)), tuple(new))
    (line, column), (last, behind), content = edit.change(text)
    starts = [0]
    for said in lines:
        starts.append(starts[-1] + len(said) + len(end))
    start, stop = (min(starts[n - 1] + at - 1, len(text)) for n, at in ((line, column), (last, behind)))
    assert text[:start] + content + text[stop:] == edit.applied(text)


_HINTS = st.sampled_from(
    ["write: {}", "add: {}", "replace lines {} by: {}", "remove {}", "rename the key to {}", 'did you mean "{}"?',
     "move the --- of line {} to the very beginning of the file", "write --- on line 1, {}", "remove this ---",
     "write --- on a line of its own below the last key", "remove the character", "remove the line"]
)  # fmt: skip


@given(_HINTS, st.text(max_size=5) | st.integers(0, 99).map(str), st.integers(0, 9), st.integers(0, 9), st.text())
def test_no_diagnostic_and_no_text_make_it_fail(hint: str, more: str, line: int, column: int, text: str) -> None:
    diagnostic = found(hint.format(more, more), line, key=more, column=column, said=f'got "{more}"')
    edit = edit_of(diagnostic, text)
    if edit is not None:
        edit.applied(text)
        edit.change(text)
