"""Rules of others: they are found by the hook, and one that cannot be had leaves the monitor blind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents_k8s_monitor import rules as package
from hotagents_k8s_monitor.findings import Signal
from hotagents_k8s_monitor.hooks import hookimpl, loaders
from hotagents_k8s_monitor.rules import Rule, built_in, detect
from hotagents_k8s_monitor.rules.owners import itself
from hotagents_k8s_monitor.rules.registry import Rules
from hotagents_k8s_monitor.testing.objects import node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents_k8s_monitor.cluster import Snapshot


def cordoned(snapshot: Snapshot) -> Iterator[Signal]:
    for item in snapshot.all("nodes"):
        if item["spec"].get("unschedulable"):
            yield Signal(rule="node-cordoned", owner=itself("Node", item), impact="at-risk", message="cordoned")


RULE: Final = Rule(id="node-cordoned", summary="s", detect=cordoned, needs=("nodes",), hold=timedelta(days=1))


@final
class Offering:
    def __init__(self, *offered: Any) -> None:
        self._offered = list(offered)

    @hookimpl
    def k8s_monitor_rules(self) -> list[Any]:
        return self._offered


class Odd:
    @hookimpl
    def k8s_monitor_rulez(self) -> list[Any]:
        return []


def test_without_plugins_there_are_those_of_this_package() -> None:
    assert dict(Rules({})) == dict(built_in())
    assert len(Rules({})) == 30


def test_a_rule_of_a_plugin_is_one_of_all(seen: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    found = Rules(loaders({"mine": Offering(RULE)}))
    assert list(found) == [*built_in(), "node-cordoned"]
    assert found.failures == {}
    monkeypatch.setattr(package, "RULES", found)
    (signal,) = detect(seen([node("node-a", unschedulable=True)])).signals
    assert signal.rule == "node-cordoned"


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (Offering("no rule"), "TypeError: expected rules, got str"),
        (Offering(RULE, RULE), "ValueError: rule node-cordoned: there is one of this id already"),
        (Offering(built_in()["job-failed"]), "ValueError: rule job-failed: there is one of this id already"),
        (Odd(), "PluginValidationError"),
    ],
)
def test_rules_that_cannot_be_had_leave_the_monitor_blind(
    seen: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch, plugin: object, said: str
) -> None:
    found = Rules(loaders({"theirs": plugin}))
    assert said in found.failures["theirs"]
    monkeypatch.setattr(package, "RULES", found)
    (signal,) = detect(seen([node("node-a")])).signals
    assert (signal.rule, signal.objects) == ("monitor-blind", ("plugin theirs",))


def test_a_plugin_that_cannot_be_loaded_takes_nothing_else_along() -> None:
    def load() -> object:
        raise ImportError("no module named\x1b[31m theirs")

    found = Rules({"theirs": load})
    assert dict(found) == dict(built_in())
    assert found.failures["theirs"].isprintable()
