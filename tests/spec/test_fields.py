"""From a page to a spec or a document: every key's outcome, every finding placed, no limit ever lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AliasChoices, AliasPath, BaseModel, BeforeValidator, Field, model_validator

from hotagents.authority import split_tools
from hotagents.diagnostics import CODES, Diagnostic, errors_in
from hotagents.fields import agent_from, document_from, kind_of
from hotagents.fields.limits import limit_meant
from hotagents.fields.values import READ
from hotagents.frontmatter.page import Page, Position
from hotagents.frontmatter.parsing import parse
from hotagents.spec import FORMAT_KEYS, AgentSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

_ABSENT = object()


def page_of(frontmatter: Mapping[str, Any], *diagnostics: Diagnostic) -> Page:
    """Return a page with its first key at 2:1, the value of that at 2:5 and the parts of that at 2:6."""
    keys: dict[tuple[str | int, ...], Position] = {}
    values: dict[tuple[str | int, ...], Position] = {}
    for line, (key, value) in enumerate(frontmatter.items(), start=2):
        keys[key,] = Position(line, 1)
        values[key,] = Position(line, 5)
        parts = value if isinstance(value, dict) else range(len(value)) if isinstance(value, (list, tuple)) else ()
        values |= {(key, part): Position(line, 6) for part in parts}
    return Page("a.md", frontmatter, "Prompt.", diagnostics=diagnostics, positions=values, key_positions=keys)


def load(values: Mapping[str, Any], spec: type[AgentSpec] = AgentSpec) -> tuple[AgentSpec | None, list[Diagnostic]]:
    said = {"name": "a", "description": "b"} | dict(values)
    agent, found = agent_from(
        page_of({key: value for key, value in said.items() if value is not _ABSENT}), spec=spec, digest="sha256:00"
    )
    assert (agent is None) is bool(errors_in(found))
    assert all(d.code in CODES and d.path == "a.md" and d.message for d in found)
    return agent, list(found)


def codes(found: list[Diagnostic]) -> list[str]:
    return [d.code for d in found]


# --- what is fine, what is ignored, what refuses the file -------------------------------------------------------------
@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("name", "a-b", "a-b"),
        ("description", "When: # asked", "When: # asked"),
        ("tools", "Read, Bash(git *)", ("Read", "Bash(git *)")),
        ("tools", ["Read, Grep", "Bash"], ("Read", "Grep", "Bash")),
        ("tools", "*", ("*",)),
        ("tools", [], ()),
        ("tools", "", ()),
        ("tools", "mcp__a__b", ("mcp__a__b",)),
        ("tools", "Fetch*", ("Fetch*",)),
        ("disallowedTools", "Bash Write", ("Bash", "Write")),
        ("disallowedTools", ["Bash(rm *)"], ("Bash(rm *)",)),
        ("disallowedTools", [], ()),
        ("model", "opus", "opus"),
        ("permissionMode", "plan", "plan"),
        ("permissionMode", "manual", "default"),
        ("maxTurns", 20, 20),
        ("maxTurns", "20 turns", 20),
        ("maxTurns", " 7", 7),
        ("maxTurns", 20.0, 20),
        ("maxTurns", "20turns", 20),
        ("maxTurns", "20.0", 20),
        ("tools", ["Bash(a", "Read", "b)"], ("Bash(a, Read, b)",)),
        ("tools", ["Bash", "(git *)"], ("Bash(git *)",)),
        ("disallowedTools", "Agent(my reviewer)", ("Agent(my reviewer)",)),
        ("skills", "a, b", ("a", "b")),
        ("skills", ["a", "b"], ("a", "b")),
        ("mcpServers", ["git", {"k8s": {"args": [1]}}], ("git", {"k8s": {"args": (1,)}})),
        ("hooks", {"Stop": [{"hooks": [{"type": "command"}]}]}, {"Stop": ({"hooks": ({"type": "command"},)},)}),
        ("hooks", {}, {}),
        ("memory", "project", "project"),
        ("background", True, True),
        ("effort", "xhigh", "xhigh"),
        ("effort", 3, 3),
        ("isolation", "worktree", "worktree"),
        ("color", "cyan", "cyan"),
        ("initialPrompt", "Go.", "Go."),
    ],
)
def test_a_right_value_is_taken_silently(key: str, value: object, expected: object) -> None:
    agent, found = load({key: value})
    assert found == []
    assert getattr(agent, FORMAT_KEYS[key]) == expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model", None),
        ("model", 3),
        ("model", " "),
        ("permissionMode", "Plan"),
        ("permissionMode", True),
        ("maxTurns", 0),
        ("maxTurns", -1),
        ("maxTurns", True),
        ("maxTurns", 1.5),
        ("maxTurns", "many"),
        ("maxTurns", ""),
        ("maxTurns", "9" * 5000),
        ("maxTurns", 10**1000),
        ("maxTurns", None),
        ("skills", None),
        ("skills", {"a": 1}),
        ("mcpServers", "git"),
        ("mcpServers", {"git": {}}),
        ("hooks", None),
        ("memory", "global"),
        ("background", "yes"),
        ("effort", "huge"),
        ("effort", True),
        ("effort", 10.5),
        ("effort", -(10**1000)),
        ("isolation", ["worktree"]),
        ("color", "#FF4500"),
        ("color", "magenta"),
        ("initialPrompt", ["a"]),
        ("disallowedTools", None),
        ("maxTurns", "1,000"),
    ],
)
def test_a_value_that_others_ignore_too_is_warned_about_and_the_default_holds(key: str, value: object) -> None:
    agent, (warning,) = load({key: value})
    assert agent is not None
    assert getattr(agent, FORMAT_KEYS[key]) == AgentSpec.model_fields[FORMAT_KEYS[key]].get_default()
    assert (warning.code, warning.severity, warning.line, warning.column) == ("invalid-value", "warning", 4, 5)
    assert warning.key == key
    assert warning.hint


@pytest.mark.parametrize(
    ("values", "code", "key"),
    [
        ({"name": 3}, "wrong-type", "name"),
        ({"name": True}, "wrong-type", "name"),
        ({"name": ["a"]}, "wrong-type", "name"),
        ({"name": ""}, "bad-name", "name"),
        ({"name": "-a"}, "bad-name", "name"),
        ({"name": "team:a"}, "bad-name", "name"),
        ({"name": "a\uff1ab"}, "bad-name", "name"),
        ({"name": _ABSENT}, "missing-name", "name"),
        ({"description": _ABSENT}, "missing-description", "description"),
        ({"description": None}, "missing-description", "description"),
        ({"description": "  "}, "missing-description", "description"),
        ({"description": 3}, "wrong-type", "description"),
        ({"description": ["a"]}, "wrong-type", "description"),
        ({"disallowedTools": True}, "wrong-type", "disallowedTools"),
        ({"disallowedTools": {"Bash": True}}, "wrong-type", "disallowedTools"),
        ({"disallowedTools": ["Bash", 3]}, "wrong-type", "disallowedTools.1"),
        ({"disallowedTools": "Bash(rm *, Write"}, "invalid-value", "disallowedTools"),
        ({"hooks": "x"}, "wrong-type", "hooks"),
        ({"hooks": {"Stop": {"hooks": []}}}, "wrong-type", "hooks.Stop"),
        ({"hooks": {"Stop": ["x"]}}, "wrong-type", "hooks.Stop.0"),
        ({"hooks": {"Stop": [{"matcher": "x"}]}}, "wrong-type", "hooks.Stop.0"),
        ({"hooks": {"Stop": [{"hooks": {}}]}}, "wrong-type", "hooks.Stop.0.hooks"),
        ({"hooks": {"Stop": [{"hooks": [{}]}, {"hooks": [{}, "x"]}]}}, "wrong-type", "hooks.Stop.1.hooks.1"),
    ],
)
def test_what_makes_a_file_no_agent_is_one_error_at_its_place(values: dict[str, Any], code: str, key: str) -> None:
    agent, (error,) = load(values)
    assert agent is None
    assert (error.code, error.severity, error.key) == (code, "error", key)
    assert error.hint
    assert error.line > 0
    assert error.message.startswith("expected")


def test_a_page_with_errors_of_its_own_makes_no_agent_and_its_values_are_judged_all_the_same() -> None:
    error = Diagnostic("yaml-syntax", "error", "a.md", 2, 1, "tools", "broken")
    agent, found = agent_from(page_of({"name": "a", "color": "gray"}, error), spec=AgentSpec, digest="")
    assert agent is None
    assert [(d.code, d.severity, d.key) for d in found] == [("invalid-value", "warning", "color")]


def test_body_path_and_digest_come_from_the_file_only() -> None:
    agent, found = load({"prompt": "x", "path": "y", "digest": "z", "extra": 1})
    assert agent is not None
    assert (agent.prompt, agent.path, agent.digest) == ("Prompt.", "a.md", "sha256:00")
    assert agent.extra == {"prompt": "x", "path": "y", "digest": "z", "extra": 1}
    assert codes(found) == ["unknown-key"] * 4


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("K8s Analyzer", "k8s-analyzer"),
        ("a_b", "a-b"),
        ("Café", "cafe"),
        ("TRUE", '"true"'),
        ("NULL", '"null"'),
        ("0X1F", '"0x1f"'),
        ("1E5", '"1e5"'),
        (".5", '"5"'),
    ],
)
def test_an_unusual_name_is_kept_with_a_warning(name: str, hint: str) -> None:
    agent, (warning,) = load({"name": name})
    assert agent is not None
    assert agent.name == name
    assert (warning.code, warning.hint) == ("name-style", f"write: name: {hint}")


def test_no_name_is_proposed_that_would_lose_letters() -> None:
    _, (warning,) = load({"name": "中文"})
    assert (warning.code, warning.hint) == ("name-style", "use a name of a-z, 0-9 and hyphens")


@pytest.mark.parametrize(("model", "hint"), [("Sonnet", "sonnet"), ("Claude Sonnet 4.5 (copilot)", "inherit")])
def test_a_model_that_is_none_is_kept_with_a_warning(model: str, hint: str) -> None:
    agent, (warning,) = load({"model": model})
    assert agent is not None
    assert agent.model == model
    assert warning.code == "model-unknown"
    assert hint in warning.hint


def test_parts_of_a_list_that_others_ignore_are_left_out() -> None:
    agent, found = load({"skills": ["a", 3, None], "mcpServers": ["git", 3, ["x"]]})
    assert agent is not None
    assert (agent.skills, agent.mcp_servers) == (("a",), ("git",))
    assert [(d.code, d.line, d.column) for d in found] == [("invalid-value", 4, 6), ("invalid-value", 5, 6)]


def test_the_allowed_values_are_named_and_the_nearest_one_is_offered() -> None:
    _, (warning,) = load({"permissionMode": "acceptEdit"})
    assert str(warning) == (
        "a.md:4:5: invalid-value: permissionMode: expected one of default, acceptEdits, auto, dontAsk, "
        'bypassPermissions, plan, got "acceptEdit"; ignored, the default holds; did you mean "acceptEdits"?'
    )


def test_every_key_of_the_format_has_a_reader() -> None:
    assert READ.keys() | {"tools", "disallowedTools"} == FORMAT_KEYS.keys()


# --- tool limits ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "entries", "code"),
    [
        (None, (), "null-tools"),
        (True, (), "wrong-type"),
        (3, (), "wrong-type"),
        ({"Read": True}, (), "wrong-type"),
        (["Read", 3, None], ("Read",), "wrong-type"),
        ("Read, Bash(git *", ("Read", "Bash(git *"), "invalid-value"),
        (["codebase", "search"], ("codebase", "search"), "null-tools"),
        ("read", ("read",), "null-tools"),
    ],
)
@pytest.mark.parametrize("key", ["tools", "Tools", "allowed-tools"])
def test_tools_that_cannot_be_read_grant_nothing(key: str, value: object, entries: tuple[str, ...], code: str) -> None:
    agent, found = load({key: value})
    assert agent is not None
    assert agent.tools == entries
    assert codes(found) == [code] + ["limit-misspelt"] * (key != "tools")
    assert not agent.allows("Bash")
    assert not agent.allows("Write")


class WithOwnTools(AgentSpec):
    known_tools = frozenset({"kubectl"})


class WithAnyTools(AgentSpec):
    known_tools = None


def test_a_class_names_the_tools_that_its_runner_has_or_judges_none() -> None:
    page = page_of({"name": "a", "description": "b", "tools": "kubectl"})
    assert agent_from(page, spec=WithOwnTools, digest="")[1] == ()
    assert agent_from(page, spec=WithAnyTools, digest="")[1] == ()
    assert [d.code for d in agent_from(page, spec=AgentSpec, digest="")[1]] == ["null-tools"]


@pytest.mark.parametrize(
    ("key", "limit"),
    [
        ("Tools", "tools"),
        ("TOOLS", "tools"),
        ("allowedTools", "tools"),
        ("allowed-tools", "tools"),
        ("allowed_tools", "tools"),
        ("alowedTools", "tools"),
        ("allowTools", "tools"),
        ("disallowed-tools", "disallowedTools"),
        ("disallowed_tools", "disallowedTools"),
        ("DisallowedTools", "disallowedTools"),
        ("dissallowedTools", "disallowedTools"),
        ("disallowedTool", "disallowedTools"),
        *((slip, "tools") for slip in ("tool", "Tool", "tols", "toolss", "toosl", "tools\u00a0", "\u200btools")),
        ("t\u043e\u043els", "tools"),
        ("\uff54\uff4f\uff4f\uff4c\uff53", "tools"),
        ("allowed.tools", "tools"),
        ("unallowedTools", "disallowedTools"),
        ("not-allowed-tools", "disallowedTools"),
        *(
            (key, "disallowedTools")
            for key in ("deniedTools", "denied-tools", "denyTools", "blocked_tools", "block-tools", "forbiddenTools")
        ),
        *((key, "disallowedTools") for key in ("excludeTools", "excludedTools", "bannedTools", "toolsDenied")),
        *((key, "disallowedTools") for key in ("tool_blacklist", "denylisted-tools", "withoutTools", "disallowed")),
        *((key, "tools") for key in ("toolsAllowed", "permitted_tools", "tool-allowlist", "whitelistedTools")),
        ("availableTools", None),
        *((key, None) for key in ("excludedPaths", "blockedBy", "toolsmith", "deny", "restrictedTools")),
        ("toolset", None),
        ("collaboration", None),
        ("x", None),
        ("x" * 1000, None),
    ],
)
def test_a_misspelt_limit_is_recognised(key: str, limit: str | None) -> None:
    assert limit_meant(key) == limit


def test_a_misspelt_tool_list_is_read_as_the_list_that_it_means() -> None:
    agent, (warning,) = load({"allowed-tools": ["Read", "Bash(git *)"]})
    assert agent is not None
    assert agent.tools == ("Read", "Bash(git *)")
    assert agent.extra == {}
    assert (warning.code, warning.line, warning.column) == ("limit-misspelt", 4, 1)
    assert warning.hint == "write: tools: Read, Bash(git *)"


def test_of_several_misspelt_lists_only_what_all_grant_is_granted() -> None:
    agent, found = load({"allowed-tools": "Read, Bash", "Tools": "Read"})
    assert agent is not None
    assert agent.tools == ("Read",)
    assert codes(found) == ["limit-misspelt"] * 2


def test_beside_tools_a_misspelt_list_is_ignored_and_said() -> None:
    agent, (warning,) = load({"allowedTools": "Bash", "tools": "Read"})
    assert agent is not None
    assert agent.tools == ("Read",)
    assert warning.code == "limit-misspelt"


@pytest.mark.parametrize(
    ("keys", "limit"),
    [
        ({"allowedTools": "Read", "toools": "Read"}, "tools"),
        ({"tools": "*", "allowedTools": None}, "tools"),
        ({"disallowedTools": "Bash", "disallwedTools": "Write"}, "disallowedTools"),
        ({"blocked_tools": "Bash", "deniedTools": "Write"}, "disallowedTools"),
    ],
)
def test_beside_others_no_misspelt_limit_is_to_be_written_under_a_key_that_would_stand_twice(
    keys: dict[str, Any], limit: str
) -> None:
    _, found = load(keys)
    hints = {warning.hint for warning in found if warning.code in {"limit-misspelt", "null-tools"}}
    assert hints == {f'write all that you mean under "{limit}", once, and remove the other line'}


def test_an_unknown_key_is_never_said_to_mean_one_that_is_there() -> None:
    _, (warning,) = load({"Description": "x"})
    assert (warning.code, warning.key) == ("unknown-key", "Description")
    assert warning.hint == '"description" is there too, and counts; remove this one if it was meant to be that'


def test_every_prohibition_counts_under_whatever_spelling() -> None:
    agent, found = load({"disallowed-tools": "Bash", "disallowedTools": "Write", "disallowed_tools": None})
    assert agent is not None
    assert set(agent.disallowed_tools) == {"Bash", "Write"}
    assert codes(found).count("limit-misspelt") == 2


def test_beside_tools_that_grant_all_a_misspelt_list_is_the_narrower_and_counts() -> None:
    agent, (warning,) = load({"tools": "*", "allowedTools": "Read"})
    assert agent is not None
    assert agent.tools == ("Read",)
    assert warning.code == "limit-misspelt"


@pytest.mark.parametrize(
    "value",
    [
        "Bash;Write",
        "Bash|Write",
        "Bash/Write",
        '["Bash"]',
        "Bash\uff0cWrite",
        "Bash\uff08git *\uff09",
        "\u200bBash",
        "\u201cBash\u201d",
        "B\u0430sh",
        "Ba\0sh",
        "Bash:rm",
        "Bash[rm *]",
        "Agent(,)",
    ],
)
def test_a_prohibition_that_names_no_tool_is_an_error(value: str) -> None:
    agent, (error,) = load({"disallowedTools": value})
    assert agent is None
    assert (error.code, error.key) == ("invalid-value", "disallowedTools")
    assert error.hint


def test_a_prohibition_of_an_unknown_tool_is_a_warning_with_the_nearest_name() -> None:
    agent, (warning,) = load({"disallowedTools": "bash, mcp__x__y, B*"})
    assert agent is not None
    assert agent.disallowed_tools == ("bash", "mcp__x__y", "B*")
    assert (warning.code, warning.severity, warning.hint) == ("invalid-value", "warning", 'did you mean "Bash"?')


def test_thousands_of_misspelt_limits_are_summed_up_and_stay_errors() -> None:
    agent, found = load({"disallowed" + "-" * n + "tools": "Bash" for n in range(1, 1001)})
    assert agent is not None
    assert (len(found), found[-1].message) == (51, "and 950 more of these")
    agent, found = load({"disallowed" + "-" * n + "tools": "Bash;" for n in range(1, 1001)})
    assert agent is None
    assert len(found) == 102


@pytest.mark.parametrize("name", ["a\u200b", "a\x1b[31m", "a\n", "a\u2028b", "a\ud800"])
def test_a_name_with_invisible_characters_is_an_error(name: str) -> None:
    agent, (error,) = load({"name": name})
    assert agent is None
    assert error.code == "bad-name"


@pytest.mark.parametrize(
    "lines",
    [
        'allowedTools: "*"',
        'allowedTools: "Bash(a: b)"',
        'allowedTools: "Bash(git #x)"',
        'allowedTools: "@x"',
        'allowedTools: "%x"',
        'allowedTools: "!x"',
        'allowedTools: "{x}"',
        'allowedTools: ["mcp__*", "Read"]',
        "allowedTools: []",
        "description: 0",
        "description: true",
        "name: 12",
        "name: -5",
        "name: TRUE",
        'name: "NULL"',
        'name: "-5"',
        'name: "' + "A" * 300 + '"',
        "tools: {a: b}",
        "tools:",
        "initialPrompt: 3",
    ],
)
def test_a_line_that_a_hint_proposes_cures_the_fault_when_it_is_pasted(lines: str) -> None:
    base = {"name": "name: a", "description": "description: d"}
    key = lines.partition(":")[0]
    head = [line for name, line in base.items() if name != key]
    before, found = _loaded([*head, lines])
    (fault,) = [d for d in found if d.hint.startswith("write: ")]
    after, left = _loaded([*head, fault.hint.removeprefix("write: ")])
    assert after is not None
    assert left == ()
    assert before is None or before.tools == after.tools


def _loaded(lines: list[str]) -> tuple[AgentSpec | None, tuple[Diagnostic, ...]]:
    page = parse("a.md", "\n".join(["---", *lines, "---", ""]).encode())
    return agent_from(page, spec=WithAnyTools, digest="")


def test_of_a_list_over_several_lines_only_the_key_is_to_be_changed() -> None:
    _, (warning,) = _loaded(["name: a", "description: d", "allowedTools:", "  - Read"])
    assert warning.hint == "rename the key to tools"


# --- unknown keys and the fields of a subclass ------------------------------------------------------------------------
def test_an_unknown_key_is_kept_with_a_warning_at_the_key() -> None:
    agent, found = load({"colour": "red", "version": [1, {"a": "b"}], "Description": "x"})
    assert agent is not None
    assert agent.extra == {"colour": "red", "version": (1, {"a": "b"}), "Description": "x"}
    assert [(d.code, d.line, d.column) for d in found] == [("unknown-key", n, 1) for n in (4, 5, 6)]
    assert found[0].hint == 'did you mean "color"?'


def test_thousands_of_unknown_keys_are_summed_up() -> None:
    agent, found = load({f"key{n}": n for n in range(5000)})
    assert agent is not None
    assert len(agent.extra) == 5000
    assert len(found) == 51
    assert found[-1].message == "and 4950 more of these"


def _explode(value: object) -> object:
    if value == "boom":
        raise KeyError(value)
    return value


class Region(BaseModel):
    zone: int


class Analyst(AgentSpec):
    cluster_names: list[str]
    region: Region | str = "eu"
    team: str = Field("sre", alias="x-team")
    owner: str = Field("nobody", validation_alias=AliasChoices("owned-by", AliasPath("people", 0)))
    allowed_tools: str = "none"
    fragile: Annotated[str, BeforeValidator(_explode)] = ""

    @model_validator(mode="after")
    def _no_empty_team(self) -> Analyst:
        if not self.team:
            raise ValueError("a team is needed")
        return self


def test_fields_of_a_subclass_are_read_by_name_and_alias_and_are_not_unknown() -> None:
    values = {"clusterNames": ["x"], "region": {"zone": 3}, "x-team": "ops", "owned-by": "me", "allowed_tools": "y"}
    agent, found = load(values, Analyst)
    assert found == []
    assert isinstance(agent, Analyst)
    assert (agent.cluster_names, agent.region, agent.team) == (["x"], Region(zone=3), "ops")
    assert (agent.owner, agent.allowed_tools, agent.tools, agent.extra) == ("me", "y", None, {})
    by_name, found = load({"cluster_names": []}, Analyst)
    assert found == []
    assert isinstance(by_name, Analyst)


@pytest.mark.parametrize(
    ("values", "key", "place"),
    [
        ({"clusterNames": ["x", 3]}, "clusterNames.1", (4, 6)),
        ({"clusterNames": "x"}, "clusterNames", (4, 5)),
        ({"x-team": 3, "clusterNames": []}, "x-team", (4, 5)),
        ({"x-team": "", "clusterNames": []}, "", (1, 1)),
        ({"fragile": "boom", "clusterNames": []}, "", (1, 1)),
        ({}, "clusterNames", (1, 1)),
    ],
)
def test_what_a_subclass_refuses_is_an_error_at_its_place(
    values: dict[str, Any], key: str, place: tuple[int, int]
) -> None:
    agent, (error,) = load(values, Analyst)
    assert agent is None
    assert (error.code, error.key, (error.line, error.column)) == ("invalid-field", key, place)


def test_a_branch_of_a_union_is_no_place_in_the_file() -> None:
    _, found = load({"region": {"zone": "x"}, "clusterNames": []}, Analyst)
    assert [(d.line, d.column) for d in found] == [(4, 6), (4, 5)]


def test_thousands_of_refused_values_are_summed_up() -> None:
    _, found = load({"clusterNames": [1] * 5000}, Analyst)
    assert len(found) == 51


class ReadOnly(AgentSpec):
    tools: tuple[str, ...] | None = Field(("Read",), max_length=1)
    max_turns: int = Field(5, alias="maxTurns", le=10)


def test_a_narrowed_field_gets_the_value_as_read() -> None:
    agent, found = load({"tools": "Grep", "maxTurns": "7 turns"}, ReadOnly)
    assert found == []
    assert (agent and agent.tools, agent and agent.max_turns) == (("Grep",), 7)
    agent, found = load({}, ReadOnly)
    assert (agent and agent.tools, agent and agent.max_turns) == (("Read",), 5)
    _, found = load({"tools": "Read, Grep", "maxTurns": 11}, ReadOnly)
    assert [(d.code, d.key, d.line) for d in found] == [("invalid-field", "tools", 4), ("invalid-field", "maxTurns", 5)]


# --- agent or document ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["a", "", "-", 3, True, [], {}])
def test_a_page_with_a_name_is_an_agent(name: object) -> None:
    assert kind_of(page_of({"name": name})) == ("agent", ())


@pytest.mark.parametrize(
    ("said", "code", "line"),
    [
        ({}, "not-an-agent", 0),
        ({"title": "x", "description": "y"}, "not-an-agent", 0),
        ({"model": "opus"}, "not-an-agent", 0),
        ({"name": None}, "likely-agent", 2),
        ({"x": 1, "Name": "a"}, "likely-agent", 3),
        ({"x": 1, "description": "a", "tools": "Read"}, "likely-agent", 3),
        ({"x": 1, "model": "opus", "description": "a"}, "likely-agent", 4),
    ],
)
def test_a_page_without_a_name_is_a_document(said: dict[str, Any], code: str, line: int) -> None:
    kind, (note,) = kind_of(page_of(said))
    assert kind == "document"
    assert (note.code, note.line) == (code, line)
    assert note.severity == ("warning" if code == "likely-agent" else "info")


class Context(BaseModel):
    region: str
    zones: list[int] = []


def test_a_document_without_a_model_holds_a_read_only_mapping() -> None:
    document, found = document_from(page_of({"a": [1]}), None, "sha256:00")
    assert found == ()
    assert document is not None
    assert (document.frontmatter, document.body, document.path) == ({"a": (1,)}, "Prompt.", "a.md")
    with pytest.raises(TypeError):
        document.frontmatter["a"] = 2


def test_a_document_with_a_model_holds_an_instance() -> None:
    document, found = document_from(page_of({"region": "eu", "zones": (1, 2)}), Context, "sha256:00")
    assert found == ()
    assert document is not None
    assert document.frontmatter == Context(region="eu", zones=[1, 2])


def test_a_document_that_its_model_refuses_is_an_error_at_its_place() -> None:
    document, (missing, wrong) = document_from(page_of({"zones": ["x"]}), Context, "sha256:00")
    assert document is None
    assert (missing.code, missing.key, missing.line, missing.hint) == ("invalid-field", "region", 1, "add: region: ...")
    assert (wrong.key, wrong.line, wrong.column) == ("zones.0", 2, 6)


# --- laws -------------------------------------------------------------------------------------------------------------
_HUGE = st.sampled_from([400, 5000]).map(lambda digits: 10**digits)  # the second has no decimal text
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), _HUGE, st.sampled_from(["*", "Bash"])
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
_SPELLINGS = ["Tools", "allowedTools", "allowed-tools", "allowed_tools", "disallowed-tools", "Disallowed_Tools"]
_KEYS = st.sampled_from([*FORMAT_KEYS, *_SPELLINGS, "hooks", "Name", "prompt"]) | st.text()


@given(st.dictionaries(_KEYS, _VALUES, max_size=8))
def test_no_page_makes_reading_fail(said: dict[str, Any]) -> None:
    page = page_of(said)
    kind_of(page)
    document_from(page, None, "")
    document_from(page, Context, "")
    for spec in (AgentSpec, Analyst):
        agent, found = agent_from(page, spec=spec, digest="sha256:00")
        assert (agent is None) is bool(errors_in(found))
        assert all(len(str(d).splitlines()) == 1 and d.code in CODES for d in found)
        if agent is not None:
            json.dumps(agent.model_dump(mode="json", exclude={"extra", "hooks", "mcp_servers"}))


@given(st.sampled_from(["tools", *_SPELLINGS[:4]]), _VALUES, st.dictionaries(_KEYS, _VALUES, max_size=3))
def test_tools_are_never_wider_than_what_was_written(key: str, value: Any, others: dict[str, Any]) -> None:
    agent, _ = agent_from(
        page_of({**others, "name": "a", "description": "b", key: value}), spec=AgentSpec, digest="sha256:00"
    )
    if agent is not None:
        assert agent.tools is not None
        if key != "tools" and "tools" in others:
            return  # which of the two counts has tests of its own
        allowed = value
        texts = [allowed] if isinstance(allowed, str) else allowed if isinstance(allowed, list) else []
        written = set(split_tools(", ".join(text for text in texts if isinstance(text, str))))
        assert set(agent.tools) <= written or any(not text.strip("*") for text in written)


@given(st.sampled_from(["disallowedTools", "disallowed-tools"]), _VALUES, st.dictionaries(_KEYS, _VALUES, max_size=3))
def test_a_prohibition_is_kept_or_the_file_is_refused(key: str, value: Any, others: dict[str, Any]) -> None:
    said = {**others, "name": "a", "description": "b", key: value}
    agent, _ = agent_from(page_of(said), spec=AgentSpec, digest="sha256:00")
    if agent is not None and value is not None:
        assert isinstance(value, (str, list))
        texts = [value] if isinstance(value, str) else value
        assert set(agent.disallowed_tools) >= {entry for text in texts for entry in split_tools(text)}
