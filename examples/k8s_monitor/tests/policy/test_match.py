"""What an entry of the configuration speaks of."""

from __future__ import annotations

import time
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.policy.match import Match, fits, fits_any, is_exact

CART: Final = Owner("Deployment", "shop", "cart-api")
NODE: Final = Owner("Node", "", "node-a")
MONITOR: Final = Owner("Monitor", "", "k8s-monitor")
RULE: Final = "deployment-short"


@pytest.mark.parametrize(
    ("said", "owner", "meant"),
    [
        ({"name": "cart-api"}, CART, True),
        ({"name": "cart-*"}, CART, True),
        ({"name": "cart-ap?"}, CART, True),
        ({"name": "cart-[ab]pi"}, CART, True),
        ({"name": "*"}, CART, True),
        ({"name": "*"}, NODE, True),
        ({"name": "cart"}, CART, False),
        ({"name": "CART-API"}, CART, False),
        ({"name": "art-api"}, CART, False),
        ({"namespace": "shop"}, CART, True),
        ({"namespace": "s*", "name": "cart-*"}, CART, True),
        ({"namespace": "other", "name": "cart-*"}, CART, False),
        ({"namespace": "?*"}, NODE, False),
        ({"kind": "Deployment"}, CART, True),
        ({"kind": "Node"}, CART, False),
        ({"kind": "Node"}, NODE, True),
        ({"rule": RULE}, CART, True),
        ({"rule": "deployment-*"}, CART, True),
        ({"rule": "node-not-ready"}, CART, False),
        ({"rule": RULE, "kind": "Deployment", "namespace": "shop", "name": "cart-api"}, CART, True),
        ({"rule": RULE, "kind": "Deployment", "namespace": "shop", "name": "other"}, CART, False),
        ({"rule": None, "name": "cart-api"}, CART, True),
    ],
)
def test_all_patterns_must_fit(said: dict[str, Any], owner: Owner, meant: bool) -> None:  # noqa: FBT001
    assert Match.model_validate(said).fits(RULE, owner) is meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"name": "*"}, False),
        ({"name": "k8s-monitor"}, False),
        ({"rule": "*"}, False),
        ({"rule": "*", "kind": "*", "namespace": "*", "name": "*"}, False),
        ({"kind": "?*"}, False),
        ({"rule": "monitor-blind"}, True),
        ({"rule": "monitor-*", "name": "*"}, True),
        ({"kind": "Monitor"}, True),
        ({"kind": "M*", "name": "*"}, True),
        ({"rule": "monitor-blind", "name": "other"}, False),
        ({"kind": "Node"}, False),
    ],
)
def test_a_blind_monitor_is_meant_only_where_rule_or_kind_name_it(said: dict[str, Any], meant: bool) -> None:  # noqa: FBT001
    assert Match.model_validate(said).fits("monitor-blind", MONITOR) is meant


@pytest.mark.parametrize("said", [{}, {"name": None}, {"rule": None, "kind": None}])
def test_a_match_must_say_something(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="expected rule, kind, namespace or name, got none; to mean everything"):
        Match.model_validate(said)


@pytest.mark.parametrize("value", ["a b", "shop/cart", "a\n", " a", "\t"])
@pytest.mark.parametrize("key", ["rule", "kind", "namespace", "name"])
def test_what_no_name_can_hold_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match="expected a name without blanks and slashes"):
        Match.model_validate({key: value})


@pytest.mark.parametrize("value", ["", "x" * 254, 7, ["a"], True])
def test_what_is_no_name_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        Match.model_validate({"name": value})


@given(st.text(), st.text())
def test_any_text_is_a_pattern_that_fits_or_does_not(pattern: str, name: str) -> None:
    assert fits(pattern, name) in {True, False}
    assert fits("*", name)
    assert fits_any((pattern, "*"), name)
    assert not fits_any((), name)


@given(st.text(st.characters(exclude_characters="*?[")))
def test_a_text_without_wildcards_fits_itself_alone(text: str) -> None:
    assert is_exact(text)
    assert fits(text, text)
    assert not fits(text, text + "x")


def test_a_hostile_pattern_costs_little() -> None:
    begin = time.perf_counter()
    assert not fits("*a" * 126, "a" * 252 + "b")
    assert not fits("[" * 253, "[" * 252)
    assert time.perf_counter() - begin < 10  # an exponential one would not end


@pytest.mark.parametrize(
    ("said", "meant"),
    [("services", "Service"), ("ingress", "Ingress"), ("certificates", "Certificate"), ("namespaces", "Namespace")],
)
def test_a_kind_in_lower_case_is_met_with_the_one_that_was_meant(said: str, meant: str) -> None:
    with pytest.raises(ValidationError, match=f'did you mean "{meant}"'):
        Match.model_validate({"kind": said})
