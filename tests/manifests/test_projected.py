"""Two sources of a projected volume with one path, and objects that only matter to whether the pod starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Snapshot

    Read = Callable[..., Snapshot]
    Make = Callable[..., str]

ROOT = "/app/.claude"
LISTED: Any = {"configMap": {"name": "one", "items": [{"key": "labels", "path": "labels"}]}}
WHOLE: Any = {"configMap": {"name": "one"}}
DOWNWARD: Any = {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}
TOKEN: Any = {"serviceAccountToken": {"path": "labels"}}
BUNDLE: Any = {"clusterTrustBundle": {"name": "ca", "path": "labels"}}


@pytest.fixture(name="mounted")
def projected(read: Read, manifest: Make, workload: Make) -> Callable[..., Snapshot]:
    def mount(*sources: Any) -> Snapshot:
        one = manifest("ConfigMap", "one", data={"labels": "x", "a.md": "x"})
        volume = {"projected": {"sources": list(sources)}}
        return read(one, workload({ROOT: "v"}, {"v": volume}), root=ROOT)

    return mount


@pytest.mark.parametrize(
    ("first", "second", "severity"),
    [
        (LISTED, DOWNWARD, "error"),
        (DOWNWARD, LISTED, "error"),
        (LISTED, BUNDLE, "error"),
        (DOWNWARD, BUNDLE, "error"),
        (DOWNWARD, DOWNWARD, "error"),
        (WHOLE, DOWNWARD, "warning"),
        (DOWNWARD, WHOLE, "warning"),
        (LISTED, TOKEN, "warning"),
        (TOKEN, LISTED, "warning"),
    ],
)
def test_one_path_from_two_sources_is_refused_where_the_api_server_compares_them(
    mounted: Callable[..., Snapshot], first: Any, second: Any, severity: str
) -> None:
    snapshot = mounted(first, second)
    (found,) = [d for d in snapshot.diagnostics if d.code == "duplicate-path"]
    assert found.severity == severity
    assert found.message.startswith('"labels" comes from ')
    assert ("labels" in snapshot.files) == ("configMap" in second)  # the later source covers the earlier


def test_a_path_below_one_that_only_a_pod_has_is_refused(mounted: Callable[..., Snapshot]) -> None:
    below = {"configMap": {"name": "one", "items": [{"key": "a.md", "path": "labels/a.md"}]}}
    assert "bad-path" in {d.code for d in mounted(DOWNWARD, below).diagnostics}


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        ({"configMap": {"name": "gone"}}, 'ConfigMap "gone"'),
        ({"secret": {"secretName": "gone"}}, 'Secret "gone"'),
        ({"projected": {"sources": [{"configMap": {"name": "one"}}, {"secret": {"name": "gone"}}]}}, 'Secret "gone"'),
        ({"configMap": {"name": "gone", "optional": True}}, ""),
        ({"configMap": {"name": "one"}}, ""),
        ({"projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}}, ""),
        ({"emptyDir": {}}, ""),
    ],
)
@pytest.mark.parametrize("where", ["beside", "in another container", "nowhere"])
def test_what_is_mounted_elsewhere_in_the_pod_and_not_there_is_a_note(
    read: Read, manifest: Make, workload: Make, volume: dict[str, Any], said: str, where: str
) -> None:
    mounts = {ROOT: "v"} | ({"/etc/app": "w"} if where == "beside" else {})
    init = [{"name": "first", "volumeMounts": [{"name": "w", "mountPath": "/x"}]}] if "other" in where else []
    volumes = {"v": {"configMap": {"name": "one"}}, "w": volume}
    one = manifest("ConfigMap", "one", data={"a.md": "x"})
    found = read(one, workload(mounts, volumes, initContainers=init), root=ROOT).diagnostics
    if not said or where == "nowhere":
        assert found == ()
        return
    (note,) = found
    assert (note.code, note.severity, note.hint) == ("configmap-missing", "info", "without it no pod starts")
    assert note.message == f"{said}, which the pod mounts elsewhere, is not in these manifests"


def test_a_claim_of_a_statefulset_is_a_volume_of_its_pods(read: Read, manifest: Make) -> None:
    mounts = [{"name": name, "mountPath": path} for name, path in (("v", ROOT), ("data", "/data"))]
    volumes = [{"name": "v", "configMap": {"name": "one"}}]
    pod = {"containers": [{"name": "c", "volumeMounts": mounts}], "volumes": volumes}
    one = manifest("ConfigMap", "one", data={"a.md": "x"})

    def snapshot(*claims: str) -> Snapshot:
        templates = [{"metadata": {"name": name}, "spec": {}} for name in claims]
        spec = {"template": {"spec": pod}, "volumeClaimTemplates": templates}
        return read(one, manifest("StatefulSet", "app", spec=spec), root=ROOT)

    assert snapshot("data").diagnostics == ()
    assert [d.code for d in snapshot("other").diagnostics] == ["bad-mount"]
    (unknown,) = snapshot("data", "v").diagnostics  # it takes the place of the pod's own volume
    assert (unknown.code, unknown.severity) == ("unknown-content", "warning")
