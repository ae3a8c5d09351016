"""Which container is meant: what mounts the root decides, and nobody guesses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Manifests, SourceError
from hotagents.sources import read_settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents import Snapshot

    Read = Callable[..., Snapshot]
    Make = Callable[..., str]

ROOT = "/app/.claude"
VOLUMES = {"v": {"configMap": {"name": "one"}}}


@pytest.fixture
def one(manifest: Make) -> str:
    return manifest("ConfigMap", "one", data={"a.md": "x"})


@pytest.mark.parametrize(
    "kind", ["CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController", "StatefulSet"]
)
def test_every_kind_that_makes_pods_is_one(read: Read, workload: Make, one: str, kind: str) -> None:
    snapshot = read(one, workload({ROOT: "v"}, VOLUMES, kind=kind), root=ROOT)
    assert dict(snapshot.files) == {"a.md": b"x"}
    assert snapshot.diagnostics == ()


@pytest.mark.parametrize("root", [f"{ROOT}/", "//app//.claude", "/app/./.claude"])
@pytest.mark.parametrize("path", [ROOT, f"{ROOT}/", "//app/.claude"])
def test_the_way_a_path_is_written_does_not_matter(read: Read, workload: Make, one: str, root: str, path: str) -> None:
    assert list(read(one, workload({path: "v"}, VOLUMES), root=root).files) == ["a.md"]


def test_the_workload_may_be_another_file_whose_configmaps_count_too(
    tmp_path: Path, workload: Make, one: str, manifest: Make
) -> None:
    (tmp_path / "maps.yaml").write_text(one + "\n---\n" + workload({ROOT: "v"}, {"v": {"emptyDir": {}}}, name="other"))
    volumes = VOLUMES | {"w": {"configMap": {"name": "two"}}}
    mine = workload({ROOT: "v", f"{ROOT}/agents": "w"}, volumes)
    (tmp_path / "app.yaml").write_text(mine + "\n---\n" + manifest("ConfigMap", "two", data={"b.md": "y"}))
    snapshot = read_settled(Manifests(tmp_path / "maps.yaml", workload=tmp_path / "app.yaml", root=ROOT))
    assert list(snapshot.files) == ["a.md", "agents/b.md"]
    both = [tmp_path / "maps.yaml", tmp_path / "app.yaml"]
    again = read_settled(Manifests(both, workload=tmp_path / "." / "app.yaml", root=ROOT))
    assert again.digest == snapshot.digest


def test_of_several_workloads_the_one_that_mounts_the_root_is_meant(read: Read, workload: Make, one: str) -> None:
    others = [workload({"/etc/x": "v"}, VOLUMES, name="x"), workload({"/app/.claude2": "v"}, VOLUMES, name="y")]
    above = workload({"/app": "v"}, {"v": {"emptyDir": {}}}, name="z")
    assert list(read(one, *others, above, workload({ROOT: "v"}, VOLUMES), root=ROOT).files) == ["a.md"]


def test_two_workloads_at_the_root_are_named_and_one_can_be_chosen(read: Read, workload: Make, one: str) -> None:
    both = [workload({ROOT: "v"}, VOLUMES, kind=kind, name="app") for kind in ("Deployment", "CronJob")]
    with pytest.raises(SourceError, match=r"Deployment/app \(\(text\):3\), CronJob/app \(\(text\):5\); check each"):
        read(one, *both, root=ROOT)
    for name in ("CronJob/app", "cronjob/app", "Deployment/app"):
        assert list(read(one, *both, root=ROOT, workload_name=name).files) == ["a.md"]
    with pytest.raises(SourceError, match=r'no workload "Pod/app" .*there is: Deployment/app, CronJob/app'):
        read(one, *both, root=ROOT, workload_name="Pod/app")


def test_one_workload_in_two_files_is_told_by_file_and_line_and_one_can_be_chosen(
    tmp_path: Path, workload: Make, one: str
) -> None:
    for name in ("base", "prod"):
        (tmp_path / f"{name}.yaml").write_text("# a tree\n" + workload({ROOT: "v"}, VOLUMES))
    (tmp_path / "maps.yaml").write_text(one)
    base, prod, maps = (str(tmp_path / f"{name}.yaml") for name in ("base", "prod", "maps"))
    with pytest.raises(SourceError) as caught:
        read_settled(Manifests([base, prod, maps], root=ROOT))
    places = f"Deployment/app ({base}:2), Deployment/app ({prod}:2)"
    assert str(caught.value) == f"2 workloads mount something at {ROOT}: {places}; check each: --workload FILE"
    assert list(read_settled(Manifests([base, prod, maps], root=ROOT, workload=prod)).files) == ["a.md"]


def test_what_tells_several_workloads_apart_is_named_and_nothing_else(read: Read, workload: Make, one: str) -> None:
    def asked(*others: str, **options: Any) -> str:
        with pytest.raises(SourceError) as caught:
            read(one, *others, root=ROOT, **options)
        return str(caught.value).rpartition("; ")[2]

    m, o, none = (workload({ROOT: "v"}, VOLUMES, namespace=space) for space in ("m", "o", ""))
    other = workload({ROOT: "v"}, VOLUMES, name="other", namespace="m")
    assert asked(m, o) == "check each: --namespace NAME"
    assert asked(m, o, other) == "check each: --workload-name KIND/NAME and --namespace NAME"
    assert asked(m, other) == "check each: --workload-name KIND/NAME"
    for twice in ((m, m), (m, none), (m, m, other)):
        assert asked(*twice).startswith("one and the same is there twice: give the manifests as they are applied")


def test_two_containers_at_the_root_are_named_and_one_can_be_chosen(read: Read, one: str, manifest: Make) -> None:
    entries = [{"name": "v", "mountPath": ROOT}]
    pod: dict[str, Any] = {
        "containers": [{"name": "a", "volumeMounts": entries}, {"name": "b", "volumeMounts": entries}, {"name": "c"}],
        "initContainers": [{"name": "i", "volumeMounts": [{"name": "v", "mountPath": f"{ROOT}/i"}]}],
        "volumes": [{"name": "v", "configMap": {"name": "one"}}],
    }
    text = manifest("Pod", "app", spec=pod)
    with pytest.raises(SourceError, match=r"2 containers of Pod/app mount something at /app/.claude: a, b; name one"):
        read(one, text, root=ROOT)
    assert list(read(one, text, root=ROOT, container="b").files) == ["a.md"]
    assert list(read(one, text, root=ROOT, container="i").files) == ["i/a.md"]
    with pytest.raises(SourceError, match='no container "z" in Pod/app; there are: a, b, c, i'):
        read(one, text, root=ROOT, container="z")


def test_an_init_container_that_goes_on_running_is_chosen_like_any_other(read: Read, workload: Make, one: str) -> None:
    sidecar = [{"name": "s", "restartPolicy": "Always", "volumeMounts": [{"name": "v", "mountPath": ROOT}]}]
    text = workload({}, VOLUMES, initContainers=sidecar)
    assert dict(read(one, text, root=ROOT).files) == {"a.md": b"x"}


def test_containers_that_run_at_the_start_alone_are_chosen_only_by_name(read: Read, workload: Make, one: str) -> None:
    starting = [{"name": "copy", "volumeMounts": [{"name": "v", "mountPath": ROOT}]}]
    text = workload({ROOT: "v"}, VOLUMES, initContainers=starting, ephemeralContainers=starting)
    assert list(read(one, text, root=ROOT).files) == ["a.md"]


def test_a_root_where_nothing_is_mounted_is_told_with_what_is(read: Read, workload: Make, one: str) -> None:
    with pytest.raises(SourceError, match=r"Deployment/app mounts nothing at, below or above /x; .*: /app/.claude"):
        read(one, workload({ROOT: "v"}, VOLUMES), root="/x")
    with pytest.raises(SourceError, match="no workload in these manifests"):
        read(one, root=ROOT)


def test_a_workload_is_sought_in_its_namespace(read: Read, workload: Make, manifest: Make) -> None:
    texts = [
        text
        for space in ("m", "o")
        for text in (
            manifest("ConfigMap", "one", namespace=space, data={f"{space}.md": "x"}),
            workload({ROOT: "v"}, VOLUMES, namespace=space),
        )
    ]
    with pytest.raises(SourceError, match="2 workloads mount something"):
        read(*texts, root=ROOT)
    assert list(read(*texts, root=ROOT, namespace="o").files) == ["o.md"]


def test_a_configmap_is_the_one_of_the_workloads_namespace(read: Read, workload: Make, manifest: Make) -> None:
    maps = [manifest("ConfigMap", "one", namespace=space, data={f"x{space}": "x"}) for space in ("", "m", "o")]
    assert list(read(*maps, workload({ROOT: "v"}, VOLUMES, namespace="m"), root=ROOT).files) == ["xm"]
    assert list(read(*maps, workload({ROOT: "v"}, VOLUMES, namespace="p"), root=ROOT).files) == ["x"]
    (wrong,) = read(*maps[1:], workload({ROOT: "v"}, VOLUMES, namespace="p"), root=ROOT).diagnostics
    assert (wrong.code, wrong.severity) == ("configmap-missing", "error")
    assert "there is one in namespace m" in wrong.message
    assert list(read(maps[1], workload({ROOT: "v"}, VOLUMES), root=ROOT).files) == ["xm"]
    (wrong,) = read(*maps[1:], workload({ROOT: "v"}, VOLUMES), root=ROOT).diagnostics
    assert (wrong.code, wrong.hint) == (
        "configmap-ambiguous",
        "give the manifests as they are applied, or say --namespace",
    )


def test_a_configmap_twice_in_one_namespace_is_no_matter_of_the_namespace(
    read: Read, workload: Make, manifest: Make
) -> None:
    twice = manifest("ConfigMap", "one", namespace="m", data={"a.md": "x"})
    (wrong,) = read(twice, twice, workload({ROOT: "v"}, VOLUMES, namespace="m"), root=ROOT).diagnostics
    assert (wrong.code, wrong.message) == (
        "configmap-ambiguous",
        'expected one ConfigMap "one", got 2: (text):1, (text):3',
    )
    assert wrong.hint == "give the manifests as they are applied, each object once"


def test_what_could_not_be_read_may_hold_what_is_missing(read: Read, workload: Make, one: str) -> None:
    assert [d.code for d in read("# all", one, "a: b: c", root=ROOT).diagnostics] == ["manifest-syntax"]
    found = read("# all", workload({ROOT: "v"}, VOLUMES), "a: b: c", one, root=ROOT).diagnostics
    assert [d.code for d in found] == ["manifest-syntax"]


@pytest.mark.parametrize("options", [{"workload": "-"}, {"container": "c"}, {"workload_name": "a"}, {"root": "app"}])
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="root"):
        Manifests("a.yaml", **options)


def test_a_manifest_from_kustomize_has_the_names_that_are_mounted(read: Read) -> None:
    built = """\
