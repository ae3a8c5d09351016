"""The shipped manifests are valid, agree with each other and with the code, and ask for no more than is needed."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.manifests import LONGEST, files_of
from hotagents_k8s_monitor.settings import load_settings
from hotagents_k8s_monitor.shipped import config_dir, manifest
from hotagents_k8s_monitor.testing import FakeCluster

if TYPE_CHECKING:
    from pathlib import Path

K8S: Final = config_dir().parent / "k8s"
RESOURCE_FILES: Final = [*yaml.safe_load(manifest("kustomization.yaml"))["resources"], "secret.example.yaml"]
VERSIONS: Final = ["1.31", kubernetes_validate.latest_version()]
NAME: Final = {"app.kubernetes.io/name": "k8s-monitor"}
# The copy that `kubectl apply` keeps in an annotation of the object.
LONGEST_ANNOTATION: Final = 262_144

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def shipped(kind: str) -> dict[str, Any]:
    found = [one for name in RESOURCE_FILES for one in documents(manifest(name)) if one["kind"] == kind]
    assert len(found) == 1
    return found[0]


def pod() -> dict[str, Any]:
    spec: dict[str, Any] = shipped("Deployment")["spec"]["template"]["spec"]
    return spec


def container() -> dict[str, Any]:
    (only,) = pod()["containers"]
    assert isinstance(only, dict)
    return only


def kubectl(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["kubectl", *map(str, arguments)], capture_output=True, encoding="utf-8", timeout=45, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def overlay(room: Path, *, components: str = "[]") -> Path:
    """A kustomization as a user would write it, with a namespace of their own."""
    shutil.copytree(K8S, room / "k8s")
    text = f"namespace: elsewhere\nresources: [../k8s]\ncomponents: {components}\n"
    (room / "mine").mkdir()
    (room / "mine/kustomization.yaml").write_text(text, encoding="utf-8")
    return room / "mine"


def files_mounted(volume: dict[str, Any], mount: str) -> set[str]:
    maps = {name: files_of(manifest(f"{name}-configmap.yaml")) for name in ("orchestrator", "agents")}
    sources = volume["projected"]["sources"] if "projected" in volume else [volume]
    paths = set()
    for source in (source["configMap"] for source in sources):
        files = maps[source["name"].removeprefix("k8s-monitor-")]
        items = source.get("items", [{"key": key, "path": key} for key in files])
        assert {item["key"] for item in items} <= set(files)
        paths |= {f"{mount}/{item['path']}" for item in items}
    return paths


def files_in(spec: dict[str, Any]) -> set[str]:
    volumes = {volume["name"]: volume for volume in spec["volumes"] if "$patch" not in volume}
    mounts = {mount["mountPath"]: mount.get("name") for mount in spec["containers"][0]["volumeMounts"]}
    configured = {path: volumes[name] for path, name in mounts.items() if path.startswith("/app/.claude") and name}
    return set().union(*(files_mounted(volume, path) for path, volume in configured.items()))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", RESOURCE_FILES)
def test_each_manifest_is_valid(name: str, version: str) -> None:
    for document in documents(manifest(name)):
        assert kubernetes_validate.validate(document, version, strict=True)


def test_every_manifest_is_one_of_the_kustomization_or_says_that_it_is_an_example() -> None:
    files = {path.name for path in K8S.glob("*.yaml")}
    assert files == {*RESOURCE_FILES, "kustomization.yaml"}


def test_every_object_carries_the_name_and_lives_in_the_one_namespace() -> None:
    for name in RESOURCE_FILES:
        for document in documents(manifest(name)):
            meta = document["metadata"]
            assert meta["labels"].items() >= NAME.items()
            is_of_the_cluster = document["kind"] in {"Namespace", "ClusterRole", "ClusterRoleBinding"}
            assert meta.get("namespace") == (None if is_of_the_cluster else "k8s-monitor")


@needs_kubectl
@pytest.mark.parametrize("components", ["[]", "[../k8s/projected]"])
def test_kustomize_builds_what_is_valid_and_the_account_stays_bound_in_another_namespace(
    components: str, tmp_path: Path
) -> None:
    built = documents(kubectl("kustomize", overlay(tmp_path, components=components)))
    for document in built:
        assert kubernetes_validate.validate(document, VERSIONS[-1], strict=True)
    (binding,) = [document for document in built if document["kind"] == "ClusterRoleBinding"]
    assert [subject["namespace"] for subject in binding["subjects"]] == ["elsewhere"]
    (deployment,) = [document for document in built if document["kind"] == "Deployment"]
    assert files_in(deployment["spec"]["template"]["spec"]) == files_in(pod())
    assert ("projected" in str(deployment)) is ("projected" in components)


@needs_kubectl
def test_the_recommended_line_of_the_kustomization_works_once_it_is_no_comment(tmp_path: Path) -> None:
    shutil.copytree(K8S, tmp_path / "k8s")
    path = tmp_path / "k8s/kustomization.yaml"
    text = path.read_text(encoding="utf-8")
    assert "\n# components: [projected]\n" in text
    path.write_text(text.replace("# components:", "components:"), encoding="utf-8")
    assert "projected:" in kubectl("kustomize", tmp_path / "k8s")


@needs_kubectl
def test_kubectl_would_apply_it_all(tmp_path: Path) -> None:
    with FakeCluster() as cluster:
        # The fake cluster serves no schema; the schemas are checked above.
        access = ("--kubeconfig", cluster.kubeconfig(tmp_path), "--cache-dir", tmp_path / "cache")
        said = kubectl(*access, "apply", "--dry-run=client", "--validate=false", "-k", K8S)
    assert len(said.splitlines()) == sum(len(documents(manifest(name))) for name in RESOURCE_FILES[:-1])


def test_the_nested_and_the_projected_volumes_give_the_same_files() -> None:
    patch = yaml.safe_load(manifest("projected/deployment.yaml"))["spec"]["template"]["spec"]
    expected = {f"/app/.claude/{path.relative_to(config_dir()).as_posix()}" for path in config_dir().rglob("*.md")}
    assert files_in(pod()) == files_in(patch) == expected
    removed = {volume["name"] for volume in patch["volumes"] if "$patch" in volume}
    assert removed == {volume["name"] for volume in pod()["volumes"] if "configMap" in volume}


@pytest.mark.parametrize("part", ["orchestrator", "agents"])
def test_a_config_map_is_small_enough_to_be_applied_and_to_grow(part: str) -> None:
    text = manifest(f"{part}-configmap.yaml")
    assert sum(len(value.encode()) for value in files_of(text).values()) < LONGEST
    assert len(json.dumps(yaml.safe_load(text)).encode()) < LONGEST_ANNOTATION // 2


def test_the_environment_of_the_pod_is_one_that_the_settings_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in container()["env"]:
        monkeypatch.setenv(variable["name"], variable["value"])
    settings = load_settings()
    given = {variable["name"].removeprefix("K8S_MONITOR_").lower() for variable in container()["env"]}
    assert settings.model_fields_set == given
    mounts = {mount["mountPath"] for mount in container()["volumeMounts"]}
    assert settings.config_dir.as_posix() in mounts
    assert settings.data_dir.as_posix() in mounts
    assert settings.heartbeat_file is not None
    assert settings.heartbeat_file.parent.as_posix() in mounts


def test_volumes_and_mounts_agree_and_only_the_records_and_temporary_files_are_writable() -> None:
    mounts = container()["volumeMounts"]
    assert {mount["name"] for mount in mounts} == {volume["name"] for volume in pod()["volumes"]}
    writable = {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}
    assert writable == {"/app/logs/incidents", "/tmp"}  # noqa: S108 - a mount path
    (claimed,) = [volume for volume in pod()["volumes"] if "persistentVolumeClaim" in volume]
    assert claimed["persistentVolumeClaim"]["claimName"] == shipped("PersistentVolumeClaim")["metadata"]["name"]


def test_there_is_one_pod_at_a_time_that_has_time_to_end() -> None:
    spec = shipped("Deployment")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    assert pod()["terminationGracePeriodSeconds"] > 30
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    assert shipped("NetworkPolicy")["spec"]["podSelector"] == spec["selector"]


def test_the_pod_runs_without_privileges() -> None:
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["runAsUser"] == pod()["securityContext"]["fsGroup"] == 10001
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod())
    assert pod()["enableServiceLinks"] is False


def test_the_account_may_look_at_what_the_rules_judge_and_nothing_else() -> None:
    granted = {
        f"{resource}.{group}" if group else resource: set(rule["verbs"])
        for rule in shipped("ClusterRole")["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert granted.pop("selfsubjectaccessreviews.authorization.k8s.io") == {"create"}
    assert granted == {resource: {"get", "list"} for resource in RESOURCES}


def test_the_account_that_the_pod_uses_is_the_one_that_is_bound() -> None:
    account, binding = shipped("ServiceAccount"), shipped("ClusterRoleBinding")
    assert pod()["serviceAccountName"] == account["metadata"]["name"]
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": account["metadata"]["name"], "namespace": account["metadata"]["namespace"]}
    ]
    assert binding["roleRef"]["name"] == shipped("ClusterRole")["metadata"]["name"]


def test_nothing_comes_in_and_names_and_the_api_server_can_be_reached() -> None:
    spec = shipped("NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in spec
    ports = {(port["port"], port["protocol"]) for rule in spec["egress"] for port in rule["ports"]}
    assert ports == {(53, "UDP"), (53, "TCP"), (443, "TCP"), (6443, "TCP")}


def test_the_secret_is_optional_and_its_example_is_empty() -> None:
    (source,) = container()["envFrom"]
    assert source["secretRef"] == {"name": shipped("Secret")["metadata"]["name"], "optional": True}
    assert shipped("Secret")["stringData"] == {}


def test_the_image_is_the_one_that_kustomize_can_replace_and_names_no_registry() -> None:
    (image,) = yaml.safe_load(manifest("kustomization.yaml"))["images"]
    assert container()["image"] == f"{image['name']}:{image['newTag']}"
    assert "/" not in container()["image"]
