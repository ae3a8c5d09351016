"""The digest of manifests is the pod's: the same content, written as a kubelet does, and read by a registry."""

from __future__ import annotations

import base64
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hotagents import ConfigRegistry, Manifests, Tree
from hotagents.sources import read_settled
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents import Snapshot

KEYS = ("CLAUDE.md", "triage.md", "fix.md", "data.json", ".hidden", "x..y", "-")
PLACES = (".", "agents", "agents/deep", "team/a", "team/b", ".dot", "more")
FOLDERS = ("", "sub/", "sub/deeper/", "..late/", "x/..late/")
CONTENT = st.text(max_size=20) | st.binary(max_size=20)
AGENT = "---\nname: {0}\ndescription: Use for {0}.\n---\nWork.\n"


@dataclass(frozen=True)
class Source:
    """One ConfigMap or Secret in a volume, with the paths of its keys, or None for the keys themselves."""

    kind: str
    name: str
    data: Mapping[str, str | bytes]
    items: Mapping[str, str] | None

    @property
    def files(self) -> dict[str, str | bytes]:
        return {self.items[key] if self.items else key: value for key, value in self.data.items()}

    @property
    def reference(self) -> dict[str, Any]:
        listed = {"items": [{"key": k, "path": p} for k, p in self.items.items()]} if self.items else {}
        return {"name": self.name, "defaultMode": 0o444, **listed}

    @property
    def manifest(self) -> dict[str, Any]:
        texts = {key: value for key, value in self.data.items() if isinstance(value, str)}
        others = {key: _base64(value) for key, value in self.data.items() if isinstance(value, bytes)}
        fields = (
            {"data": texts, "binaryData": others} if self.kind == "ConfigMap" else {"stringData": texts, "data": others}
        )
        return {"apiVersion": "v1", "kind": self.kind, "metadata": {"name": self.name}} | fields


class Dumper(yaml.SafeDumper):
    """Writes blocks where it can, else quotes: what PyYAML leaves plain may be a boolean for kubectl."""

    def text(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else '"')


Dumper.add_representer(str, Dumper.text)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


@st.composite
def volumes(draw: st.DrawFn) -> dict[str, list[Source]]:
    """Volumes by place, whose files no other mount hides."""
    places = draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=4, unique=True))
    found: dict[str, list[Source]] = {}
    for place in places:
        sources = []
        for number in range(draw(st.integers(1, 3))):
            data = draw(st.dictionaries(st.sampled_from(KEYS), CONTENT, max_size=4))
            folder = draw(st.sampled_from(FOLDERS[:3]))
            is_listed: bool = draw(st.booleans())
            items = {key: f"{folder}{key}" for key in data} if data and is_listed else None
            name = f"{place.strip('.').replace('/', '-') or 'root'}-{number}"
            sources.append(Source(draw(st.sampled_from(["ConfigMap", "Secret"])), name, data, items))
        found[place] = sources
    return found


def manifests(found: Mapping[str, list[Source]], root: str, *, as_yaml: bool) -> str:
    documents = [source.manifest for sources in found.values() for source in sources]
    mounts, listed = [], []
    for number, (place, sources) in enumerate(found.items()):
        mounts.append({"name": f"v{number}", "mountPath": root if place == "." else f"{root}/{place}"})
        if len(sources) == 1:
            reference = dict(sources[0].reference)
            if sources[0].kind == "Secret":
                volume = {"secret": {"secretName": reference.pop("name"), **reference}}
            else:
                volume = {"configMap": reference}
        else:
            parts = [{"configMap" if s.kind == "ConfigMap" else "secret": s.reference} for s in sources]
            volume = {"projected": {"sources": parts}}
        listed.append({"name": f"v{number}", **volume})
    spec = {"containers": [{"name": "c", "volumeMounts": mounts}], "volumes": listed}
    documents.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    if as_yaml:
        return str(yaml.dump_all(documents, Dumper=Dumper, sort_keys=False, allow_unicode=True))
    return "\n".join(json.dumps(document) for document in documents) + "\n"


def mounted(found: Mapping[str, list[Source]], root: Path) -> None:
    """Write what a kubelet would: of several sources the later covers the earlier."""
    root.mkdir(parents=True, exist_ok=True)
    for place, sources in sorted(found.items()):
        ConfigMapVolume(root / place).write({path: text for source in sources for path, text in source.files.items()})


def same(ours: Snapshot, theirs: Snapshot) -> None:
    shape = [(part.name, part.prefix, part.kind, dict(part.files)) for part in theirs.parts]
    assert [(part.name, part.prefix, part.kind, dict(part.files)) for part in ours.parts] == shape
    assert ours.digest == theirs.digest


@settings(max_examples=60, deadline=None)
@given(volumes(), st.booleans())
def test_parts_and_digest_are_those_that_a_tree_finds(found: dict[str, list[Source]], as_yaml: bool) -> None:  # noqa: FBT001
    ours = Manifests(manifests(found, "/app/.claude", as_yaml=as_yaml), root="/app/.claude").read()
    if any(d.code in {"bad-path", "duplicate-path"} and d.severity == "error" for d in ours.diagnostics):
        return  # no pod would have it
    with tempfile.TemporaryDirectory() as directory:
        mounted(found, Path(directory, "root"))
        same(ours, read_settled(Tree(Path(directory, "root"), settle=0.01)))


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), CONTENT, min_size=1), st.sampled_from(["", ".claude/", "a/b/", "a/.c/"]))
def test_a_root_in_a_volume_is_what_a_tree_finds_there(data: dict[str, str | bytes], folder: str) -> None:
    items = {key: f"{folder}{'x/' if key == 'fix.md' else ''}{key}" for key in data}
    found = {".": [Source("ConfigMap", "one", data, items)]}
    root = f"/app/{folder}".rstrip("/")
    ours = Manifests(manifests(found, "/app", as_yaml=True), root=root).read()
    with tempfile.TemporaryDirectory() as directory:
        mounted(found, Path(directory, "app"))
        same(ours, read_settled(Tree(Path(directory, "app", folder), settle=0.01)))


@pytest.mark.parametrize("is_projected", [False, True])
@pytest.mark.parametrize("nested", ["agents", "team/agents", ".agents"])
def test_a_registry_in_the_pod_has_the_digest(tmp_path: Path, nested: str, is_projected: bool) -> None:  # noqa: FBT001
    context = Source("ConfigMap", "context", {"CLAUDE.md": "# Cluster\n", "fix.md": AGENT.format("fix")}, None)
    agents = Source("ConfigMap", "agents", {"triage.md": AGENT.format("triage")}, {"triage.md": "sub/triage.md"})
    found = {".": [context, agents]} if is_projected else {".": [context], nested: [agents]}
    mounted(found, tmp_path / "mount")
    ours = Manifests(manifests(found, "/app/.claude", as_yaml=True), root="/app/.claude").read()
    assert ours.diagnostics == ()
    with ConfigRegistry(tmp_path / "mount") as registry:
        generation = registry.current
        assert generation.digest == ours.digest
        with ConfigRegistry(Manifests(manifests(found, "/app/.claude", as_yaml=False), root="/app/.claude")) as other:
            assert other.current.digest == generation.digest
            assert dict(other.current.agents) == dict(generation.agents)
            assert {n: v.digest for n, v in other.current.volumes.items()} == {
                n: v.digest for n, v in generation.volumes.items()
            }
