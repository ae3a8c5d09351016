"""The ladder: what is taken as the text that stands there, what never is, and that nothing else changes by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hotagents.authority import widened
from hotagents.fields import agent_from, kind_of, without_guesses
from hotagents.fields.limits import limit_meant
from hotagents.frontmatter import Page, Position, events, parse
from hotagents.frontmatter.entries import MOST_ENTRIES
from hotagents.frontmatter.rights import is_never_guessed
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from hotagents.diagnostics import Diagnostic

NEVER: Final = (
    *("tools", "disallowedTools", "hooks", "permissionMode", "mcpServers", "skills", "model", "name"),
    *("Tools", "tool", "allowedTools", "allowed-tools", "allowed_tools", "disallowed-tools", "dissallowedTools"),
    *("unallowedTools", "no-tools", "t\u043e\u043els", "\uff54ools", "to\u200bols", "tools ", "toosl", "Allowed Tools"),
    *("Hooks", "hook", "permission-mode", "permissionmode", "mcp-servers", "mcp_servers", "Skills", "skill", "Model"),
    *("models", "Name", "'tools'", '"tools"', "'disallowedTools' "),
)


def page_of(frontmatter: str, *, recover: bool = True) -> Page:
    return parse("a.md", f"---\n{frontmatter}\n---\nBody".encode(), recover=recover)


def guesses(page: Page) -> list[Diagnostic]:
    return [d for d in page.diagnostics if d.code == "recovered"]


def pasted(page: Page, frontmatter: str) -> str:
    """Return the frontmatter with every line that was asked for."""
    lines = re.split(r"(\r\n|\r|\n)", frontmatter)
    for guess in guesses(page):
        lines[2 * (guess.line - 2)] = guess.hint.removeprefix("write: ")
    return "".join(lines)


# --- what is taken ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("description: Use this: now", "Use this: now"),
        ("description:   Use this: now \t", "Use this: now"),
        ("description:\tUse this: now", "Use this: now"),
        ("description : Use this: now", "Use this: now"),
        ("'description': Use this: now", "Use this: now"),
        ('"description" : Use this: now', "Use this: now"),
        ("description: a: b # c", "a: b # c"),
        ("description: a: b  # c", "a: b  # c"),
        ('description: Say "a": now', 'Say "a": now'),
        ("description: C:\\x: y", "C:\\x: y"),
        ("description: **bold** text", "**bold** text"),
        ("description: *emphasis*", "*emphasis*"),
        ("description: @me", "@me"),
        ("description: `code` is", "`code` is"),
        ("description: %x", "%x"),
        ("description: , x", ", x"),
        ("description: ] x", "] x"),
        ("description: -x: y", "-x: y"),
        ("description: a:", "a:"),
        ("description: größer: 😀", "größer: 😀"),
        ("description: true: x", "true: x"),
        ("description: a: b\n\n", "a: b"),
        ("description: a: b\n# tools: Read\n  \n#c", "a: b"),
        ("# first\n\n  # second\ndescription: a: b", "a: b"),
        ("description: All tools: any", "All tools: any"),
        ("description: The name: x", "The name: x"),
        ("description: Read the docs: tools: none of them", "Read the docs: tools: none of them"),
    ],
)
def test_a_text_on_one_line_that_yaml_refuses_is_taken_as_it_stands(line: str, text: str) -> None:
    page = page_of(f"{line}\ntools: Read")
    assert page.frontmatter == {"description": text, "tools": "Read"}
    assert page.recovered == {"description"}
    assert not page.broken
    (warning,) = page.diagnostics
    assert (warning.code, warning.severity, warning.key) == ("recovered", "warning", "description")
    assert Position(warning.line, warning.column) == page.at("description")
    assert warning.message.startswith("expected ")
    assert warning.message.endswith("; taken as the text that stands there")
    said = page_of(pasted(page, f"{line}\ntools: Read"), recover=False)
    assert (said.frontmatter, said.diagnostics) == (page.frontmatter, ())


def test_a_lone_star_is_all_tools_and_nothing_else_is() -> None:
    page = page_of("name: a\ntools:  * \nmodel: opus")
    assert page.frontmatter == {"name": "a", "tools": "*", "model": "opus"}
    assert [(d.code, d.line, d.hint) for d in page.diagnostics] == [("recovered", 3, 'write: tools:  "*"')]
    for other in ("tools: *all", "tools: * # all", "tools: **", "Tools: *", "disallowedTools: *", "'tools': *"):
        assert page_of(other).frontmatter == {}
        assert page_of(other).broken


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r"])
def test_places_order_and_repeated_keys_are_those_of_one_reading(break_: str) -> None:
    lines = ["color: red", "x: a: b", "hooks:", "  Stop: []", "y: ü: c", "color: blue", "x: d: e"]
    text = break_.join(lines)
    page = page_of(text)
    said = page_of(pasted(page, text), recover=False)
    assert list(page.frontmatter.items()) == list(said.frontmatter.items())
    assert (page.positions, page.key_positions) == (said.positions, said.key_positions)
    assert [d for d in page.diagnostics if d.code != "recovered"] == list(said.diagnostics)
    assert page.frontmatter == {"color": "blue", "x": "d: e", "hooks": {"Stop": []}, "y": "ü: c"}
    assert [(d.line, d.key) for d in guesses(page)] == [(3, "x"), (6, "y"), (8, "x")]


def test_a_limit_that_stands_twice_is_an_error_beside_a_guess_too() -> None:
    page = page_of("description: a: b\ntools: Read\ntools: Bash")
    assert [(d.code, d.severity) for d in page.diagnostics] == [("recovered", "warning"), ("duplicate-key", "error")]


def test_without_recovery_the_ladder_stops_at_the_strict_step() -> None:
    page = page_of("name: a\ndescription: a: b\ncolor: c: d", recover=False)
    assert (page.frontmatter, page.recovered) == ({}, frozenset())
    assert [(d.code, d.severity, d.line, d.hint) for d in page.diagnostics] == [
        ("yaml-syntax", "error", 3, 'write: description: "a: b"'),
        ("yaml-syntax", "error", 4, 'write: color: "c: d"'),
    ]


# --- what never is ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("value", ["Read: x", "@me", "*x", "a: b # c"])
@pytest.mark.parametrize("key", NEVER)
def test_nothing_that_says_what_an_agent_is_or_may_do_is_guessed(key: str, value: str) -> None:
    for text in (f"{key}: {value}", f"description: a: b\n{key}: {value}\ncolor: c: d"):
        page = page_of(text)
        assert page.broken
        assert page.frontmatter == {}
        assert not any(is_never_guessed(key) for key in page.recovered)


@pytest.mark.parametrize(
    "entry",
    [
        'description: "a" is: b',
        "description: 'a' is: b",
        "description: |x: y",
        "description: > x: y\n",
        "description: [a: b",
        "description: {a: b",
        "description: {{ a }}: b",
        "description: &x y: z",
        "description: !x y: z",
        "description: - a: b",
        "description: ? a: b",
        "description: : a: b",
        "description: a: b\n  and more",
        "description: a: b\n  # more",
        "description: a: b\nand more",
        "description: a: b\n- and more",
        "description: a: b\n\tand more",
        "description: a: b\n\n  and more",
        "description: one\n  two: three",
        "description: a: b\n? tools\n: Read",
        "description: a: b\n: Read",
        "description: a: b\n<<: *x",
        "description: a: b\n&x tools: Read",
        "description: a: b\n!!str tools: Read",
        "description: a: b\n{tools: Read}",
        "description: a: b\n\ufefftools: Read",
        "description: a: b\n tools: Read",
        "description: a: b\n...",
        "description: a: b\n--- x",
        "description: a: b\n%YAML 1.2",
        "text\ndescription: a: b",
        "- x\ndescription: a: b",
        " indented: x\ndescription: a: b",
        "? tools\n: Read\ndescription: a: b",
        'description: "one\ntools: Read"\ncolor: a: b',
        "x: [one,\ntools: Read\n]\ncolor: a: b",
        "description: a: b disallowedTools: Bash",
        "description: a: b allowed-tools: Bash",
        "description: a: b permissionMode: plan",
        "description: a: b tools: Read, Grep",
        "description: Reviews codetools: Read",
        "description: Reviews codedisallowedTools: Bash, Write",
        "description: a: b allowed_tools: Read",
        "description: a: b tools: mcp__github__get",
        "description: a: b tools: []",
        "description: a: b tools: *",
        'description: a: b "tools": ["Read"]',
        "description: a\x85tools: Read",
        "description: a\u2028disallowed: Bash",
        "description: a\x0btools: none",
        "description: a: b ---\x0c",
    ],
)
def test_in_any_doubt_the_file_is_refused(entry: str) -> None:
    page = page_of(f"name: a\n{entry}" if not entry.startswith(("text", "-", " ", "?")) else entry)
    assert page.broken
    assert page.frontmatter == {}
    assert "description" not in page.recovered


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: &x b\ndescription: c: d", "alias"),
        ("a: !x b\ndescription: c: d", "unsupported-tag"),
        ("a: " + "[" * 70 + "\ndescription: c: d", "frontmatter-too-deep"),
        ("[a]: b\ndescription: c: d", "bad-key"),
        ("description: c: d\nx: [*a]", "alias"),
        ("description: c: d\n" + "x" * 70_000, "frontmatter-too-large"),
    ],
)
def test_the_guards_stand_before_the_ladder(text: str, code: str) -> None:
    page = page_of(text)
    assert code in {d.code for d in page.diagnostics if d.severity == "error"}
    assert page.frontmatter == {}


def test_where_dashes_cut_nothing_is_taken_since_its_end_is_in_doubt() -> None:
    page = parse("a.md", b"---\nname: a\ndescription: b: c --- d\n")
    assert [d.code for d in page.diagnostics] == ["fence-in-frontmatter", "yaml-syntax"]
    assert page.recovered == frozenset()


@given(st.text("unotdisalwe-_ T", max_size=16).map(lambda text: text + "tools") | st.sampled_from(NEVER) | st.text())
@example("nontool")
def test_whatever_is_read_as_a_limit_is_never_guessed(key: str) -> None:
    if limit_meant(key) is not None and len(key) < 90:
        assert is_never_guessed(key)


# --- all that is wrong at once ----------------------------------------------------------------------------------------
def test_each_entry_that_cannot_be_read_is_told_with_its_remedy_and_the_others_can_be_judged() -> None:
    page = page_of(
        "name: a\ndescription: b: c\ntools: Read: x\nmodel: gpt\nhooks:\n  Stop: a: b\nskills: 'x\ncolor: red"
    )
    assert [(d.code, d.line, d.hint) for d in page.diagnostics] == [
        ("yaml-syntax", 4, 'write: tools: "Read: x"'),
        ("yaml-syntax", 7, 'replace line 7 by:   Stop: "a: b"'),
        ("yaml-syntax", 8, 'write: skills: "x"'),
        ("recovered", 3, 'write: description: "b: c"'),
    ]
    assert page.frontmatter == {}
    assert page.partial == {"name": "a", "description": "b: c", "model": "gpt", "color": "red"}
    assert page.at("model") == Position(5, 8)


def test_what_may_stand_in_an_open_quote_is_not_judged() -> None:
    page = page_of('name: a\nhooks: ["x\nmodel: gpt 4\ncolor: a: b')
    assert (page.partial, [d.severity for d in page.diagnostics]) == ({"name": "a"}, ["error"])
    page = page_of('name: a\ndescription: "one\nmodel: gpt 4\ntwo"\ncolor: red\ntools: a: b')
    assert page.partial == {"name": "a"}
    assert [(d.line, d.hint) for d in page.diagnostics] == [(7, 'write: tools: "a: b"')]


def test_places_below_what_cannot_be_read_are_right_after_a_lone_carriage_return() -> None:
    page = page_of("name: a\rb: [x\nmodel: gpt 4\r\rc: [y\ncolor: d")
    assert [d.line for d in page.diagnostics] == [3, 6]
    assert (page.at("model"), page.at("color")) == ((4, 8), (7, 8))


def test_lines_of_a_text_that_one_remedy_makes_one_block_are_not_told_again() -> None:
    page = page_of("name: a\ndescription: one\n\n<example>\nuser: a: b\n</example>\nother: c: d\nmodel: x: y")
    assert [(d.code, d.line) for d in page.diagnostics] == [("yaml-syntax", 5), ("yaml-syntax", 9)]


def test_of_many_faults_the_first_fifty_are_told() -> None:
    page = page_of("\n".join(f"k{n}: [a" for n in range(200)) + "\n" + "\n".join(f"t{n}: 'a' b" for n in range(90)))
    assert len(page.diagnostics) <= 50
    page = page_of("\n".join(f"t{n}: 'a' b" for n in range(90)))
    assert len(page.diagnostics) == 50


# --- what it costs ----------------------------------------------------------------------------------------------------
@pytest.fixture(name="read")
def _read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the texts that a parser was made for."""
    lengths: list[int] = []
    before = events.new_parser

    def counting(text: str) -> Any:
        lengths.append(len(text))
        return before(text)

    monkeypatch.setattr(events, "new_parser", counting)
    return lengths


