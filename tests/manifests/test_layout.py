"""What a pod sees, as far as manifests can say, and what it can never see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Limits
from hotagents.snapshot import LOCK_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents import Diagnostic, Snapshot

    Read = Callable[..., Snapshot]
    Make = Callable[..., str]
    Lay = Callable[..., Snapshot]

ROOT = "/app/.claude"


def of(name: str, *items: tuple[str, str], **more: Any) -> dict[str, Any]:
    listed = {"items": [{"key": key, "path": path} for key, path in items]} if items else {}
    return {"configMap": {"name": name, **listed, **more}}


def projected(*sources: dict[str, Any]) -> dict[str, Any]:
    return {"projected": {"sources": list(sources)}}


def brief(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[str, str]]:
    return [(d.code, d.severity) for d in diagnostics]


@pytest.fixture
def lay(read: Read, workload: Make, manifest: Make) -> Lay:
    """Two ConfigMaps and a Secret, mounted."""

    def laying(mounts: Mapping[str, Any], volumes: Mapping[str, Any], *, root: str = ROOT, **options: Any) -> Snapshot:
        one = manifest("ConfigMap", "one", data={"a.md": "A", "b.md": "B"})
        two = manifest("ConfigMap", "two", data={"a.md": "2", "c.txt": "C"})
        secret = manifest("Secret", "three", data={"a.md": "QQ==", "s": "Uw=="}, stringData={"a.md": "over"})
        return read(one, two, secret, workload(mounts, volumes), root=root, **options)

    return laying


def shape(snapshot: Snapshot) -> list[tuple[str, str, list[str]]]:
    return [(part.name, part.kind, list(part.files)) for part in snapshot.parts]


def test_one_mount_inside_another_is_a_part_of_its_own(lay: Lay) -> None:
    snapshot = lay({ROOT: "v", f"{ROOT}/agents": "w"}, {"v": of("one"), "w": of("two")})
    assert shape(snapshot) == [(".", "volume", ["a.md", "b.md"]), ("agents", "volume", ["a.md", "c.txt"])]
    assert list(snapshot.files) == ["a.md", "agents/a.md", "agents/c.txt", "b.md"]
    assert [part.location for part in snapshot.parts] == [ROOT, f"{ROOT}/agents"]
    assert snapshot.diagnostics == ()


def test_items_choose_keys_and_give_paths(lay: Lay) -> None:
    snapshot = lay({ROOT: "v"}, {"v": of("one", ("a.md", "x/./y//a.md"), ("a.md", "a.md"), defaultMode=0o400)})
    assert dict(snapshot.files) == {"a.md": b"A", "x/y/a.md": b"A"}
    assert snapshot.diagnostics == ()


def test_a_projected_volume_is_one_part_and_of_one_path_the_later_source_wins(lay: Lay) -> None:
    sources = [of("one"), of("two"), {"secret": {"name": "three", "items": [{"key": "s", "path": "t/s"}]}}]
    snapshot = lay({ROOT: "v"}, {"v": projected(*sources)})
    assert dict(snapshot.files) == {"a.md": b"2", "b.md": b"B", "c.txt": b"C", "t/s": b"S"}
    (warning,) = snapshot.diagnostics
    assert (warning.code, warning.severity) == ("duplicate-path", "warning")
    assert "ConfigMap one, key a.md and from ConfigMap two, key a.md: the later" in warning.message


def test_one_path_twice_under_items_is_refused(lay: Lay) -> None:
    one, two = of("one", ("a.md", "x")), of("two", ("a.md", "x"))
    assert brief(lay({ROOT: "v"}, {"v": projected(one, two)}).diagnostics) == [("duplicate-path", "error")]
    twice = of("one", ("a.md", "x"), ("b.md", "./x"))
    assert brief(lay({ROOT: "v"}, {"v": twice}).diagnostics) == [("duplicate-path", "error")]


def test_a_secret_is_decoded_and_its_string_data_counts_more(lay: Lay) -> None:
    snapshot = lay({ROOT: "v"}, {"v": {"secret": {"secretName": "three"}}})
    assert dict(snapshot.files) == {"a.md": b"over", "s": b"S"}
    assert snapshot.diagnostics == ()


def test_a_secret_that_cannot_be_decoded_is_not_repeated(read: Read, manifest: Make, workload: Make) -> None:
    secret = manifest("Secret", "three", data={"a": "hunter2!"})
    snapshot = read(secret, workload({ROOT: "v"}, {"v": {"secret": {"secretName": "three"}}}), root=ROOT)
    assert brief(snapshot.diagnostics) == [("configmap-value", "error")]
    assert "hunter2" not in str(snapshot.diagnostics)


@pytest.mark.parametrize("source", [of("gone"), {"secret": {"secretName": "gone"}}, projected(of("gone"))])
def test_what_is_missing_is_an_error_unless_it_is_optional(lay: Lay, source: dict[str, Any]) -> None:
    assert brief(lay({ROOT: "v"}, {"v": source}).diagnostics) == [("configmap-missing", "error")]
    reference = source.get("configMap") or source.get("secret") or source["projected"]["sources"][0]["configMap"]
    reference["optional"] = True
    snapshot = lay({ROOT: "v"}, {"v": source})
    assert brief(snapshot.diagnostics) == [("configmap-missing", "info")]
    assert shape(snapshot) == [(".", "volume", [])]


def test_a_key_that_is_missing_is_an_error_unless_it_is_optional(lay: Lay) -> None:
    (wrong,) = lay({ROOT: "v"}, {"v": of("one", ("z.md", "z.md"), ("a.md", "a.md"))}).diagnostics
    assert (wrong.code, wrong.severity) == ("configmap-missing", "error")
    assert wrong.message.endswith('got "z.md"; there are: a.md, b.md')
    snapshot = lay({ROOT: "v"}, {"v": of("one", ("z.md", "z.md"), ("a.md", "a.md"), optional=True)})
    assert brief(snapshot.diagnostics) == [("configmap-missing", "info")]
    assert list(snapshot.files) == ["a.md"]


@pytest.mark.parametrize(
    "path", ["/a", "../a", "a/../b", "..a", "..", ".", "a\\b", "a\nb", "a/..data/b", "x" * 256, "x/" * 2100 + "x"]
)
def test_a_path_that_the_kubelet_or_a_digest_refuses_is_an_error_at_the_path(lay: Lay, path: str) -> None:
    snapshot = lay({ROOT: "v"}, {"v": of("one", ("a.md", path), ("b.md", "b.md"))})
    assert brief(snapshot.diagnostics) == [("bad-path", "error")]
    assert list(snapshot.files) == ["b.md"]


def test_a_reference_or_an_item_that_is_not_complete_is_an_error(lay: Lay) -> None:
    (wrong,) = lay({ROOT: "v"}, {"v": {"configMap": {"optional": True}}}).diagnostics
    assert (wrong.code, wrong.message) == ("manifest-field", "expected name of a ConfigMap, got none")
    (wrong,) = lay({ROOT: "v"}, {"v": {"configMap": {"name": "one", "items": [{"key": "a.md"}]}}}).diagnostics
    assert (wrong.code, wrong.severity) == ("manifest-field", "error")
    assert "with key and path" in wrong.message


def test_a_file_that_is_a_directory_too_is_refused(lay: Lay) -> None:
    snapshot = lay({ROOT: "v"}, {"v": projected(of("one", ("a.md", "x/a.md")), of("two", ("a.md", "x")))})
    (wrong,) = snapshot.diagnostics
    assert (wrong.code, wrong.message) == ("bad-path", '"x" cannot be a file and, for "x/a.md", a directory')


def test_a_name_that_looks_like_the_mounts_own_is_not_read(lay: Lay) -> None:
    snapshot = lay({ROOT: "v"}, {"v": of("one", ("a.md", "x/..a.md"), ("b.md", "b.md"))})
    assert list(snapshot.files) == ["b.md"]


@pytest.mark.parametrize("field", ["subPath", "subPathExpr"])
@pytest.mark.parametrize("path", [ROOT, f"{ROOT}/a.md", "/app"])
def test_a_part_of_a_volume_is_refused_with_the_reason(lay: Lay, field: str, path: str) -> None:
    (wrong, *_) = lay({path: {"name": "v", field: "a.md"}, f"{ROOT}/x": "v"}, {"v": of("one")}).diagnostics
    assert (wrong.code, wrong.severity) == ("subpath-mount", "error")
    assert "never updated" in wrong.message
    assert lay({ROOT: {"name": "v", field: ""}}, {"v": of("one")}).diagnostics == ()


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("emptyDir", {"emptyDir": {}}),
        ("emptyDir", {}),
        ("emptyDir", {"configMap": None}),
        ("persistentVolumeClaim", {"persistentVolumeClaim": {"claimName": "x"}}),
        ("hostPath", {"hostPath": {"path": "/x"}}),
        ("csi", {"csi": {"driver": "x"}}),
    ],
)
@pytest.mark.parametrize("path", [f"{ROOT}/work", ROOT, "/app"])
def test_what_no_manifest_knows_is_a_warning(lay: Lay, kind: str, source: dict[str, Any], path: str) -> None:
    mounts = {path: "w"} | ({f"{ROOT}/agents": "v"} if path != f"{ROOT}/work" else {ROOT: "v"})
    snapshot = lay(mounts, {"v": of("one"), "w": source})
    (warning,) = snapshot.diagnostics
    assert (warning.code, warning.severity) == ("unknown-content", "warning")
    assert warning.message.startswith(f"{kind} at {path}: ")
    assert {part.name: part.kind for part in snapshot.parts}["work" if path == f"{ROOT}/work" else "."] == "directory"


def test_what_only_a_running_pod_has_is_left_out_with_a_warning(lay: Lay) -> None:
    downward = {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}
    token = {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}
    bundle = {"clusterTrustBundle": {"name": "x", "path": "ca.pem"}}
    snapshot = lay({ROOT: "v"}, {"v": projected(of("one"), downward, token, bundle)})
    assert brief(snapshot.diagnostics) == [("unknown-content", "warning")] * 3
    assert list(snapshot.files) == ["a.md", "b.md"]
    snapshot = lay({ROOT: "v", f"{ROOT}/pod": "w"}, {"v": of("one"), "w": downward})
    assert brief(snapshot.diagnostics) == [("unknown-content", "warning")]
    assert ("pod", "volume", []) in shape(snapshot)


@pytest.mark.parametrize("path", ["labels.md", LOCK_NAME, f"x/{LOCK_NAME}"])
def test_what_only_a_running_pod_has_may_not_be_an_agent_or_a_lock(lay: Lay, path: str) -> None:
    downward = {"downwardAPI": {"items": [{"path": path, "fieldRef": {"fieldPath": "metadata.labels"}}]}}
    assert brief(lay({ROOT: "v"}, {"v": projected(downward)}).diagnostics) == [("unknown-content", "error")]


@pytest.mark.parametrize("path", ["agents/x.md", "agents"])
def test_a_file_that_another_mount_hides_is_an_error_that_names_both(lay: Lay, path: str) -> None:
    volumes = {"v": of("one", ("a.md", path), ("b.md", "b.md")), "w": of("two")}
    snapshot = lay({ROOT: "v", f"{ROOT}/agents/sub": "w"}, volumes)
    (wrong, *_) = snapshot.diagnostics
    assert (wrong.code, wrong.severity) == ("mount-in-content", "error")
    assert wrong.message.startswith(f'"{path}" (ConfigMap one, key a.md) is hidden by what is mounted at {ROOT}/agents')


def test_directories_that_are_there_only_to_mount_something_are_parts_too(lay: Lay) -> None:
    snapshot = lay({ROOT: "v", f"{ROOT}/x/y": "w"}, {"v": of("one"), "w": of("two")})
    assert [(part.name, part.kind) for part in snapshot.parts] == [
        (".", "volume"),
        ("x", "directory"),
        ("x/y", "volume"),
    ]


def test_a_root_that_lies_in_a_volume_is_a_plain_directory_of_it(lay: Lay) -> None:
    volume = of("one", ("a.md", ".claude/agents/a.md"), ("b.md", ".claude/.hidden"), ("b.md", "else"))
    snapshot = lay({"/app": "v"}, {"v": volume})
    assert shape(snapshot) == [(".", "directory", ["agents/a.md"])]
    assert snapshot.diagnostics == ()


def test_a_root_that_a_volume_above_does_not_have_is_an_error(lay: Lay) -> None:
    snapshot = lay({"/app": "v"}, {"v": of("one")})
    (wrong,) = snapshot.diagnostics
    assert (wrong.code, wrong.severity) == ("bad-mount", "error")
    assert "has nothing in .claude" in wrong.message


def test_a_root_in_a_volume_below_which_others_are_mounted_shows_only_those(lay: Lay) -> None:
    snapshot = lay({"/app": "v", f"{ROOT}/agents": "w", "/app/logs": "l"}, {"v": of("one"), "w": of("two"), "l": {}})
    assert shape(snapshot) == [(".", "directory", []), ("agents", "volume", ["a.md", "c.txt"])]
    assert snapshot.diagnostics == ()
    hidden = of("one", ("a.md", ".claude/a.md"), ("b.md", "logs/b.md"))
    snapshot = lay({"/app": "v", f"{ROOT}/agents": "w", "/app/logs": "l"}, {"v": hidden, "w": of("two"), "l": {}})
    assert brief(snapshot.diagnostics) == [("mount-in-content", "error")]


@pytest.mark.parametrize("root", [f"{ROOT}/agents", f"{ROOT}/agents/deep", f"{ROOT}/other-not"])
def test_a_root_beside_a_mount_point_that_no_pod_has_is_an_error(lay: Lay, root: str) -> None:
    snapshot = lay({"/app": "v", f"{ROOT}/other": "w"}, {"v": of("one"), "w": of("two")}, root=root)
    (wrong,) = snapshot.diagnostics
    assert (wrong.code, wrong.severity) == ("bad-mount", "error")
    assert f".claude is only made to mount others, such as {ROOT}/other), so no pod has {root}" in wrong.message


def test_of_a_root_that_a_mount_hides_only_that_is_said(lay: Lay) -> None:
    hidden = of("one", ("a.md", ".claude/agents/a.md"))
    snapshot = lay({"/app": "v", f"{ROOT}/other": "w"}, {"v": hidden, "w": of("two")}, root=f"{ROOT}/agents")
    assert brief(snapshot.diagnostics) == [("mount-in-content", "error")]


def test_a_root_of_the_image_with_mounts_below_is_said_to_be_not_known(lay: Lay) -> None:
    snapshot = lay({f"{ROOT}/agents": "v"}, {"v": of("one")})
    assert shape(snapshot) == [(".", "directory", []), ("agents", "volume", ["a.md", "b.md"])]
    assert brief(snapshot.diagnostics) == [("unknown-content", "info")]


def test_a_mount_that_a_look_through_a_plain_directory_passes_over_is_a_warning(lay: Lay) -> None:
    snapshot = lay({"/app/.claude": "v", "/app/x": "w"}, {"v": of("one"), "w": of("two")}, root="/app")
    assert [part.name for part in snapshot.parts] == [".", "x"]
    assert ("bad-mount", "warning") in brief(snapshot.diagnostics)


@pytest.mark.parametrize(
    ("mounts", "volumes", "said"),
    [
        ({ROOT: "v", f"{ROOT}/": "w"}, {"v": of("one"), "w": of("two")}, "expected one mount at"),
        ({ROOT: "x"}, {"v": of("one")}, 'the name of a volume, got "x"; there are: v'),
        ({"app/.claude": "v"}, {"v": of("one")}, "expected an absolute path"),
        ({ROOT: "v"}, {"v": of("one") | {"emptyDir": {}}}, "expected one kind of volume, got configMap, emptyDir"),
        ({ROOT: "v"}, {"v": projected(of("one") | {"secret": {"name": "three"}})}, "expected one kind of source"),
        ({f"{ROOT}/a:b": "v", ROOT: "v"}, {"v": of("one")}, 'expected a path without ":"'),
    ],
)
def test_what_the_api_server_refuses_of_a_pod_is_an_error(
    lay: Lay, mounts: dict[str, Any], volumes: dict[str, Any], said: str
) -> None:
    found = [d for d in lay(mounts, volumes).diagnostics if d.code == "bad-mount"]
    assert len(found) == 1
    assert said in found[0].message


def test_two_volumes_of_one_name_are_an_error_with_both_lines(read: Read) -> None:
    text = """\
