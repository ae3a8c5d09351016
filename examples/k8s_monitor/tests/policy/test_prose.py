"""What is read out of prose: headings, lists and names as people write them, in time that grows with the text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.policy import ClusterContext, notes_on
from hotagents_k8s_monitor.policy.outline import sections
from hotagents_k8s_monitor.policy.prose import names_in, prose_services

if TYPE_CHECKING:
    from collections.abc import Iterable

MIB: Final = 1 << 20
PIECES: Final = st.sampled_from(
    ["# ", "## P0\n", "### Known issues\n", "- ", "* ", "1. ", "  ", "    ", "\t", "\n", "\r\n", "\r", "---", "===",
     "```", "~~~", "`", "**", "__", "<!--", "-->", "|", "[", "](", ")", "- [ ] ", "P1", "services", "a", "cart: x",
     "\u2014", ", ", "\0", "\u2028", "\x0b", "\ud800", "\U0001f534"]
)  # fmt: skip
PROSE: Final = st.lists(PIECES | st.text(st.characters(exclude_categories=()), max_size=5), max_size=60).map("".join)


def tiers(body: str) -> list[str]:
    """Services as ``P0 shop/cart``, in the order of their lines."""
    found = sorted(prose_services(sections(body)), key=lambda service: service.line)
    return [f"{s.tier} {s.namespace}/{s.name}" if s.namespace else f"{s.tier} {s.name}" for s in found]


def below(heading: str, *entries: str) -> list[str]:
    return tiers("\n".join([heading, "", *entries, ""]))


def plain(names: Iterable[Any]) -> list[str]:
    return [f"{name.namespace}/{name.name}" if name.namespace else name.name for name in names]


# --- headings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "heading",
    [
        "## P0",
        "# P0 services",
        "###### P0",
        "### P0 - Customer facing",
        "## Critical Services (P0 - Max downtime: 5 min)",
        "## 1. Critical services (p0)",
        "## 2.1) P0: Critical",
        "## Critical Services [P0] ##",
        "##\tP0",
        "   ## P0",
        "## **P0** critical",
        "## `P0`",
        "## \U0001f534 P0 \u2013 Critical",
        "## Services of tier P0/P1",
        "P0 services\n===========",
        "P0 services\n---",
        "**P0 - Critical:**",
        "**P0**:",
        "__Critical (P0)__",
    ],
)
def test_a_heading_names_a_tier(heading: str) -> None:
    assert below(heading, "- cart: sells") == ["P0 cart"]


@pytest.mark.parametrize(
    "heading",
    [
        "",
        "## Critical services",
        "## Priority 0",
        "## P4",
        "## P00",
        "## XP0",
        "## HTTP0",
        "##P0",
        "####### P0",
        "    ## P0",
        "P0 services:",
        "> ## P0",
        "P0 services\n\n---",
        "- P0 services\n---",
        "  P0 services\n---",
        "Some words\nP0 services\n---",
        "**P0** services:",
        "**P0** and **P1**",
        "text **P0**",
        "```\n## P0\n```",
        "<!--\n## P0\n-->",
        "<!-- ## P0 -->",
    ],
)
def test_these_are_no_headings_of_a_tier(heading: str) -> None:
    assert below(heading, "- cart: sells") == []


def test_a_heading_ends_the_list_of_the_one_before() -> None:
    assert tiers("## P0\n- a: x\n## Others\n- b: x\n## P1\n- c: x\n") == ["P0 a", "P1 c"]


def test_a_tier_holds_for_the_headings_below_it_that_name_no_other() -> None:
    body = """## Critical (P0)
