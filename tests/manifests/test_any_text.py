"""Whatever the text is, there is a snapshot or a `SourceError`, soon, and places lie inside the text."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from hotagents import Manifests, Snapshot, SourceError
from hotagents.diagnostics import CODES
from hotagents.frontmatter import events

WORDS = (
    "--- ... : - ? , [ ] { } # & * ! | > ' \" % @ ~ << a b kind: name: data: binaryData: metadata: items: spec:"
    " template: containers: volumes: volumeMounts: mountPath: /app configMap: secret: projected: sources: key: path:"
    " optional: ConfigMap Secret List ConfigMapList Deployment Pod immutable: true 7 aGk= ../x &a *a !!int !!str !x"
    " |- >+ {{ }} é 😀"
)
BLANKS = ("\n", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", " ", "\t", "\r\n", "\r", ": ", "\n---\n")
HIDDEN = ("\x00", "\x7f", "\x85", "\u2028", "\ufeff", "\\ud83d\\ude00", "\\")
TEXTS = st.lists(st.sampled_from((*WORDS.split(" "), *BLANKS, *HIDDEN)), max_size=60).map("".join)
FIELDS = (
    "apiVersion kind metadata name namespace data items spec template containers volumes volumeMounts mountPath"
    " subPath configMap secret secretName projected sources key path optional immutable v1 ConfigMap Secret List"
    " Pod Deployment /app a.md"
)
NAMES = st.sampled_from(FIELDS.split(" "))
LEAVES: st.SearchStrategy[Any] = NAMES | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=25
)
RUNS = (
    "- ",
    "[",
    "{",
    "? ",
    "a: ",
    "a:\n",
    "&a [*a],",
    "&a ",
    "|",
    "\\",
    "\\ud83d\\ude00",
    "---\n",
    "{}\n",
    "a,",
    "<<: {}\n",
)


def read(text: str, *, root: str | None = None) -> Snapshot | None:
    try:
        return Manifests(text, root=root).read()
    except SourceError:
        return None


def check(text: str) -> None:
    text += "\n"
    for root in (None, "/app", "/"):
        snapshot = read(text, root=root)
        if snapshot is None:
            continue
        lines = re.split(r"\r\n|\r|\n", text)
        for diagnostic in snapshot.diagnostics:
            assert diagnostic.code in CODES
            assert str(diagnostic)
            if diagnostic.line:
                assert diagnostic.line <= len(lines)
                assert diagnostic.column <= len(lines[diagnostic.line - 1]) + 1
        assert snapshot.digest


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    check(text)


@given(TEXTS)
@example('{"a": "\\ud83d"}')
def test_any_text_that_looks_like_a_manifest_is_read_or_refused(text: str) -> None:
    check(text)


@given(TEXTS)
def test_any_text_is_read_or_refused_with_the_python_parser(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "__with_libyaml__", False)
        events._parser_class.cache_clear()
        try:
            check(text)
        finally:
            events._parser_class.cache_clear()


@given(VALUES)
def test_any_object_is_read_or_refused(value: object) -> None:
    check(json.dumps(value))


@given(
    st.lists(
        st.fixed_dictionaries(
            {"kind": st.sampled_from(["ConfigMap", "Secret", "Pod"])},
            optional={
                "metadata": st.fixed_dictionaries({"name": NAMES}),
                "data": VALUES,
                "items": VALUES,
                "spec": st.fixed_dictionaries({"containers": VALUES, "volumes": VALUES}),
            },
        ),
        max_size=4,
    )
)
def test_any_objects_of_the_kinds_that_count_are_read_or_refused(objects: list[dict[str, Any]]) -> None:
    check("\n---\n".join(map(json.dumps, objects)))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    check(content.decode("latin-1"))


@pytest.mark.untraced
@pytest.mark.parametrize("unit", RUNS)
def test_a_long_run_of_anything_is_read_or_refused_in_a_short_time(unit: str) -> None:
    begin = time.process_time()
    for opening in ("", "kind: ConfigMap\ndata:\n", '{"a":"', "kind: List\nitems: ["):
        read(opening + unit * (300_000 // len(unit)) + "\n")
    assert time.process_time() - begin < 10
