"""A directory as manifests: what the cluster mounts is what was rendered, byte for byte."""

from __future__ import annotations

import base64
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from hotagents import ConfigRegistry, Lock, Memory, Volume
from hotagents.ops.mounting import Target
from hotagents.ops.render import CONFIGMAPS, KUSTOMIZATION, LONGEST, WORKLOAD, rendered
from hotagents.snapshot import content_hash, digest_of
from hotagents.testing import ConfigMapVolume

TARGET = Target(name="my-agents")
AGENT = b"---\nname: a\ndescription: d\n---\nDo it.\n"


def maps_in(manifests: dict[str, str]) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    for document in yaml.safe_load_all(manifests[CONFIGMAPS]):
        data = {key: text.encode() for key, text in document.get("data", {}).items()}
        binary = {key: base64.b64decode(text) for key, text in document.get("binaryData", {}).items()}
        assert not data.keys() & binary.keys()
        found[document["metadata"]["name"]] = data | binary
    return found


def pod_of(manifests: dict[str, str]) -> Any:
    return yaml.safe_load(manifests[WORKLOAD])["spec"]["template"]["spec"]


def mounted(manifests: dict[str, str]) -> dict[str, bytes]:
    """The files that the kubelet would write into the volume."""
    maps, volume = maps_in(manifests), pod_of(manifests)["volumes"][0]
    projected = volume.get("projected", {}).get("sources")
    sources = [source["configMap"] for source in projected] if projected else [volume["configMap"]]
    files: dict[str, bytes] = {}
    for source in sources:
        content = maps[source["name"]]
        items = source.get("items") or [{"key": key, "path": key} for key in content]
        assert len(items) == len(content)
        for item in items:
            assert item["path"] not in files
            files[item["path"]] = content[item["key"]]
    return files


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\\\n\r\0"), min_size=1, max_size=12).filter(
    lambda name: not name.startswith("..") and name not in {".", "hotagents.lock"}
)
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
_TEXTS = st.text(max_size=60).map(str.encode) | st.binary(max_size=30)


def _is_tree(files: dict[str, bytes]) -> bool:
    return not any(other.startswith(path + "/") for path in files for other in files)


@given(files=st.dictionaries(_PATHS, _TEXTS, max_size=6).filter(_is_tree), projected=st.booleans())
@example(files={"a/b.md": b"x", "a.b.md": b"y", "a_b.md": b"z", "a b.md": b""}, projected=False)
@example(files={"null": b"null", "true.md": b" lead\n\n", "1e3": b"\ttab \n"}, projected=True)
@example(files={"x": "\ufeff\u2028\x85".encode(), "s": b"\0", "p": b"a\r\nb"}, projected=True)
@example(files={"0": b"\xef\x8d4", "t": base64.b64decode("true"), "e": b"\xff"}, projected=False)
@example(files={"n": b"no\n", "o": b"- a\n\n\n", "q": b"\n", "r": b"# c\n"}, projected=False)
def test_what_is_mounted_is_what_was_rendered(files: dict[str, bytes], *, projected: bool) -> None:
    lock, target = Lock.of(files, release="1.2", commit="abc"), Target(name="my-agents", projected=projected)
    manifests = rendered(files, target, lock=lock)
    found = mounted(manifests)
    assert found.pop("hotagents.lock") == lock.text().encode()
    assert found == files
    assert rendered(dict(reversed(files.items())), target, lock=lock) == manifests


def test_a_registry_on_the_mount_serves_it_with_the_digest_of_the_directory() -> None:
    files = {"CLAUDE.md": b"context", "agents/a.md": AGENT, "agents/deep/b.md": AGENT.replace(b"name: a", b"name: b")}
    manifests = rendered(files, TARGET, lock=Lock.of(files, release="1.2"))
    with TemporaryDirectory() as directory:
        volume = ConfigMapVolume(Path(directory, "mount"))
        volume.write(mounted(manifests))
        with ConfigRegistry(Volume(volume.path)) as registry, ConfigRegistry(Memory(files)) as plain:
            assert registry.current.digest == plain.current.digest
            assert set(registry.current.agents) == {"a", "b"}
            assert registry.current.lock is not None
            assert registry.current.lock.release == "1.2"


