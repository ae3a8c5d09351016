"""What may be missing of a service: a look at which no more is missing is one that does not see the fault."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from hotagents_k8s_monitor.testing.objects import NOW, deployment

MINUTE: Final = timedelta(minutes=1)
LONG: Final = NOW - timedelta(days=1)


def looks(bench: Any, *available: int) -> list[str]:
    """What is told at one look a minute of five replicas, of which one may be missing."""
    for some in available:
        at = bench.clock.now()
        bench.look(deployment("storefront", namespace="shop", replicas=5, available=some, since=at), after=MINUTE)
    return [kind for kind, _, _ in bench.heard.taken()]


@pytest.mark.parametrize("good", [4, 5])
def test_one_look_in_five_that_is_good_enough_neither_hides_nor_ends_it(bench: Any, good: int) -> None:
    assert looks(bench, *[3, 3, 3, 3, good] * 20) == ["alert"]


@pytest.mark.parametrize("good", [4, 5])
def test_two_such_looks_end_it(bench: Any, good: int) -> None:
    assert looks(bench, *[3] * 20) == ["alert"]
    assert looks(bench, good) == []
    assert looks(bench, good) == ["resolved"]


def test_an_edit_that_lets_more_be_missing_withdraws_it(bench: Any) -> None:
    assert looks(bench, *[3] * 20) == ["alert"]
    bench.edit("CLAUDE.md", ("missing_replicas: 1", "missing_replicas: 2"))
    assert looks(bench, 3) == ["withdrawn"]


def test_an_edit_that_would_not_have_let_so_many_be_missing_withdraws_nothing(bench: Any) -> None:
    assert looks(bench, *[2] * 20) == ["alert"]
    bench.edit("CLAUDE.md", ("missing_replicas: 1", "missing_replicas: 2"))
    assert looks(bench, 3) == []
    assert looks(bench, 2) == []