@pytest.mark.parametrize(
    "text",
    [
        "a:\n" * 20_000 + "b: c: d",
        "a: b: c\n" * 8_000,
        "a: b: c\n" * MOST_ENTRIES,
        "a: 'b' c\n" * MOST_ENTRIES,
        "tools: b: c\n" * MOST_ENTRIES,
        ("a: [" + "x, " * 60 + "\n") * MOST_ENTRIES,
        "a: 'b\n" * MOST_ENTRIES,
        ("a: b: c\n" + "\n" * 200) * MOST_ENTRIES,
        ("tools: b: c\n" + "\n" * 200) * MOST_ENTRIES,
        "a: b: c\n" + "  x\n" * 15_000,
        "a: " + "b: " * 20_000,
        "a: b\n<x>\n" * 100 + "y: " * 1000,
        "\n" * 60_000 + "a: b: c",
        "# x\n" * 15_000 + "a: b: c",
    ],
)
def test_hostile_frontmatter_makes_few_parsers_and_few_texts(text: str, read: list[int]) -> None:
    for recover in (True, False):
        read.clear()
        page_of(text[:65_000], recover=recover)
        assert len(read) <= MOST_ENTRIES + 50 * 10 + 20
        assert sum(read) <= 35 * 65_536


def test_a_good_frontmatter_is_read_once(read: list[int]) -> None:
    page_of("name: a\ndescription: b\ntools: [Read]")
    assert len(read) <= 1


