"""Where a file of the set stands in a manifest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hotagents import Diagnostic, Manifests
from hotagents.manifests import Origin, Origins, located

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"
TEXT = "---\nname: triage\n  description: x\n\n---\n\tbody  \n"


def origin(manifest: str, path: str = "a.md") -> Origin:
    source = Manifests(manifest)
    source.read()
    return source.origins.files[path]


def block(text: str, indent: int, header: str = "|") -> str:
    return f"a.md: {header}\n" + "".join(f"{' ' * indent}{line}\n" if line else "\n" for line in text.splitlines())


@pytest.mark.parametrize("indent", [1, 2, 4, 9])
@pytest.mark.parametrize("header", ["|", "|+", "| # why", "&a |", "!!str |"])
def test_a_literal_block_stands_there_line_by_line(indent: int, header: str) -> None:
    manifest = HEAD + "data:\n  " + block(TEXT, indent + 2, header)
    assert origin(manifest) == Origin("(text)", 6, indent + 3, exact=True, owner="ConfigMap one, key a.md")


def test_a_block_that_begins_with_white_space_stands_there_too() -> None:
    manifest = HEAD + "data:\n  " + block("\n\n   x\ny\n", 6, "|4")
    assert origin(manifest) == Origin("(text)", 6, 7, exact=True, owner="ConfigMap one, key a.md")


def test_windows_line_ends_do_not_move_a_block() -> None:
    manifest = (HEAD + "data:\n  " + block(TEXT, 4)).replace("\n", "\r\n")
    assert origin(manifest) == Origin("(text)", 6, 5, exact=True, owner="ConfigMap one, key a.md")


@pytest.mark.parametrize(
    "value",
    [
        '"---\\nname: x\\n---\\n"',
        "'---'",
        "plain text",
        ">\n    ---\n\n    name: x\n",
        "|\n    a\u0085    b\n",
        "|\n\n",
    ],
)
def test_in_quotes_folded_or_beyond_what_editors_show_only_the_line_is_known(value: str) -> None:
    assert origin(HEAD + f"data:\n  a.md: {value}\n") == Origin(
        "(text)", 5, 0, exact=False, owner="ConfigMap one, key a.md"
    )


def test_in_json_only_the_line_is_known(manifest: Callable[..., str]) -> None:
    text = json.dumps(json.loads(manifest("ConfigMap", "one", data={"a.md": TEXT})), indent=2) + "\n"
    line = next(number for number, line in enumerate(text.splitlines(), 1) if '"a.md"' in line)
    assert origin(text) == Origin("(text)", line, 0, exact=False, owner="ConfigMap one, key a.md")


TEXTS = st.text(st.sampled_from("ab-: #\t'\"|>é😀\n\n"), max_size=60)


@given(TEXTS, st.integers(1, 8))
def test_every_place_of_a_file_leads_to_the_same_character_of_the_manifest(text: str, indent: int) -> None:
    if yaml.safe_load("a.md: |+\n  x\n") != {"a.md": "x\n"} or not text.strip() or text.lstrip("\n")[0] in " \t":
        return
    manifest = HEAD + "data:\n  " + block(text + "\n", indent + 2, "|+")
    source = Manifests(manifest)
    content = source.read().files["a.md"].decode()
    found = source.origins.files["a.md"]
    lines = manifest.split("\n")
    assert found.exact
    for number, line in enumerate(content.split("\n")[:-1], 1):
        for column, character in enumerate(line, 1):
            at, across = found.place(number, column)
            assert lines[at - 1][across - 1] == character


def diagnostic(path: str, line: int = 0, column: int = 0) -> Diagnostic:
    return Diagnostic("x", "error", path, line, column, "model", "expected a string", 'write "3"')


def test_a_diagnostic_moves_to_the_manifest_and_names_object_key_and_line() -> None:
    where = Origin("cm.yaml", 10, 5, exact=True, owner="ConfigMap one, key a.md")
    origins = Origins({"agents/a.md": where})
    assert str(located(diagnostic("agents/a.md", 4, 8), origins)) == (
        'cm.yaml:13:12: x: model: expected a string (ConfigMap one, key a.md, line 4); write "3"'
    )
    assert str(located(diagnostic("agents/a.md", 4), origins)).startswith("cm.yaml:13: x")
    assert str(located(diagnostic("agents/a.md"), origins)).startswith("cm.yaml:10: x")


def test_where_a_place_is_not_exact_the_one_in_the_file_is_said_in_words() -> None:
    origins = Origins({"a.md": Origin("cm.yaml", 10, 0, exact=False, owner="ConfigMap one, key a.md")})
    assert str(located(diagnostic("a.md", 4, 8), origins)) == (
        'cm.yaml:10: x: model: expected a string (ConfigMap one, key a.md, line 4 column 8); write "3"'
    )


def test_what_has_its_place_already_or_none_at_all_stays() -> None:
    own = diagnostic("a.md", 1, 1)
    origins = Origins({"a.md": Origin("cm.yaml", 10, 5, exact=True)}, frozenset([own]))
    assert located(own, origins) is own
    other = diagnostic("gone.md", 1, 1)
    assert located(other, origins) is other
