"""From frontmatter to values, and where they stand."""

from __future__ import annotations

import logging
import math
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from hotagents.frontmatter import Page, Position, events, parse
from hotagents.frontmatter.tree import TreeError
from hotagents.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents.frontmatter import Value


@pytest.fixture(params=[True, False], ids=["libyaml", "python"], autouse=True)
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run everything with both of PyYAML's parsers."""
    monkeypatch.setattr(yaml, "__with_libyaml__", request.param)
    events._parser_class.cache_clear()
    yield
    events._parser_class.cache_clear()


def read(frontmatter: str, *, depth: int = 64) -> Page:
    return parse("a.md", f"---\n{frontmatter}\n---\nBody".encode(), limits=Limits(frontmatter_depth=depth))


def only_error(page: Page) -> tuple[str, int, int]:
    (error,) = (d for d in page.diagnostics if d.code != "fence-in-frontmatter")
    assert error.severity == "error"
    assert page.frontmatter == {}
    assert {keys[0] for keys in page.positions} == set(page.partial)
    assert page.body == "Body"
    assert page.broken
    return error.code, error.line, error.column


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, None) for text in ("", "~", "null", "Null", "NULL")),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        *((text, text) for text in ("on", "off", "yes", "no", "y", "tRUE", "nULL", "2001-12-14", "12:30", "1_000")),
        *((text, text) for text in ("0b1", "+0x1", "0x", "0o8", "1e", ".", "+.e1", "1.2.3", "-.nan", "..inf", "=")),
        *((text, text) for text in ("\u0661", "1\u0661", "<<")),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("010", 10),
        ("0o17", 15),
        ("0xfF", 255),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("3.", 3.0),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        (".inf", math.inf),
        ("+.Inf", math.inf),
        ("-.INF", -math.inf),
        ("1e999", math.inf),
        ("'1'", "1"),
        ('"true"', "true"),
        ("''", ""),
        ("|\n  1", "1\n"),
        ("! 1", "1"),
        ("!!str 1", "1"),
        ("!!int '0o10'", 8),
        ("!!float 1", 1.0),
        ("!!float .5", 0.5),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
        ("! [1]", [1]),
        ("!<tag:yaml.org,2002:int> 3", 3),
        ('"\\u00e9\\n\\x41"', "é\nA"),
    ],
)
def test_values_follow_the_core_schema(text: str, value: Value) -> None:
    page = read(f"a: {text}")
    assert page.diagnostics == ()
    assert page.frontmatter == {"a": value}
    assert type(page.frontmatter["a"]) is type(value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN", "!!float .nan"])
def test_not_a_number_is_a_float(text: str) -> None:
    value = read(f"a: {text}").frontmatter["a"]
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("text", ["9" * 4001, "0x" + "f" * 3400, "0o" + "7" * 4500])
def test_a_number_too_long_to_print_stays_text(text: str) -> None:
    assert read(f"a: {text}").frontmatter == {"a": text}


def test_the_longest_number_can_be_printed() -> None:
    value = read("a: " + "9" * 4000).frontmatter["a"]
    assert isinstance(value, int)
    assert len(str(value)) == 4000


def test_a_process_that_allows_fewer_digits_keeps_the_text() -> None:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert read("a: " + "9" * 700).frontmatter == {"a": "9" * 700}
    finally:
        sys.set_int_max_str_digits(before)


def test_keys_are_text_as_written() -> None:
    page = read("1: a\non: b\n~: c\n!!int 0x1: d\n'': e\n? long\n: f")
    assert page.frontmatter == {"1": "a", "on": "b", "~": "c", "0x1": "d", "": "e", "long": "f"}
    assert page.diagnostics == ()


@pytest.mark.parametrize("text", ["a: b\n<<: {disallowedTools: Bash}", "a: b\nhooks:\n  <<: {Stop: []}"])
def test_a_merge_key_is_refused_since_other_readers_take_its_limits_for_the_files_own(text: str) -> None:
    page = read(text)
    assert only_error(page)[0] == "bad-key"
    assert page.diagnostics[0].hint == "write the keys of the mapping in its place"
    assert read("'<<': {x: 1}").frontmatter == {"<<": {"x": 1}}


def test_every_key_and_value_has_its_place() -> None:
    page = read("name: a\nhooks:\n  Stop:\n    - matcher: x\n      n: [1, {é: '2'}]\ntext: |\n  x\nempty:\nlast: b")
    assert dict(page.positions) == {
        ("name",): (2, 7),
        ("hooks",): (4, 3),
        ("hooks", "Stop"): (5, 5),
        ("hooks", "Stop", 0): (5, 7),
        ("hooks", "Stop", 0, "matcher"): (5, 16),
        ("hooks", "Stop", 0, "n"): (6, 10),
        ("hooks", "Stop", 0, "n", 0): (6, 11),
        ("hooks", "Stop", 0, "n", 1): (6, 14),
        ("hooks", "Stop", 0, "n", 1, "é"): (6, 18),
        ("text",): (7, 7),
        ("empty",): (9, 7),
        ("last",): (10, 7),
    }
    assert page.at_key("hooks", "Stop", 0, "n", 1, "é") == Position(6, 15)
    assert page.at_key("last") == Position(10, 1)


def test_an_unknown_place_is_that_of_the_nearest_parent() -> None:
    page = read("tools:\n  - a")
    assert page.at("tools", 0, "x", 3) == page.at_key("tools", 0) == Position(3, 5)
    assert page.at_key("tools", "x") == Position(3, 3)
    assert page.at("nothing") == page.at() == page.at_key("nothing") == Position(1, 1)


def test_of_a_repeated_key_the_last_counts_and_the_warning_names_the_first() -> None:
    page = read("color: red\nx: {a: 1, a: 2}\ncolor: [blue]\ncolor: green")
    assert page.frontmatter == {"color": "green", "x": {"a": 2}}
    assert [(d.code, d.severity, d.key, d.line, d.column) for d in page.diagnostics] == [
        ("duplicate-key", "warning", "x.a", 3, 11),
        ("duplicate-key", "warning", "color", 4, 1),
    ]
    assert "line 2" in page.diagnostics[1].message
    assert set(page.positions) == {("color",), ("x",), ("x", "a")}
    assert page.at("color") == Position(5, 8)
    assert not page.broken


def test_a_repeated_mapping_does_not_repeat_the_keys_within() -> None:
    page = read("x: {a: 1, b: {c: 1}}\nx: {a: [1]}")
    assert [d.key for d in page.diagnostics] == ["x"]
    assert set(page.positions) == {("x",), ("x", "a"), ("x", "a", 0)}
    assert set(page.key_positions) == {("x",), ("x", "a")}


@pytest.mark.parametrize(
    "key",
    ["name", "tools", "disallowedTools", "allowedTools", "allowed-tools", "permissionMode", "hooks", "mcpServers"],
)
def test_a_limit_that_stands_twice_is_an_error(key: str) -> None:
    page = read(f"{key}: a\nother: b\n{key}: c")
    (error,) = page.diagnostics
    assert (error.code, error.severity, error.line, error.column) == ("duplicate-key", "error", 4, 1)
    assert "line 2" in error.message
    assert page.broken
    assert not read(f"x: {{{key}: a, {key}: c}}").broken


def test_many_repeated_keys_are_counted_and_the_grave_one_is_never_left_out() -> None:
    keys = [f"k{n}: 1" for n in range(60)]
    page = read("\n".join([*keys, "tools: a", *keys, "tools: b"]))
    assert len(page.diagnostics) == 1 + 50 + 1
    assert [d.key for d in page.diagnostics if d.severity == "error"] == ["tools"]
    assert "10 more" in page.diagnostics[-1].message


@pytest.mark.parametrize(
    "key",
    [
        "Disallowed-Tools",
        "disallowed_tools",
        "dissallowedTools",
        "disalowedTools",
        "Tools",
        "tool",
        "tolos",
        "toolss",
        "t\u00f3ols",
        "\uff34ools",
        "to\u200bols",
        "Allowed Tools",
        "mcp-servers",
        "Hooks",
        "Name",
    ],
)
def test_a_misspelt_limit_that_stands_twice_is_an_error_too(key: str) -> None:
    page = read(f"{key}: Bash\n{key}: Write")
    assert [(d.code, d.severity) for d in page.diagnostics] == [("duplicate-key", "error")]


@pytest.mark.parametrize("key", ["color", "fools game", "names", "toolbox", "x" * 1000, "#", "description"])
def test_what_is_no_limit_may_stand_twice_with_a_warning(key: str) -> None:
    assert [d.severity for d in read(f'"{key}": a\n"{key}": b').diagnostics] == ["warning"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("hooks:\n  PreToolUse: [guard]\n  PreToolUse: []", "hooks.PreToolUse"),
        ("hooks: {PreToolUse: [{matcher: Bash, matcher: Read}]}", "hooks.PreToolUse.0.matcher"),
        ("mcpServers: [{a: {url: x, url: y}}]", "mcpServers.0.a.url"),
        ("mcp-servers: {a: 1, a: 2}", "mcp-servers.a"),
    ],
)
def test_a_key_that_stands_twice_within_a_limit_is_an_error(text: str, key: str) -> None:
    assert [(d.severity, d.key) for d in read(text).diagnostics] == [("error", key)]


