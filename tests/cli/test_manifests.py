"""Manifests at the command line: will an edit be accepted, and what digest will the pod show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from hotagents import ConfigRegistry
from hotagents.cli import app
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Cli = Callable[..., Result]
    Agent = Callable[..., str]

EXAMPLE = Path(__file__).parents[2] / "examples" / "k8s_monitor" / "k8s"
MAPS = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: context
data:
  CLAUDE.md: |
    Cluster one.
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: agents
data:
  triage.md: |
    ---
    name: triage
    description: Sorts alerts.
    tools: Read
    ---
    Sort alerts by urgency.
"""
APP = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  template:
    spec:
      containers:
        - name: app
          volumeMounts:
            - {name: context, mountPath: /app/.claude}
            - {name: agents, mountPath: /app/.claude/agents}
      volumes:
        - name: context
          configMap: {name: context}
        - name: agents
          configMap: {name: agents}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("maps.yaml").write_text(MAPS)
    Path("app.yaml").write_text(APP)
    return tmp_path


@pytest.fixture
def piped() -> Callable[..., Result]:
    """The command line with a text on standard input."""

    def invoke(text: str, *arguments: str) -> Result:
        result = CliRunner().invoke(app, list(arguments), input=text)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return invoke


def broken() -> str:
    return MAPS.replace("name: triage", "name: 7")


@pytest.mark.parametrize(
    "arguments",
    [
        ["maps.yaml"],
        ["maps.yaml", "--workload", "app.yaml", "--root", "/app/.claude"],
        ["maps.yaml", "app.yaml", "--root", "/app/.claude"],
    ],
)
def test_good_manifests_are_one_set_and_exit_with_0(cli: Cli, arguments: list[str]) -> None:
    result = cli("validate", *arguments)
    assert result.stdout == "1 agent, 1 document; 0 errors, 0 warnings\n"
    assert (result.stderr, result.exit_code) == ("", 0)


def test_the_digest_of_manifests_is_the_one_in_the_pod(cli: Cli, piped: Cli, tmp_path: Path) -> None:
    outer = ConfigMapVolume(tmp_path / "mount")
    outer.write({"CLAUDE.md": "Cluster one.\n"})
    text = MAPS.partition("triage.md: |\n")[2].replace("    ", "")
    outer.nested("agents").write({"triage.md": text})
    with ConfigRegistry(tmp_path / "mount") as registry:
        digest = registry.current.digest
    for arguments in (["maps.yaml", "app.yaml"], ["maps.yaml", "--workload", "app.yaml"]):
        result = cli("digest", *arguments, "--root", "/app/.claude")
        assert (result.stdout, result.stderr, result.exit_code) == (f"{digest}\n", "", 0)
    for arguments in (["-"], ["-", "--workload", "-"]):
        result = piped(f"{MAPS}---\n{APP}", "digest", *arguments, "--root", "/app/.claude")
        assert result.stdout == f"{digest}\n"
    volumes = json.loads(cli("digest", "--volumes", "--json", "maps.yaml", "app.yaml", "--root", "/app/.claude").stdout)
    assert volumes["digest"] == digest
    assert list(volumes["volumes"]) == [".", "agents"]


def test_the_shipped_manifests_of_the_example_are_accepted(cli: Cli) -> None:
    if not EXAMPLE.is_dir():
        pytest.skip("no checkout: the example is not beside the tests")
    files = sorted(str(path) for path in EXAMPLE.glob("*.yaml"))
    assert cli("validate", *files, "--root", "/app/.claude").exit_code == 0


def test_an_error_in_an_agent_is_at_its_line_and_column_in_the_manifest(cli: Cli) -> None:
    Path("maps.yaml").write_text(broken())
    result = cli("validate", "maps.yaml", "app.yaml", "--root", "/app/.claude")
    error, summary = result.stdout.splitlines()
    assert error.startswith("maps.yaml:16:11: wrong-type: name: expected ")
    assert " (ConfigMap agents, key triage.md, line 2); " in error
    assert summary == "0 agents, 1 document; 1 error, 0 warnings"
    assert result.exit_code == 1


def test_json_has_both_places(cli: Cli) -> None:
    Path("maps.yaml").write_text(broken() + '---\nkind: ConfigMap\nmetadata: {name: x}\ndata: {"a/b": x}\n')
    arguments = ["maps.yaml", "app.yaml", "--root", "/app/.claude"]
    for command in ("validate", "show"):
        facts = json.loads(cli(command, "--json", *arguments).stdout)
        found = facts["diagnostics"][0]
        assert (found["path"], found["line"], found["column"]) == ("maps.yaml", 16, 11)
        assert found["manifest"] == {"file": "maps.yaml", "line": 16, "column": 11, "exact": True}
        assert found["set"] == {"path": "agents/triage.md", "line": 2, "column": 7}
        found = json.loads(cli(command, "--json", "maps.yaml").stdout)["diagnostics"]
        assert {d["code"]: d["set"] for d in found}["configmap-key"] is None
    facts = json.loads(cli("validate", "--json", *arguments).stdout)
    assert [entry["path"] for entry in facts["paths"]] == ["maps.yaml, app.yaml"]
    assert facts["digest"].startswith("sha256:")


