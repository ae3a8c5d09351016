"""From a snapshot to a candidate: which files are agents, and what is said of the set."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from hotagents import AgentSpec, Memory, Part, Snapshot
from hotagents.loading import Candidate, Schema, load

AGENT = "---\nname: {}\ndescription: text\n---\nprompt\n"


def loaded(files: dict[str, str | bytes], **schema: Any) -> Candidate[Any]:
    return load(Memory(files).read(), Schema(**{"spec": AgentSpec, **schema}))


def part(prefix: str, files: dict[str, str], agents: tuple[str, ...] | None = None) -> Part:
    content = {path: text.encode() for path, text in files.items()}
    name = prefix.rstrip("/") or "."
    return Part(name=name, prefix=prefix, kind="volume", location="", payload="", files=content, agents=agents)


@pytest.mark.parametrize(
    ("path", "is_agent"),
    [
        ("a.md", True),
        ("deep/down/a.md", True),
        ("CLAUDE.md", False),
        ("deep/CLAUDE.md", False),
        ("SKILL.md", False),
        ("skills/pdf/a.md", False),
        ("commands/a.md", False),
        ("output-styles/a.md", False),
        ("plugins/x/agents/a.md", False),
        ("a.txt", False),
        ("a.MD", False),
    ],
)
def test_all_markdown_may_be_an_agent_where_there_is_no_agents_directory(path: str, *, is_agent: bool) -> None:
    candidate = loaded({path: AGENT.format("x")})
    assert ("x" in candidate.agents) is is_agent
    assert (path in candidate.documents) is (not is_agent and path.endswith(".md"))
    assert (path in candidate.files) is (not path.endswith(".md"))


def test_an_agents_directory_makes_all_other_markdown_documents() -> None:
    candidate = loaded(
        {"agents/a.md": AGENT.format("a"), "agents/deep/b.md": AGENT.format("b"), "c.md": AGENT.format("c")}
    )
    assert candidate.agents.keys() == {"a", "b"}
    assert candidate.documents.keys() == {"c.md"}
    assert not candidate.diagnostics


def test_an_empty_agents_volume_still_is_the_agents_directory() -> None:
    snapshot = Snapshot.of([part("", {"notes.md": AGENT.format("x")}), part("agents/", {})])
    candidate = load(snapshot, Schema(AgentSpec))
    assert not candidate.agents
    assert candidate.documents.keys() == {"notes.md"}


def test_a_nested_volume_with_an_agents_directory_of_its_own_is_judged_by_it() -> None:
    snapshot = Snapshot.of(
        [
            part("", {"x.md": AGENT.format("x")}),
            part("team/", {"agents/a.md": AGENT.format("a"), "notes.md": AGENT.format("n")}),
        ]
    )
    assert load(snapshot, Schema(AgentSpec)).agents.keys() == {"x", "a"}


def test_patterns_of_the_source_decide_alone() -> None:
    files = {"one/CLAUDE.md": AGENT.format("c"), "agents/a.md": AGENT.format("a")}
    candidate = load(Snapshot.of([part("", files, agents=("one/*.md",))]), Schema(AgentSpec))
    assert candidate.agents.keys() == {"c"}


def test_a_lock_is_no_content() -> None:
    candidate = loaded({"a.md": AGENT.format("a"), "hotagents.lock": "x", "notes.txt": "y"})
    assert candidate.files.keys() == {"notes.txt"}
    assert candidate.digest == loaded({"a.md": AGENT.format("a"), "notes.txt": "y"}).digest


class Context(BaseModel):
    cluster: str
    tiers: dict[str, int] = Field(default_factory=dict)


def test_a_typed_document_is_validated_and_placed() -> None:
    documents = {"CLAUDE.md": Context}
    good = loaded({"CLAUDE.md": "---\ncluster: a\n---\ntext"}, documents=documents)
    assert good.documents["CLAUDE.md"].frontmatter == Context(cluster="a")
    bad = loaded({"CLAUDE.md": "---\ncluster: a\ntiers:\n  web: x\n---\ntext"}, documents=documents)
    [error] = bad.errors
    assert (error.path, error.line, error.key) == ("CLAUDE.md", 4, "tiers.web")


def test_a_required_document_that_is_missing_is_an_error() -> None:
    [error] = loaded({"a.md": AGENT.format("a")}, documents={"CLAUDE.md": None}).errors
    assert (error.code, error.path) == ("missing-document", "CLAUDE.md")


def test_a_required_document_that_cannot_be_parsed_is_an_error() -> None:
    [error] = loaded({"CLAUDE.md": "---\na: [\n---\n"}, documents={"CLAUDE.md": Context}).errors
    assert error.code == "yaml-syntax"


def test_another_document_with_broken_frontmatter_is_served_with_a_warning() -> None:
    candidate = loaded({"agents/a.md": AGENT.format("a"), "notes.md": "---\na: [\n---\ntext"})
    assert not candidate.errors
    assert [(d.code, d.severity, d.path) for d in candidate.diagnostics] == [("yaml-syntax", "warning", "notes.md")]
    assert "text" in candidate.documents["notes.md"].body


class Analyst(AgentSpec):
    clusters: tuple[str, ...]


def test_agents_get_the_class_of_their_name_or_the_rest() -> None:
    spec = {"analyst": Analyst, "*": AgentSpec}
    files: dict[str, str | bytes] = {
        "a.md": "---\nname: analyst\ndescription: x\nclusters: [one]\n---\n",
        "b.md": AGENT.format("b"),
    }
    candidate = loaded(files, spec=spec)
    assert candidate.agents["analyst"].clusters == ("one",)
    assert type(candidate.agents["b"]) is AgentSpec
    [error] = loaded({"a.md": AGENT.format("analyst")}, spec=spec).errors
    assert (error.code, error.key) == ("invalid-field", "clusters")


def test_an_agent_for_which_there_is_no_class_is_an_error() -> None:
    [error] = loaded({"b.md": AGENT.format("b")}, spec={"analyst": Analyst}).errors
    assert (error.code, error.line) == ("unexpected-agent", 2)
    assert "analyst" in error.message


def test_names_that_clash_are_reported_with_both_paths() -> None:
    names = {"a.md": "x", "b.md": "x", "c.md": "X", "d.md": "X"}
    candidate = loaded({path: AGENT.format(name) for path, name in names.items()})
    assert [
        (d.code, d.severity, d.path, d.line) for d in candidate.diagnostics if d.code.startswith(("dup", "names"))
    ] == [
        ("duplicate-name", "error", "b.md", 2),
        ("duplicate-name", "error", "d.md", 2),
        ("names-differ-in-case", "warning", "c.md", 2),
    ]


def test_what_is_known_is_taken_only_for_equal_bytes_and_role() -> None:
    schema = Schema(AgentSpec)
    first = load(Memory({"a.md": AGENT.format("a"), "b.md": AGENT.format("b")}).read(), schema)
    second = load(
        Memory({"a.md": AGENT.format("a"), "b.md": AGENT.format("c"), "agents/d.md": AGENT.format("d")}).read(),
        schema,
        known=(first,),
    )
    assert second.agents.keys() == {"d"}  # the others are documents now
    third = load(Memory({"a.md": AGENT.format("a")}).read(), schema, known=(second, first))
    assert third.agents["a"] is first.agents["a"]


paths = st.sampled_from(["a.md", "agents/b.md", "CLAUDE.md", "skills/x/SKILL.md", "x.txt", "deep/é.md"])
contents = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(str.encode),
    st.lists(
        st.sampled_from(["---", "name: a", "description: b", "tools: [", "- x", "  y: 1", "", "*", "&a", "{"])
    ).map(lambda lines: "\n".join(lines).encode()),
)


@given(st.dictionaries(paths, contents))
def test_loading_never_raises_and_is_a_function_of_the_bytes(files: dict[str, bytes]) -> None:
    snapshot = Memory(files).read()
    schema = Schema(AgentSpec, {"CLAUDE.md": Context})
    one = load(snapshot, schema)
    again = load(snapshot, schema, known=(one,))
    assert one.digest == again.digest == snapshot.digest
    assert one.diagnostics == again.diagnostics
    assert dict(one.agents) == dict(again.agents)
    assert all(str(d).isprintable() for d in one.diagnostics)
