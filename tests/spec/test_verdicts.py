"""What becomes of a file, sentence by sentence of what is known of the format: one row for each."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pytest

from hotagents import AgentSpec, Memory
from hotagents.limits import Limits
from hotagents.loading import Candidate, Schema, load
from hotagents.spec import KNOWN_TOOLS, MODEL_ALIASES

NARROW: Final = ("Read",)


class Row(NamedTuple):
    """A sentence, a file, what it comes to (fields of the agent, or what it is in its place), and the codes."""

    sentence: str
    content: str | bytes
    outcome: dict[str, Any] | str
    codes: tuple[str, ...] = ()


def said(*lines: str, name: str = "name: a", description: str = "description: b") -> str:
    return "\n".join(line for line in ("---", name, description, *lines, "---", "Prompt.") if line)


def named(name: str) -> str:
    return said(name=f"name: {name}")


def described(description: str) -> str:
    return said(description=f"description: {description}")


WARNED: Final = "warning"
FIELDS: Final = (
    Row("a name is text", named("a-b"), {"name": "a-b"}),
    Row("a name has at most 256 characters", named("a" * 256), {"name": "a" * 256}),
    Row("a longer one is refused", named("a" * 257), "refused", ("bad-name:error",)),
    Row("an empty one is refused", named("''"), "refused", ("bad-name:error",)),
    Row("it does not begin with -", named("-a"), "refused", ("bad-name:error",)),
    Row("nor with what NFKC makes a -", named("\uff0da"), "refused", ("bad-name:error",)),
    Row("it has no colon", named("a:b"), "refused", ("bad-name:error",)),
    Row("nor what NFKC makes a colon", named("a\uff1ab"), "refused", ("bad-name:error",)),
    Row("blanks and capitals are accepted", named("My Agent"), {"name": "My Agent"}, ("name-style:warning",)),
    Row("Unicode is accepted", named("größe"), {"name": "größe"}, ("name-style:warning",)),
    Row("a name that is a number is an error", named("7"), "refused", ("wrong-type:error",)),
    Row("a name that is a boolean is an error", named("true"), "refused", ("wrong-type:error",)),
    Row("a name that is a list is an error", named("[a]"), "refused", ("wrong-type:error",)),
    Row("a name that is a mapping is an error", named("{a: b}"), "refused", ("wrong-type:error",)),
    Row("`on` and dates are text", named("on"), {"name": "on"}),
    Row("a date is text", named("2030-01-01"), {"name": "2030-01-01"}),
    Row("a time is text", described("12:30"), {"description": "12:30"}),
    Row("a description is required", said(description=""), "refused", ("missing-description:error",)),
    Row("an empty one is refused", described("''"), "refused", ("missing-description:error",)),
    Row("a blank one is refused", described("'  '"), "refused", ("missing-description:error",)),
    Row("null is refused", described(""), "refused", ("missing-description:error",)),
    Row("one that is no text is refused", described("[b]"), "refused", ("wrong-type:error",)),
    Row("a literal \\n is kept", described("a\\nb"), {"description": "a\\nb"}),
    Row("long descriptions are nothing to speak of", described("b " * 5000), {"description": ("b " * 5000).strip()}),
    Row("tools may be absent: all", said(), {"tools": None}),
    Row("tools are separated by commas", said("tools: Read, Grep"), {"tools": ("Read", "Grep")}),
    Row("or by blanks", said("tools: Read Grep"), {"tools": ("Read", "Grep")}),
    Row("not within parentheses", said("tools: Bash(git status *), Read"), {"tools": ("Bash(git status *)", "Read")}),
    Row("also where these hold a comma", said("tools: Agent(a, b)"), {"tools": ("Agent(a, b)",)}),
    Row("or a list", said("tools: [Read, Grep]"), {"tools": ("Read", "Grep")}),
    Row("of such", said("tools: ['Read, Grep', Bash]"), {"tools": ("Read", "Grep", "Bash")}),
    Row("* is all", said("tools: '*'"), {"tools": ("*",)}),
    Row("also without quotes", said("tools: *"), {"tools": ("*",)}, ("recovered:warning",)),
    Row("null is none", said("tools:"), {"tools": ()}, ("null-tools:warning",)),
    Row("a mapping is none", said("tools: {a: b}"), {"tools": ()}, ("wrong-type:warning",)),
    Row("empty is none", said("tools: ''"), {"tools": ()}),
    Row("an empty list is none", said("tools: []"), {"tools": ()}),
    Row(
        "denied tools have the same form", said("disallowedTools: Bash, Write"), {"disallowed_tools": ("Bash", "Write")}
    ),
    Row("a mapping there would lose a limit", said("disallowedTools: {a: b}"), "refused", ("wrong-type:error",)),
    Row("null there denies nothing", said("disallowedTools:"), {"disallowed_tools": ()}, ("invalid-value:warning",)),
    *(Row("an alias of a model", said(f"model: {m}"), {"model": m}) for m in MODEL_ALIASES),
    Row("an id of a model", said("model: claude-opus-4-1"), {"model": "claude-opus-4-1"}),
    Row("an empty model is ignored", said("model: ''"), {"model": "inherit"}, ("invalid-value:warning",)),
    Row("another text is kept", said("model: gpt-4"), {"model": "gpt-4"}, ("model-unknown:warning",)),
    Row("a list of models is ignored", said("model: [opus]"), {"model": "inherit"}, ("invalid-value:warning",)),
    *(
        Row("a permission mode", said(f"permissionMode: {mode}"), {"permission_mode": mode})
        for mode in ("default", "acceptEdits", "auto", "dontAsk", "bypassPermissions", "plan")
    ),
    Row("manual is default", said("permissionMode: manual"), {"permission_mode": "default"}),
    Row("another is ignored", said("permissionMode: x"), {"permission_mode": None}, ("invalid-value:warning",)),
    Row("turns are a number from 1", said("maxTurns: 20"), {"max_turns": 20}),
    Row("which may say turns", said("maxTurns: 20 turns"), {"max_turns": 20}),
    Row("0 is ignored", said("maxTurns: 0"), {"max_turns": None}, ("invalid-value:warning",)),
    Row("skills are a text", said("skills: a, b"), {"skills": ("a", "b")}),
    Row("or a list", said("skills: [a, b]"), {"skills": ("a", "b")}),
    Row("servers are a list", said("mcpServers: [a, {b: {c: d}}]"), {"mcp_servers": ("a", {"b": {"c": "d"}})}),
    Row(
        "a mapping of servers is ignored", said("mcpServers: {a: {}}"), {"mcp_servers": ()}, ("invalid-value:warning",)
    ),
    Row("a text is ignored", said("mcpServers: a"), {"mcp_servers": ()}, ("invalid-value:warning",)),
    Row("hooks are a mapping to lists", said("hooks: {Stop: []}"), {"hooks": {"Stop": ()}}),
    Row("a list is refused", said("hooks: []"), "refused", ("wrong-type:error",)),
    Row("malformed ones are refused", said("hooks: {Stop: [x]}"), "refused", ("wrong-type:error",)),
    *(Row("a memory", said(f"memory: {memory}"), {"memory": memory}) for memory in ("user", "project", "local")),
    Row("another is ignored", said("memory: all"), {"memory": None}, ("invalid-value:warning",)),
    Row("true is the background", said("background: true"), {"background": True}),
    Row("a text is ignored", said("background: 'true'"), {"background": False}, ("invalid-value:warning",)),
    *(Row("an effort", said(f"effort: {x}"), {"effort": x}) for x in ("low", "medium", "high", "xhigh", "max")),
    Row("or a number", said("effort: 3"), {"effort": 3}),
    Row("another is ignored", said("effort: much"), {"effort": None}, ("invalid-value:warning",)),
    Row("a worktree", said("isolation: worktree"), {"isolation": "worktree"}),
    Row("else ignored", said("isolation: pod"), {"isolation": None}, ("invalid-value:warning",)),
    *(
        Row("a colour", said(f"color: {color}"), {"color": color})
        for color in ("red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan")
    ),
    Row("another is ignored", said("color: gray"), {"color": None}, ("invalid-value:warning",)),
    Row("a first prompt", said("initialPrompt: Begin."), {"initial_prompt": "Begin."}),
    Row("else ignored", said("initialPrompt: [a]"), {"initial_prompt": None}, ("invalid-value:warning",)),
    Row("other keys are kept", said("version: 1"), {"extra": {"version": 1}}, ("unknown-key:warning",)),
    Row(
        "keys are case-sensitive",
        said("Color: red"),
        {"color": None, "extra": {"Color": "red"}},
        ("unknown-key:warning",),
    ),
)
READING: Final = (
    Row("UTF-8 may have a mark", b"\xef\xbb\xbf" + said().encode(), {"name": "a"}),
    Row("UTF-16 is an error", said().encode("utf-16"), "refused", ("encoding:error",)),
    Row("a stray byte is replaced", said().encode() + b"\xff", {"prompt": "Prompt.\ufffd"}, ("invalid-bytes:warning",)),
    Row("CRLF is fine", said("tools: Read").replace("\n", "\r\n"), {"tools": NARROW}),
    Row("a long fence closes", said().replace("\n---\nP", "\n------\nP"), {"prompt": "Prompt."}),
    Row("blank lines and comments are nothing", said("", "# c", "  "), {"extra": {}}),
    Row(
        "where no line closes, the first dashes do",
        "---\nname: a\ndescription: b --- c\n",
        {"description": "b", "prompt": " c\n"},
        ("fence-in-frontmatter:warning",),
    ),
    Row(
        "that is said of dashes above the fence too",
        said("x: a---b"),
        {"name": "a"},
        ("fence-in-frontmatter:warning", "unknown-key:warning"),
    ),
    Row("control characters are replaced", described("a\x1bb"), {"description": "a b"}, ("control-character:warning",)),
    Row("and NEL", described("a\x85b"), {"description": "a b"}, ("control-character:warning",)),
    Row("and U+2028", described("a\u2028b"), {"description": "a b"}, ("control-character:warning",)),
    Row("the frontmatter has a size", said("x: " + "y" * 65_536), "refused", ("frontmatter-too-large:error",)),
    Row("and a depth", said("x: " + "[" * 65 + "]" * 65), "refused", ("frontmatter-too-deep:error",)),
    Row("anchors are refused", said("x: &a b"), "refused", ("alias:error",)),
    Row("aliases are", said("x: [*a]"), "refused", ("alias:error",)),
    Row("a text on one line is recovered", described("b: c"), {"description": "b: c"}, ("recovered:warning",)),
    Row("never a quote", described("'b' c: d"), "refused", ("yaml-syntax:error",)),
    Row("a block", described("|b: c"), "refused", ("yaml-syntax:error",)),
    Row("a list", described("[b"), "refused", ("yaml-syntax:error",)),
    Row("a mapping", described("{b: c"), "refused", ("yaml-syntax:error",)),
    Row("nor several lines", described("b\nUse: it\n<x>"), "refused", ("yaml-syntax:error",)),
    *(
        Row("nor a limit", said(f"{key}: a: b"), "refused", ("yaml-syntax:error",))
        for key in ("tools", "disallowedTools", "hooks", "permissionMode", "mcpServers", "skills", "model")
    ),
    Row("nor a name", named("a: b"), "refused", ("yaml-syntax:error",)),
)
VERDICTS: Final = (
    Row("a missing fence", "name: a\ndescription: b\n---\n", "refused", ("missing-fence:error",)),
    Row("a fence that is not on line 1", "\n" + said(), "refused", ("missing-fence:error",)),
    Row("an unclosed fence", "---\nname: a\ndescription: b\n", "refused", ("unclosed-fence:error",)),
    Row("a root that is no mapping", "---\n- a\n---\n", "refused", ("not-a-mapping:error",)),
    Row("no frontmatter is no agent", "# Title\n", "document", ("not-an-agent:info",)),
    Row("nor is what has no name", "---\ntitle: a\n---\n", "document", ("not-an-agent:info",)),
    Row("which is likely one with tools", said("tools: Read", name=""), "document", ("likely-agent:warning",)),
    Row("or a model", said("model: opus", name=""), "document", ("likely-agent:warning",)),
    Row("or a null name", named(""), "document", ("likely-agent:warning",)),
    Row("or Name", said(name="Name: a"), "document", ("likely-agent:warning",)),
    Row("allowedTools is the narrow way", said("allowedTools: Read"), {"tools": NARROW}, ("limit-misspelt:warning",)),
    Row("allowed-tools too", said("allowed-tools: Read"), {"tools": NARROW}, ("limit-misspelt:warning",)),
    Row("only unknown tools", said("tools: read"), {"tools": ("read",)}, ("null-tools:warning",)),
    Row("# cuts a description", described("b # c"), {"description": "b"}, ("comment-in-description:warning",)),
    Row("a key that stands twice", said("color: red", "color: blue"), {"color": "blue"}, ("duplicate-key:warning",)),
    Row("a limit that does", said("tools: Read", "tools: Bash"), "refused", ("duplicate-key:error",)),
    Row("a name that is not the stem", named("other"), {"name": "other"}),
)


def loaded(content: str | bytes, path: str = "x.md", **schema: Any) -> Candidate[Any]:
    return load(Memory({path: content}).read(), Schema(**{"spec": AgentSpec, **schema}))


@pytest.mark.parametrize("row", [*FIELDS, *READING, *VERDICTS], ids=lambda row: row.sentence)
def test_a_file_comes_to_what_the_format_says(row: Row) -> None:
    candidate = loaded(row.content)
    assert tuple(sorted(f"{d.code}:{d.severity}" for d in candidate.diagnostics)) == tuple(sorted(row.codes))
    if isinstance(row.outcome, str):
        assert candidate.agents == {}
        assert ("x.md" in candidate.documents) is (row.outcome == "document")
    else:
        (agent,) = candidate.agents.values()
        assert {field: getattr(agent, field) for field in row.outcome} == row.outcome
    for diagnostic in candidate.diagnostics:
        assert diagnostic.line or diagnostic.severity == "info" or diagnostic.code == "encoding"
        assert diagnostic.message


@pytest.mark.parametrize("row", [*FIELDS, *READING, *VERDICTS], ids=lambda row: row.sentence)
def test_each_warning_can_be_an_error_and_then_there_is_no_agent(row: Row) -> None:
    candidate = loaded(row.content, strict=["all"])
    assert not any(d.severity == WARNED for d in candidate.diagnostics)
    if any(code.endswith(WARNED) for code in row.codes):
        assert candidate.errors
        assert not candidate.agents
        assert not candidate.documents


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("a.md", "agent"),
        ("deep/a.md", "agent"),
        ("README.md", "agent"),
        ("CLAUDE.md", "document"),
        ("SKILL.md", "document"),
        ("skills/x/a.md", "document"),
        ("commands/a.md", "document"),
        ("output-styles/a.md", "document"),
        ("plugins/a.md", "document"),
        ("a.txt", "file"),
    ],
)
def test_a_path_decides_what_a_file_may_be(path: str, role: str) -> None:
    assert loaded(said(), path).entries[path].role == role


def test_one_name_twice_is_an_error_that_names_both_paths_and_names_that_look_alike_are_a_warning() -> None:
    def clash(one: str, other: str) -> list[tuple[str, str, str]]:
        candidate = load(Memory({"a.md": named(one), "b.md": named(other)}).read(), Schema(AgentSpec))
        found = [d for d in candidate.diagnostics if d.code in {"duplicate-name", "names-differ-in-case"}]
        return [(d.code, d.path, d.message) for d in found]

    assert clash("a", "b") == []
    ((code, path, message),) = clash("a", "a")
    assert (code, path) == ("duplicate-name", "b.md")
    assert "a.md" in message
    ((code, path, message),) = clash("Agent", "agent")
    assert (code, message) == ("names-differ-in-case", '"agent" and "Agent" in a.md differ only in case')
    ((code, path, message),) = clash("\uff21gent", "agent")
    assert code == "names-differ-in-case"
    assert message.endswith("look alike (equal in NFKC, but for case)")
    assert clash("cafe\u0301", "caf\u00e9")[0][0] == "names-differ-in-case"


def test_a_model_with_fields_of_its_own_has_no_text_guessed_for_them() -> None:
    class Own(AgentSpec):
        clusters: str = ""

    text = said("clusters: a: b", "color: c: d")
    candidate = loaded(text, spec=Own)
    assert candidate.agents == {}
    (error,) = candidate.errors
    assert (error.code, error.line, error.column, error.key) == ("yaml-syntax", 4, 11, "clusters")
    assert error.hint == 'write: clusters: "a: b"'
    assert "guessed" in error.message
    fixed = loaded(text.replace("clusters: a: b", 'clusters: "a: b"'), spec=Own)
    assert fixed.agents["a"].clusters == "a: b"
    assert loaded(text).agents["a"].extra == {"clusters": "a: b"}


def test_of_a_broken_file_nothing_is_said_to_be_missing_and_all_that_can_be_read_is_judged() -> None:
    text = said("tools: a: b", "color: gray", "modl: x", name="", description="")
    found = [(d.code, d.severity, d.line) for d in loaded(text).diagnostics]
    assert found == [("yaml-syntax", "error", 2), ("invalid-value", "warning", 3), ("unknown-key", "warning", 4)]
    found = [(d.code, d.severity, d.line) for d in loaded(said("tools: a: b", name="name: 7")).diagnostics]
    assert found == [("wrong-type", "error", 2), ("yaml-syntax", "error", 4)]


def test_where_the_class_of_a_broken_file_is_not_known_no_field_of_any_is_unknown() -> None:
    class One(AgentSpec):
        clusters: str = ""

    class Two(AgentSpec):
        teams: str = ""
        known_tools = KNOWN_TOOLS | {"own"}

    schema: dict[str, Any] = {"spec": {"one": One, "two": Two}}
    text = said("clusters: a", "teams: b", "other: c", "tools: own", name="name: a: b")
    codes = [(d.code, d.key) for d in loaded(text, "x.md", **schema).diagnostics]
    assert codes == [("yaml-syntax", ""), ("unknown-key", "other")]
    codes = [(d.code, d.key) for d in loaded(said("tools: a: b", name="name: three"), "x.md", **schema).diagnostics]
    assert codes == [("unexpected-agent", "name"), ("yaml-syntax", "")]


def test_without_recovery_the_same_file_is_an_error() -> None:
    assert [d.code for d in loaded(described("b: c"), recover=False).errors] == ["yaml-syntax"]


def test_limits_of_the_schema_bound_what_is_read_apart_too() -> None:
    candidate = loaded(described("b: c"), limits=Limits(frontmatter_bytes=5))
    assert [d.code for d in candidate.errors] == ["frontmatter-too-large"]
