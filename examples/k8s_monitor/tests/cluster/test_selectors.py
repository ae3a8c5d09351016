"""A label selector means what Kubernetes means by it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from hotagents_k8s_monitor.cluster.selectors import chooses

LABELS: Final = {"app": "cart", "tier": "web"}


def expression(operator: str, key: str = "app", *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {"app": "cart"}}, True),
        ({"matchLabels": {"app": "cart", "tier": "db"}}, False),
        ({"matchLabels": {"other": "cart"}}, False),
        ({"matchLabels": None, "matchExpressions": None}, True),
        (expression("In", "app", "cart", "shop"), True),
        (expression("In", "app", "shop"), False),
        (expression("In", "other", "shop"), False),
        (expression("NotIn", "app", "cart"), False),
        (expression("NotIn", "other", "cart"), True),
        (expression("Exists"), True),
        (expression("Exists", "other"), False),
        (expression("DoesNotExist"), False),
        (expression("DoesNotExist", "other"), True),
        (expression("Like", "app", "c*"), False),
        ({"matchLabels": {"app": "cart"}} | expression("NotIn", "tier", "web"), False),
        ({"matchExpressions": [{"key": ["app"], "operator": "In", "values": "cart"}]}, False),
    ],
)
def test_a_selector_chooses(selector: dict[str, Any], expected: object) -> None:
    assert chooses(selector, LABELS) is expected