def test_each_map_tells_the_digest_of_the_whole_volume() -> None:
    files = {"a.md": b"x" * LONGEST, "b.md": b"y"}
    (first, second) = yaml.safe_load_all(rendered(files, TARGET, lock=None)[CONFIGMAPS])
    digest = digest_of({path: content_hash(content) for path, content in files.items()})
    for document in (first, second):
        assert document["metadata"]["annotations"] == {"hotagents.dev/volume-digest": digest}


def test_a_large_set_is_several_maps_in_one_projected_volume() -> None:
    files = {f"{n:02}.md": b"x" * 400_000 for n in range(7)}
    manifests = rendered(files, TARGET, lock=None)
    maps = maps_in(manifests)
    assert list(maps) == ["my-agents", "my-agents-2", "my-agents-3", "my-agents-4"]
    assert all(sum(map(len, content.values())) <= LONGEST for content in maps.values())
    assert mounted(manifests) == files


def test_a_file_that_no_map_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a\.md: 1048577 bytes; a ConfigMap holds 1048576"):
        rendered({"a.md": b"x" * (LONGEST + 1)}, TARGET, lock=None)


def test_a_set_without_directories_needs_no_items() -> None:
    manifests = rendered({"a.md": AGENT}, TARGET, lock=None)
    assert pod_of(manifests)["volumes"] == [{"name": "my-agents", "configMap": {"name": "my-agents"}}]


@pytest.mark.parametrize("name", ["123", "1e3", "true", "null", "n", "yes", "0x1"])
def test_a_name_that_yaml_takes_for_something_else_stays_a_name(name: str) -> None:
    manifests = rendered({"a.md": AGENT}, Target(name=name, workload=name, namespace=name), lock=None)
    (document,) = yaml.safe_load_all(manifests[CONFIGMAPS])
    assert (document["metadata"]["name"], document["metadata"]["namespace"]) == (name, name)
    assert f'name: "{name}"\n' in manifests[CONFIGMAPS]
    assert mounted(manifests) == {"a.md": AGENT}


@pytest.mark.parametrize("version", ["1.31", "1.34"])
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"])
def test_the_api_server_takes_what_is_rendered(kind: str, version: str) -> None:
    files = {"agents/a.md": AGENT, "b.bin": b"\xff"}
    target = Target(
        name="my.agents",
        namespace="team",
        labels={"a/b": "true", "c": "1"},
        kind=kind,
        workload="app",
        container="main",
    )
    manifests = rendered(files, target, lock=Lock.of(files))
    (document,) = yaml.safe_load_all(manifests[CONFIGMAPS])
    kubernetes_validate.validate(document, version, strict=True)
    assert document["metadata"]["labels"]["a/b"] == "true"
    patch = yaml.safe_load(manifests[WORKLOAD])
    assert (patch["kind"], patch["metadata"]) == (kind, {"name": "app", "namespace": "team"})
    assert "name: main" in manifests[WORKLOAD]
    component = yaml.safe_load(manifests[KUSTOMIZATION])
    assert component["resources"] == [CONFIGMAPS]
    assert component["patches"] == [{"path": WORKLOAD}]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "My_Agents"}, "name: expected lower-case"),
        ({"name": ""}, "name: expected lower-case"),
        ({"name": "a..b"}, "name: expected lower-case"),
        ({"name": "a", "namespace": "Bad ns"}, "namespace: expected lower-case"),
        ({"name": "a", "container": "A_b"}, "container: expected lower-case"),
        ({"name": "a", "workload": "-"}, "workload: name of a Deployment: expected at most 253 lower-case"),
        ({"name": "a", "kind": "CronJob", "workload": "b" * 53}, "workload: name of a CronJob: expected at most 52"),
        (
            {"name": "b" * 53, "kind": "CronJob"},
            "workload: name of a CronJob: expected at most 52 .* got 53 ch",
        ),
        ({"name": "a", "kind": "Job", "workload": "b" * 64}, "workload: name of a Job: expected at most 63"),
        (
            {"name": "a", "kind": "StatefulSet", "workload": "b.c"},
            "workload: name of a StatefulSet: expected at most",
        ),
        ({"name": "a", "labels": {"a": "b c"}}, "label a: expected up to 63"),
        ({"name": "a", "labels": {"bad key/!": "v"}}, "label: expected a key such as"),
        ({"name": "a", "kind": "Service"}, "kind: expected one of CronJob"),
        ({"name": "a", "root": "app"}, "root: expected an absolute path"),
        ({"name": "a", "root": "/app/../etc"}, "root: expected an absolute path"),
    ],
)
def test_a_target_that_no_cluster_would_take_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Target(**options)
