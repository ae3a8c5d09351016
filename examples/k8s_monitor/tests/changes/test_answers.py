"""Whatever GitHub answers, what is kept of it is short, can be sent on, and is made without an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.changes import answers
from hotagents_k8s_monitor.changes.texts import fitted, plain

if TYPE_CHECKING:
    from collections.abc import Callable


@final
class Long(str):
    """A text that is long, and short where an example is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Long({self[:1]!r} * {len(self)})"


KEYS: Final = st.sampled_from(
    [
        "sha", "commit", "author", "committer", "message", "date", "login", "files", "filename", "status", "additions",
        "patch", "number", "title", "state", "user", "base", "ref", "merged_at", "body", "id", "created_at",
        "environment", "creator", "description",
    ]
)  # fmt: skip
TEXTS: Final = st.one_of(
    st.text(st.characters(codec=None)), st.just("2026-11-24T10:00:00Z"), st.just(Long("x" * 50_000))
)
VALUES: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=15,
)
KEPT: Final = (answers.commit, answers.whole_commit, answers.pull, answers.deployment, answers.status)


@pytest.mark.parametrize("kept", KEPT)
@given(value=st.one_of(VALUES, st.dictionaries(KEYS, VALUES)))
def test_anything_can_be_answered(kept: Callable[[Any], Any], value: Any) -> None:
    text = json.dumps(kept(value), ensure_ascii=False)
    assert text.encode()
    assert len(text) < 100_000


@given(text=st.text(st.characters(codec=None)), times=st.integers(1, 50), limit=st.integers(1, 300))
def test_a_text_is_no_longer_than_it_may_be_and_can_be_sent_on(text: str, times: int, limit: int) -> None:
    found = plain(text * times, limit)
    assert len(found) <= limit
    assert found.encode() is not None


@given(items=st.lists(st.text(max_size=400), max_size=60), limit=st.integers(1_000, 4_000))
def test_a_list_is_cut_at_its_end_until_it_fits_and_says_so(items: list[str], limit: int) -> None:
    text = fitted(lambda _: {"items": items, "truncated": False}, "items", limit)
    found = json.loads(text)
    assert len(text) <= limit
    assert found["items"] == items[: len(found["items"])]
    assert found["truncated"] is (len(found["items"]) < len(items))


def test_what_does_not_fit_without_its_list_is_said_to_be_cut_and_nothing_else() -> None:
    assert fitted(lambda _: {"about": "x" * 2_000, "items": [1]}, "items", 1_000) == '{"truncated": true}'
