"""What is looked at before the monitor is trusted, and what it says a lack costs."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster.access import COSTS
from hotagents_k8s_monitor.cluster.kinds import KINDS as KINDS_OF
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.preflight import Check, checks
from hotagents_k8s_monitor.settings import PREFIX, Settings
from hotagents_k8s_monitor.shipped import config_dir
from hotagents_k8s_monitor.testing import FakeCluster, Fault
from hotagents_k8s_monitor.testing.kinds import KINDS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith((PREFIX, "ANTHROPIC_"))]:
        monkeypatch.delenv(name)


def granting(*resources: str) -> list[dict[str, Any]]:
    parts = [resource.partition(".") for resource in resources]
    return [{"apiGroups": [group], "resources": [name], "verbs": ["list"]} for name, _, group in parts]


def looked(cluster: FakeCluster, tmp_path: Path, root: Path | None = None, **settings: Any) -> list[Check]:
    values = {"kubeconfig": str(cluster.kubeconfig(tmp_path)), "data_dir": tmp_path / "data", "look_timeout": 5.0}
    return list(checks(Settings(**{**values, **settings}), root or config_dir()))


ADD_ONS: Final = [
    {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": "x", "namespace": "shop"}}
    for kind in KINDS
    if kind.is_optional
]


def wrong(found: list[Check]) -> list[str]:
    return [f"{check.what}: {check.text}" for check in found if not check.ok]


def test_all_may_be_well(tmp_path: Path) -> None:
    with FakeCluster(role=granting(*RESOURCES)) as cluster:
        found = looked(cluster, tmp_path, heartbeat_file=tmp_path / "alive")
    assert wrong(found) == []
    assert [check.what for check in found] == [
        "configuration",
        "records",
        "heartbeat",
        "model",
        "cluster",
        *["right"] * len(RESOURCES),
    ]
    assert " (the shipped example; `run` needs your own): 4 agents, sha256:" in found[0].text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kubeconfig"]


@pytest.mark.parametrize("missing", RESOURCES)
def test_each_missing_right_says_what_it_costs(tmp_path: Path, missing: Any) -> None:
    role = granting(*(resource for resource in RESOURCES if resource != missing))
    with FakeCluster(ADD_ONS, role=role) as cluster:
        found = looked(cluster, tmp_path)
    assert wrong(found) == [f"right: list {missing}: not allowed; {COSTS[missing]}; see k8s/rbac.yaml"]


def test_rights_are_asked_for_where_is_looked_and_said_of_each_namespace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[tuple[str, str]] = set()

    def in_payments_alone(_client: Any, resource: Any, _verb: str, *, namespace: str = "", **_: Any) -> bool:
        asked.add((resource, namespace))
        return namespace != "shop" or resource != "pods"

    monkeypatch.setattr("hotagents_k8s_monitor.preflight.may", in_payments_alone)
    with FakeCluster(ADD_ONS) as cluster:
        found = looked(cluster, tmp_path, namespaces="payments,shop")
    assert wrong(found) == [f"right: list pods in shop: not allowed; {COSTS['pods']}; see k8s/namespaced/role.yaml"]
    assert {"list nodes", "list services in payments, shop"} <= {check.text for check in found}
    wanted = {(r, n) for r in RESOURCES for n in (("payments", "shop") if KINDS_OF[r].is_namespaced else ("",))}
    assert asked == wanted


def test_a_right_that_no_rule_needs_that_is_on_is_no_lack(tmp_path: Path) -> None:
    root = tmp_path / "config"
    for path in config_dir().rglob("*.md"):
        (root / path.relative_to(config_dir())).parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text().replace("\nrules:\n", "\nrules:\n  pdb-violated: {enabled: false}\n")
        (root / path.relative_to(config_dir())).write_text(text)
    role = granting(*(resource for resource in RESOURCES if resource != "poddisruptionbudgets.policy"))
    with FakeCluster(ADD_ONS, role=role) as cluster:
        found = looked(cluster, tmp_path, root)
    assert wrong(found) == []
    said = "list poddisruptionbudgets.policy: not allowed, and no rule that is on needs it"
    assert said in {check.text for check in found}


def test_a_right_that_nobody_tells_of_is_not_taken_for_granted(tmp_path: Path) -> None:
    with FakeCluster() as cluster:
        cluster.fault("selfsubjectaccessreviews.authorization.k8s.io", Fault.forbidden())
        found = looked(cluster, tmp_path)
    rights = [check for check in found if check.what == "right"]
    assert [check.ok for check in rights] == [KINDS_OF[resource].optional for resource in RESOURCES]
    assert rights[0].text.startswith("list nodes: not known: forbidden: HTTP 403")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.unauthorized(), "cluster: unauthorized: HTTP 401"),
        (Fault.garbage(), "cluster: malformed: "),
        (Fault.hang(), "cluster: slow: no answer in time"),
    ],
)
def test_a_cluster_that_does_not_answer_is_said_and_no_right_is_asked_for(
    tmp_path: Path, fault: Fault, said: str
) -> None:
    with FakeCluster() as cluster:
        cluster.fault("*", fault)
        found = looked(cluster, tmp_path, look_timeout=1.0)
    (problem,) = wrong(found)
    assert problem.startswith(said)
    assert not any(check.what == "right" for check in found)


def test_a_context_that_is_not_there_is_said(tmp_path: Path) -> None:
    with FakeCluster() as cluster:
        (problem,) = wrong(looked(cluster, tmp_path, context="production"))
    assert 'no context "production"; it has fake' in problem


def test_each_error_of_the_configuration_is_said_with_its_place(tmp_path: Path) -> None:
    root = tmp_path / "config"
    (root / "agents").mkdir(parents=True)
    (root / "CLAUDE.md").write_text("---\ncluster: demo\nservice: {}\n---\nText.\n")
    with FakeCluster() as cluster:
        found = wrong(looked(cluster, tmp_path, root))
    (problem, *_) = found
    assert problem.startswith("configuration: CLAUDE.md:3:")
    (root / "CLAUDE.md").write_text("---\ncluster: demo\n---\nText.\n")
    (root / "agents" / "k8s-analyzer.md").write_text((config_dir() / "agents" / "k8s-analyzer.md").read_text())
    with FakeCluster() as cluster:
        found = wrong(looked(cluster, tmp_path, root))
    assert len(found) == 3
    for name in ("escalation-manager", "slack-notifier", "github-reviewer"):
        assert any(f'expected an agent "{name}", got none' in line for line in found)


def test_a_configuration_that_is_not_there_is_said_escaped(tmp_path: Path) -> None:
    with FakeCluster() as cluster:
        (problem,) = wrong(looked(cluster, tmp_path, tmp_path / "no\x1b[2Jwhere"))
    assert problem.startswith("configuration: ")
    assert "no\\x1b[2Jwhere" in problem


def test_a_warning_is_nothing_to_be_silent_about(tmp_path: Path) -> None:
    root = tmp_path / "config"
    (root / "agents").mkdir(parents=True)
    for path in config_dir().rglob("*.md"):
        text = path.read_text()
        if path.name == "CLAUDE.md":
            text += "\n## Known issues\n\n- The printer is on fire\n"
        (root / path.relative_to(config_dir())).write_text(text)
    with FakeCluster() as cluster:
        (problem,) = wrong(looked(cluster, tmp_path, root))
    assert "prose-without-rule" in problem


def test_records_that_cannot_be_written_say_what_that_costs(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with FakeCluster() as cluster:
        (problem,) = wrong(looked(cluster, tmp_path, data_dir=tmp_path / "file" / "data"))
    assert problem == (
        f"records: {tmp_path / 'file' / 'data'}: Not a directory; nothing is recorded, "
        "and a restart tells all that is open again"
    )


def test_a_newer_versions_state_is_said_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "state.json").write_text('{"schema": 2}')
    with FakeCluster() as cluster:
        (problem,) = wrong(looked(cluster, tmp_path))
    assert "was written by a newer version" in problem
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["state.json"]


def test_a_heartbeat_that_cannot_be_written_says_what_that_costs(tmp_path: Path) -> None:
    with FakeCluster() as cluster:
        (problem,) = wrong(looked(cluster, tmp_path, heartbeat_file=tmp_path / "not" / "there"))
    assert problem == (
        f"heartbeat: {tmp_path / 'not' / 'there'}: No such file or directory; "
        "`alive` fails, and the kubelet restarts the pod again and again"
    )


# --- a model ----------------------------------------------------------------------------------------------------------

KEY: Final = "sk-ant-very-secret"
MAY_ALL: Final = [
    {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
]


def of_a_model(found: list[Check]) -> list[str]:
    (check,) = [check for check in found if check.what == "model"]
    extra = [check.text for check in found if check.what == "right" and ("events" in check.text or "log" in check.text)]
    return [f"{'ok' if check.ok else 'NOT OK'} {check.text}", *extra]


def edited(tmp_path: Path, name: str, old: str, new: str) -> Path:
    """The shipped configuration with one edit."""
    root = tmp_path / "edited"
    shutil.copytree(config_dir(), root)
    path = root / name
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return root


def reading_logs(tmp_path: Path) -> Path:
    return edited(tmp_path, "agents/k8s-analyzer.md", "tools: get, describe, events", "tools: get, events, logs")


def test_without_a_model_no_right_of_agents_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
        monkeypatch.setenv(name, "")
    with FakeCluster(role=granting(*RESOURCES)) as cluster:
        found = looked(cluster, tmp_path, log_namespaces="shop")
    assert wrong(found) == []
    assert of_a_model(found) == ["ok none, findings only"]


@pytest.mark.parametrize(
    ("name", "value", "host"),
    [
        ("ANTHROPIC_API_KEY", KEY, "api.anthropic.com"),
        ("ANTHROPIC_AUTH_TOKEN", KEY, "api.anthropic.com"),
        ("ANTHROPIC_BASE_URL", f"http://me:{KEY}@gateway.example:8080/v1?key={KEY}", "gateway.example:8080"),
        ("ANTHROPIC_BASE_URL", "https://[::1]:9", "[::1]:9"),
    ],
)
def test_a_model_is_said_without_being_asked_and_without_its_key(
    name: str, value: str, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with FakeCluster(role=[*granting(*RESOURCES), *MAY_ALL]) as cluster:
        found = looked(
            cluster,
            tmp_path,
            reading_logs(tmp_path),
            log_namespaces="payments,shop",
            model="opus",
            model_haiku="small-1",
        )
    assert wrong(found) == []
    assert KEY not in str(found)
    models = "haiku is small-1, sonnet is claude-sonnet-5-5, opus is claude-opus-5-5, inherit is claude-opus-5-5"
    assert of_a_model(found) == [
        f"ok at {host}: {models}; not asked here",
        "list events",
        "get pods/log in payments",
        "get pods/log in shop",
    ]


@pytest.mark.parametrize("url", ["gateway", "ftp://gateway", "https://", "https://[::1", f"{KEY}://"])
def test_an_address_of_no_model_is_wrong_and_not_shown(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    with FakeCluster() as cluster:
        (problem,) = wrong(looked(cluster, tmp_path))
    assert problem == (
        "model: ANTHROPIC_BASE_URL: expected a URL that begins with https:// or http://; no model is asked"
    )


def test_each_missing_right_of_agents_says_what_it_costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with FakeCluster(role=granting(*RESOURCES)) as cluster:
        everywhere = wrong(looked(cluster, tmp_path, reading_logs(tmp_path), log_namespaces="payments,shop"))
        some = wrong(looked(cluster, tmp_path, namespaces="payments,shop"))
    assert everywhere == [
        "right: list events: not allowed; agents see no events; see k8s/model",
        "right: get pods/log in payments: not allowed; agents read no logs there; see k8s/logs",
        "right: get pods/log in shop: not allowed; agents read no logs there; see k8s/logs",
    ]
    assert some == ["right: list events in payments, shop: not allowed; agents see no events; see k8s/model/role.yaml"]


def test_rights_of_agents_are_asked_for_in_the_namespaces_in_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def in_payments_alone(_reading: Any, right: str, *, namespace: str = "") -> bool:
        asked.append((right, namespace))
        return namespace != "shop"

    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setattr("hotagents_k8s_monitor.cluster.reading.Reading.may", in_payments_alone)
    with FakeCluster() as cluster:
        root = reading_logs(tmp_path)
        found = wrong(looked(cluster, tmp_path, root, namespaces="payments,shop", log_namespaces="payments"))
    assert found == ["right: list events in shop: not allowed; agents see no events; see k8s/model/role.yaml"]
    assert asked == [("list events", "payments"), ("list events", "shop"), ("get pods/log", "payments")]


def test_a_right_of_agents_that_nobody_tells_of_is_not_taken_for_granted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with FakeCluster() as cluster:
        cluster.fault("selfsubjectaccessreviews.authorization.k8s.io", Fault.status(500))
        found = wrong(looked(cluster, tmp_path))
    assert found[-1].startswith("right: list events: not known: right to list events: failed: HTTP 500")


ANALYZER: Final = "agents/k8s-analyzer.md"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("model: sonnet[1m]", 'model: expected haiku, sonnet, opus, inherit or the id of a model, got "sonnet[1m]"'),
        ("permissionMode: plan", "permissionMode: the Messages API has no place for it; take it out of the file"),
    ],
)
def test_an_agent_that_cannot_be_asked_is_said_with_what_to_write(
    line: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = edited(tmp_path, ANALYZER, "model: haiku", line)
    with FakeCluster() as cluster:
        assert wrong(looked(cluster, tmp_path, root)) == []  # nobody is asked
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        found = wrong(looked(cluster, tmp_path, root))
    assert found == [f'agent: {ANALYZER}: agent "k8s-analyzer": {said}; it is not asked']


def test_a_limit_in_dollars_that_counts_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    whole = "claude-haiku-5-5=1/5,claude-sonnet-5-5=3/15"
    with FakeCluster() as cluster:
        without = wrong(looked(cluster, tmp_path, analysis_dollars=1.0))
        by_alias = wrong(looked(cluster, tmp_path, analysis_dollars=1.0, model_prices="haiku=1/5,sonnet=3/15"))
        in_part = wrong(looked(cluster, tmp_path, model_prices="claude-haiku-5-5=1/5"))
        assert wrong(looked(cluster, tmp_path, analysis_dollars=1.0, model_prices=whole)) == []
    limits = "what they cost is not counted and K8S_MONITOR_ANALYSIS_DOLLARS does not limit it"
    names = "prices: K8S_MONITOR_MODEL_PRICES does not name"
    assert without == by_alias == [f"{names} claude-haiku-5-5, claude-sonnet-5-5; {limits}"]
    assert in_part == [f"{names} claude-sonnet-5-5; what they cost is not counted"]


def test_namespaces_whose_logs_no_agent_may_read_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with FakeCluster() as cluster:
        found = wrong(looked(cluster, tmp_path, log_namespaces="payments,shop"))
    assert found == ["agent: none has logs among its tools, so no log is read of payments, shop"]


def test_github_is_said_without_being_asked_and_without_its_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with FakeCluster() as cluster:
        found = looked(cluster, tmp_path, github_token=KEY)
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
        without = wrong(looked(cluster, tmp_path, github_token=KEY))
    assert [check.text for check in found if check.what == "github"] == ["at api.github.com; not asked here"]
    assert without[0].startswith("github: githubkit is not installed; no change of code is seen; install ")
    assert KEY not in str(found)


def test_a_check_is_ready_for_json() -> None:
    assert Check("records", ok=False, text="full").to_dict() == {"what": "records", "ok": False, "text": "full"}