kind: Pod
metadata: {name: app}
spec:
  containers: [{name: c, volumeMounts: [{name: v, mountPath: /x}]}]
  volumes:
  - name: v
    emptyDir: {}
  - name: v
    emptyDir: {}
  - emptyDir: {}
"""
    found = [d for d in read(text, root="/x").diagnostics if d.code == "bad-mount"]
    assert [(d.line, d.column, d.message.rpartition("; ")[2]) for d in found] == [
        (8, 5, "the first is on line 6"),
        (10, 5, "expected a volume with a name, got one without"),
    ]


def test_a_volume_that_is_mounted_twice_is_two_parts(lay: Lay) -> None:
    snapshot = lay({ROOT: "v", f"{ROOT}/copy": "v"}, {"v": of("one")})
    assert list(snapshot.files) == ["a.md", "b.md", "copy/a.md", "copy/b.md"]


def test_limits_are_those_of_a_registry_in_the_pod(lay: Lay) -> None:
    volume = of("one", ("a.md", "a.md"), ("b.md", "x/y/b.md"))
    found = lay({ROOT: "v"}, {"v": volume}, limits=Limits(directory_depth=1)).diagnostics
    assert [(d.code, d.path) for d in found] == [("too-deep", "x/y")]
    deep = lay({f"{ROOT}/x/y/z": "v", f"{ROOT}/x": "w"}, {"v": volume, "w": {}}, limits=Limits(directory_depth=1))
    assert [part.name for part in deep.parts] == ["."]
    found = lay({ROOT: "v"}, {"v": volume}, limits=Limits(files=1)).diagnostics
    assert [(d.code, d.path) for d in found] == [("too-many-files", "")]
    found = lay({ROOT: "v", f"{ROOT}/t": "w"}, {"v": of("one"), "w": of("two")}, limits=Limits(files=3)).diagnostics
    assert [(d.code, d.path) for d in found] == [("too-many-files", "")]


def test_a_flood_of_mounts_is_refused(lay: Lay) -> None:
    snapshot = lay({f"{ROOT}/{n}": "v" for n in range(1500)}, {"v": of("one")})
    assert ("manifest-too-large", "error") in brief(snapshot.diagnostics)
    assert len(snapshot.parts) == 1001


def test_a_flood_of_sources_is_refused(read: Read, manifest: Make, workload: Make) -> None:
    one = manifest("ConfigMap", "one", data={f"k{n}": "x" for n in range(5000)})
    snapshot = read(one, workload({ROOT: "v"}, {"v": projected(*[of("one")] * 300)}), root=ROOT)
    assert ("manifest-too-large", "error") in brief(snapshot.diagnostics)
