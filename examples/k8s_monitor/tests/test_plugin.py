"""What hotagents finds: a runner that is cheap to import, and what it says of a set before that is published."""

from __future__ import annotations

import importlib.metadata
import logging
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from typer.testing import CliRunner

from hotagents import AgentSpec, ConfigRegistry, InvalidConfigError, Memory, RunnerContext, load_plugins
from hotagents.cli import app
from hotagents_k8s_monitor import plugin
from hotagents_k8s_monitor.findings import IMPACTS, Owner
from hotagents_k8s_monitor.monitor import Monitor
from hotagents_k8s_monitor.policy import ClusterContext, EscalationManager, Policy
from hotagents_k8s_monitor.rules import RULES
from hotagents_k8s_monitor.shipped import config_dir

if TYPE_CHECKING:
    from hotagents import Diagnostic, Generation

CONTEXT: Final = "CLAUDE.md"
AGENTS: Final = ("escalation-manager", "github-reviewer", "k8s-analyzer", "slack-notifier")


def shipped() -> dict[str, str]:
    root = config_dir()
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in root.rglob("*.md")}


def published(files: dict[str, Any]) -> Generation[Any]:
    """The generation that files make, with all that the plugin says of it."""
    plugins = load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin}).hosting([plugin.NAME])
    source = Memory(files)
    with ConfigRegistry(source, spec=plugin.SPECS, documents=plugin.DOCUMENTS, plugins=plugins) as registry:
        generation: Generation[Any] = registry.current
        return generation


def refused(files: dict[str, Any]) -> tuple[Diagnostic, ...]:
    with pytest.raises(InvalidConfigError) as error:
        published(files)
    return tuple(said for said in error.value.diagnostics if said.severity == "error")


def warnings(generation: Generation[Any]) -> list[tuple[int, str]]:
    found = [said for said in generation.diagnostics if said.code == "plugin-warning"]
    assert all(said.path == CONTEXT for said in found)
    return [(said.line, said.message.removeprefix("plugin k8s-monitor: ")) for said in found]


# --- the runner -------------------------------------------------------------------------------------------------------


def test_an_entry_point_leads_to_the_plugin() -> None:
    (entry,) = importlib.metadata.entry_points(group="hotagents", name=plugin.NAME)
    assert entry.load() is plugin


def test_importing_the_plugin_loads_nothing_heavy() -> None:
    heavy = ("kubernetes", "typer", "rich", "urllib3", "tenacity", "anthropic", "pydantic_settings", "slack_sdk")
    code = f"import sys, hotagents_k8s_monitor.plugin; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


def test_one_runner_is_offered_with_its_classes() -> None:
    (info,) = plugin.hotagents_runners()
    assert (info.name, info.documents) == ("k8s-monitor", {CONTEXT: ClusterContext})
    assert isinstance(info.spec, dict | type(plugin.SPECS))
    assert sorted(name for name in info.spec if name != "*") == list(AGENTS)
    assert info.spec["*"] is AgentSpec
    assert info.demo is not None


def test_the_runner_is_made_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("K8S_MONITOR_DATA_DIR", str(tmp_path))
    (info,) = plugin.hotagents_runners()
    assert isinstance(info.create(RunnerContext("k8s-monitor", logging.getLogger("test"))), Monitor)


# --- what it says of a set --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AGENTS)
def test_each_missing_agent_is_refused(name: str) -> None:
    files = shipped()
    del files[f"agents/{name}.md"]
    (said,) = refused(files)
    assert (said.code, said.path) == ("rejected-by-plugin", "")
    assert said.message == f'plugin k8s-monitor: expected an agent "{name}", got none'
    assert said.hint == f"add {name}.md, or the key of the ConfigMap"


def test_all_missing_agents_are_told_at_once() -> None:
    files = {CONTEXT: shipped()[CONTEXT], "agents/other.md": "---\nname: other\ndescription: x\n---\n"}
    assert len(refused(files)) == len(AGENTS)


def test_a_missing_context_is_refused_by_the_library() -> None:
    files = shipped()
    del files[CONTEXT]
    assert [(said.code, said.path) for said in refused(files)] == [("missing-document", CONTEXT)]


def test_a_broken_agent_is_not_taken_for_a_missing_one() -> None:
    files = shipped() | {"agents/k8s-analyzer.md": "---\nname: k8s-analyzer\ndescription: x\nrules: 3\n---\n"}
    assert [(said.code, said.line) for said in refused(files)] == [("invalid-field", 4)]


def test_other_agents_are_welcome() -> None:
    generation = published(shipped() | {"agents/other.md": "---\nname: other\ndescription: x\n---\n"})
    assert set(generation.agents) == {*AGENTS, "other"}


TWICE: Final = "---\ncluster: x\nservices:\n  P0: [cart]\n  P0: [search]\n---\n"


def test_a_key_of_the_context_that_stands_twice_is_refused_at_its_line_with_a_remedy() -> None:
    (said,) = refused(shipped() | {CONTEXT: TWICE})
    assert (said.code, said.path, said.line, said.key) == ("rejected-by-plugin", CONTEXT, 5, "services.P0")
    assert 'expected "P0" once, got it again; the first is on line 4' in said.message
    assert said.hint == "write all of it below one of the two, and remove the other"