# --- laws -------------------------------------------------------------------------------------------------------------
_KEYS: Final = ("name", "description", "tools", "disallowedTools", "allowed-tools", "color", "x", "'x'", '"tools"')
_VALUES: Final = (
    *("a", "a: b", "a: b # c", "Read", "Read, Bash", "*", "@me", "'a", "'a' b", '"a', 'a"', '"', "|", ">-", "[a", "a]"),
    *("{a: b", "}", "&x a", "*x", "!t a", "- a", "? a", "", " ", "# a", "a tools: Read", "a\x85tools: Read", "a\tb: c"),
    *("a: b disallowedTools: x", "'", "[", "]", "\\", "a: 'b", "a: [b", "\ufeffa", "a: b:", "\u2028", "--- a", "%a"),
)
_OTHERS: Final = (
    *("", "  ", "# c", "  # c", "  more", "more", "- a", "  - a", "? tools", ": Read", "...", "--- x", "%YAML 1.2"),
    *("]", "}", "'", '"', "b'", 'b"', " tools: Read", "\ttools: Read", "{tools: Read}", "!!str tools: Read", "<<: *x"),
    *("&x tools: Read", "\ufefftools: Read", "tools:Read", "  tools: Read", "tools", "|", "  |"),
)
_ENTRIES: Final = st.tuples(
    st.sampled_from(_KEYS), st.sampled_from([": ", ":", " : ", ":\t"]), st.sampled_from(_VALUES)
)
_LINES: Final = st.one_of(_ENTRIES.map("".join), _ENTRIES.map("".join), st.sampled_from(_OTHERS))
_TEXTS: Final = st.lists(_LINES, max_size=9).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n"]).map(lambda b: b.join(lines))
)
_SOUND: Final = st.lists(
    st.tuples(st.sampled_from(["description", "color", "x", "yy"]), st.sampled_from([v for v in _VALUES if v])),
    max_size=4,
).map(lambda entries: "".join(f"{key}: {value}\n" for key, value in entries))
_KEY_LINE: Final = re.compile(r"(?m)^[\"']?(tools|disallowedTools|allowed-tools)[\"']?[ \t]*:(?=[ \t\r\n]|\Z)")


