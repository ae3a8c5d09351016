from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents import Snapshot

AROUND = {"Pod": (), "CronJob": ("spec", "jobTemplate", "spec", "template")}


def manifest_of(kind: str, name: str, *, namespace: str = "", **fields: Any) -> str:
    """An object as JSON, which YAML is too."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields})


def workload_of(
    mounts: Mapping[str, str | dict[str, Any]],
    volumes: Mapping[str, Any],
    *,
    kind: str = "Deployment",
    name: str = "app",
    namespace: str = "",
    container: str = "main",
    **more: Any,
) -> str:
    """A workload with one container: by path the volume's name or a whole entry; by volume's name what it is."""
    entries = [
        {"mountPath": path} | ({"name": mount} if isinstance(mount, str) else mount) for path, mount in mounts.items()
    ]
    pod = {
        "containers": [{"name": container, "volumeMounts": entries}],
        "volumes": [{"name": volume, **source} for volume, source in volumes.items()],
        **more,
    }
    fields: dict[str, Any] = {"spec": pod}
    for key in reversed(AROUND.get(kind, ("spec", "template"))):
        fields = {key: fields}
    return manifest_of(kind, name, namespace=namespace, **fields)


@pytest.fixture
def manifest() -> Callable[..., str]:
    return manifest_of


@pytest.fixture
def workload() -> Callable[..., str]:
    return workload_of


@pytest.fixture
def read() -> Callable[..., Snapshot]:
    """A text of manifests, or several documents, laid out."""

    def reading(*documents: str, **options: Any) -> Snapshot:
        is_json = all(document.startswith("{") for document in documents)  # with --- between it is YAML to some
        return Manifests(("\n\n" if is_json else "\n---\n").join(documents) + "\n", **options).read()

    return reading
