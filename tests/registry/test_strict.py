"""Warnings that are errors, and literal texts that are refused: everywhere, and in everything that a registry does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from hotagents import (
    AgentSpec,
    ConfigRegistry,
    Diagnostic,
    InvalidConfigError,
    Memory,
    Snapshot,
    Tree,
    hookimpl,
    load_plugins,
)
from hotagents.diagnostics import CODES
from hotagents.loading import Schema, load
from hotagents.strictness import strict_codes, strictly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = "---\nname: a\ndescription: b\n"
LOUD = f"{HEAD}allowed-tools: Read\n---\n"
UNQUOTED = "---\nname: a\ndescription: b: c\n---\n"
GOOD = "---\nname: good\ndescription: b\n---\n"


def refused(files: dict[str, str | bytes], **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidConfigError) as raised:
        ConfigRegistry.fixed(files, **options)
    return [(d.code, d.path) for d in raised.value.diagnostics if d.severity == "error"]


# --- codes ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (["limit-mispelt"], 'strict: there is no code "limit-mispelt"; did you mean "limit-misspelt"?'),
        (["al"], 'strict: there is no code "al"; did you mean "all"?'),
        (["x" * 30], "expected codes such as"),
        (["file-held"], "says what the registry does"),
        (["volume-held", "null-tools"], "says what the registry does"),
        (["last-good-from-disk"], "says what the registry does"),
    ],
)
def test_a_code_that_there_is_not_is_refused_with_the_one_that_was_meant(codes: list[str], said: str) -> None:
    with pytest.raises(ValueError, match="strict: ") as raised:
        ConfigRegistry(Memory({}), strict=codes)
    assert said in str(raised.value)


@pytest.mark.parametrize("codes", ["limit-misspelt", [3], [None]])
def test_codes_are_a_collection_of_texts(codes: Any) -> None:
    with pytest.raises(TypeError, match="collection of codes"):
        ConfigRegistry(Memory({}), strict=codes)


def test_recover_is_yes_or_no() -> None:
    with pytest.raises(TypeError, match="recover: expected bool"):
        ConfigRegistry(Memory({}), **dict[str, Any](recover="no"))


def test_all_is_every_code_of_a_set() -> None:
    assert strict_codes(["all", "null-tools"]) == CODES.keys() - {"file-held", "volume-held", "last-good-from-disk"}
    assert strict_codes(()) == frozenset()


def test_only_warnings_become_errors_and_nothing_becomes_less() -> None:
    one = Diagnostic("null-tools", "warning", "a.md", 1, 1, "tools", "m", "h")
    others = [replace(one, severity="error"), replace(one, severity="info"), replace(one, code="unknown-key")]
    assert list(strictly([one, *others], {"null-tools"})) == [replace(one, severity="error"), *others]


# --- what they are of -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("limit-misspelt", LOUD),
        ("null-tools", f"{HEAD}tools:\n---\n"),
        ("null-tools", f"{HEAD}tools: nothing\n---\n"),
        ("recovered", UNQUOTED),
        ("unknown-key", f"{HEAD}x: 1\n---\n"),
        ("likely-agent", "---\nName: a\ndescription: b\n---\n"),
        ("invalid-bytes", HEAD.encode() + b"---\n\xff"),
        ("control-character", f"{HEAD}# \x1b\n---\n"),
        ("fence-in-frontmatter", f"{HEAD}# a --- b\n---\n"),
    ],
)
def test_a_warning_of_a_file_refuses_it(code: str, content: str | bytes) -> None:
    with ConfigRegistry.fixed({"a.md": content, "good.md": GOOD}) as registry:
        assert code in {d.code for d in registry.current.diagnostics}
    assert refused({"a.md": content, "good.md": GOOD}, strict=[code]) == [(code, "a.md")]
    candidate = load(Memory({"a.md": content, "good.md": GOOD}).read(), Schema(AgentSpec, strict=[code]))
    assert (list(candidate.agents), list(candidate.documents)) == (["good"], [])


def test_information_stays_information() -> None:
    with ConfigRegistry.fixed({"a.md": "text", "good.md": GOOD}, strict=["all"]) as registry:
        assert [(d.code, d.severity) for d in registry.current.diagnostics] == [("not-an-agent", "info")]


def test_a_warning_of_the_set_refuses_it() -> None:
    files: dict[str, str | bytes] = {"a.md": GOOD, "b.md": GOOD.replace("good", "Good")}
    assert refused(files, strict=["names-differ-in-case"]) == [("names-differ-in-case", "b.md")]


def test_a_warning_of_what_was_read_refuses_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD)
    (tmp_path / "link").symlink_to("/nowhere")
    with ConfigRegistry(Tree(tmp_path)) as registry:
        assert [d.code for d in registry.current.diagnostics] == ["not-a-regular-file"]
    with pytest.raises(InvalidConfigError, match="not-a-regular-file"):
        ConfigRegistry(Tree(tmp_path), strict=["not-a-regular-file"]).start()


class Doubtful:
    """A plugin that has something to say of each set with an agent `a`."""

    @hookimpl
    def hotagents_validate(self, candidate: Any, report: Any) -> None:
        if "a" in candidate.agents:
            report.warning("not liked", path=candidate.agents["a"].path, line=2)


def test_a_warning_of_a_plugin_refuses_the_set_and_can_hold_the_file() -> None:
    plugins = load_plugins(from_entry_points=False, plugins={"mine": Doubtful()})
    source = Memory({"good.md": GOOD, "a.md": GOOD.replace("good", "b")})
    options: dict[str, Any] = {"plugins": plugins, "strict": ["plugin-warning"]}
    with ConfigRegistry(source, on_invalid="hold-file", **options) as registry:
        source.update({"good.md": GOOD + "new", "a.md": GOOD.replace("good", "a")})
        registry.reload()  # the watch may have been first
        assert sorted(registry.current.agents) == ["b", "good"]
        assert registry.current.agents["good"].prompt == "new"
        assert [(d.code, d.severity) for d in registry.current.diagnostics] == [("file-held", "warning")]
    with pytest.raises(InvalidConfigError, match="not liked"):
        ConfigRegistry(source, **options).start()


# --- with all else that a registry does -------------------------------------------------------------------------------
@pytest.mark.parametrize("policy", ["hold-set", "hold-volume", "hold-file"])
def test_what_a_strict_registry_refuses_is_held_like_any_error(policy: Any) -> None:
    source = Memory({"a.md": f"{HEAD}tools: Read\n---\n", "good.md": GOOD})
    with ConfigRegistry(source, on_invalid=policy, strict=["all"]) as registry:
        source.update({"a.md": LOUD, "good.md": GOOD + "new"})
        registry.reload()  # the watch may have been first
        assert registry.current.agents["a"].tools == ("Read",)
        assert registry.current.agents["good"].prompt == ("new" if policy == "hold-file" else "")
        assert registry.status.diagnostics[0].code == "limit-misspelt"
        source.update({"a.md": f"{HEAD}tools: Grep\n---\n"})
        registry.reload()
        assert registry.current.agents["a"].tools == ("Grep",)
        assert registry.current.diagnostics == ()


def test_the_last_good_set_is_judged_by_what_the_registry_insists_on_now(tmp_path: Path) -> None:
    source = Memory({"a.md": UNQUOTED})
    options: dict[str, Any] = {"state_dir": tmp_path, "on_start_invalid": "last-good"}
    with ConfigRegistry(source, **options) as registry:
        registry.confirm(registry.current)
    source.write({"a.md": "---\nname: [\n---\n"})
    with ConfigRegistry(source, **options) as registry:
        assert registry.current.agents["a"].description == "b: c"
        assert [d.code for d in registry.current.diagnostics] == ["last-good-from-disk", "recovered"]
    for stricter in ({"recover": False}, {"strict": ["recovered"]}):
        with pytest.raises(InvalidConfigError) as raised:
            ConfigRegistry(source, **options, **stricter).start()
        assert "not good any more" in str(raised.value.__notes__)


def test_a_set_from_disk_is_served_by_a_registry_that_is_as_strict_as_can_be(tmp_path: Path) -> None:
    source = Memory({"a.md": GOOD})
    options: dict[str, Any] = {"state_dir": tmp_path, "on_start_invalid": "last-good", "strict": ["all"]}
    with ConfigRegistry(source, **options) as registry:
        registry.confirm(registry.current)
    source.write({"a.md": LOUD})
    with ConfigRegistry(source, **options) as registry:
        assert [(d.code, d.severity) for d in registry.current.diagnostics] == [("last-good-from-disk", "warning")]


def test_files_that_did_not_change_keep_their_outcome_strict_or_not() -> None:
    schema: Schema[AgentSpec] = Schema(AgentSpec, strict=["recovered"])
    snapshot: Snapshot = Memory({"a.md": UNQUOTED, "good.md": GOOD}).read()
    first = load(snapshot, schema)
    second = load(snapshot, schema, known=[first])
    assert second.agents["good"] is first.agents["good"]
    assert second.diagnostics == first.diagnostics
    assert [(d.code, d.severity) for d in second.entries["a.md"].diagnostics] == [("recovered", "error")]


# --- recover ----------------------------------------------------------------------------------------------------------
def test_a_text_that_yaml_refuses_is_served_with_a_warning_unless_the_registry_was_told_not_to() -> None:
    with ConfigRegistry.fixed({"a.md": UNQUOTED}) as registry:
        assert registry.current.agents["a"].description == "b: c"
        assert [(d.code, d.severity) for d in registry.current.diagnostics] == [("recovered", "warning")]
    assert refused({"a.md": UNQUOTED}, recover=False) == [("yaml-syntax", "a.md")]
    assert refused({"a.md": UNQUOTED}, strict=["recovered"]) == [("recovered", "a.md")]


class Context(BaseModel):
    region: str


def test_of_a_document_with_a_model_no_text_is_guessed_and_of_any_other_one_is() -> None:
    files: dict[str, str | bytes] = {"a.md": GOOD, "CLAUDE.md": "---\nregion: eu: west\n---\n"}
    with ConfigRegistry.fixed(files, documents={"CLAUDE.md": None}) as registry:
        assert registry.current.documents["CLAUDE.md"].frontmatter == {"region": "eu: west"}
    with ConfigRegistry.fixed(files) as registry:
        assert registry.current.documents["CLAUDE.md"].frontmatter == {"region": "eu: west"}
    assert refused(files, documents={"CLAUDE.md": Context}) == [("yaml-syntax", "CLAUDE.md")]


def test_a_class_with_a_field_of_that_name_refuses_what_others_guess(agent: Callable[..., str]) -> None:
    class Own(AgentSpec):
        on_call: str = ""

    files: dict[str, str | bytes] = {"a.md": f"{HEAD}onCall: a: b\n---\n", "b.md": agent("b")}
    assert refused(files, spec=Own) == [("yaml-syntax", "a.md")]
    assert refused(files, spec={"a": Own, "*": AgentSpec}) == [("yaml-syntax", "a.md")]
    with ConfigRegistry.fixed(files, spec={"b": Own, "*": AgentSpec}) as registry:
        assert registry.current.agents["a"].extra == {"onCall": "a: b"}
