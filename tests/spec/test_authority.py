"""What a tool list grants and denies, and that combining never grants more."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents.authority import Rights, ToolRule, allows, matches, narrowed, split_tools, widened

_NAMES = st.sampled_from(
    ["Read", "Bash", "Agent", "Task", "mcp__git", "mcp__git__log", "mcp__*", "*", "B*", "Ba)sh", ""]
)
_PATTERNS = st.sampled_from(["git *", "git:*", "git log *", "*", "", "a, b", "git log", ":*", "* *"])
_ENTRIES = st.one_of(_NAMES, st.builds("{}({})".format, _NAMES, _PATTERNS), st.text("Bash(git *),: ", max_size=12))
_LISTS = st.lists(_ENTRIES, max_size=4).map(tuple)
_RIGHTS = st.builds(Rights, st.none() | _LISTS, _LISTS)
_TOOLS = st.sampled_from(["Read", "Bash", "Agent", "Task", "mcp__git", "mcp__git__log", "Bosh", "*", ""])
_ARGUMENTS = st.none() | st.sampled_from(["git log", "git", "git push x", " git log", "a", "", "rm -rf /"])


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", ()),
        (" , ,", ()),
        ("Read", ("Read",)),
        ("Read, Write,Grep  Glob\tLS\nEdit", ("Read", "Write", "Grep", "Glob", "LS", "Edit")),
        ("Bash(git status *), Read", ("Bash(git status *)", "Read")),
        ("Agent(a, b) Read", ("Agent(a, b)", "Read")),
        ("Bash (git *), Read", ("Bash(git *)", "Read")),
        ("(git *)", ("(git *)",)),
        ("\"Read\", 'Write', `Grep`", ("Read", "Write", "Grep")),
        ('Bash(git commit -m "x, y")', ('Bash(git commit -m "x, y")',)),
        ("Bash(f(x) *), Read", ("Bash(f(x) *)", "Read")),
        ("Read, Bash(git *, Write", ("Read", "Bash(git *, Write")),
        ("Bash), Read", ("Bash)", "Read")),
    ],
)
def test_a_list_is_split_at_commas_and_blanks_outside_parentheses(text: str, entries: tuple[str, ...]) -> None:
    assert split_tools(text) == entries


@given(st.text())
def test_splitting_never_fails_and_never_makes_an_empty_entry(text: str) -> None:
    assert all(split_tools(text))


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("Read", ToolRule("Read")),
        (" Bash(git *) ", ToolRule("Bash", "git *")),
        ("Bash(echo (x))", ToolRule("Bash", "echo (x)")),
        ("mcp__a__*", ToolRule("mcp__a__*")),
        ("", None),
        ("(x)", None),
        ("Bash()", None),
        ("Bash(git *", None),
        ("Bash)", None),
        ("Read Write", None),
        ("Read,Write", None),
    ],
)
def test_an_entry_is_a_rule_or_nothing(entry: str, rule: ToolRule | None) -> None:
    assert ToolRule.parse(entry) == rule


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("git *", "git log", True),
        ("git *", "git ", True),
        ("git *", "git", False),
        ("git *", "github x", False),
        ("git:*", "git", True),
        ("git:*", "git log", True),
        ("git:*", "github", False),
        ("git *:*", "git log", True),
        ("*", "", True),
        ("**", "ab\nc", True),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "a-c", False),
        ("ab*ba", "aba", False),
        ("*.md", "x.md", True),
        ("[a-z]?", "b?", False),
        ("[a-z]?", "[a-z]?", True),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_only_the_star_is_special(pattern: str, text: str, fits: bool) -> None:  # noqa: FBT001  a table of outcomes
    assert matches(pattern, text) is fits


def test_a_hostile_pattern_costs_no_more_than_its_length() -> None:
    begin = time.perf_counter()
    assert not matches("*a" * 20_000 + "b", "a" * 40_000)
    assert time.perf_counter() - begin < 2


@pytest.mark.parametrize(
    ("tools", "tool", "argument", "granted"),
    [
        (None, "Bash", None, True),
        ((), "Bash", None, False),
        (("*",), "Bash", None, True),
        (("Read",), "Bash", None, False),
        (("Read",), "Read", "x", True),
        (("read",), "Read", None, False),
        (("Bash(git *)",), "Bash", None, False),
        (("Bash(git *)",), "Bash", "git log", True),
        (("Bash(git *)",), "Bash", "rm x", False),
        (("Bash(git *)", "Bash(ls)"), "Bash", "ls", True),
        (("Bash(*)",), "Bash", None, True),
        (("Bash(git *",), "Bash", "git log", False),
        (("Bash()",), "Bash", None, False),
        (("Read, Bash",), "Bash", None, False),
        (("mcp__git",), "mcp__git__log", None, True),
        (("mcp__git",), "mcp__github__log", None, False),
        (("mcp__git__log",), "mcp__git__log__all", None, False),
        (("mcp__",), "mcp____x", None, False),
        (("mcp__*",), "mcp__git__log", None, True),
        (("mcp__git__get_*",), "mcp__git__get_x", None, True),
        (("Agent(a, b)",), "Agent", "b", True),
        (("Agent(a, b)",), "Task", "a", True),
        (("Agent(a, b)",), "Agent", "c", False),
        (("Task",), "Agent", "c", True),
        (("Agent(my reviewer)",), "Agent", "my reviewer", True),
        (("Agent(code *)",), "Agent", "other", False),
        (("Agent(,)",), "Agent", "x", False),
        (None, "", None, False),
        (None, "Bash(git log)", None, False),
    ],
)
def test_a_list_grants_what_it_proves(
    tools: tuple[str, ...] | None,
    tool: str,
    argument: str | None,
    granted: bool,  # noqa: FBT001  a table of outcomes
) -> None:
    assert allows(tools, (), tool, argument) is granted


@pytest.mark.parametrize(
    ("disallowed", "tool", "argument", "denied"),
    [
        (("Bash",), "Bash", "ls", True),
        (("Bash",), "Read", None, False),
        (("*",), "Read", None, True),
        (("Bash(rm *)",), "Bash", "ls", False),
        (("Bash(rm *)",), "Bash", "rm x", True),
        (("Bash(rm *)",), "Bash", "  rm x", True),
        (("Bash(rm *)",), "Bash", "rm", True),
        (("Bash(rm *)",), "Bash", None, True),
        (("Bash(rm:*)",), "Bash", "rm -f", True),
        (("WebFetch(domain:*)",), "WebFetch", "domain:example.org", True),
        (("Bash(rm *",), "Bash", "ls", True),
        (("Bash(rm *, Write, Edit(x)",), "Bash", "ls", True),
        (("Bash(echo (a))",), "Bash", "echo (a)", True),
        (("Bash()",), "Bash", "ls", True),
        (("Bash)",), "Bash", "ls", True),
        (("Read, Bash",), "Bash", "ls", True),
        (("(rm *)",), "Bash", "ls", False),
        (("mcp__my__server",), "mcp__my__server__x", None, True),
        (("Task",), "Agent", None, True),
        (("Task(a, b)",), "Agent", "b", True),
        (("Task(a, b)",), "Agent", "c", False),
        (("Agent(my reviewer)",), "Agent", "my reviewer", True),
        (("Agent(my reviewer)",), "Agent", "my", False),
        (("Agent(,)",), "Agent", "x", True),
        (("Bash(rm *)",), "Bash", "rm\tx", True),
        (("Bash(rm:*)",), "Bash", "rm\n\nx", True),
        (("Bash(rm  -r *)",), "Bash", "rm -r x", True),
    ],
)
def test_a_prohibition_covers_every_doubt(
    disallowed: tuple[str, ...],
    tool: str,
    argument: str | None,
    denied: bool,  # noqa: FBT001  a table of outcomes
) -> None:
    assert allows(None, disallowed, tool, argument) is not denied
    assert allows(("*", tool), disallowed, tool, argument) is not denied


@given(_RIGHTS, _RIGHTS, _RIGHTS, _TOOLS, _ARGUMENTS)
def test_a_meeting_allows_exactly_what_all_allow(a: Rights, b: Rights, c: Rights, tool: str, arg: str | None) -> None:
    expected = a.allows(tool, arg) and b.allows(tool, arg) and c.allows(tool, arg)
    assert a.meet(b).meet(c).allows(tool, arg) is expected
    assert a.meet(b.meet(c)).allows(tool, arg) is expected


@given(_RIGHTS)
def test_a_meeting_with_itself_changes_nothing(rights: Rights) -> None:
    assert rights.meet(rights) == rights


@given(_RIGHTS, _RIGHTS)
def test_a_meeting_is_never_wider_than_its_parts(a: Rights, b: Rights) -> None:
    assert widened(a, a.meet(b)) == ()
    assert widened(b, a.meet(b)) == ()


@given(_RIGHTS, _RIGHTS, _TOOLS)
def test_a_tool_that_an_entry_names_and_that_is_lost_is_shown(a: Rights, b: Rights, tool: str) -> None:
    named = Rights((tool,)).meet(a)
    if named.allows(tool) and not b.allows(tool):
        assert narrowed(named, b) != ()


@pytest.mark.parametrize(
    ("before", "after", "lost", "won"),
    [
        (Rights(), Rights(), (), ()),
        (Rights(), Rights(("Read",)), ("*",), ()),
        (Rights(("*",)), Rights(), (), ()),
        (Rights(("Read", "Bash")), Rights(("Read", "Grep")), ("Bash",), ("Grep",)),
        (Rights(("Bash",)), Rights(("Bash(git *)",)), ("Bash",), ()),
        (Rights(("Bash(git *)",)), Rights(("Bash(git log *)",)), ("Bash(git *)",), ()),
        (Rights(("Bash(git:*)",)), Rights(("Bash(git *)",)), ("Bash(git:*)",), ()),
        (Rights(), Rights(None, ("Bash(rm *)",)), ("Bash", "Bash(rm *)"), ()),
        (Rights(("mcp__git",)), Rights(("mcp__git__log",)), ("mcp__git",), ()),
        (Rights(("Agent(a, b)",)), Rights(("Agent(a)",)), ("Agent(a, b)",), ()),
        (Rights(("Bash(git *",)), Rights(()), (), ()),
        (Rights(None, ("Bash(rm *)",)), Rights(None, ("Bash",)), ("Bash",), ()),
        (Rights(("Bash", "Read"), ("Bash(rm *)",)), Rights(("Read",), ("Bash(rm *)",)), ("Bash",), ()),
        (Rights(None, ("*(a)",)), Rights(()), ("*",), ()),
        (Rights(("*(foo)",)), Rights(("*(foo)",), ("Bash",)), ("Bash",), ()),
        (Rights(("Read",)), Rights(("Read",), ("Write",)), (), ()),
        (Rights(("Read", "Bash"), ("Bash",)), Rights(("Read",)), (), ()),
        (Rights(("Bash(git *)",)), Rights(("Bash(git *)",), ("Bash(rm *)",)), (), ()),
    ],
)
def test_a_change_of_rights_is_told_by_entries(
    before: Rights, after: Rights, lost: tuple[str, ...], won: tuple[str, ...]
) -> None:
    assert (narrowed(before, after), widened(before, after)) == (lost, won)


_FEW = st.sampled_from(
    [
        f"{name}{pattern}"
        for name in ("Bash", "B*", "*", "Agent", "mcp__g", "mcp__g__a", "Read")
        for pattern in ("", "(x)", "(x *)", "(x:*)", "(*)", "(* y)", "(a, b)")
    ]
)
_PAIRS = st.builds(Rights, st.none() | st.lists(_FEW, max_size=3).map(tuple), st.lists(_FEW, max_size=2).map(tuple))
_POOL = [
    (tool, argument)
    for tool in ("Bash", "Bxsh", "Read", "Agent", "Task", "mcp__g", "mcp__g__a", "mcp__g__b", "Other")
    for argument in (None, "x", "x y", "x\ty", "xx", "a", "b", "q y", "", "a, b", "x *", "x:*", "zzz")
]


@given(_PAIRS, _PAIRS, _PAIRS)
def test_a_loss_is_never_passed_over(a: Rights, b: Rights, c: Rights) -> None:
    for before, after in ((a, b), (a, a.meet(b)), (a.meet(b), c), (a, Rights(b.tools, a.disallowed))):
        if any(before.allows(*question) and not after.allows(*question) for question in _POOL):
            assert narrowed(before, after) != ()


def test_long_lists_of_both_sorts_are_compared_apart() -> None:
    base = tuple(f"t{n}" for n in range(301))
    assert narrowed(Rights((*base, "Bash", "Old")), Rights((*base, "New"), ("Bash",))) == ("Bash", "Old")
    assert narrowed(Rights(base), Rights(base[::-1])) == ()


@pytest.mark.parametrize("length", [200, 2000])
def test_hostile_lists_are_compared_in_no_time(length: int) -> None:
    names = ",".join(str(n) + "a" * length for n in range(60_000 // length))
    agents = f"Agent({names})"
    stars = tuple(f"Bash({'*a' * (length // 2)}{n})" for n in range(60_000 // length))
    begin = time.perf_counter()
    assert narrowed(Rights((agents,), ("Bash(x)",)), Rights((agents,), ("Bash(y)",))) == ("Bash(y)",)
    assert narrowed(Rights(None, stars), Rights(None, (*stars[1:], "Write"))) == ("Write",)
    assert time.perf_counter() - begin < 2


def test_of_very_many_entries_the_differing_ones_are_told_in_time() -> None:
    many = tuple(f"Bash(a{n} *)" for n in range(8000))
    begin = time.perf_counter()
    assert narrowed(Rights(many), Rights(many)) == ()
    assert set(narrowed(Rights(many), Rights(many[:-2]))) == set(many[-2:])
    assert narrowed(Rights(None, many), Rights(many)) == ("*",)
    assert not Rights(many, many).allows("Bash", "a9 x")
    agents = Rights((f"Agent({', '.join(many)})",))
    assert narrowed(agents, Rights(())) == agents.tools
    assert time.perf_counter() - begin < 5


def test_what_an_unclosed_parenthesis_has_taken_is_no_rule_of_its_own() -> None:
    (entry,) = split_tools("Bash(rm *, Write, Edit(x)")
    assert ToolRule.parse(entry) is None
    assert ToolRule.parse("Bash(echo (a))") == ToolRule("Bash", "echo (a)")
