"""What is printed about a slip is pasted, until nothing is printed any more: the file is then what its author meant."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents import AgentSpec
from hotagents.authority import widened
from hotagents.diagnostics import errors_in
from hotagents.loading import Entry, Schema, load
from hotagents.remedy import edit_of
from hotagents.snapshot import Part, Snapshot

SCHEMA: Final[Schema[Any]] = Schema(AgentSpec)
HEAD: Final = "name: a\ndescription: d\n"


def entry_of(text: str) -> Entry[Any]:
    part = Part(name=".", prefix="", kind="memory", location="", payload="", files={"a.md": text.encode()})
    return load(Snapshot.of([part]), SCHEMA).entries["a.md"]


def pasted(text: str) -> str:
    """The text once every exact remedy was pasted, the first one each time."""
    for _ in range(5):
        edits = [edit_of(found, text) for found in entry_of(text).diagnostics]
        if not (exact := [edit for edit in edits if edit is not None and edit.exact]):
            break
        text = exact[0].applied(text)
    return text


def fenced(frontmatter: str) -> str:
    return f"---\n{frontmatter}\n---\nPrompt.\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("description: [WIP] text", 'description: "[WIP] text"'),
        ("description: [WIP]: text", 'description: "[WIP]: text"'),
        ("description: {x} text\n  more", 'description: "{x} text more"'),
        ("description: > text", 'description: "text"'),
        ("description: | text", 'description: "text"'),
        ("description: > text\n  more", "description: >\n  text\n  more"),
        ("description: - does: this", 'description: "- does: this"'),
        ("description: - does this\nmodel: opus", 'description: "- does this"\nmodel: opus'),
        ("description: d\ntools:*", 'description: d\ntools: "*"'),
        ("description:Use", "description: Use"),
        ("description :Use", "description: Use"),
        ("description:Use: it", 'description: "Use: it"'),
        ("description:\tUse: it", 'description: "Use: it"'),
        ("\tdescription: Use", "description: Use"),
        ("  description: Use", "description: Use"),
        ('description: "Use "when" X\n more"', 'description: "Use \\"when\\" X more"'),
        ('description: "Use "when" X\nmore"\nmodel: opus', 'description: "Use \\"when\\" X more"\nmodel: opus'),
        ("description: d\ntools:Read", "description: d\ntools: Read"),
        ("description: d\ntools:Read,\nGlob", "description: d\ntools: Read, Glob"),
        ("description: d\ntools: Read,\nGlob\nmodel: opus", "description: d\ntools: Read, Glob\nmodel: opus"),
        ("description: d\ncolor:red\nmodel:opus\ntools: Read", "description: d\ncolor: red\nmodel: opus\ntools: Read"),
        ("description: d\ntools: [Read,\n  Grep\nmodel: opus", "description: d\ntools: [Read, Grep]\nmodel: opus"),
        ('description: d\ntools: ["Read", Grep\nmodel: opus', 'description: d\ntools: ["Read", Grep]\nmodel: opus'),
        ("description: d\ntools Read, Grep", "description: d\ntools: Read, Grep"),
        ("description: d\ntools\n- Read\nmodel: opus", "description: d\ntools:\n- Read\nmodel: opus"),
        ("description d\ntools: Read", "description: d\ntools: Read"),
        ("description: d\nhooks\n  Stop: []", "description: d\nhooks:\n  Stop: []"),
        ("description: d\ntools = [Read]\nmodel; opus", "description: d\ntools: [Read]\nmodel: opus"),
        ("description\uff1ad\nmodel:\u00a0opus", "description: d\nmodel: opus"),
        ("description: d\nmodel:: opus", "description: d\nmodel: opus"),
        ("description: d\ntools:: [Read]", "description: d\ntools: Read"),
        ("description: d\ntools: 'Read', 'Bash']", "description: d\ntools: ['Read', 'Bash']"),
        ("description: one two\n  tools: Read, Bash", "description: one two\ntools: Read, Bash"),
        ("description: d\n**tools:** Read", "description: d\ntools: Read"),
        ('description: d\n"tools: Read"\nmodel: opus', "description: d\ntools: Read\nmodel: opus"),
        ("description: d\ntools: Read\nGlob\nmodel: opus", "description: d\ntools: Read, Glob\nmodel: opus"),
        ("description: d\ntools:\nRead\nGlob\n", "description: d\ntools: Read, Glob\n"),
        ("description: d\nmodel:\n\nopus\ncolor: red", "description: d\nmodel: opus\ncolor: red"),
        ("description: d\ntools: tools: Read", "description: d\ntools: Read"),
        ("description: d\nmodel: opus\n  color: red", "description: d\nmodel: opus\ncolor: red"),
        ("description: >\n  one\n\t two\nmodel: opus", "description: >\n  one\n  two\nmodel: opus"),
        ("description: |\n  one\n two\nmodel: opus", "description: |\n  one\n  two\nmodel: opus"),
        ('description: "one"\n\nSo:\n<a>', "description: |\n  one\n\n  So:\n  <a>"),
        ("description: d\n\ufefftools: Read", "description: d\ntools: Read"),
        ("description: d\ntools:\n  - Read\n  -Bash", "description: d\ntools:\n  - Read\n  - Bash"),
        ("description: d\ntools:\n  - Read\n- Bash", "description: d\ntools:\n  - Read\n  - Bash"),
        ("description: d\ntools:\n* Read\n* Bash", "description: d\ntools:\n- Read\n- Bash"),
        ("description: d\ntools:\n  - Read\n\u00a0 - Bash", "description: d\ntools:\n  - Read\n  - Bash"),
        ("description: d\ntools:\n \t- Read\n  - Bash", "description: d\ntools:\n  - Read\n  - Bash"),
        ("description: d\ntools: [Read]\nmodel: opus\ntools: [Read]", "description: d\ntools: [Read]\nmodel: opus"),
        ("description:\n  one\n\ntwo", "description: |\n  one\n\n  two"),
        ("# note\n\ttools: Read\ndescription: d", "# note\ntools: Read\ndescription: d"),
        ("description: >\n\u00a0\u00a0one\ncolor: red", "description: >\n  one\ncolor: red"),
        ('description: "d"\n  tools:\n  - Read', 'description: "d"\ntools:\n  - Read'),
        ("description: d\ntools: '[Read, Bash]\nmodel: opus", "description: d\ntools: [Read, Bash]\nmodel: opus"),
        ("description: d\ntools: [Read, Bash]'", "description: d\ntools: [Read, Bash]"),
        ("description: d\ntools:\n  - Read\n# x\n  -Bash\n", "description: d\ntools:\n  - Read\n# x\n  - Bash\n"),
        ("description: d\npermissionMode: @plan", "description: d\npermissionMode: plan"),
        ("description: d\nmaxTurns: &12", "description: d\nmaxTurns: 12"),
        ("description: d\nmaxTurns: [12\nmodel: opus", "description: d\nmaxTurns: 12\nmodel: opus"),
        ("description: d\nhooks:\n\tStop:\t[]", "description: d\nhooks:\n  Stop: []"),
        ("description: d\nbackground: no", "description: d\nbackground: false"),
        ("description: one\n  two # three\ntools: Read", 'description: "one two # three"\ntools: Read'),
        ("description: d\ndeniedTools: Bash", "description: d\ndisallowedTools: Bash"),
        ("description: d\ntool_blacklist: [Bash]", "description: d\ndisallowedTools: Bash"),
        ("description: d\ntools-allowed: Read", "description: d\ntools: Read"),
    ],
)
def test_a_slip_is_mended_by_what_is_printed(before: str, after: str) -> None:
    assert pasted(fenced(f"name: a\n{before}")) == fenced(f"name: a\n{after}")
    entry = entry_of(fenced(f"name: a\n{after}"))
    assert entry.agent is not None
    assert entry.diagnostics == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"---\n{HEAD}# Title\n\ntext\n", f"---\n{HEAD}---\n# Title\n\ntext\n"),
        (f"---\n{HEAD}tools:\n- Read\n\n# T\n- a b c\n", f"---\n{HEAD}tools:\n- Read\n---\n\n# T\n- a b c\n"),
        (f"---\n{HEAD}tools:\n\n# some\n- Read\n\ntext\n", f"---\n{HEAD}tools:\n\n# some\n- Read\n---\n\ntext\n"),
        (f"---\n{HEAD}# note\ntools: Read\n\n# Title\n", f"---\n{HEAD}# note\ntools: Read\n---\n\n# Title\n"),
        ("---\nname: a\ndescription: 'one\ntwo'\n\ntext", "---\nname: a\ndescription: 'one\ntwo'\n---\n\ntext"),
        (f"---\n{HEAD}x: \x01y\n\ntext", f"---\n{HEAD}x: \x20y\n---\n\ntext"),
        (f"---\n{HEAD}skills:\n\n# Title", f"---\n{HEAD}skills:\n---\n\n# Title"),
        (f"---\n{HEAD}maxTurns: 3---\ntext\n\n---\n", f"---\n{HEAD}maxTurns: 3\n---\ntext\n\n---\n"),
        (
            f"---\n{HEAD}tools:\n- Read ---\nYou do this.\n\n---\n",
            f"---\n{HEAD}tools:\n- Read\n---\nYou do this.\n\n---\n",
        ),
        (f"---\n{HEAD}--\ntext\n", f"---\n{HEAD}---\ntext\n"),
        (f"---\r\n{HEAD}\u2014\ntext\n", f"---\r\n{HEAD}---\ntext\n"),
        (f"---\n{HEAD}text --- more\n", f"---\n{HEAD}---\ntext --- more\n"),
        (f"---\n{HEAD}text:\n\n|a|b|\n|---|---|\n", f"---\n{HEAD}text:\n\n|a|b|\n|---|---|\n"),
        (f"---\n{HEAD}\nYou help.\n\n# Rules\n\n---\nmore", f"---\n{HEAD}---\n\nYou help.\n\n# Rules\n\n---\nmore"),
        (f"---\n{HEAD}tools: x --- y\ntools: Read\n", f"---\n{HEAD}tools: x --- y\ntools: Read\n"),
        (f"---\n{HEAD}model: x --- y\ntools: Read\n\nmore", f"---\n{HEAD}model: x --- y\ntools: Read\n---\n\nmore"),
    ],
)
def test_a_fence_is_written_where_the_keys_end_and_never_so_that_a_limit_stays_below(before: str, after: str) -> None:
    assert pasted(before) == after


@pytest.mark.parametrize(
    "text",
    [
        f"---\n{HEAD}text\n\ndisallowedTools: Bash\n",
        f"---\n{HEAD}disallowedTools: Bash\nWrite\n",
        f"---\n{HEAD}disallowedTools:\n- Bash\n# more\n- Write\n\ntext\n",
        f"---\n{HEAD}disallowedTools:\n  - Bash\n\n# more\n  - runCommands\n\ntext\n",
        f"---\n{HEAD}disallowedTools:\n- Bash\n\n- Write\n\ntext\n",
        f"---\n{HEAD}disallowedTools: Bash,\n\nWrite\n\ntext\n",
        f"---\n{HEAD}disallowedTools: Bash,\nthis and that and more\n",
        f"---\n{HEAD}disallowedTools:\n  - Bash\nrunCommands\n---\n",
        f"---\n{HEAD}disallowedTools: Bash\nmcp__a and mcp__b and mcp__c\n---\n",
        f"---\n{HEAD}text\n\n\nmaxTurns: 3\n",
        f"---\n{HEAD}tools: Read\ntext\n\nclusters: [a]\n---\n",
        f"---\n{HEAD}text\nclusters: [a]\n\n",
        f"---\n{HEAD}\nclusters: [a]\n\ntext\n",
        "---\nname: a\ndescription: |\ntext\n\nmore\n",
        f"---\n{HEAD}tools:\n\ntext\n",
        f"---\n{HEAD}hooks:\n  Stop:\n    - hooks:\n\u00a0\u00a0- a\n        b: c\n---\n",
        f"---\n{HEAD}# note; disallowedTools:\n  - Bash\n---\n",
        f"---\n{HEAD}- Read\n- Bash\nmodel: opus\n---\n",
        "---\n\ntext\n",
    ],
)
def test_where_the_keys_end_is_left_to_people_if_one_could_stand_below(text: str) -> None:
    assert pasted(text) == text


@pytest.mark.parametrize(
    "frontmatter",
    [
        "denytool: true",
        "disabled_tools: {Bash: true}",
        "disallowedTools:Bash: x",
        "permissionMode:plan: x",
        "permissionMode: plan | maxTurns: 3",
        "disallowedTools: Bash (note: x)",
        "disallowedTools: Read Bash (note: x), Write",
        "initialPrompt: 'x\ndisallowedTools: Bash\nmodel: opus'",
        'notes: ["x\n\npermissionMode: plan", y]',
        "disallowedTools: Bash\ndisallowedTools: Bash\n\n  Write",
        "disallowedTools: [Bash,\nWrite]\nmodel: opus\ndisallowedTools: [Bash,\nRead]",
        "initialPrompt:'x'; disallowedTools: [Bash]",
        "disallowedTools:\n  -Bash\n  -Write",
        "maxTurns: 3\nmaxTurns: 9",
        "disallowedTools: [Bash\n---\n  Write]",
        "disallowedTools: [Bash,\n----\nWrite]",
        'initialPrompt: "x\n---\n  y"\n# note\ndisallowedTools: Bash',
        "disallowed-tools: Bash\ndisallowed-tools: Write",
    ],
)
def test_no_remedy_takes_the_error_of_a_limit_and_the_limit_with_it(frontmatter: str) -> None:
    entry = entry_of(pasted(fenced(f"{HEAD}{frontmatter}")))
    assert errors_in(entry.diagnostics)


@pytest.mark.parametrize("first", ["----", " ---", "\u2014", "***", "---yaml", "--- # x", "```yaml\n---", "```\n\n---"])
def test_a_fence_that_was_meant_to_open_the_file_is_written_as_one(first: str) -> None:
    whole = fenced("name: a\ndescription: d\ndisallowedTools: Bash")
    assert pasted(first + whole.removeprefix("---")) == whole


def test_no_line_is_written_for_an_entry_in_braces_whose_commas_part_keys() -> None:
    text = fenced("{\nname: a,\ndescription: one,\n  two,\n,\ndisallowedTools: Read, Bash,\n}")
    (error,) = errors_in(entry_of(text).diagnostics)
    assert error.hint == "write one key: value on each line, without the braces around them"


@pytest.mark.parametrize(
    ("frontmatter", "hint"),
    [
        ("modle: opus\nmodal: haiku", 'write "model" once, instead of all that were meant to be it'),
        ("permissions: {deny: [Bash]}", ""),
        ("restrictedTools: Bash", "it limits nothing; limits are written under tools and disallowedTools"),
        (
            "custom:x\nmodel: opus",
            'write a blank behind "custom:" if it is a key, or indent the line if it is text',
        ),
        ("tools: [{a}\nmodel: opus", ""),
        ('tools: "Bash(a) (b: c)" x', ""),
        ("disallowedTools: Bash(a) (note: x)", ""),
        ("model: opus\n  PreToolUse:\n    - x", ""),
        ('disallowedTools: "Bash(a "b" c)"\nmodel: opus', ""),
        (
            "mcpServers:\n  - a:\n      type: x\n     tools: [b]",
            'begin "tools" at the left margin, as every key of its own',
        ),
        ("x:\n  y: z\n \tmodel: opus", "indent with spaces, not with tabs"),
        ("tools:\n  - Read\n# disallowedTools:\n- Bash", ""),
        ("model: x\n    initialPrompt: |\n  one\n  tools: Bash", ""),
        ("## permissionMode:\nplan\nmodel: opus", ""),
        ("hooks:\n  Stop:\n  \thooks: []", "indent with spaces, not with tabs"),
        ("disallowedTools: [Bash(git *))\nmodel: opus", ""),
        ("permissionMode: @plan and more", ""),
        ("permissionMode:plann", 'write a blank behind "permissionMode:"'),
        ("maxTurns:x\nmodel:opus", 'write a blank behind "maxTurns:"'),
    ],
)
def test_what_could_be_meant_in_two_ways_is_left_to_people(frontmatter: str, hint: str) -> None:
    text = fenced(f"{HEAD}{frontmatter}")
    assert pasted(text) == text
    assert hint in {found.hint for found in entry_of(text).diagnostics}


@pytest.mark.parametrize(
    ("frontmatter", "places"),
    [
        ("tools: [Read, Grep\nmodel: opus", [(4, 8)]),
        ("notes: x\nmodel:opus\ncolor: red", [(5, 1)]),
        ("a: b\nc: 'x\nd: e\nf: 'y\ng: h", [(5, 4), (7, 4)]),
        ('a: "one\nuser: x"\nb: "open\nc: d', [(6, 4)]),
        ("a: [x\r\rb: [y\nmodel: opus", [(4, 4), (6, 4)]),
        ("a: one\n  two: x\nb: 'y\nc: d", [(5, 6), (6, 4)]),
        ("notes: one\n  two\ntools: [x, 'y\nc: d", [(6, 12)]),
    ],
)
def test_a_fault_is_told_where_it_is_and_no_other_entry_gets_a_remedy_for_it(
    frontmatter: str, places: list[tuple[int, int]]
) -> None:
    errors = errors_in(entry_of(fenced(f"{HEAD}{frontmatter}")).diagnostics)
    assert [(found.line, found.column) for found in errors] == places
    edits = [edit_of(found, fenced(f"{HEAD}{frontmatter}")) for found in errors]
    assert all(e.first <= d.line <= e.last for d, e in zip(errors, edits, strict=True) if e is not None)


@pytest.mark.parametrize("name", ["a\u200db", "\u202ea\u200cb", "a\u00adb"])
def test_a_name_with_invisible_characters_is_told_which_and_gets_one_without(name: str) -> None:
    (error,) = entry_of(fenced(f"name: {name}\ndescription: d")).diagnostics
    hidden = next(char for char in name if char not in "ab")
    assert f"such as U+{ord(hidden):04X}, got" in error.message
    assert error.hint == "write: name: ab"


# --- laws -----------------------------------------------------------------------------------------------------------
_KEYS: Final = st.lists(
    st.sampled_from(
        ["tools", "toools", "Tools", "allowedTools", "deniedTools", "disallowedTools", "disallwedTools", "model",
         "modle", "Model", "Name", "color", "colour", "colors", "description:x", "Description", "model:x",
         "permission-mode"]
    ),
    max_size=6,
    unique=True,
)  # fmt: skip
_VALUES: Final = st.sampled_from(["Read", "Bash, Write", "[Read, Grep]", "x: y", "true", "{a: b}", ""])


@given(_KEYS, st.data())
def test_no_remedies_together_write_a_key_twice(keys: list[str], data: st.DataObject) -> None:
    said = "".join(f"{key}: {data.draw(_VALUES)}\n" for key in keys)
    text = fenced(f"{HEAD}{said}".rstrip("\n"))
    edits = [edit_of(found, text) for found in entry_of(text).diagnostics]
    exact = {edit.first: edit for edit in edits if edit is not None and edit.exact}
    for line in sorted(exact, reverse=True):
        text = exact[line].applied(text)
    assert not [str(found) for found in entry_of(text).diagnostics if found.code == "duplicate-key"]


@given(_KEYS, st.data())
def test_no_remedy_of_a_file_that_is_served_widens_its_rights(keys: list[str], data: st.DataObject) -> None:
    said = "".join(f"{key}: {data.draw(_VALUES)}\n" for key in keys)
    text = fenced(f"{HEAD}{said}".rstrip("\n"))
    before = entry_of(text)
    for found in before.diagnostics:
        edit = edit_of(found, text)
        if before.agent is not None and edit is not None and edit.exact and found.code != "null-tools":
            after = entry_of(edit.applied(text)).agent
            assert after is None or widened(before.agent.rights, after.rights) == (), str(found)


_LIMITS: Final = st.sampled_from(
    ["disallowedTools: Bash", "disallowedTools:Bash", "disallowedTools:\n- Bash", "disallowedTools:\n\n  - Bash",
     "disallowedTools: Read,\nBash", "disallowedTools: Read\nBash", "disallowedTools:\n- Read\n\n- Bash",
     "disallowedTools: [Read,\nBash", "disallowed-tools: Bash", "deniedTools: Bash", "  disallowedTools: Bash",
     "\tdisallowedTools: Bash", "disallowedTools :Bash", "disallowedTools: 'Bash", "disallowedTools: > Bash",
     "disallowedTools: - Bash", "disallowedTools:Bash: x", "disallowedTools:\n\t- Bash", "disallowedTools: *Bash",
     "description: 'x\ndisallowedTools: Bash", "hooks: [x\ndisallowedTools: Bash", "a: - x\ndisallowedTools: Bash",
     "tools: Read", "tools:Read", "tools:\n- Read", "tools: [Read", "Tools: Read", "allowedTools: Read",
     "  tools: Read", "tools: Read,\nGrep", "tools: - Read", "tools: > Read", "tools:Read: x", "tools: 'Read'Grep'",
     "tools:"]
)  # fmt: skip
_AROUND: Final = st.lists(
    st.sampled_from(
        ["", "text", "more text: here", "# Title", "model: opus", "color:red", "memory: user", "- entry",
         "x: 'open", "x: [open", "description: d: e", "  more", "x --- y", "|a|b|", "--", "Note: this", "\ttab", "]"]
    ),
    max_size=5,
)  # fmt: skip


@given(_AROUND, _LIMITS, _AROUND, st.sampled_from(["", "---\n", "---\nPrompt.\n"]))
def test_whatever_is_pasted_a_limit_that_was_written_holds_or_the_file_is_refused(
    above: list[str], limit: str, below: list[str], end: str
) -> None:
    lines = [*above, limit, *below]
    text = f"---\n{HEAD}" + "".join(f"{line}\n" for line in lines) + end
    if entry_of(text).agent is not None:
        return  # as YAML reads it, the limit may be a part of a text
    agent = entry_of(pasted(text)).agent
    assert agent is None or not agent.allows("Bash"), pasted(text)
