"""One rule at a time, on objects that are shown to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.rules import RULES, detect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotagents_k8s_monitor.cluster import Gap, Snapshot
    from hotagents_k8s_monitor.findings import Signal


@pytest.fixture
def signals(seen: Callable[..., Snapshot]) -> Callable[..., tuple[Signal, ...]]:
    """Return what one rule says of objects."""

    def found(rule: str, objects: Iterable[Mapping[str, Any]], *gaps: Gap) -> tuple[Signal, ...]:
        detection = detect(seen(objects, *gaps), rules=[RULES[rule]])
        assert all(signal.rule == rule for signal in detection.signals)
        return detection.signals

    return found


@pytest.fixture
def impacts(signals: Callable[..., tuple[Signal, ...]]) -> Callable[..., dict[str, str | None]]:
    """Return what one rule says of objects, as impacts by owner."""

    def found(rule: str, objects: Iterable[Mapping[str, Any]], *gaps: Gap) -> dict[str, str | None]:
        return {str(signal.owner): signal.impact for signal in signals(rule, objects, *gaps)}

    return found