@pytest.mark.parametrize(
    ("name", "key", "lines"),
    [
        ("k8s-analyzer", "rules.deployment-short.hold", "rules:\n  deployment-short: {hold: 5m, hold: 1h}\n"),
        ("escalation-manager", "repeat", "repeat: {SEV-1: 5m}\nrepeat: {SEV-2: 1h}\n"),
        ("slack-notifier", "blocks", "blocks: true\nblocks: false\n"),
        ("github-reviewer", "description", "description: other\n"),
    ],
)
def test_a_key_of_each_agent_that_stands_twice_is_refused(name: str, key: str, lines: str) -> None:
    path = f"agents/{name}.md"
    (said,) = refused(shipped() | {path: f"---\nname: {name}\ndescription: text\n{lines}---\n"})
    assert (said.code, said.path, said.key) == ("rejected-by-plugin", path, key)


def test_what_the_library_refuses_is_not_refused_again_nor_what_nobody_reads() -> None:
    limits = "---\nname: k8s-analyzer\ndescription: x\ntools: get\ntools: events\n---\n"
    (said,) = refused(shipped() | {"agents/k8s-analyzer.md": limits})
    assert said.code == "duplicate-key"
    other = "---\nname: other\ndescription: x\ncolor: red\ncolor: blue\n---\n"
    assert [d.code for d in published(shipped() | {"agents/other.md": other}).diagnostics] == ["duplicate-key"]


ABOVE: Final = (
    "---\ncluster: x\nservices: {P1: [cart]}\n---\n",
    "---\nservices:\n  P1: [cart]\n\ncluster: x\n---\n\n",
)
PROSE: Final = "# Cluster\n\n## Known issues\n- report-generator fails\n\n## P0\n- cart: x\n- Other Things: y\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("above", ABOVE)
def test_a_warning_is_at_its_line_of_the_file(above: str, mark: str, end: str) -> None:
    lines = (above + PROSE).split("\n")
    text = mark + end.join(lines)
    found = warnings(published(shipped() | {CONTEXT: text.encode()}))
    assert [lines[line - 1] for line, _ in found] == ["## Known issues", "- cart: x", "- Other Things: y"]
    assert found[0][1].startswith('prose-without-rule: "Known issues" acts only through a model; ')


def test_bytes_that_are_no_text_move_no_line() -> None:
    text = b"---\ncluster: x\n---\n\xff\xfe words\n\n## Known issues\n- report-generator fails\n"
    assert [line for line, _ in warnings(published(shipped() | {CONTEXT: text}))] == [6]


def test_a_body_without_frontmatter_is_refused_and_not_read() -> None:
    (error,) = refused(shipped() | {CONTEXT: PROSE})
    assert (error.code, error.key) == ("invalid-field", "cluster")


# --- the shipped configuration ----------------------------------------------------------------------------------------


def test_the_shipped_configuration_is_clean() -> None:
    result = CliRunner().invoke(app, ["validate", str(config_dir()), "--runner", "k8s-monitor"])
    assert (result.exit_code, result.stdout) == (0, "4 agents, 1 document; 0 errors, 0 warnings\n")
    assert published(shipped()).diagnostics == ()


def test_the_shipped_configuration_has_the_effect_that_it_describes() -> None:
    policy = Policy.of(published(shipped()))
    listed = {f"{service.namespace}/{service.name}": tier for tier, service in policy.services}
    assert listed == {
        "payments/checkout-api": "P0",
        "shop/storefront": "P1",
        "shop/cart": "P1",
        "shop/search": "P2",
        "None/report-generator": "P3",
    }
    assert [policy.channel(severity) for severity in ("SEV-1", "SEV-2", "SEV-3", "SEV-4")] == [
        "#incidents",
        "#incidents",
        "#operations",
        "",
    ]
    assert policy.tier_of(Owner("Node", "", "a"))[0] == "platform"
    assert policy.contact("platform") == "platform on-call"


def test_the_shipped_settings_are_those_of_the_code_but_for_what_lasts() -> None:
    policy, built_in = Policy.of(published(shipped())), EscalationManager(name="x", description="x")
    assert all(policy.hold_of(rule, None) == rule.hold for rule in RULES.values())
    assert all(policy.looks_at(rule, Owner("Deployment", "any", "x")) for rule in RULES.values())
    for tier in ("P0", "P1", "P2", "P3", "unlisted", "platform"):
        for impact in IMPACTS:
            at_once = [said.severity(tier, impact, timedelta(0)) for said in (policy.escalation, built_in)]
            assert at_once[0] == at_once[1], (tier, impact)
    assert policy.escalation.severity("P0", "degraded", timedelta(minutes=30)) == "SEV-1"
    assert policy.escalation.severity("P1", "down", timedelta(hours=1)) == "SEV-1"
    assert all(policy.escalation.repeat_after(s) == built_in.repeat_after(s) for s in ("SEV-1", "SEV-2", "SEV-3"))


def test_the_examples_in_its_comments_are_right_too() -> None:
    text = shipped()[CONTEXT]
    commented = [line for line in text.splitlines() if line.startswith("#  ")]
    assert len(commented) == 6
    for line in commented:
        text = text.replace(line, line[1:])
    text = text.replace("known_issues: []", "known_issues:").replace("windows: []", "windows:")
    context = published(shipped() | {CONTEXT: text}).document(CONTEXT, ClusterContext)
    assert (len(context.known_issues), len(context.maintenance_windows)) == (1, 1)
