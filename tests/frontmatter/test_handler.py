"""The handler for python-frontmatter."""

from __future__ import annotations

import frontmatter
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hotagents.errors import InvalidConfigError
from hotagents.frontmatter import Handler
from hotagents.limits import Limits

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_python_frontmatter_reads_with_the_handler_as_the_library_does() -> None:
    post = frontmatter.loads("---\nname: on\nat: 12:30\n-----\nBody\n", handler=Handler())
    assert (post.metadata, post.content) == ({"name": "on", "at": "12:30"}, "Body")
    assert frontmatter.loads("No frontmatter", handler=Handler()).metadata == {}


def test_the_handler_detects_what_it_can_split() -> None:
    handler = Handler()
    assert handler.detect("---\na: 1\n---\n")
    assert handler.detect("\ufeff---\na: 1\n---\n")
    assert not handler.detect(" ---\na: 1\n---\n")
    assert handler.split("\ufeff---\na: 1\n---\nBody\n") == ("a: 1\n", "Body\n")
    with pytest.raises(ValueError, match="line 1"):
        handler.split("Text")


def test_what_python_frontmatter_would_lose_in_silence_is_an_error() -> None:
    for text in ("---\nname: a\n", "---\n- a\n---\n", "---\na: [b\n---\n", "---\ntools: a\ntools: b\n---\n"):
        with pytest.raises(InvalidConfigError):
            frontmatter.loads(text, handler=Handler())


def test_the_handler_takes_a_text_as_it_stands_unless_it_is_told_not_to() -> None:
    assert Handler().load("a: b: c\n") == {"a": "b: c"}
    with pytest.raises(InvalidConfigError, match="yaml-syntax"):
        Handler(recover=False).load("a: b: c\n")


def test_an_error_carries_its_place() -> None:
    with pytest.raises(InvalidConfigError) as raised:
        Handler().load("a: 1\nb: &x 2\n")
    assert [(d.code, d.line, d.column) for d in raised.value.diagnostics] == [("alias", 3, 4)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("---\nname: a\n", "unclosed-fence", 1),
        ("---\nname: a --- b\ntools: Read\n", "fence-in-frontmatter", 2),
        ("---\nname: a\n---\ntools: Read\n---\n", "fence-in-frontmatter", 3),
    ],
)
def test_a_text_that_cannot_be_split_has_its_diagnostics(text: str, code: str, line: int) -> None:
    with pytest.raises(InvalidConfigError, match=code) as raised:
        Handler().split(text)
    assert [(d.code, d.severity, d.line) for d in raised.value.diagnostics] == [(code, "error", line)]


def test_the_handler_keeps_to_its_limits() -> None:
    with pytest.raises(InvalidConfigError, match="frontmatter-too-large"):
        Handler(limits=Limits(frontmatter_bytes=3)).load("a: 1\n")


def test_text_that_no_file_can_hold_is_an_error_too() -> None:
    with pytest.raises(InvalidConfigError, match="yaml-syntax"):
        Handler().load("a: \ud800\n")


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_what_is_exported_is_read_back(values: dict[str, object]) -> None:
    assert Handler().load(Handler().export(values)) == values


@pytest.mark.parametrize(
    "text", ["on", "0o17", "1e3", "010", "a: b", "a\n---\nb", "\u2028", "a # b", "*", "\x7f", " a "]
)
def test_a_post_with_a_hard_text_is_read_back(text: str) -> None:
    post = frontmatter.Post("Body", handler=Handler(), name=text, same=[text])
    again = frontmatter.loads(frontmatter.dumps(post), handler=Handler())
    assert (again.metadata, again.content) == ({"name": text, "same": [text]}, "Body")


def test_export_keeps_the_order_and_writes_no_aliases() -> None:
    shared = ["x"]
    assert Handler().export({"b": shared, "a": shared}) == "b:\n- x\na:\n- x"
    assert Handler().export({"b": 1, "a": 2}, sort_keys=True) == "a: 2\nb: 1"


def test_export_refuses_what_is_no_plain_value() -> None:
    with pytest.raises(yaml.YAMLError):
        Handler().export({"a": object()})