def test_show_lists_what_the_pod_would_serve(cli: Cli) -> None:
    lines = cli("show", "maps.yaml", "app.yaml", "--root", "/app/.claude").stdout.splitlines()
    assert lines[1].split() == ["triage", "inherit", "Read", "agents/triage.md", "Sorts", "alerts."]
    assert [line.split()[:2] for line in lines if " volume " in line] == [[".", "volume"], ["agents", "volume"]]
    Path("maps.yaml").write_text(broken())
    result = cli("show", "maps.yaml", "app.yaml", "--root", "/app/.claude")
    assert "not served: maps.yaml:16:11: wrong-type: name: " in result.stdout
    assert result.exit_code == 1


def test_a_manifest_that_cannot_be_laid_out_has_no_digest(cli: Cli) -> None:
    Path("app.yaml").write_text(APP.replace("{name: agents}\n", "{name: gone}\n"))
    result = cli("digest", "maps.yaml", "app.yaml", "--root", "/app/.claude")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr.startswith('hotagents: app.yaml:17:29: configmap-missing: expected ConfigMap "gone"')


def test_what_manifests_cannot_know_is_warned_of_beside_the_digest(cli: Cli) -> None:
    mounts = "            - {name: work, mountPath: /app/.claude/work}\n      volumes:\n        - name: work\n"
    Path("app.yaml").write_text(APP.replace("      volumes:\n", mounts))
    result = cli("digest", "maps.yaml", "app.yaml", "--root", "/app/.claude")
    assert result.exit_code == 0
    assert result.stdout.startswith("sha256:")
    assert result.stderr.startswith("hotagents: app.yaml:13:15: unknown-content: emptyDir at /app/.claude/work: ")


def test_a_root_that_no_pod_can_have_has_no_digest(cli: Cli) -> None:
    Path("app.yaml").write_text(APP.replace("mountPath: /app/.claude}", "mountPath: /app}"))
    result = cli("digest", "maps.yaml", "--workload", "app.yaml", "--root", "/app/.claude/commands")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert "so no pod has /app/.claude/commands" in result.stderr
    assert cli("digest", "maps.yaml", "--workload", "app.yaml", "--root", "/app/.claude").exit_code == 0


def test_a_root_where_a_pod_reads_nothing_has_no_digest_to_pin(cli: Cli) -> None:
    Path("app.yaml").write_text(APP)
    result = cli("digest", "maps.yaml", "--workload", "app.yaml", "--root", "/app")
    assert result.exit_code == 1
    assert "this is the digest of nothing" in result.stderr


def test_a_workload_that_nobody_asked_about_is_told_of_beside_the_digest(cli: Cli, piped: Cli) -> None:
    plain = cli("digest", "maps.yaml")
    assert plain.stderr == ""
    for command in (["digest"], ["digest", "--json"], ["show"]):
        result = piped(f"{MAPS}---\n{APP}", *command, "-")
        assert result.exit_code == 0
        assert result.stdout == cli(*command, "maps.yaml").stdout.replace("maps.yaml", "-")
        assert result.stderr.startswith("hotagents: note: without --root all ConfigMaps are laid over each other, ")
        assert "Deployment/app (-:22) at /app/.claude; for what a pod sees, say --root /app/.claude, " in result.stderr
        assert result.stderr.count("\n") == 1
    Path("app.yaml").write_text(APP.replace("configMap: {name: ", "configMap: {name: x-"))
    assert cli("digest", "maps.yaml", "app.yaml").stderr == ""


def test_many_workloads_that_nobody_asked_about_are_cut(cli: Cli) -> None:
    others = "---\n".join(APP.replace("name: app", f"name: app{n}").replace("/app/", f"/app{n}/") for n in range(9))
    projected = "projected: {sources: [{configMap: {name: agents}}]}"
    Path("app.yaml").write_text(others.replace("configMap: {name: agents}", projected))
    result = cli("digest", "maps.yaml", "app.yaml")
    assert "Deployment/app4 (app.yaml:73) at /app4/.claude and more; " in result.stderr
    assert "say --root PATH" in result.stderr
    assert "app6" not in result.stderr


def test_two_configmaps_with_one_key_need_a_workload(cli: Cli) -> None:
    Path("maps.yaml").write_text(MAPS.replace("CLAUDE.md", "triage.md"))
    result = cli("validate", "maps.yaml")
    assert result.stdout.startswith("maps.yaml:14:3: duplicate-path: ")
    assert "--workload and --root" in result.stdout
    assert result.exit_code == 1
    assert cli("validate", "maps.yaml", "app.yaml", "--root", "/app/.claude/agents").exit_code == 0


