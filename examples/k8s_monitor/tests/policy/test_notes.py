"""What the prose of CLAUDE.md seems to rule and does not: each at its line, and only what the frontmatter lacks."""

from __future__ import annotations

from typing import Any, Final

import pytest

from hotagents_k8s_monitor.policy import ClusterContext, notes_on

NOTHING: Final = "prose-without-rule: "
LISTED: Final = ": cart, search-api, search-index; name the tier (P0) in the heading, or list it below services:"


def context(**keys: Any) -> ClusterContext:
    return ClusterContext.model_validate({"cluster": "demo"} | keys)


def issue(**match: str) -> dict[str, Any]:
    return {"match": match, "until": "2026-12-31", "reason": "the vendor knows"}


def said(keys: ClusterContext, body: str) -> list[str]:
    return [f"{note.line}: {note.text}" for note in notes_on(keys, body)]


def lines(keys: ClusterContext, body: str) -> list[int]:
    return [note.line for note in notes_on(keys, body)]


EVERYTHING: Final = context(
    services={"P0": ["checkout-api"], "P1": ["shop/cart", "search-*"]},
    known_issues=[issue(name="report-*")],
    maintenance_windows=[{"reason": "x", "weekly": {"from": "02:00", "to": "04:00"}}],
    business_hours={"from": "09:00", "to": "17:00"},
    channels={"SEV-1": "#fire"},
    contacts={"P0": "ring 4711"},
)
HANDBOOK: Final = """# Production

Words about the cluster.

## Critical Services (P0 - max downtime 5 minutes)
- **checkout-api**: takes the orders
  - needs: the database

## Services
- shop/cart: keeps them
- search-api, search-index: find

## Known Issues
- `report-generator` fails at the end of a month

## Maintenance windows
- Sunday night

## Business hours, channels and contacts
- nine to five

## On-call and escalation
- ring 4711

## How it hangs together
- checkout-api: calls the cart
"""


def test_a_handbook_that_the_frontmatter_bears_out_needs_no_word() -> None:
    assert said(EVERYTHING, HANDBOOK) == []


def test_without_frontmatter_it_needs_many() -> None:
    found = [text.partition(": prose-without-rule: ") for text in said(context(), HANDBOOK)]
    assert [(line, text.partition(" acts only through a model")[::2]) for line, _, text in found] == [
        ("9", ('"Services"', LISTED)),
        ("13", ('"Known Issues"', "; the frontmatter has no known_issues:")),
        ("16", ('"Maintenance windows"', "; the frontmatter has no maintenance_windows:")),
        ("19", ('"Business hours, channels and contacts"', "; the frontmatter has no business_hours:")),
        ("22", ('"On-call and escalation"', "; the frontmatter has no contacts:")),
    ]


# --- services ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("services", "body", "expected"),
    [
        ({"P1": ["cart"]}, "## P1\n- cart: x\n", []),
        ({"P1": ["cart"]}, "## P0\n- cart: x\n", [2]),
        ({"P1": ["shop/cart"]}, "## P0\n\n- a: x\n- cart: x\n", [4]),
        ({"P1": ["cart"]}, "## P0\n- shop/cart: x\n", [2]),
        ({"P1": ["c*"]}, "## P0\n- cart: x\n", [2]),
        ({"P1": ["other/cart"]}, "## P0\n- shop/cart: x\n", []),
        ({"P0": ["a/cart"], "P1": ["b/cart"]}, "## P0\n- cart: x\n", []),
        ({"P0": ["a/cart"], "P1": ["b/cart"]}, "## P1\n- a/cart: x\n- cart: x\n## P2\n- cart: x\n", [2, 5]),
    ],
)
def test_a_contradiction_is_told_at_its_line(services: Any, body: str, expected: list[int]) -> None:
    found = notes_on(context(services=services), body)
    assert [note.line for note in found] == expected
    assert all("in the frontmatter, which counts; make the two agree" in note.text for note in found)


def test_a_contradiction_names_both_tiers() -> None:
    assert said(context(services={"P1": ["cart"]}), "## P0\n- cart: x\n") == [
        '2: "cart" is listed as P0 here and as P1 in the frontmatter, which counts; make the two agree'
    ]


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ("basket: sells", "basket"),
        ("`basket`", "basket"),
        ("other/cart: sells", "cart"),
        ("cart: sells", ""),
        ("**Payment Gateway**: takes money", "Payment Gateway"),
        ("Payment Gateway - takes money", "Payment Gateway"),
        ("Basket (sells)", "Basket"),
        ("other/checkout-api: x", ""),
        ("checkout-api: x", ""),
        ("**Checkout API**: x", ""),
        ("Search API: x", ""),
        ("They call each other", ""),
    ],
)
def test_services_below_a_heading_without_a_tier_are_named(entry: str, named: str) -> None:
    found = said(EVERYTHING, f"## Critical Services\n\n- {entry}\n")
    assert bool(found) is bool(named)
    assert all(
        text.startswith(f'1: {NOTHING}"Critical Services" acts only through a model: {named};') for text in found
    )


def test_a_service_that_a_tier_lists_elsewhere_in_the_prose_is_no_news() -> None:
    assert said(context(), "## Services\n- cart: x\n## Internal (P3)\n- cart: x\n") == []


def test_of_many_services_five_are_named() -> None:
    body = "## Services\n" + "".join(f"- s{n}: x\n" for n in range(9))
    assert ": s0, s1, s2, s3, s4; name the tier" in said(context(), body)[0]