### Payments
- a: x
#### Cards
- b: x
### Internal (P2)
- c: x
### Known issues
- d: x
### Services of others
- e: x
## Elsewhere
- f: x
"""
    assert tiers(body) == ["P0 a", "P0 b", "P2 c", "P0 e"]


def test_the_title_of_all_is_no_tier_for_all() -> None:
    assert tiers("# Cluster P0\n- a: x\n## Others\n- b: x\n") == ["P0 a"]
    assert tiers("Cluster P0\n===\n- a: x\n### Others\n- b: x\n") == ["P0 a"]
    assert tiers("Cluster P0\n---\n- a: x\n### Others\n- b: x\n") == ["P0 a", "P0 b"]


def test_a_bold_line_that_names_nothing_ends_no_list() -> None:
    assert tiers("**P1 - Internal:**\n- a: x\n**Note:**\n- b: x\n**P2**\n- c: x\n") == ["P1 a", "P1 b", "P2 c"]


def test_an_underline_makes_a_heading_of_its_line() -> None:
    (section,) = sections("words\n\nThe P1 services\n---\n- cart: x\n")
    assert (section.line, section.title, section.tier) == (3, "The P1 services", "P1")


@pytest.mark.parametrize(
    ("heading", "title"),
    [("## C# services #", "C# services"), ("## P0 ##  ", "P0"), ("## P0##", "P0##"), ("## #", ""), ("##  ", "")],
)
def test_a_title_is_what_stands_between_the_marks(heading: str, title: str) -> None:
    assert [section.title for section in sections(heading)] == [title]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_an_editor_counts_them(end: str) -> None:
    body = end.join(["words", "", "## P0", "\x0b\x0c\x85\u2028 still this line", "- cart: x", ""])
    (service,) = prose_services(sections(body))
    assert (service.name, service.line) == ("cart", 5)


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["-", "*", "+", "1.", "1)", "123456789.", "- [ ]", "- [x]", "  -", "   -", "-\t"])
def test_a_list_has_marks_of_many_sorts(mark: str) -> None:
    assert below("## P0", f"{mark} cart: sells", f"{mark} search: finds") == ["P0 cart", "P0 search"]


@pytest.mark.parametrize(
    "entry",
    ["cart: sells", "-cart: sells", "    - cart: sells", "\t- cart", "> - cart", "1234567890. cart", "| cart | sells |",
     "-", "- ", "---", "- - -", "* * *", "- !!!", "- [x]"],
)  # fmt: skip
def test_these_are_no_entries(entry: str) -> None:
    assert below("## P0", entry) == []
    assert all(not section.bullets for section in sections(f"## P0\n\n{entry}\n"))


@pytest.mark.parametrize("indent", ["", "  "])
@pytest.mark.parametrize("deeper", ["  ", "   ", "    ", "\t"])
def test_entries_below_others_only_explain(indent: str, deeper: str) -> None:
    entries = (f"{indent}- cart: sells", f"{indent}{deeper}- needs: search", f"{indent}- search: finds")
    assert below("## P0", *entries) == ["P0 cart", "P0 search"]


def test_one_blank_is_no_level() -> None:
    assert below("## P0", "- a: x", " - b: x", "- c: x") == ["P0 a", "P0 b", "P0 c"]


def test_what_stands_between_entries_is_no_matter() -> None:
    assert below("## P0", "- cart: sells", "  and keeps", "", "words", "", "- search: finds") == [
        "P0 cart",
        "P0 search",
    ]


@pytest.mark.parametrize(
    "block",
    ["```\n{}\n```", "```yaml\n{}\n```", "~~~\n{}\n~~~", "  ```\n{}\n  ```", "````\n```\n{}\n````", "```\n~~~\n{}\n```",
     "```\n{}", "```\n```x\n{}\n```", "<!--\n{}\n-->", "<!--\nno\n{}\n-->", "<!-- no\n{}\nlonger -->", "<!--\n{}"],
)  # fmt: skip
def test_code_and_comments_are_no_text(block: str) -> None:
    assert below("## P0", "- a: x", block.format("- b: x")) == ["P0 a"]


@pytest.mark.parametrize("line", ["```code``` in a line", "`<!--` begins a comment", "<!-- short -->", "``` `` ```"])
def test_what_only_looks_like_the_beginning_of_a_block_hides_nothing(line: str) -> None:
    assert below("## P0", line, "- a: x") == ["P0 a"]


def test_the_text_goes_on_behind_a_block() -> None:
    body = "## P0\n```\n- a: x\n```\n- b: x\n<!--\n- c: x\n-->\n- d: x\n"
    assert tiers(body) == ["P0 b", "P0 d"]


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cart", ["cart"]),
        ("cart:", ["cart"]),
        ("cart: sells", ["cart"]),
        ("cart - sells", ["cart"]),
        ("cart \u2013 sells", ["cart"]),
        ("cart \u2014 sells", ["cart"]),
        ("cart -> sells", ["cart"]),
        ("cart \u2192 sells", ["cart"]),
        ("cart (sells)", ["cart"]),
        ("cart.", ["cart"]),
        ("cart, which sells", ["cart"]),
        ("cart, search, pay: all", ["cart", "search", "pay"]),
        ("cart,search: both", ["cart", "search"]),
        ("**cart**, `search`: both", ["cart", "search"]),
        ("shop/cart: sells", ["shop/cart"]),
        ("a/cart, b/cart", ["a/cart", "b/cart"]),
        ("**cart**: sells", ["cart"]),
        ("**cart:** sells", ["cart"]),
        ("__cart__ - sells", ["cart"]),
        ("*cart* - sells", ["cart"]),
        ("`cart`: sells", ["cart"]),
        ("**`shop/cart`** \u2014 sells", ["shop/cart"]),
        ("`**cart**`: sells", ["cart"]),
        ("[cart](https://example.org/cart): sells", ["cart"]),
        ("**[cart](x)**: sells", ["cart"]),
        ("\U0001f534 cart: sells", ["cart"]),
        ("\U0001f534 **cart**: sells", ["cart"]),
        ("cart.v2: sells", ["cart.v2"]),
        ("3scale: sells", ["3scale"]),
        ("cart:8080", ["cart"]),
        ("x" * 253, ["x" * 253]),
        ("", []),
        ("Cart: sells", []),
        ("Payment Gateway (cart): sells", []),
        ("the cart sells", []),
        ("cart sells", []),
        ("cart-: sells", []),
        ("cart*: sells", []),
        ("cart-*: sells", []),
        ("*-cart: sells", []),
        ("~~cart~~: gone", []),
        ("(cart): sells", []),
        ("cart_api: sells", []),
        ("caf\u00e9: sells", []),
        ("https://example.org", []),
        ("a/b/c: sells", []),
        ("/cart: sells", []),
        ("shop/: sells", []),
        ("x" * 254, []),
    ],
)
def test_an_entry_begins_with_names_or_with_other_words(text: str, names: list[str]) -> None:
    assert plain(names_in(text)) == names


def test_of_many_names_in_one_entry_twenty_are_read() -> None:
    assert len(names_in(", ".join(["cart"] * 100))) == 20


# --- whatever is written ----------------------------------------------------------------------------------------------


@given(PROSE)
def test_any_text_can_be_read(body: str) -> None:
    lines = body.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    found = sections(body)
    for section in found:
        assert 1 <= section.line <= lines
        assert all(section.line < bullet.line <= lines and bullet.text for bullet in section.bullets)
    assert all(service.tier in {"P0", "P1", "P2", "P3"} and service.name for service in prose_services(found))
    context = ClusterContext(cluster="demo")
    assert all(1 <= note.line <= lines for note in notes_on(context, body))


@given(PROSE, PROSE)
def test_what_stands_below_does_not_change_what_stands_above(above: str, below: str) -> None:
    first = sections(above)
    whole = sections(f"{above}\n\n## End\n{below}")
    assert [s.line for s in whole[: len(first)]] == [s.line for s in first]
    assert [s.bullets for s in whole[: len(first)]] == [s.bullets for s in first]


@given(st.text(st.characters(exclude_categories=()), max_size=400))
def test_any_entry_names_something_or_nothing(text: str) -> None:
    assert all(name and name == name.lower() for _, name in names_in(text))


HOSTILE: Final = {
    "blanks in a heading": "# a" + " " * MIB + "b",
    "hashes in a heading": "# " + " #" * (MIB // 2),
    "empty lines": "\n" * MIB,
    "carriage returns": "\r" * MIB,
    "short lines": "a\n" * (MIB // 2),
    "headings": "# a\n" * (MIB // 4),
    "levels": "".join("#" * (n % 6 + 1) + " P0\n" for n in range(MIB // 6)),
    "underlines": "a\n--\n\n" * (MIB // 6),
    "entries": "## P0\n" + "- a\n" * (MIB // 4),
    "headings and entries": "## P0 services\n- a\n" * (MIB // 19),
    "commas": "## P0\n" + ("- " + "a," * 490 + "\n") * 1000,
    "brackets": "## P0\n" + ("- " + "[" * 990 + "\n") * 1000,
    "links": "## P0\n" + ("- " + "[](" * 330 + "\n") * 1000,
    "stars": "## Known issues\n" + ("- " + "*" * 990 + "\n") * 1000,
    "a long star": "*" * MIB,
    "fences": "```\n" * (MIB // 4),
    "ticks": "`" * MIB,
    "bold lines": "**P0**\n" * (MIB // 7),
    "digits": "1" * MIB,
    "blanks in an entry": "## Services\n" + ("- a" + " " * 990 + "\n") * 1000,
    "dots": "## Known issues\n" + ("- a" + "." * 990 + "\n") * 1000,
    "hyphens": "## Known issues\n" + ("- " + "a-" * 490 + "_\n") * 1000,
    "tables": "## P0\n" + "|a|\n" * (MIB // 4),
    "pipes": "|" * MIB,
    "comments": "<!--\n" * (MIB // 5),
}


@pytest.mark.untraced
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_mebibyte_takes_no_longer_than_a_dull_one(what: str) -> None:
    issues = [{"match": {"name": f"n{n}-*"}, "until": "2026-12-31", "reason": "x"} for n in range(50)]
    services = {"P1": [f"s{n}-*" for n in range(200)]}
    context = ClusterContext.model_validate({"cluster": "demo", "known_issues": issues, "services": services})
    begin = time.process_time()
    notes_on(context, HOSTILE[what])
    assert time.process_time() - begin < 20  # a quadratic one would take minutes


def test_only_so_much_is_read() -> None:
    assert len(prose_services(sections("## P0\n" + "- a\n" * 5000))) == 500
    (section,) = sections("## P0\n" + "- a\n" * 1000 + "  - b\n" * 5000 + "- a\n" * 5000)
    assert len(section.bullets) == 2000
    assert len(sections("## P0\n" * 5000)) == 2000
    assert len(sections("## P0\n- a\n" * 5000)) == 2000
