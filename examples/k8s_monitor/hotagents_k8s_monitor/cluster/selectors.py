"""`chooses`: whether a label selector means an object, as Kubernetes reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotagents_k8s_monitor.cluster.objects import at, items_at, mapping_at, text_at

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["chooses"]


def chooses(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Say whether a selector of ``matchLabels`` and ``matchExpressions`` means what has these labels.

    An empty one means everything; an expression that cannot be read means nothing.
    """
    if any(labels.get(key) != value for key, value in mapping_at(selector, "matchLabels").items()):
        return False
    return all(_holds(each, labels) for each in items_at(selector, "matchExpressions"))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = text_at(expression, "key"), at(expression, "values")
    value, among = labels.get(key), values if isinstance(values, list) else []
    match text_at(expression, "operator"):
        case "In":
            return key in labels and value in among
        case "NotIn":
            return value not in among
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False