apiVersion: v1
data:
  triage.md: |
    ---
    name: triage
    description: Sorts alerts.
    ---
kind: ConfigMap
metadata:
  name: agents-5h2mk6f8tc
---
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
        - mountPath: /app/.claude
          name: agents
      volumes:
      - configMap:
          name: agents-5h2mk6f8tc
        name: agents
"""
    snapshot = read(built, root=ROOT)
    assert list(snapshot.files) == ["triage.md"]
    assert snapshot.diagnostics == ()


def test_what_is_not_as_it_should_be_in_a_pod_is_said_where_it_stands(read: Read, manifest: Make, one: str) -> None:
    pod = {
        "containers": [{"name": "c", "volumeMounts": [{"name": "v", "mountPath": ROOT}, "x", {"name": 7}]}],
        "volumes": [{"name": "v", "configMap": {"name": "one", "optional": "yes"}}],
    }
    found = read(one, manifest("Pod", "app", spec=pod), root=ROOT).diagnostics
    assert [(d.code, d.line, d.message) for d in found] == [
        ("manifest-field", 3, 'volumeMounts: expected a list of mappings, got "x"'),
        ("bad-mount", 3, "expected a mountPath, got none"),
        ("manifest-field", 3, 'optional: expected true or false, got "yes"'),
    ]
    assert json.loads(one)["kind"] == "ConfigMap"
