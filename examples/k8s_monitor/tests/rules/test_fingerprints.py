"""What names a fault, and what joins several: the same whatever changes by itself, another for anything else."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.findings import IMPACTS, SEVERITIES, Owner, Signal, cut, fingerprint, grouped, worst
from hotagents_k8s_monitor.rules import detect
from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.cluster import Snapshot

CART: Final = Owner("Deployment", "shop", "cart")
SEPARATORS: Final = st.sampled_from(["\0", "/", "','", "\\", "\ud83d", "\ude00", "\U0001f600"])
TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=4)
SEPARATED: Final = st.tuples(*[TEXT | SEPARATORS] * 4)
LONG: Final = st.text(max_size=400)
SIGNALS: Final = st.builds(
    lambda impact, message, name: signal(impact=impact, message=message, objects=(name,)),
    st.sampled_from(IMPACTS), LONG, LONG,
)  # fmt: skip


def signal(**changes: Any) -> Signal:
    said: dict[str, Any] = {"rule": "r", "owner": CART, "impact": "degraded", "message": "m", "objects": ("pod/a",)}
    return Signal(**(said | changes))


def named(parts: tuple[str, ...]) -> str:
    kind, namespace, name, rule = parts
    return fingerprint(Owner(kind, namespace, name), rule)


# --- fingerprints -----------------------------------------------------------------------------------------------------


def test_a_fingerprint_is_the_same_in_each_process() -> None:
    assert fingerprint(CART, "container-waiting") == "c208877b6f2d92c7"


@pytest.mark.parametrize(
    "parts",
    [
        ("StatefulSet", "shop", "cart", "r"),
        ("Deployment", "other", "cart", "r"),
        ("Deployment", "shop", "other", "r"),
        ("Deployment", "shop", "cart", "other"),
        ("Deployment", "shop/cart", "", "r"),
        ("Deployment", "", "shop/cart", "r"),
    ],
)
def test_each_part_makes_another_one(parts: tuple[str, ...]) -> None:
    assert named(parts) != fingerprint(CART, "r")


@given(SEPARATED, SEPARATED)
def test_no_name_can_look_like_another_with_what_separates_them(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert re.fullmatch("[0-9a-f]{16}", named(one))
    assert (named(one) == named(other)) is (one == other)


@given(SEPARATED, st.integers(0, 3), st.sampled_from(["\0", "', '", "\\x00", "/"]))
def test_what_one_name_ends_with_is_not_what_the_next_begins_with(parts: Any, at: int, separator: str) -> None:
    moved = list(parts)
    moved[at] += separator
    assert named(tuple(moved)) != named(parts)
    if at < 3:
        back = list(parts)
        back[at + 1] = separator + back[at + 1]
        assert named(tuple(back)) != named(tuple(moved))


def test_pods_come_and_go_and_the_fault_stays(seen: Callable[..., Snapshot]) -> None:
    cart = deployment("cart", namespace="shop")
    first = replica_set("cart-5d4f7", owner=cart)
    second = replica_set("cart-88c2b", owner=cart)
    looks = [
        [cart, first, pod("cart-5d4f7-x", owner=first, waiting="CrashLoopBackOff")],
        [cart, first, pod("cart-5d4f7-y", owner=first, waiting="ErrImagePull")],
        [cart, second, pod("cart-88c2b-x", owner=second, waiting="CrashLoopBackOff")],
    ]
    found = {fingerprint(s.owner, s.rule) for objects in looks for s in detect(seen(objects)).signals}
    assert len(found) == 1


# --- owners -----------------------------------------------------------------------------------------------------------


@given(st.builds(Owner, st.text(), st.text(), st.text()))
def test_an_owner_goes_to_json_and_back_and_is_shown_on_one_line(owner: Owner) -> None:
    assert Owner.from_dict(owner.to_dict()) == owner
    assert str(owner).isprintable()


def test_an_owner_in_no_namespace_is_shown_without() -> None:
    assert (str(CART), str(Owner("Node", "", "a"))) == ("Deployment shop/cart", "Node a")


@pytest.mark.parametrize("values", [{}, {"kind": "Pod"}, [], "x", None, 7])
def test_what_describes_no_owner_is_refused(values: Any) -> None:
    with pytest.raises((LookupError, TypeError)):
        Owner.from_dict(values)


# --- several signals of one owner -------------------------------------------------------------------------------------


def test_one_signal_is_left_as_it_is() -> None:
    assert grouped([signal(since=NOW, missing=3)]) == (signal(since=NOW, missing=3),)


def test_what_a_rule_does_not_count_is_nothing() -> None:
    plain = signal()
    assert (plain.missing, plain.since, plain.not_before) == (0, None, None)


def test_rules_and_owners_are_kept_apart() -> None:
    others = [signal(rule="s"), signal(owner=Owner("Deployment", "shop", "other"))]
    assert len(grouped([signal(), *others, signal()])) == 3


def test_the_worst_speaks_for_all() -> None:
    several = [
        signal(impact=impact, message=impact, objects=(f"pod/{n}",)) for n, impact in enumerate(reversed(IMPACTS))
    ]
    (joined,) = grouped(several)
    assert (joined.impact, joined.message) == ("down", "down (and 2 more)")
    assert joined.objects == ("pod/2", "pod/1", "pod/0")


def test_the_first_beginning_counts_and_the_most_replicas() -> None:
    times = [None, NOW, NOW - timedelta(hours=1)]
    (joined,) = grouped([signal(since=time, missing=n) for n, time in enumerate(times)])
    assert (joined.since, joined.missing) == (NOW - timedelta(hours=1), 2)


def test_what_counts_at_once_waits_for_nobody() -> None:
    later, latest = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    assert grouped([signal(not_before=latest), signal(not_before=later)])[0].not_before == later
    assert grouped([signal(not_before=later), signal()])[0].not_before is None


@given(st.lists(SIGNALS))
def test_joining_depends_on_no_order_and_bounds_all_texts(several: list[Signal]) -> None:
    joined = grouped(several)
    assert joined == grouped(reversed(several))
    assert all(len(one.message) <= 300 and len(one.objects) <= 20 for one in joined)
    if len(several) > 1:
        assert joined[0].message.endswith(f" (and {len(several) - 1} more)")


def test_nothing_is_joined_out_of_nothing() -> None:
    assert grouped([]) == ()


def test_a_signal_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        signal().rule = "other"  # type: ignore[misc]  # the mistake under test


@pytest.mark.parametrize(("text", "expected"), [("", ""), ("abc", "abc"), ("abcd", "ab\u2026")])
def test_what_is_left_out_is_marked(text: str, expected: str) -> None:
    assert cut(text, 3) == expected


def test_the_worst_severity_is_the_first_and_of_none_the_mildest() -> None:
    assert worst(["SEV-3", "SEV-2", "SEV-4"]) == "SEV-2"
    assert worst([]) == "SEV-4"
    assert SEVERITIES == ("SEV-1", "SEV-2", "SEV-3", "SEV-4")
    assert IMPACTS == ("down", "degraded", "at-risk")