def agent_of(page: Page) -> AgentSpec | None:
    page = without_guesses(page, AgentSpec)
    return agent_from(page, spec=AgentSpec, digest="")[0] if not page.broken and kind_of(page)[0] == "agent" else None


@given(_TEXTS)
@example("name: a\ndescription: b: c\ntools: *")
@example("description: a: b\nx: |\n\ntools: Read")
def test_what_is_taken_is_what_pasting_every_remedy_gives(text: str) -> None:
    page = page_of(text)
    if page.broken or not page.recovered:
        return
    said = page_of(pasted(page, text), recover=False)
    assert not said.broken
    assert repr(dict(page.frontmatter)) == repr(dict(said.frontmatter))
    assert (page.positions, page.key_positions) == (said.positions, said.key_positions)
    gone = {"recovered", "control-character"}  # the line to paste has none
    assert [d for d in page.diagnostics if d.code not in gone] == [d for d in said.diagnostics if d.code not in gone]
    assert agent_of(page) == agent_of(said)


@given(_TEXTS)
def test_what_yaml_reads_is_the_same_with_and_without_the_ladder(text: str) -> None:
    strict = page_of(text, recover=False)
    if not strict.broken:
        assert page_of(text) == strict
    assert not strict.recovered


@given(_TEXTS)
def test_a_limit_that_stands_at_the_left_margin_is_in_force_or_the_file_is_refused(text: str) -> None:
    page = page_of(text)
    if page.broken or not page.recovered:
        return
    keys = set(_KEY_LINE.findall(page_text(text)))
    assert keys <= page.frontmatter.keys()
    assert all(key == "tools" and page.frontmatter[key] == "*" for key in page.recovered if is_never_guessed(key))
    agent = agent_of(page)
    if agent is not None and keys & {"tools", "allowed-tools"}:
        assert agent.tools is not None
    if agent is not None and str(page.frontmatter.get("disallowedTools") or "").strip():
        assert agent.disallowed_tools


