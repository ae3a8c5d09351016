"""What is said to have decided is what decided, and stands at the line that is named."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.deciding import decisions_on
from hotagents_k8s_monitor.policy import Policy
from hotagents_k8s_monitor.testing import Recording
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from hotagents_k8s_monitor.deciding import Decision

DOWN: Final = deployment("cart", namespace="shop", available=0, since=NOW - timedelta(minutes=20))


def decided(bench: Any, *objects: Any) -> dict[str, Decision]:
    result = bench.look(*(objects or (DOWN,)))
    (finding,) = result.data["findings"]
    generation = bench.registry.current
    return {d.what: d for d in decisions_on(finding, generation, Policy.of(generation))}


def line(bench: Any, decision: Decision) -> str:
    text: str = bench.files[decision.path].splitlines()[decision.line - 1]
    return text.strip()


@pytest.mark.parametrize(
    ("what", "value", "stands"),
    [
        ("tier", "P1", "- shop/cart"),
        ("severity", "SEV-2", "down: {0m: SEV-2, 1h: SEV-1}"),
        ("hold", "15m", "deployment-short: {hold: 15m}"),
        ("channel", "#incidents", 'SEV-2: "#incidents"'),
        ("contact", "shop on-call", "P1: shop on-call"),
        ("repeat", "3h", "SEV-2: 3h"),
    ],
)
def test_each_decision_names_its_line(what: str, value: str, stands: str, bench: Any) -> None:
    found = decided(bench)[what]
    assert found.value == value
    assert line(bench, found) == stands


def test_what_no_file_says_is_built_in(bench: Any) -> None:
    bench.edit("agents/k8s-analyzer.md", ("  deployment-short: {hold: 15m}\n", ""))
    found = decided(bench)["hold"]
    assert (found.where, found.line, found.value) == ("built in", 0, "15m")


def test_a_hold_of_a_service_stands_before_that_of_the_rule(bench: Any) -> None:
    bench.edit("CLAUDE.md", ("    - shop/cart\n", "    - name: cart\n      namespace: shop\n      hold: 1m\n"))
    found = decided(bench)["hold"]
    assert (found.value, found.key, line(bench, found)) == ("1m", "services.P1[1].hold", "hold: 1m")


def test_the_entry_that_mutes_is_the_one_that_fits(bench: Any) -> None:
    issues = (
        "known_issues:\n  - {match: {name: other}, until: 2026-12-31, reason: same}\n"
        "  - {match: {name: cart}, until: 2026-12-31, reason: same}\n"
    )
    bench.edit("CLAUDE.md", ("known_issues: []\n", issues))
    found = decided(bench)["muted"]
    assert (found.key, found.value) == ("known_issues[1]", "known issue: same")
    assert "name: cart" in line(bench, found)


def test_keys_in_camel_case_are_found(bench: Any) -> None:
    issues = "knownIssues:\n  - {match: {name: cart}, until: 2026-12-31, reason: known}\n"
    bench.edit("CLAUDE.md", ("known_issues: []\n", issues))
    assert "name: cart" in line(bench, decided(bench)["muted"])


def test_a_service_of_the_prose_is_found_in_its_list(bench: Any) -> None:
    item = deployment("report-generator", namespace="batch", available=0)
    found = decided(bench, item)["tier"]
    assert found.value == "P3"
    assert line(bench, found).startswith("- report-generator:")


def test_a_line_break_more_above_moves_the_line_with_it(bench: Any) -> None:
    before = decided(bench)["tier"].line
    bench.edit("CLAUDE.md", ("cluster: demo\n", "# one more\ncluster: demo\n"))
    assert decided(bench)["tier"].line == before + 1


def test_decisions_agree_with_the_policy_on_each_finding_of_a_cluster_in_trouble(bench: Any) -> None:
    result = bench.look(*Recording.load("trouble").frames[0].objects)
    generation = bench.registry.current
    policy = Policy.of(generation)
    for finding in result.data["findings"]:
        found = {d.what: d.value for d in decisions_on(finding, generation, policy)}
        assert found["tier"] == finding["tier"]
        assert found["severity"] == finding["severity"]
        assert found.get("channel", "") == policy.channel(finding["severity"])
        assert found.get("contact", "") == policy.contact(finding["tier"])
    assert bench.again(after=timedelta(minutes=1)).data["verdict"] == "findings"
