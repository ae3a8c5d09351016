from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents.ops.texts import NO_END, text_of, unified

LINES = st.lists(st.sampled_from(["a", "b", "c\r", "@@", ""]), max_size=30)
TEXTS = st.tuples(LINES, st.sampled_from(["", "\n"])).map(lambda found: "\n".join(found[0]) + found[1])


def sides(before: str, after: str, *, long: bool) -> tuple[list[str], list[str]]:
    """What was there and what is, as a diff tells them; `long` puts the same lines before and behind both."""
    around = "".join(f"{n}\n" for n in range(1500)) if long else ""
    _, _, *found = unified(f"{around}{before}\n{around}", f"{around}{after}\n{around}")
    told = [line for line in found if not line.startswith("@@")]
    return [line[1:] for line in told if line[0] in " -"], [line[1:] for line in told if line[0] in " +"]


def is_within(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(line in rest for line in part)


@given(TEXTS, TEXTS)
def test_what_it_tells_is_in_both_texts_in_this_order_however_long_they_are(before: str, after: str) -> None:
    if before == after:
        assert list(unified(before, after)) == []
        return
    for long in (False, True):
        around = [str(n) for n in range(1500)] if long else []
        old, new = sides(before, after, long=long)
        assert is_within(old, [*around, *before.split("\n"), *around])
        assert is_within(new, [*around, *after.split("\n"), *around])
        assert old != new


def test_of_long_texts_the_lines_that_differ_are_replaced_by_each_other() -> None:
    lines = [f"{n}\n" for n in range(5000)]
    after = [*lines[:2500], "x\n", "y\n", *lines[2501:]]
    assert list(unified("".join(lines), "".join(after))) == [
        "--- before",
        "+++ after",
        "@@ -2499,5 +2499,6 @@",
        " 2498",
        " 2499",
        "-2500",
        "+x",
        "+y",
        " 2501",
        " 2502",
    ]


def test_a_text_without_a_line_end_at_its_end_is_another_one() -> None:
    assert list(unified("a", "a\n"))[3:] == ["-a", NO_END, "+a"]


@pytest.mark.parametrize(("content", "text"), [(b"a\r\n", "a\r\n"), (b"", ""), (b"\xff", None), (b"a\0", None)])
def test_a_text_is_what_can_be_read_as_one(content: bytes, text: str | None) -> None:
    assert text_of(content) == text