def page_text(text: str) -> str:
    """Return the frontmatter of a text as a person sees it who wrote it, up to what ends it."""
    return re.split(r"(?m)^---+[ \t]*$", text)[0]


@given(
    _SOUND,
    _SOUND,
    st.sampled_from(["tools: Read", "tools: []", "disallowedTools: Bash", "tools:\n- Read", "tools: [a]"]),
)
def test_guesses_around_a_limit_neither_widen_nor_narrow_it(above: str, below: str, limit: str) -> None:
    alone = agent_of(page_of(f"name: a\ndescription: b\n{limit}"))
    page = page_of(f"name: a\ndescription: b\n{above}{limit}\n{below}")
    agent = agent_of(page) if page.recovered else None  # else it is YAML, in which a quote may hold whole lines
    if agent is not None and alone is not None and "tools" not in (above + below).casefold():
        assert widened(alone.rights, agent.rights) == ()
        assert widened(agent.rights, alone.rights) == ()
        assert "description" not in above or agent.description


@given(_TEXTS, st.booleans())
def test_a_refused_page_serves_nothing_and_each_of_its_remedies_keeps_every_limit(text: str, recover: bool) -> None:  # noqa: FBT001
    page = page_of(text, recover=recover)
    if not page.broken:
        return
    faults = [d for d in page.diagnostics if d.code in {"yaml-syntax", "alias", "bad-key", "unsupported-tag"}]
    assert not (faults and page.frontmatter)
    for fault in faults:
        assert not re.search(r"(?m)^ +[\"']?(tools|disallowedTools)[\"']?:", fault.hint.partition("|")[2])