def test_several_workloads_are_checked_one_by_one(cli: Cli) -> None:
    Path("app.yaml").write_text(f"{APP}---\n{APP.replace('name: app', 'name: other')}")
    arguments = ["maps.yaml", "app.yaml", "--root", "/app/.claude"]
    result = cli("validate", *arguments)
    assert result.exit_code == 2
    assert "Deployment/app (app.yaml:1), Deployment/other (app.yaml:19)" in result.stderr
    assert "--workload-name KIND/NAME" in result.stderr
    assert cli("validate", *arguments, "--workload-name", "Deployment/other").exit_code == 0
    facts = json.loads(cli("show", "--json", *arguments).stdout)
    assert facts == {"path": "maps.yaml, app.yaml", "error": result.stderr.removeprefix("hotagents: ").strip()}


def test_directories_are_sets_of_their_own_beside_manifests(cli: Cli, volume: ConfigMapVolume) -> None:
    result = cli("validate", "maps.yaml", volume.path, "app.yaml", "--root", "/app/.claude", "--json")
    facts = json.loads(result.stdout)
    assert [entry["path"] for entry in facts["paths"]] == ["maps.yaml, app.yaml", str(volume.path)]
    Path("dir.yaml").mkdir()
    (Path("dir.yaml") / "a.md").write_text("x")
    assert "dir.yaml: empty-set: the set holds no agent" in cli("validate", "dir.yaml").stdout


def test_an_empty_set_of_manifests_is_named_by_them(cli: Cli) -> None:
    Path("maps.yaml").write_text(MAPS.partition("---\n")[0])
    result = cli("validate", "maps.yaml", "--root", "/app/.claude", "--workload", "app.yaml")
    assert result.stdout.startswith("app.yaml:17:29: configmap-missing: ")
    result = cli("validate", "maps.yaml")
    assert result.stdout.startswith("maps.yaml: empty-set: the set holds no agent; if this is meant, say --allow-empty")
    assert cli("validate", "maps.yaml", "--allow-empty").exit_code == 0


def test_a_required_document_that_is_missing_is_named_by_its_path_in_the_pod(cli: Cli, installed: Path) -> None:
    assert installed.is_dir()
    Path("maps.yaml").write_text(MAPS.replace("CLAUDE.md", "OTHER.md"))
    result = cli("validate", "--runner", "briefed", "maps.yaml", "app.yaml", "--root", "/app/.claude")
    assert result.stdout.startswith("/app/.claude/CLAUDE.md: missing-document: ")
    assert cli("validate", "--runner", "briefed", "maps.yaml").stdout.startswith("CLAUDE.md: missing-document: ")


def test_a_finding_of_a_plugin_is_at_its_place_in_the_manifest(cli: Cli, installed: Path) -> None:
    assert installed.is_dir()
    Path("maps.yaml").write_text(MAPS.replace("name: triage", "name: forbidden"))
    result = cli("validate", "--runner", "printing", "maps.yaml")
    assert result.stdout.startswith("maps.yaml:15: rejected-by-plugin: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["validate", "gone.yaml"], "gone.yaml: no such file"),
        (["validate", "app.yaml"], "app.yaml: no ConfigMap in there"),
        (["validate", "maps.yaml", "--root", "/app/.claude"], "maps.yaml: no workload in these manifests"),
        (
            ["validate", "maps.yaml", "app.yaml", "--root", "/etc"],
            "Deployment/app mounts nothing at, below or above /etc",
        ),
        (["validate", "maps.yaml", "app.yaml", "--root", "app"], "root: expected an absolute path"),
        (["validate", "maps.yaml", "--workload", "app.yaml"], "expected a root too"),
        (["validate", ".", "--root", "/app"], "--root: expected manifests"),
        (["digest", "maps.yaml", "."], "expected one directory or file, or manifests alone"),
        (["show", ".", "."], "expected one directory or file"),
    ],
)
def test_what_cannot_be_read_or_makes_no_sense_is_one_line_and_exits_with_2(
    cli: Cli, arguments: list[str], said: str
) -> None:
    result = cli(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("hotagents: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_stands_in_a_manifest_cannot_move_the_terminals_cursor(cli: Cli) -> None:
    text = MAPS.replace("name: agents", 'name: "a\\e[2Jb"').replace("triage.md: |", '"k\\e[2J": x\n  triage.md: |')
    Path("maps.yaml").write_text(text)
    for arguments in (["validate", "-v"], ["validate", "--json"], ["show"], ["show", "--json"], ["digest"]):
        result = cli(*arguments, "maps.yaml")
        assert result.stdout or result.stderr
        assert "\x1b" not in result.stdout + result.stderr


def test_what_render_writes_is_accepted_and_has_the_directorys_digest(cli: Cli, piped: Cli, agent: Agent) -> None:
    Path("set/agents").mkdir(parents=True)
    Path("set/CLAUDE.md").write_text("# Cluster\n")
    Path("set/agents/triage.md").write_text(agent("triage"))
    rendered = cli("render", "set", "--name", "one").stdout
    assert piped(rendered, "digest", "-", "--root", "/app/.claude").stdout == cli("digest", "set").stdout
    assert piped(rendered, "validate", "-", "--root", "/app/.claude").exit_code == 0
