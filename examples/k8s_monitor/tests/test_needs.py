"""Who switches rules off need not grant what these alone need; whatever else cannot be seen is still said."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap, Snapshot
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.needs import without_needless_gaps
from hotagents_k8s_monitor.policy import Policy
from hotagents_k8s_monitor.rules import RULES
from hotagents_k8s_monitor.testing.objects import NOW, node, pod

if TYPE_CHECKING:
    from hotagents_k8s_monitor.cluster import Resource

MINUTE: Final = timedelta(minutes=1)
ANALYZER: Final = "agents/k8s-analyzer.md"
ALONE: Final[dict[str, Resource]] = {
    "apiservice-down": "apiservices.apiregistration.k8s.io",
    "certificate-expiring": "certificates.cert-manager.io",
    "hpa-blind": "horizontalpodautoscalers.autoscaling",
    "memory-near-limit": "pods.metrics.k8s.io",
    "namespace-stuck": "namespaces",
    "pdb-violated": "poddisruptionbudgets.policy",
    "quota-full": "resourcequotas",
}


def off(bench: Any, *rules: str) -> None:
    """Switch rules off, those that have a line in the file included."""
    lines = bench.files[ANALYZER].splitlines(keepends=True)
    kept = "".join(line for line in lines if not any(line.startswith(f"  {rule}:") for rule in rules))
    said = "".join(f"  {rule}: {{enabled: false}}\n" for rule in rules)
    bench.files = {**bench.files, ANALYZER: kept}
    bench.edit(ANALYZER, ("\nrules:\n", f"\nrules:\n{said}"))


def lived(bench: Any, *gaps: Gap) -> set[str]:
    return {bench.look(node("node-a"), pod("web"), gaps=gaps, after=MINUTE).data["verdict"] for _ in range(3)}


@pytest.mark.parametrize(("rule", "resource"), ALONE.items())
def test_a_refused_list_that_only_rules_need_that_are_off_is_no_blindness(bench: Any, rule: str, resource: Any) -> None:
    refused = Gap(resource, "forbidden", "no right")
    assert lived(bench, refused) == {"blind"}
    off(bench, rule)
    assert "blind" not in lived(bench, refused)
    assert lived(bench, refused) == {"healthy"}
    assert [kind for kind, _, _ in bench.heard.taken()] == ["alert", "resolved"]


@pytest.mark.parametrize("reason", ["failed", "slow", "malformed", "unauthorized", "truncated", "unreachable"])
def test_whatever_else_is_wrong_with_it_is_still_said(bench: Any, reason: Any) -> None:
    off(bench, "pdb-violated")
    assert lived(bench, Gap("poddisruptionbudgets.policy", reason, "as it is")) == {"blind"}


def test_what_tells_whose_a_pod_is_is_needed_as_long_as_any_rule_looks_at_pods(bench: Any) -> None:
    off(bench, "deployment-short", "rollout-stuck", "replica-failure", "generation-mismatch")
    assert lived(bench, Gap("deployments.apps", "forbidden", "no right")) == {"blind"}


def test_a_refusal_of_all_is_blindness_whatever_is_off(bench: Any) -> None:
    off(bench, *(rule.id for rule in RULES.values() if rule.switchable))
    assert lived(bench, *(Gap(resource, "forbidden", "no right") for resource in RESOURCES)) == {"blind"}


def test_what_came_of_a_list_that_nobody_needs_is_not_taken_for_all_of_it(bench: Any) -> None:
    off(bench, "pdb-violated")
    refused = Gap("poddisruptionbudgets.policy", "forbidden", "in one namespace of two")
    seen = Snapshot(NOW, {"poddisruptionbudgets.policy": (), "nodes": ()}, {refused.resource: refused})  # type: ignore[dict-item]  # a resource
    found = without_needless_gaps(seen, Policy.of(bench.registry.current))
    assert found.gaps == {}
    assert not found.is_whole(["poddisruptionbudgets.policy"])
