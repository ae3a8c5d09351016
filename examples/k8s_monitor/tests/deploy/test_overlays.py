"""The components of the kustomization build what is valid, change what they say, and leave the set as it is."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml
from typer.testing import CliRunner

from hotagents.cli import app
from hotagents_k8s_monitor.settings import load_settings
from hotagents_k8s_monitor.shipped import config_dir, manifest

if TYPE_CHECKING:
    from pathlib import Path

K8S: Final = config_dir().parent / "k8s"
COMPONENTS: Final = ("cilium", "logs", "metrics", "model", "namespaced", "projected")
VERSION: Final = kubernetes_validate.latest_version()
OF_THE_CLUSTER: Final = {"nodes", "namespaces", "apiservices"}

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


def built(room: Path, *components: str) -> list[dict[str, Any]]:
    """What ``kubectl apply -k`` would apply of a user's own kustomization with these components."""
    shutil.copytree(K8S, room / "k8s")
    (room / "mine").mkdir()
    lines = ["resources: [../k8s]", f"components: [{', '.join(f'../k8s/{name}' for name in components)}]"]
    (room / "mine/kustomization.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(
        ["kubectl", "kustomize", str(room / "mine")], capture_output=True, encoding="utf-8", timeout=45, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def the(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [document for document in documents if document["kind"] == kind]
    return found


def container(documents: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = the(documents, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def test_every_component_is_tested_here() -> None:
    assert {path.parent.name for path in K8S.glob("*/kustomization.yaml")} == set(COMPONENTS)


@needs_kubectl
@pytest.mark.parametrize("components", [(name,) for name in COMPONENTS] + [COMPONENTS[1:]], ids="+".join)
def test_components_build_what_is_valid(components: tuple[str, ...], tmp_path: Path) -> None:
    for document in built(tmp_path, *components):
        if document["kind"] != "CiliumNetworkPolicy":  # a custom resource, of which there is no schema here
            assert kubernetes_validate.validate(document, VERSION, strict=True)


@needs_kubectl
@pytest.mark.parametrize("components", [(name,) for name in COMPONENTS], ids="+".join)
def test_the_pod_serves_the_same_set_with_each_component(components: tuple[str, ...], tmp_path: Path) -> None:
    documents = built(tmp_path, *components)
    kinds = {"ConfigMap", "Deployment"}
    path = tmp_path / "all.yaml"
    path.write_text(yaml.safe_dump_all([d for d in documents if d["kind"] in kinds]), encoding="utf-8")
    laid_out = CliRunner().invoke(app, ["digest", str(path), "--root", "/app/.claude"])
    assert laid_out.exit_code == 0, laid_out.output
    plain = CliRunner().invoke(app, ["digest", str(config_dir())])
    assert laid_out.stdout.split()[0] == plain.stdout.split()[0]


@needs_kubectl
@pytest.mark.parametrize("component", COMPONENTS)
def test_the_environment_of_each_is_one_that_the_settings_accept(
    component: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in container(built(tmp_path, component))["env"]:
        monkeypatch.setenv(variable["name"], variable["value"])
    settings = load_settings()
    assert (settings.listen == ":9090") is (component == "metrics")
    assert settings.looked_into == (("payments", "shop") if component == "namespaced" else ())
    assert settings.logs_of == (("payments", "shop") if component == "logs" else ())


@needs_kubectl
def test_cilium_names_hosts_and_takes_the_open_ports_away(tmp_path: Path) -> None:
    documents = built(tmp_path, "cilium")
    assert "NetworkPolicy" not in {document["kind"] for document in documents}
    spec = the(documents, "CiliumNetworkPolicy")["spec"]
    selector = the(documents, "Deployment")["spec"]["selector"]
    assert spec["endpointSelector"] == selector
    assert spec["ingress"] == []
    for rule in spec["egress"]:
        assert set(rule) & {"toEntities", "toEndpoints", "toFQDNs"}, "each rule says where to"
    (named,) = [rule for rule in spec["egress"] if "toFQDNs" in rule]
    assert named["toPorts"] == [{"ports": [{"port": "443", "protocol": "TCP"}]}]


@needs_kubectl
def test_metrics_open_one_port_to_one_namespace(tmp_path: Path) -> None:
    documents = built(tmp_path, "metrics")
    (port,) = container(documents)["ports"]
    spec = the(documents, "NetworkPolicy")["spec"]
    (rule,) = spec["ingress"]
    assert rule["ports"] == [{"port": port["containerPort"], "protocol": "TCP"}]
    assert rule["from"]
    assert spec["egress"] == yaml.safe_load(manifest("networkpolicy.yaml"))["spec"]["egress"]


def granted(rules: list[dict[str, Any]]) -> dict[str, set[str]]:
    return {
        f"{resource}.{group}": set(rule["verbs"])
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


@needs_kubectl
def test_the_role_and_what_is_left_of_the_cluster_role_are_together_what_the_cluster_role_was(tmp_path: Path) -> None:
    (whole,) = [d for d in yaml.safe_load_all(manifest("rbac.yaml")) if d["kind"] == "ClusterRole"]
    role, binding = yaml.safe_load_all(manifest("namespaced/role.yaml"))
    left = the(built(tmp_path, "namespaced"), "ClusterRole")["rules"]
    assert granted(left) | granted(role["rules"]) == granted(whole["rules"])
    assert not granted(left).keys() & granted(role["rules"]).keys()
    assert not {name.partition(".")[0] for name in granted(role["rules"])} & OF_THE_CLUSTER
    for document in (role, binding):
        assert kubernetes_validate.validate(document, VERSION, strict=True)
        assert "namespace" not in document["metadata"]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]


@needs_kubectl
def test_a_model_adds_events_to_what_may_be_looked_at_and_memory_and_changes_nothing_else(tmp_path: Path) -> None:
    with_it, without = built(tmp_path / "with", "model"), built(tmp_path / "without")
    assert container(with_it)["resources"]["limits"] == {"memory": "768Mi"}
    container(with_it)["resources"]["limits"] = container(without)["resources"]["limits"]
    rules = the(with_it, "ClusterRole")["rules"]
    assert rules.pop() == {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "list"]}
    assert with_it == without


@needs_kubectl
def test_logs_change_nothing_but_one_variable(tmp_path: Path) -> None:
    with_it, without = built(tmp_path / "with", "logs"), built(tmp_path / "without")
    (variable,) = [v for v in container(with_it)["env"] if v["name"] == "K8S_MONITOR_LOG_NAMESPACES"]
    container(with_it)["env"].remove(variable)
    assert with_it == without


@needs_kubectl
def test_no_right_to_the_events_of_all_is_left_where_some_namespaces_are_looked_into(tmp_path: Path) -> None:
    left = the(built(tmp_path, "model", "namespaced"), "ClusterRole")["rules"]
    assert "events." not in granted(left)


@pytest.mark.parametrize(
    ("component", "rights"), [("model", {"events.": {"get", "list"}}), ("logs", {"pods/log.": {"get"}})]
)
def test_a_role_for_each_namespace_gives_one_right_to_the_account(component: str, rights: dict[str, set[str]]) -> None:
    role, binding = yaml.safe_load_all(manifest(f"{component}/role.yaml"))
    (account,) = [d for d in yaml.safe_load_all(manifest("rbac.yaml")) if d["kind"] == "ServiceAccount"]
    assert granted(role["rules"]) == rights
    for document in (role, binding):
        assert kubernetes_validate.validate(document, VERSION, strict=True)
        assert "namespace" not in document["metadata"]
        assert document["metadata"]["labels"] == account["metadata"]["labels"]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    (subject,) = binding["subjects"]
    assert subject == {"kind": "ServiceAccount"} | {key: account["metadata"][key] for key in ("name", "namespace")}


def test_by_itself_the_monitor_sees_neither_events_nor_logs() -> None:
    for path in ("rbac.yaml", "namespaced/role.yaml"):
        roles = [d for d in yaml.safe_load_all(manifest(path)) if d["kind"] in {"ClusterRole", "Role"}]
        assert not {"events.", "pods/log."} & {name for role in roles for name in granted(role["rules"])}


def test_cilium_names_the_hosts_of_models() -> None:
    (policy,) = yaml.safe_load_all(manifest("cilium/ciliumnetworkpolicy.yaml"))
    names = [name["matchName"] for rule in policy["spec"]["egress"] for name in rule.get("toFQDNs", ())]
    assert {"api.anthropic.com", "api.github.com"} <= set(names)