def test_many_repeated_keys_within_a_limit_are_counted_and_stay_errors() -> None:
    keys = [f"  k{n}: 1" for n in range(60)]
    page = read("\n".join(["hooks:", *keys, *keys]))
    assert [d.severity for d in page.diagnostics] == ["error"] * 51
    assert "10 more" in page.diagnostics[-1].message


@pytest.mark.parametrize(
    ("text", "column"),
    [("a: &x 1", 4), ("a: [*x]", 5), ("*x : a", 1), ("&x a: 1", 1), ("a: &x [1]", 4), ("a: &x {b: 1}", 4)],
)
def test_anchors_and_aliases_are_refused(text: str, column: int) -> None:
    assert only_error(read(f"# first\n{text}")) == ("alias", 3, column)


def test_an_alias_of_a_billion_laughs_costs_nothing() -> None:
    laughs = ["a: &a [x, x]", *(f"b{n}: [*a, *a]" for n in range(30))]
    page = read("\n".join(laughs))
    assert [(d.code, d.line) for d in page.diagnostics] == [("alias", 2 + n) for n in range(31)]
    assert page.frontmatter == page.partial == {}


@pytest.mark.parametrize(
    "text",
    [
        "a: !foo 1",
        "a: !!python/object:os.system 1",
        "a: !!int x",
        "a: !!float x",
        "a: !!bool 1",
        "a: !!null x",
        "a: !!map 1",
        "a: !!seq {}",
        "a: !!map [1]",
        "a: !!str [1]",
        "!foo a: 1",
        "a: !!set {b}",
        "a: !!timestamp 2001-01-01",
        "a: !<tag:example.org,2002:str> x",
    ],
)
def test_other_tags_are_refused(text: str) -> None:
    code, line, _ = only_error(read(text))
    assert (code, line) == ("unsupported-tag", 2)