@pytest.mark.parametrize("entry", ["Payment Gateway: x", "cart*: x", "the cart", "Cart"])
def test_below_a_tier_what_names_no_service_is_told_at_its_line(entry: str) -> None:
    (text,) = said(EVERYTHING, f"## P1\n- a: x\n- {entry}\n")
    assert (
        text == f'3: {NOTHING}"P1" acts only through a model where it names no service first: write - name: what it is'
    )


def test_headings_below_a_tier_may_hold_lists_of_anything() -> None:
    assert said(EVERYTHING, "## P1\n- a: x\n### What to do\n- Look at the database\n") == []


@pytest.mark.parametrize("heading", ["## Critical (P0)", "## Services"])
def test_a_table_is_told_of_since_nothing_in_it_is_read(heading: str) -> None:
    body = f"{heading}\n\n| service | why |\n|---|---|\n| cart | sells |\n"
    (text,) = said(EVERYTHING, body)
    assert text.startswith(
        f'3: {NOTHING}"{heading[3:]}" acts only through a model: of its table nothing is read; write '
    )


# --- known issues -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "entry", "told"),
    [
        ({"name": "report-*"}, "report-generator: fails", False),
        ({"name": "report-*"}, "The `report-generator` fails", False),
        ({"name": "report-*"}, "Report-Generator fails", False),
        ({"name": "report-*"}, "batch/report-generator: fails", False),
        ({"name": "report-*"}, "figures: wait for the report-generator", False),
        ({"name": "report-*"}, "figures: fail too", True),
        ({"name": "report-*"}, "**figures** fail too", True),
        ({"name": "report-*"}, "the `figures` fail too", True),
        ({"name": "report-*"}, "figures-api fails too", True),
        ({"name": "report-*"}, "It rains", False),
        ({"namespace": "batch"}, "batch/figures: fail", False),
        ({"namespace": "batch"}, "shop/figures: fail", True),
        ({"rule": "node-not-ready"}, "gpu-7: is node-not-ready at night", False),
        ({"kind": "Node"}, "node gpu-7 sleeps at night", False),
        ({"kind": "Node"}, "gpu-7 sleeps at night", True),
        ({"name": "*"}, "figures: fail", False),
        ({"name": "*", "rule": "node-not-ready"}, "figures: fail", True),
    ],
)
def test_an_issue_that_no_entry_matches_is_told_at_its_line(match: Any, entry: str, told: bool) -> None:  # noqa: FBT001
    found = said(context(known_issues=[issue(**match)]), f"## Known Issues\n\nWords.\n\n- {entry}\n")
    assert bool(found) is told
    assert all(text.startswith(f'5: {NOTHING}"Known Issues" acts only through a model: "') for text in found)
    assert all(text.endswith('"; no entry of known_issues: matches it') for text in found)


def test_each_of_several_issues_is_looked_at() -> None:
    body = "## Known issues\n- report-a: x\n- figures: x\n- report-b: x\n  - figures: x\n- cart-api falls\n"
    assert lines(EVERYTHING, body) == [3, 6]
    assert [text.partition(': "')[2] for text in said(EVERYTHING, body)] == [
        'Known issues" acts only through a model: "figures"; no entry of known_issues: matches it',
        'Known issues" acts only through a model: "cart-api"; no entry of known_issues: matches it',
    ]


def test_one_of_several_entries_is_enough() -> None:
    keys = context(known_issues=[issue(name="other"), issue(name="figures"), issue(kind="Node")])
    assert said(keys, "## Known issues\n- figures: x\n") == []


def test_an_issue_may_have_a_heading_of_its_own() -> None:
    body = """## Known Issues
### report-generator fails
- at the end of a month
### figures-api falls
- by night
### Others
- report-x: is slow
### Others still
- figures: are slow
"""
    assert lines(EVERYTHING, body) == [4, 8]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("## Known Issues\n- It rains\n", [1]),
        ("## Known Issues\n| a | b |\n", [1]),
        ("## Known Issues\n### report-generator fails\nWords.\n", [2]),
        ("## Known Issues\n- a: x\n### b\n- c: x\n## More known issues\n- d: x\n", [1]),
        ("## Known Issues\nNone at present.\n", []),
        ("## Known Issues\n", []),
        ("- report-generator fails\n", []),
    ],
)
def test_without_any_entry_one_word_is_enough(body: str, expected: list[int]) -> None:
    found = said(context(), body)
    assert lines(context(), body) == expected
    assert all(text.endswith("; the frontmatter has no known_issues:") for text in found)


# --- other topics, and bounds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "key"),
    [
        ("Maintenance", "maintenance_windows"),
        ("Planned maintenance windows", "maintenance_windows"),
        ("Business Hours", "business_hours"),
        ("Slack channels", "channels"),
        ("Contacts", "contacts"),
        ("On-call", "contacts"),
        ("oncall", "contacts"),
        ("Escalation path", "contacts"),
        ("Thresholds", ""),
        ("History", ""),
    ],
)
def test_a_topic_that_the_frontmatter_lacks_is_told_once(heading: str, key: str) -> None:
    body = f"## {heading}\n- x\n## {heading} again\n- y\n"
    found = said(context(), body)
    assert len(found) == bool(key)
    assert all(text.startswith("1: ") and text.endswith(f"; the frontmatter has no {key}:") for text in found)
    assert said(EVERYTHING, body) == []
    assert said(context(), f"## {heading}\nWords alone.\n") == []


def test_of_many_notes_the_first_fifty_are_told_and_their_number() -> None:
    body = "## P1\n" + "- Nothing\n" * 80
    found = notes_on(EVERYTHING, body)
    assert [note.line for note in found] == list(range(2, 53))
    assert found[-1].text == "and 30 more of these from here on"
    assert len(notes_on(EVERYTHING, "## P1\n" + "- Nothing\n" * 50)) == 50
