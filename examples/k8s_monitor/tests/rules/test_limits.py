"""Holds and limits: what counts without a word, what a configuration changes, and the moment at which each acts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.policy import ANALYZER
from hotagents_k8s_monitor.policy.analyzer import LIMITS, Analyzer, RuleSettings
from hotagents_k8s_monitor.rules import RULES, built_in, detect
from hotagents_k8s_monitor.testing.objects import NOW, certificate, job, quota
from hotagents_k8s_monitor.testing.sick import sick_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.cluster import Snapshot

README: Final = Path(__file__).parents[2] / "README.md"
HOUR: Final = timedelta(hours=1)
ROW: Final = re.compile(r"^\| `([a-z-]+)` \| (.*) \| (.*) \|$", re.MULTILINE)
HOLDS: Final = {
    "apiservice-down": 5, "certificate-expiring": 0, "container-oom": 0, "container-waiting": 5, "cronjob-missed": 0,
    "daemonset-short": 15, "deployment-short": 15, "generation-mismatch": 15, "gitops-degraded": 15, "hpa-blind": 15,
    "ingress-broken": 5, "job-failed": 0, "job-too-long": 0, "memory-near-limit": 10, "monitor-blind": 0.5,
    "namespace-stuck": 15, "node-not-ready": 5, "node-pressure": 10, "pdb-violated": 15, "pod-evicted": 0,
    "pod-not-ready": 15, "pod-stuck-terminating": 10, "pod-unschedulable": 15, "pvc-pending": 5, "quota-full": 15,
    "replica-failure": 5, "restart-burst": 0, "rollout-stuck": 15, "service-no-endpoints": 5, "statefulset-short": 15,
}  # fmt: skip


def analyzer(**rules: Any) -> Analyzer:
    said = {name.replace("_", "-"): settings for name, settings in rules.items()}
    return Analyzer(name=ANALYZER, description="d", rules=said)


def found(snapshot: Snapshot, by: Analyzer, rule: str) -> list[str]:
    return [signal.message for signal in detect(snapshot, rules=by.applied()).signals if signal.rule == rule]


def test_holds_are_those_that_are_documented() -> None:
    assert {rule.id: rule.hold / timedelta(minutes=1) for rule in built_in().values()} == HOLDS


def test_the_readme_has_each_rule_with_its_own_words_and_hold_time() -> None:
    rows = {rule: (said, hold) for rule, said, hold in ROW.findall(README.read_text(encoding="utf-8"))}
    assert list(rows) == list(built_in())
    for rule in built_in().values():
        said, hold = rows[rule.id]
        assert said == rule.summary
        minutes = rule.hold // timedelta(minutes=1)
        assert hold.startswith(
            "a second look in a row" if rule.id == "monitor-blind" else f"{minutes}m" if minutes else "0"
        )
        assert all(f"`{name}`" in hold for name in rule.limits), rule.id


def test_every_limit_can_be_set() -> None:
    assert {name for rule in RULES.values() for name in rule.limits} == set(LIMITS)
    assert set(LIMITS) < set(RuleSettings.model_fields)


def test_what_is_not_set_is_as_the_rule_has_it() -> None:
    assert [(rule.id, rule.limits) for rule in analyzer().applied()] == [(r.id, r.limits) for r in RULES.values()]
    snapshot = sick_snapshot()
    assert detect(snapshot, rules=analyzer().applied()) == detect(snapshot)


@pytest.mark.parametrize(
    ("rule", "settings", "item", "expected"),
    [
        ("quota-full", {"percent": 50}, quota("q", hard={"pods": "10"}, used={"pods": "6"}), True),
        ("quota-full", {"percent": 60}, quota("q", hard={"pods": "10"}, used={"pods": "6"}), False),
        ("job-too-long", {"after": "1h"}, job("j", state="active", started=NOW - 2 * HOUR), True),
        ("job-too-long", {"after": "2d"}, job("j", state="active", started=NOW - 20 * HOUR), False),
        ("certificate-expiring", {"within": "1d"}, certificate("c", ends=NOW + 48 * HOUR), False),
        ("certificate-expiring", {"within": "3d"}, certificate("c", ends=NOW + 48 * HOUR, begins=None), True),
    ],
)
def test_a_limit_that_is_set_counts(
    seen: Callable[..., Snapshot], rule: str, settings: Any, item: Any, expected: Any
) -> None:
    assert bool(found(seen([item]), analyzer(**{rule.replace("-", "_"): settings}), rule)) is expected


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("node-not-ready: {percent: 50}", "rules.node-not-ready.percent: expected no limit beside enabled and hold"),
        ("quota-full: {within: 1h}", "rules.quota-full.within: expected only percent beside enabled and hold"),
        ("quota-full: {percent: 101}", "percent"),
        ("restart-burst: {restarts: 0}", "restarts"),
    ],
)
def test_a_limit_that_would_do_nothing_is_refused(bench: Any, change: str, said: str) -> None:
    path = "agents/k8s-analyzer.md"
    lines = [
        line for line in bench.files[path].splitlines() if not line.startswith(f"  {change.split(':', maxsplit=1)[0]}:")
    ]
    text = "\n".join(lines).replace("rules:\n", f"rules:\n  {change}\n", 1)
    bench._source.write({**bench.files, path: text})
    bench.registry.reload()
    assert any(said in str(found) for found in bench.registry.status.diagnostics)


@pytest.mark.parametrize("rule", [rule for rule, minutes in HOLDS.items() if minutes >= 1])
def test_a_fault_is_heard_of_at_the_end_of_its_hold_time_and_not_before(bench: Any, rule: str) -> None:
    """What is young is kept young: its times move along, so that it counts from the first look."""
    hold, items = RULES[rule].hold, [_young(item) for item in _objects_for(rule)]
    bench.look(*items)
    state = _state(bench.again(after=hold - timedelta(seconds=1)), rule)
    assert state == "pending"
    assert _state(bench.again(after=timedelta(seconds=1)), rule) == "open"


def _objects_for(rule: str) -> list[dict[str, Any]]:
    snapshot = sick_snapshot()
    wanted = {*RULES[rule].needs, "replicasets.apps", "nodes", "pods", "storageclasses.storage.k8s.io"}
    from hotagents_k8s_monitor.cluster.kinds import KINDS  # noqa: PLC0415

    return [
        {"kind": KINDS[resource].name, **item} for resource in snapshot.objects if resource in wanted
        for item in snapshot.all(resource)
    ]  # fmt: skip


def _young(item: dict[str, Any]) -> dict[str, Any]:
    """The same as if all had happened just now."""
    import json  # noqa: PLC0415

    text = json.dumps(item)
    now = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    moved: dict[str, Any] = json.loads(re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now, text))
    return moved


def _state(result: Any, rule: str) -> str:
    return next(str(finding["state"]) for finding in result.data["findings"] if finding["rule"] == rule)


def test_a_rule_with_other_limits_is_still_that_rule() -> None:
    rule = RULES["quota-full"].within({"percent": 10, "after": HOUR})
    assert dict(rule.limits) == {"percent": 10}
    assert replace(rule, detect=RULES["quota-full"].detect, limits=RULES["quota-full"].limits) == RULES["quota-full"]
