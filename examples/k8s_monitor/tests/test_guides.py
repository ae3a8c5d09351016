"""What the guides show as configuration is accepted, and what they ask of metrics there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry

from hotagents_k8s_monitor.metrics import MonitorCollector, Tally
from hotagents_k8s_monitor.policy import Analyzer, ClusterContext, EscalationManager
from hotagents_k8s_monitor.settings import Settings
from hotagents_k8s_monitor.shipped import config_dir
from hotagents_k8s_monitor.testing import Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"
BLOCK: Final = re.compile(r"^```yaml\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
AGENT: Final = {"name": "a", "description": "b"}

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="no checkout beside the tests")


def blocks(page: str) -> Iterator[dict[str, Any]]:
    for match in BLOCK.finditer((DOCS / page).read_text(encoding="utf-8")):
        yield yaml.load(match["text"], Loader=yaml.BaseLoader)  # noqa: S506 - texts alone


def test_each_block_of_the_customization_guide_is_accepted() -> None:
    found = list(blocks("customize.md"))
    assert len(found) >= 4
    for values in found:
        if {"services", "known_issues"} & values.keys():
            ClusterContext.model_validate({"cluster": "demo", **_counted(values)})
        elif "severities" in values:
            EscalationManager.model_validate(AGENT | values)
        else:
            Analyzer.model_validate(AGENT | values)


def _counted(value: Any) -> Any:
    """The numbers of a document of which all is text; a date is text to the library, too."""
    if isinstance(value, dict):
        return {key: _counted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_counted(inner) for inner in value]
    return int(value) if value.isdecimal() else value


def test_each_alert_asks_for_a_metric_that_there_is(bench: Any) -> None:
    tally, registry = Tally(), CollectorRegistry()
    tally.add(bench.look(*Recording.load("trouble").frames[0].objects))
    registry.register(MonitorCollector(tally))
    ours = {sample.name for family in registry.collect() for sample in family.samples}
    (groups,) = [values for values in blocks("run-in-production.md") if "groups" in values]
    rules = [rule for group in groups["groups"] for rule in group["rules"]]
    assert len(rules) >= 4
    for rule in rules:
        promql_parser.parse(rule["expr"])
        named = set(re.findall(r"k8s_monitor_\w+", rule["expr"]))
        assert named <= ours
        assert named or "hotagents_" in rule["expr"]


def test_each_metric_of_the_table_is_there_and_none_is_missing(bench: Any) -> None:
    tally, registry = Tally(), CollectorRegistry()
    tally.add(bench.look(*Recording.load("trouble").frames[0].objects))
    registry.register(MonitorCollector(tally))
    ours = {family.name for family in registry.collect()}
    page = (DOCS / "run-in-production.md").read_text(encoding="utf-8")
    table = {name.removesuffix("_total") for name in re.findall(r"`(k8s_monitor_\w+)", page) if "|" in page}
    assert table == ours


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"`K8S_MONITOR_{name.upper()}`" not in readme]
    assert missing == []


def test_links_between_the_guides_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *DOCS.glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)", text):
            path = (page.parent / target).resolve() if target else page
            assert path.exists(), f"{page.name}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
                slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in slugs, f"{page.name}: {target}#{anchor}"
    assert config_dir().exists()