@pytest.mark.parametrize("text", ["[a]: b", "? [a]\n: b", "{a: b}: c", "a: {{x}}", "? - a\n: b"])
def test_a_key_that_is_no_text_is_refused(text: str) -> None:
    code, line, _ = only_error(read(text))
    assert (code, line) == ("bad-key", 2)


@pytest.mark.parametrize("text", ["- a", "just text", "[]", "'quoted'", "1"])
def test_a_root_that_is_no_mapping_is_refused(text: str) -> None:
    assert only_error(read(text)) == ("not-a-mapping", 2, 1)


@pytest.mark.parametrize("text", ["~", "null"])
def test_nothing_written_out_is_nothing(text: str) -> None:
    assert read(text).frontmatter == {}
    assert read(text).diagnostics == ()


def test_nesting_is_bounded_and_the_root_counts() -> None:
    assert read("a: [[1]]", depth=3).frontmatter == {"a": [[1]]}
    assert only_error(read("a: [[{b: 1}]]", depth=3)) == ("frontmatter-too-deep", 2, 6)


@pytest.mark.parametrize("unit", ["[", "{a: ", "- ", "? ", "{[", "[{"])
def test_nesting_that_would_end_the_process_is_an_error(unit: str) -> None:
    page = read("a:\n  " + unit * (60_000 // len(unit)))
    assert [d.code for d in page.diagnostics] in (["frontmatter-too-deep"], ["yaml-syntax"], ["bad-key"])


@pytest.mark.parametrize("second", ["...\nb: 2", "--- {b: 2}", "...\n--- x"])
def test_a_second_document_is_refused(second: str) -> None:
    code, line, _ = only_error(read(f"a: 1\n{second}"))
    assert code == "yaml-syntax"
    assert line in {3, 4}


def test_the_end_of_the_document_may_be_marked() -> None:
    assert read("a: 1\n...").frontmatter == {"a": 1}


@pytest.mark.parametrize("char", ["\x7f", "\x80", "\x9f", "\ufffe", "\uffff"])
def test_a_character_that_yaml_does_not_allow_has_its_place(char: str) -> None:
    with pytest.raises(TreeError, match=f"U\\+{ord(char):04X}") as raised:
        events.read_tree(f"é: ü\nb: é{char}", depth=64)
    assert (raised.value.code, raised.value.place) == ("yaml-syntax", (3, 5))


@pytest.mark.parametrize(
    "text",
    [
        'a: "\\ud800"',
        'a: "\\Uffffffff"',
        'a: "\\U00110000"',
        "%YAML 1." + "9" * 5000 + "\n--- {a: 1}",
        "a: !<%ff> x",
        "a: !<%ed%a0%80> x",
        "a: !%zz x",
    ],
)
def test_broken_escapes_are_one_error(text: str) -> None:
    code, line, _ = only_error(read(text))
    assert (code, line) in {("yaml-syntax", 2), ("unsupported-tag", 2), ("yaml-syntax", 3)}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("description: Use this # now", 'write: description: "Use this # now"'),
        ('description: Say "x" #1', 'write: description: "Say \\"x\\" #1"'),
        ("description: # all of it", 'write: description: "# all of it"'),
        ("description: one\n  two #3", 'replace lines 3-4 by: description: "one two #3"'),
    ],
)
def test_a_comment_that_cuts_a_description_is_a_warning(text: str, hint: str) -> None:
    page = read(f"name: a\n{text}\nmodel: x # fine")
    (warning,) = page.diagnostics
    assert (warning.code, warning.severity, warning.line) == ("comment-in-description", "warning", 3)
    assert warning.hint == hint


@pytest.mark.parametrize("text", ["'a' # b", '"a" # b', "|\n  a # b", "a#b", "a\n# b", "[a] # b"])
def test_a_comment_elsewhere_is_none_of_our_business(text: str) -> None:
    assert read(f"description: {text}\nx: {{description: a}} # b").diagnostics == ()


def test_the_slow_parser_is_reported_once(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> None:
    with caplog.at_level(logging.WARNING):
        read("a: [1]")
        read("a: [1]")
    slow = "python" in request.node.name
    assert [r.getMessage().split(":")[0] for r in caplog.records] == ["no-libyaml"] * slow
