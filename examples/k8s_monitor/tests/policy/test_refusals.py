"""Each mistake in the frontmatter is refused at its place in the file, with what was expected and what to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotagents.fields import agent_from, document_from
from hotagents.frontmatter import parse
from hotagents_k8s_monitor.plugin import DOCUMENTS, SPECS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents import Diagnostic

CONTEXT: Final = "CLAUDE.md"
ANALYZER: Final = "k8s-analyzer"
ESCALATION: Final = "escalation-manager"
SLACK: Final = "slack-notifier"
GITHUB: Final = "github-reviewer"


def catalogue() -> Iterator[tuple[str, str, str]]:
    """File, keys from line 3 (CLAUDE.md) or 4 on, and the refusal without the file's path, as people see it."""
    text = Path(__file__).with_name("refusals.txt").read_text(encoding="utf-8")
    for entry in text.split("\n\n"):
        name, *keys, refusal = entry.strip().splitlines()
        yield name, "".join(f"{key[4:]}\n" for key in keys), refusal


TABLE: Final = tuple(catalogue())


@pytest.mark.parametrize(("name", "keys", "refusal"), TABLE)
def test_a_mistake_is_refused_at_its_place_with_what_to_write(
    refusals: Callable[..., list[Diagnostic]], name: str, keys: str, refusal: str
) -> None:
    (found,) = refusals(name, keys)
    path = name if name == CONTEXT else f"agents/{name}.md"
    place, _, said = refusal.partition(": ")
    assert str(found) == f"{path}:{place}: invalid-field: {said}"


def test_each_mistake_of_a_file_is_told(refusals: Any) -> None:
    keys = "channels:\n  SEV-9: x\nservices:\n  P0: [a b]\ntime_zone: Mars\n"
    assert [(found.line, found.key) for found in refusals(CONTEXT, keys)] == [
        (4, "channels.SEV-9"),
        (6, "services.P0.0.name"),
        (7, "time_zone"),
    ]


def test_one_key_in_both_spellings_is_refused(refusals: Any) -> None:
    (found,) = refusals(CONTEXT, "time_zone: UTC\ntimeZone: Europe/Berlin\n")
    assert (found.line, found.key) == (3, "time_zone")


KEYS: Final = sorted({part for _, keys, _ in TABLE for part in keys.replace("{", " ").split() if part.endswith(":")})
VALUES: Final[st.SearchStrategy[Any]] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(max_size=20)
    | st.sampled_from(["SEV-1", "P0", "2026-12-31", "0001-01-01T00:00:00+14:00", "9999999w", "*", "a/b", "09:00"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([key[:-1] for key in KEYS]) | st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip
FIELDS: Final = st.sampled_from(
    ["services", "known_issues", "maintenance_windows", "business_hours", "channels", "contacts", "timeZone", "rules",
     "namespaces", "severities", "repeat", "mentions", "templates", "repositories"]
)  # fmt: skip
NAMES: Final = st.sampled_from([CONTEXT, ANALYZER, ESCALATION, SLACK, GITHUB])


@pytest.mark.untraced
@settings(max_examples=300)
@given(NAMES, st.dictionaries(FIELDS, VALUES))
def test_no_value_makes_a_model_fail_instead_of_refusing(name: str, said: dict[str, Any]) -> None:
    page = parse("x.md", b"---\nname: x\n---\n")
    values = {"name": name, "description": "text", "cluster": "demo"} | said
    wrong = type(page)(**{field: getattr(page, field) for field in page.__slots__} | {"frontmatter": values})
    if name == CONTEXT:
        del values["name"], values["description"]
        _, found = document_from(wrong, DOCUMENTS[CONTEXT], "")
    else:
        _, found = agent_from(wrong, spec=SPECS[name], digest="")
    assert not [str(problem) for problem in found if " failed on this file: " in problem.message]
    assert not [str(problem) for problem in found if "Input should be" in problem.message]
