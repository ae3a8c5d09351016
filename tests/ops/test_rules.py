"""The alerts that ship with the project: each can be evaluated, speaks of metrics that exist, and has a runbook."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from hotagents import ConfigRegistry, Host, Memory, echo
from hotagents.ops.metrics import RegistryCollector

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).resolve().parents[2]
RULES: Final = ROOT / "examples/prometheus/rules.yaml"
RUNBOOK: Final = ROOT / "docs/how-to/runbook.md"
PROMTOOL: Final = shutil.which("promtool") or ""
# What a PodMonitor or ServiceMonitor adds.
OF_THE_TARGET: Final = {"namespace", "job", "pod"}

pytestmark = pytest.mark.skipif(not RULES.exists(), reason="no checkout: the rules are not beside the tests")
evaluated = pytest.mark.skipif(not PROMTOOL, reason="promtool is not installed; Debian's package prometheus has it")


def spec() -> dict[str, Any]:
    manifest = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    assert (manifest["apiVersion"], manifest["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    return dict(manifest["spec"])


def alerts() -> list[dict[str, Any]]:
    return [rule for group in spec()["groups"] for rule in group["rules"]] if RULES.exists() else []


every_alert = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])


@pytest.fixture
def labels(agent: Callable[..., str]) -> dict[str, dict[str, set[str]]]:
    """The values of each label of each metric in a real scrape."""
    found: dict[str, dict[str, set[str]]] = {}
    with ConfigRegistry(Memory({"triage.md": agent()})) as registry:
        collectors = CollectorRegistry()
        collectors.register(RegistryCollector(registry, Host(registry, [echo.Echo()], interval=1.0)))
        for family in collectors.collect():
            for sample in family.samples:
                values = found.setdefault(sample.name, {})
                for name, value in sample.labels.items():
                    values.setdefault(name, set()).add(value)
    return found


def selectors(expression: str) -> list[tuple[str, list[Any]]]:
    """Each metric that an expression selects, with its matchers."""
    found: list[tuple[str, list[Any]]] = []

    def look(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append((str(node.name), list(node.matchers.matchers)))
        for name in ("lhs", "rhs", "expr", "vector_selector", "vs"):
            if (inner := getattr(node, name, None)) is not None:
                look(inner)
        for inner in getattr(node, "args", ()):
            look(inner)

    look(promql_parser.parse(expression))
    return found


@every_alert
def test_an_alert_speaks_of_metrics_and_labels_that_are_served(
    alert: dict[str, Any], labels: dict[str, dict[str, set[str]]]
) -> None:
    expression = alert["expr"]
    selected = selectors(expression)
    assert {name for name, _ in selected} == set(re.findall(r"\bhotagents_\w+", expression))
    for name, matchers in selected:
        assert name in labels
        for matcher in matchers:
            values = labels[name][matcher.name]
            wanted = matcher.value.split("|")
            assert set(wanted) <= values | {""}, (name, matcher.name)
    for group in re.findall(r"\bby \(([^)]*)\)", expression):
        known = OF_THE_TARGET.union(*(labels[name] for name, _ in selected))
        assert {label.strip() for label in group.split(",")} <= known


@every_alert
def test_an_alert_has_a_section_in_the_runbook_and_says_where(alert: dict[str, Any]) -> None:
    name = alert["alert"]
    assert alert["annotations"]["runbook"] == f"docs/how-to/runbook.md#{name.lower()}"
    assert re.search(rf"^## {name}$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert alert["annotations"]["summary"].endswith(".")


def test_the_runbook_has_no_section_of_an_alert_that_is_gone() -> None:
    sections = re.findall(r"^## (Hotagents\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == [alert["alert"] for alert in alerts()]


def promtool(*arguments: str, directory: Path) -> str:
    done = subprocess.run(
        [PROMTOOL, *arguments], cwd=directory, capture_output=True, text=True, timeout=45, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@evaluated
def test_prometheus_itself_fires_each_alert_when_it_should_and_not_else(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(spec()), encoding="utf-8")
    cases = yaml.safe_load(Path(__file__).with_name("rules_test.yaml").read_text(encoding="utf-8"))
    tried = {case["alertname"] for test in cases["tests"] for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert tried == {alert["alert"] for alert in alerts()}
    (tmp_path / "cases.yaml").write_text(yaml.safe_dump(cases), encoding="utf-8")
    assert f"{len(alerts())} rules found" in promtool("check", "rules", "rules.yaml", directory=tmp_path)
    assert "SUCCESS" in promtool("test", "rules", "cases.yaml", directory=tmp_path)


@evaluated
def test_prometheus_finds_nothing_to_say_of_a_scrape(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"triage.md": agent()})) as registry:
        collectors = CollectorRegistry()
        collectors.register(RegistryCollector(registry, Host(registry, [echo.Echo()], interval=1.0)))
        done = subprocess.run(
            [PROMTOOL, "check", "metrics"],
            input=generate_latest(collectors),
            capture_output=True,
            timeout=45,
            check=False,
        )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
