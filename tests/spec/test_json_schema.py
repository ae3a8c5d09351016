"""The schemas for editors agree with the library, in both directions, as an independent validator sees them."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator as Validator  # type: ignore[import-untyped]  # it has no types
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)

from hotagents import AgentSpec
from hotagents.authority import ToolRule, split_tools
from hotagents.diagnostics import errors_in
from hotagents.fields import agent_from, document_from, kind_of
from hotagents.fields.limits import limit_meant
from hotagents.frontmatter import parse
from hotagents.frontmatter.page import Page
from hotagents.schema import agent_schema, document_schema
from hotagents.spec import FORMAT_KEYS, KNOWN_TOOLS, name_fault, thaw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hotagents.diagnostics import Diagnostic

ROOT: Final = Path(__file__).resolve().parents[2]
EXAMPLES: Final = sorted(file for file in ROOT.glob("examples/**/agents/*.md") if file.name != "CLAUDE.md")
CORPUS: Final = sorted((ROOT.parent / "shared" / "corpus" / "files").glob("*.md"))
ABOUT_A_VALUE: Final = {"invalid-value", "limit-misspelt", "model-unknown", "null-tools", "wrong-type"}
PLAIN: Final = Validator(agent_schema())
SPEC: Final = {"name": "a", "description": "b"}


def judged(said: Mapping[str, Any], spec: type[AgentSpec] = AgentSpec) -> tuple[bool, list[Diagnostic]]:
    """Return whether the library serves an agent, and what it says about values."""
    agent, found = agent_from(Page("a.md", said, ""), spec=spec, digest="")
    return agent is not None, [d for d in found if d.code in ABOUT_A_VALUE or d.severity == "error"]


def agree(said: Mapping[str, Any], spec: type[AgentSpec] = AgentSpec, validator: Validator | None = None) -> None:
    """What is served without a word about a value is valid; what is refused is not."""
    served, notes = judged(said, spec)
    faults = [error.message for error in (validator or Validator(agent_schema(spec))).iter_errors(said)]
    if not served:
        assert faults, (said, notes)
    elif not notes:
        assert not faults, (said, faults)


def nodes(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for child in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from nodes(child)


# --- the schema itself ------------------------------------------------------------------------------------------------
def test_every_schema_is_one_of_2020_12_and_plain_json() -> None:
    for schema in (
        agent_schema(),
        agent_schema(closed=True),
        agent_schema({"a": Analyst, "*": Narrow}),
        document_schema(),
    ):
        Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert "$id" not in schema
        assert json.loads(json.dumps(schema)) == schema


def test_every_key_of_the_format_is_described_and_its_examples_are_right() -> None:
    properties = agent_schema()["properties"]
    assert properties.keys() == FORMAT_KEYS.keys()
    for key, schema in properties.items():
        assert re.search(r"Required\.$|Default: .*\.$|Without it, ", schema["description"]), key
        assert schema["examples"], key
        for value in schema["examples"]:
            assert PLAIN.is_valid(SPEC | {key: value})
            assert judged(SPEC | {key: value}) == (True, [])


def test_the_default_that_is_told_is_the_models() -> None:
    for key, schema in agent_schema()["properties"].items():
        if "default" in schema:
            assert schema["default"] == AgentSpec.model_fields[FORMAT_KEYS[key]].get_default()


def test_an_old_word_is_marked_as_deprecated() -> None:
    (old,) = [node for node in nodes(agent_schema()) if node.get("deprecated")]
    assert old["enum"] == ["manual"]


def test_every_pattern_means_the_same_in_ecmascript() -> None:
    schema = agent_schema({"a": Narrow, "*": Analyst})
    patterns = [node["pattern"] for node in nodes(schema) if isinstance(node.get("pattern"), str)]
    patterns += [pattern for node in nodes(schema) for pattern in node.get("patternProperties", ())]
    assert patterns
    for pattern in patterns:
        re.compile(pattern)
        assert set(re.findall(r"\\(.)", pattern)) <= set("sSu^$\\.*+?()[]{}|/"), pattern
        assert not re.search(r"\(\?(?![:=!])", pattern), pattern


def test_tools_that_there_are_are_proposed_and_others_are_taken() -> None:
    items = agent_schema()["properties"]["tools"]["items"]
    assert items["anyOf"][0]["enum"] == sorted(KNOWN_TOOLS)
    assert PLAIN.is_valid(SPEC | {"tools": ["mcp__github__get_issue", "Read"]})
    assert not any("enum" in node for node in nodes(agent_schema(WithAnyTools)["properties"]["tools"]))


def test_only_a_closed_schema_refuses_a_key_that_nobody_knows() -> None:
    said = SPEC | {"version": 3}
    assert PLAIN.is_valid(said)
    assert not Validator(agent_schema(closed=True)).is_valid(said)
    each = {"a": Analyst, "*": AgentSpec}
    assert Validator(agent_schema(each)).is_valid(said | {"name": "x"})
    assert not Validator(agent_schema(each, closed=True)).is_valid(said | {"name": "x"})
    assert Validator(agent_schema(each, closed=True)).is_valid(SPEC | {"clusterNames": [], "x-team": "ops"})


# --- the format agrees with the library -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("name", ["a-b", "K8s Analyzer", "Café", "中文", "😀", "a" * 256, "a/b", "a\u3000b"]),
        ("description", ["When: # asked", " x", "a\nb"]),
        ("tools", ["Read, Bash(git *)", ["Read, Grep", "Bash"], "*", [], "", ["Bash(a", "Read", "b)"], "Bash (git *)"]),
        ("disallowedTools", ["Bash Write", ["Bash(rm *)"], [], "", '"Bash", `Write`', "Agent(my reviewer)", "mcp__*"]),
        (
            "disallowedTools",
            ["Bash(a(b(c)))", "Bash(a(b(c(d(e)))))", "Bash(a))", "Bash(*)", "Bash(a)b)", "Bash(git:*)"],
        ),
        ("model", ["opus", "opus[1m]", "claude-x", "arn:aws:x", "openai/gpt", "eu.anthropic.claude-x"]),
        ("permissionMode", ["plan", "manual"]),
        ("maxTurns", [20, "20 turns", " 7", 20.0, "20turns", "20.0", "007", 999_999_999]),
        ("skills", ["a, b", ["a", "b"], ""]),
        ("mcpServers", [["git", {"k8s": {"args": [1]}}], []]),
        ("hooks", [{}, {"Stop": []}, {"Stop": [{"hooks": []}]}, {"Stop": [{"matcher": 3, "hooks": [{"type": 1}]}]}]),
        ("memory", ["user", "project", "local"]),
        ("background", [True, False]),
        ("effort", ["xhigh", 3, -999_999_999]),
        ("isolation", ["worktree"]),
        ("color", ["cyan"]),
        ("initialPrompt", ["Go.", ""]),
        ("whatever", [None, 3, {"a": [1]}]),
    ],
)
def test_what_is_served_without_a_word_is_valid(key: str, values: list[object]) -> None:
    for value in values:
        assert judged(SPEC | {key: value}) == (True, []), value
        assert PLAIN.is_valid(SPEC | {key: value}), value


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("name", [3, None, True, ["a"], "", " ", "-a", "team:a", "a\uff1ab", "\uff0da", "a\u200b", "a\n", "a" * 257]),
        ("name", ["a\x1b[31m", "a\u2028b", "a\U000e0041"]),
        ("description", [None, "", " ", 3, ["a"]]),
        (
            "disallowedTools",
            [True, 3, {"Bash": True}, ["Bash", 3], "Bash(rm *, Write", "Bash;Write", '["Bash"]', "Bash()"],
        ),
        (
            "disallowedTools",
            ["Agent(,)", "Bash:rm", ["Bash(a", "b)"], "B\u0430sh", "(x)", "Bash( ) Read", "Bash\uff0cWrite"],
        ),
        ("hooks", ["x", [], {"Stop": {"hooks": []}}, {"Stop": ["x"]}, {"Stop": [{"matcher": "x"}]}]),
        ("hooks", [{"Stop": [{"hooks": {}}]}, {"Stop": [{"hooks": [{}, "x"]}]}]),
    ],
)
def test_what_is_refused_for_a_value_is_not_valid(key: str, values: list[object]) -> None:
    for value in values:
        assert not judged(SPEC | {key: value})[0], value
        assert not PLAIN.is_valid(SPEC | {key: value}), value


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("tools", [None, True, 3, {"Read": True}, ["Read", 3], "Read, Bash(git *"]),
        ("disallowedTools", [None]),
        ("model", [None, 3, " ", "Sonnet", "Claude Sonnet 4.5 (copilot)"]),
        ("permissionMode", ["Plan", True]),
        ("maxTurns", [0, -1, True, 1.5, "many", "", "9" * 5000, 10**1000, "1,000", "0 turns", None]),
        ("skills", [None, {"a": 1}, ["a", 3]]),
        ("mcpServers", ["git", {"git": {}}, [3]]),
        ("hooks", [None]),
        ("memory", ["global"]),
        ("background", ["yes", 1]),
        ("effort", ["huge", True, 10.5, -(10**1000)]),
        ("isolation", [["worktree"]]),
        ("color", ["#FF4500"]),
        ("initialPrompt", [["a"]]),
    ],
)
def test_what_is_ignored_or_doubted_with_a_warning_is_marked_too(key: str, values: list[object]) -> None:
    for value in values:
        served, notes = judged(SPEC | {key: value})
        assert served, value
        assert notes, value
        assert not PLAIN.is_valid(SPEC | {key: value}), value


@pytest.mark.parametrize("missing", ["name", "description"])
def test_what_is_required_is_missed(missing: str) -> None:
    said = {key: value for key, value in SPEC.items() if key != missing}
    assert not PLAIN.is_valid(said)
    assert not judged(said)[0]


@pytest.mark.parametrize(
    "key",
    ["allowedTools", "allowed-tools", "allowed_tools", "Tools", "TOOLS", "tool", "disallowed-tools", "DisallowedTools"],
)
def test_a_misspelt_limit_is_marked_with_the_reason_why(key: str) -> None:
    (fault,) = PLAIN.iter_errors(SPEC | {key: "Read"})
    assert "tools" in next(iter(agent_schema()["patternProperties"].values()))["description"]
    assert list(fault.absolute_path) == [key]


def test_a_key_of_ones_own_is_no_misspelt_limit() -> None:
    assert Validator(agent_schema(Analyst)).is_valid(SPEC | {"clusterNames": [], "x-team": "a", "allowed_tools": "y"})
    assert not Validator(agent_schema(Analyst)).is_valid(SPEC | {"clusterNames": [], "allowed-tools": "y"})


@given(
    st.lists(st.sampled_from(["dis", "un", "no", "not", "allow", "ed", "tool", "s", "-", "_", "Allowed", "TOOL", "x"]))
)
def test_whatever_is_marked_as_a_misspelt_limit_is_read_as_one(parts: list[str]) -> None:
    pattern = next(iter(agent_schema()["patternProperties"]))
    key = "".join(parts)
    assert limit_meant(key) is not None or not re.search(pattern, key)


def test_the_characters_that_no_name_may_hold_are_those_of_the_library() -> None:
    pattern = re.compile(agent_schema()["properties"]["name"]["pattern"])
    for char in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(char) not in {
            "Cs",
            "Cn",
        }:  # no text of a file has the first; the second are not yet any
            for name in (char, f"a{char}"):
                assert (pattern.search(name) is None) is bool(name_fault(name)), hex(ord(char))


ENTRY_PARTS: Final = [
    "Bash",
    "Agent",
    "Read",
    "(",
    "(a",
    "*",
    ")",
    " ",
    ", ",
    '"',
    "`",
    "git *",
    "x:y",
    "()",
    "( )",
    "(,)",
    "é",
]


def balanced(text: str) -> bool:
    """Whether every parenthesis is closed; of one that is not, a list as text says nothing that can be relied on."""
    depth = 0
    for char in text:
        depth = depth + 1 if char == "(" else max(0, depth - 1) if char == ")" else depth
    return depth == 0


@given(st.lists(st.sampled_from(ENTRY_PARTS), max_size=9).map("".join).filter(balanced))
@example('"Task(,)')
@example("Bash(a) , (b)x(c)")
def test_a_list_as_text_is_valid_exactly_where_every_entry_can_be_read(text: str) -> None:
    readable = all(ToolRule.parse(entry) for entry in split_tools(text))
    assert PLAIN.is_valid(SPEC | {"tools": text}) is (readable or _too_deep(text))
    if not _too_deep(text):
        assert PLAIN.is_valid(SPEC | {"disallowedTools": text}) is judged(SPEC | {"disallowedTools": text})[0]


def _too_deep(text: str) -> bool:
    return re.search(r"(?:\([^()]*){4}", text) is not None


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**10) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
LISTS: Final = st.lists(st.sampled_from(ENTRY_PARTS), max_size=6).map("".join).filter(balanced)
TEXTS: Final = LISTS | st.lists(LISTS | JSON.filter(lambda value: not isinstance(value, str)), max_size=3)
HOOK: Final = st.dictionaries(st.sampled_from(["type", "command"]), JSON)
MATCHER: Final = st.fixed_dictionaries({}, optional={"matcher": JSON, "hooks": st.lists(HOOK, max_size=2) | JSON})
GOOD: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "name": st.text(max_size=9) | st.sampled_from(["a", "a-b", "A b"]),
    "description": st.text(max_size=9),
    "tools": TEXTS,
    "disallowedTools": TEXTS,
    "model": st.sampled_from(["sonnet", "opus[1m]", "claude-x", "a/b", "haiku "])
    | st.text("claude-/ar:. x", max_size=9),
    "permissionMode": st.sampled_from(["default", "manual", "plan", "Plan"]),
    "maxTurns": st.integers() | st.floats(1, 1e10) | st.text("0123. ,t", max_size=11),
    "skills": TEXTS,
    "mcpServers": st.lists(JSON, max_size=3),
    "hooks": st.dictionaries(st.text(max_size=3), st.lists(MATCHER, max_size=2) | JSON, max_size=2),
    "memory": st.sampled_from(["user", "local", "none"]),
    "background": st.booleans(),
    "effort": st.integers() | st.sampled_from(["low", "max", "most"]),
    "isolation": st.sampled_from(["worktree", "none"]),
    "color": st.sampled_from(["red", "grey"]),
    "initialPrompt": st.text(max_size=9),
    "version": JSON,
}
FRONTMATTER: Final = st.fixed_dictionaries(
    {"name": GOOD["name"], "description": GOOD["description"]},
    optional={key: good | JSON for key, good in GOOD.items() if key not in SPEC},
)


@given(FRONTMATTER)
def test_of_any_frontmatter_the_schema_says_what_the_library_says(said: dict[str, Any]) -> None:
    lists = [value for key in ("tools", "disallowedTools") for value in [said.get(key)]]
    texts = [
        text for value in lists for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)
    ]
    if all(balanced(text) and not _too_deep(text) for text in texts):
        agree(said, validator=PLAIN)


@given(st.sampled_from(sorted(GOOD)).flatmap(lambda key: st.tuples(st.just(key), GOOD[key] | JSON)))
def test_of_any_value_of_one_key_too(pair: tuple[str, Any]) -> None:
    key, value = pair
    texts = value if isinstance(value, list) else [value]
    if key not in {"tools", "disallowedTools"} or all(
        balanced(text) and not _too_deep(text) for text in texts if isinstance(text, str)
    ):
        agree(SPEC | {key: value}, validator=PLAIN)


# --- files ------------------------------------------------------------------------------------------------------------
def _of_a_file(file: Path) -> tuple[Page, dict[str, Any]]:
    page = parse(file.name, file.read_bytes())
    said: dict[str, Any] = thaw(page.frontmatter)
    return page, said


@pytest.mark.skipif(not EXAMPLES, reason="no checkout: the examples are not beside the tests")
def test_the_agents_of_the_examples_are_valid() -> None:
    for file in EXAMPLES:
        assert list(PLAIN.iter_errors(_of_a_file(file)[1])) == []


@pytest.mark.skipif(not CORPUS, reason="no collection of real agent files beside the project")
def test_of_real_files_the_schema_says_what_the_library_says() -> None:
    served = refused = 0
    for file in CORPUS:
        page, said = _of_a_file(file)
        if page.broken or kind_of(page)[0] != "agent":
            continue
        agent, found = agent_from(page, spec=AgentSpec, digest="")
        if agent is None:
            refused += 1
            assert not PLAIN.is_valid(said), file.name
        elif not {d.code for d in found} & ABOUT_A_VALUE:
            served += 1
            assert list(PLAIN.iter_errors(said)) == [], file.name
    assert served > len(CORPUS) // 4
    assert served > refused


# --- a program's own classes ------------------------------------------------------------------------------------------
class Region(BaseModel):
    zone: int


class WithAnyTools(AgentSpec):
    known_tools = None


class Analyst(AgentSpec):
    """Looks for trouble.

    This is not for editors.
    """

    cluster_names: list[str] = Field(description="Which clusters.")
    region: Region | str = "eu"
    team: str = Field("sre", alias="x-team")
    owner: str = Field("nobody", validation_alias=AliasChoices("owned-by", AliasPath("people", 0)))
    allowed_tools: str = "none"


def _minutes(value: object) -> object:
    return timedelta(minutes=int(value.removesuffix("m"))) if isinstance(value, str) else value


def _wrapped(value: object, handler: Callable[[object], object]) -> object:
    return handler([value] if isinstance(value, str) else value)


Minutes = Annotated[timedelta, BeforeValidator(_minutes), WithJsonSchema({"type": "string", "pattern": "^[0-9]+m$"})]


class Level(Enum):
    LOW = "low"
    HIGH = "high"


class Narrow(AgentSpec):
    model: Literal["haiku", "opus"] = "haiku"
    tools: tuple[Literal["get", "logs"], ...]
    disallowed_tools: Annotated[tuple[str, ...], Field(min_length=1)] = ("Bash",)
    skills: Annotated[tuple[str, ...], Field(min_length=1)] = ("review",)
    permission_mode: Literal["default", "plan"] | None = None
    max_turns: Annotated[int, Field(le=10)] = 5
    description: Annotated[str, Field(min_length=3, max_length=20)]
    effort: Level | None = None  # type: ignore[assignment]  # what a program might do
    known_tools = frozenset({"get", "logs", "Bash", "Write"})


@pytest.mark.parametrize(
    "own",
    [
        {"clusterNames": ["x"]},
        {"cluster_names": ["x"]},
        {},
        {"clusterNames": ["x"], "cluster_names": ["x"]},
        {"clusterNames": "x"},
        {"clusterNames": [], "region": "eu"},
        {"clusterNames": [], "region": {"zone": 3}},
        {"clusterNames": [], "region": {"zone": "north"}},
        {"clusterNames": [], "region": 3},
        {"clusterNames": [], "x-team": "ops", "owned-by": "me", "allowed_tools": "y"},
        {"clusterNames": [], "team": 3},
        {"clusterNames": [], "team": "ops"},
        {"clusterNames": [], "allowedTools": 3},
        {"clusterNames": [], "people": ["me"]},
    ],
)
def test_fields_of_a_class_may_be_written_as_the_library_reads_them(own: dict[str, Any]) -> None:
    agree(SPEC | own, Analyst)


def test_the_spelling_to_propose_is_one_and_the_class_describes_itself() -> None:
    schema = agent_schema(Analyst)
    assert {"clusterNames", "region", "x-team", "owned-by", "allowedTools"} <= schema["properties"].keys()
    assert not {"cluster_names", "team", "owner", "prompt", "extra", "path", "digest"} & schema["properties"].keys()
    assert schema["properties"]["clusterNames"]["description"] == "Which clusters."
    assert schema["title"] == "The frontmatter of an agent, Analyst"
    assert schema["description"].startswith("Looks for trouble.\n\nWhat is marked here")


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("model", ["haiku", "opus"], ["sonnet", "claude-x", 3]),
        (
            "tools",
            ["get", "get, logs", ["get"], ["get logs"], [], '"get"'],
            ["get, delete", ["delete"], ["get", 3], "get("],
        ),
        ("disallowedTools", ["Bash", ["Bash", "Write"], ""], ["Bash(", 3]),
        ("skills", ["a", ["a", "b"]], ["", [], " , ", '""', None]),
        ("permissionMode", ["plan", "manual"], ["auto"]),
        ("maxTurns", [10, "10 turns"], [11, 0]),
        ("description", ["When."], ["  ", "x", "x" * 21]),
        ("effort", ["low"], ["medium", 3]),
    ],
)
def test_a_narrowed_field_counts_together_with_the_formats_grammar(key: str, good: list[Any], bad: list[Any]) -> None:
    validator, base = Validator(agent_schema(Narrow)), {"name": "a", "description": "When.", "tools": "get"}
    for value in good:
        assert judged(base | {key: value}, Narrow) == (True, []), value
        assert validator.is_valid(base | {key: value}), value
    for value in bad:
        served, notes = judged(base | {key: value}, Narrow)
        assert notes or not served, value
        assert not validator.is_valid(base | {key: value}), value


def test_a_narrowed_field_proposes_what_is_left_and_tells_its_default() -> None:
    properties = agent_schema(Narrow)["properties"]
    assert properties["model"]["enum"] == ["haiku", "opus"]
    assert properties["model"]["description"] == "An alias or a model's id. Default: haiku."
    assert properties["tools"]["description"].endswith("Required.")
    assert properties["permissionMode"]["enum"] == ["default", "plan", "manual"]
    assert "tools" in agent_schema(Narrow)["required"]


def test_each_agent_is_held_against_its_own_class() -> None:
    schema = agent_schema({"a": Analyst, "n": Narrow, "*": AgentSpec})
    validator = Validator(schema)
    assert validator.is_valid(SPEC | {"clusterNames": ["x"]})
    assert not validator.is_valid(SPEC)
    assert not validator.is_valid({"name": "n", "description": "When.", "tools": "delete"})
    assert validator.is_valid({"name": "n", "description": "When.", "tools": "get"})
    assert validator.is_valid(SPEC | {"name": "else"})
    assert schema["properties"]["name"]["examples"] == ["a", "n"]


def test_without_a_class_for_the_rest_another_name_is_refused() -> None:
    validator = Validator(agent_schema({"a": Analyst}))
    assert validator.is_valid(SPEC | {"clusterNames": []})
    assert not validator.is_valid(SPEC | {"name": "b", "clusterNames": []})


def test_a_class_for_the_rest_counts_for_the_rest_alone() -> None:
    validator = Validator(agent_schema({"plain": AgentSpec, "*": Analyst}))
    assert validator.is_valid(SPEC | {"name": "plain"})
    assert not validator.is_valid(SPEC | {"name": "other"})
    assert validator.is_valid(SPEC | {"name": "other", "clusterNames": []})


def test_two_models_of_one_name_are_kept_apart() -> None:
    first, second = (type("Place", (BaseModel,), {"__annotations__": {"at": kind}}) for kind in (int, str))
    one, two = (
        type(f"Spec{n}", (AgentSpec,), {"__annotations__": {"place": place}}) for n, place in enumerate((first, second))
    )
    schema = agent_schema({"a": one, "b": two})
    assert len(schema["$defs"]) == 2
    validator = Validator(schema)
    assert validator.is_valid({"name": "a", "description": "d", "place": {"at": 1}})
    assert not validator.is_valid({"name": "b", "description": "d", "place": {"at": 1}})


def test_a_class_that_is_not_used_is_not_defined() -> None:
    assert "$defs" not in agent_schema()
    assert agent_schema(Analyst)["$defs"].keys() == {"Region"}


# --- models -----------------------------------------------------------------------------------------------------------
class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Window(Strict):
    start: str = Field(alias="from")
    only: list[str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_a_text(cls, value: object) -> object:
        return {"start": value} if isinstance(value, str) else value


class Context(Strict):
    """What there is."""

    region: str
    time_zone: str = Field("UTC", alias="timeZone")
    windows: list[Window] = []
    hold: Annotated[timedelta, BeforeValidator(_minutes)] = timedelta(minutes=5)
    pause: Minutes = timedelta(minutes=1)
    plain: timedelta = timedelta(0)
    names: Annotated[list[str], WrapValidator(_wrapped)] = []
    unique: set[str] = set()
    level: Level = Level.LOW
    check: Any = None
    next: Context | None = None


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"time_zone": "CET"},
        {"timeZone": "CET"},
        {"timeZone": "CET", "time_zone": "CET"},
        {"tiem_zone": "CET"},
        {"windows": [{"from": "09:00"}, {"start": "09:00"}, "10:00"]},
        {"hold": "15m", "pause": "15m", "names": "a", "unique": ["a", "a"], "level": "high"},
        {"pause": "soon"},
        {"plain": 30},
        {"plain": "00:15:00"},
        {"level": "middle"},
        {"next": {"region": "x", "next": {"region": "y", "time_zone": "CET"}}},
        {"next": {"region": 3}},
    ],
)
def test_a_document_is_valid_where_its_model_takes_it(more: dict[str, Any]) -> None:
    said = {"region": "eu"} | more
    try:
        document, found = document_from(Page("CLAUDE.md", said, ""), Context, "")
    except ValueError:
        document, found = None, ()
    assert (document is None) is bool(errors_in(found))
    assert Validator(document_schema(Context)).is_valid(said) is (document is not None)


def test_what_a_validator_makes_of_a_value_is_proposed_and_not_enforced() -> None:
    schema = document_schema(Context)
    window = schema["$defs"]["Window"]["anyOf"]
    assert window[0]["properties"].keys() == {"from", "only"}
    assert window[1] == {}
    assert "default" not in schema["properties"]["hold"]
    assert schema["properties"]["level"]["default"] == "low"
    assert (schema["title"], schema["description"]) == ("Context", "What there is.")
    Validator.check_schema(schema)


def test_a_document_without_a_model_may_say_anything() -> None:
    assert Validator(document_schema()).is_valid({"a": [1]})
    assert Validator(document_schema(None)).is_valid({})


class Thing:
    """What only code can make."""


def test_what_no_schema_can_say_is_taken() -> None:
    class Odd(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        made: Thing | None = None

    assert Validator(document_schema(Odd)).is_valid({"made": "anything"})


class WithAValidator(AgentSpec):
    clusters: tuple[str, ...]
    model: Literal["opus"] = "opus"

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, value: dict[str, Any]) -> dict[str, Any]:
        return {"clusters": (), **value}


def test_a_class_that_changes_what_it_reads_is_not_enforced_and_the_format_is() -> None:
    agree(SPEC, WithAValidator)
    validator = Validator(agent_schema(WithAValidator))
    assert validator.is_valid(SPEC | {"clusters": 3})
    assert not validator.is_valid(SPEC | {"color": "magenta"})
    assert "clusters" in agent_schema(WithAValidator)["properties"]
