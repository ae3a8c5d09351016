"""`rendered`: a set of files as Kubernetes manifests that mount it as one volume, with the lock that names it.

ConfigMaps have no directories and hold 1 MiB. So a path is a key with an entry in ``items`` where it has a slash, and a
larger set is several ConfigMaps in one projected volume, which the kubelet swaps as one. The same files give the same
bytes, whatever the machine, so that a repository can be checked against its directory.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from hotagents.ops.blocks import key, scalar
from hotagents.ops.mounting import patch
from hotagents.snapshot import LOCK_NAME, content_hash, digest_of, is_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.lock import Lock
    from hotagents.ops.mounting import Target

__all__ = ["CONFIGMAPS", "HEADS", "KUSTOMIZATION", "LONGEST", "WORKLOAD", "rendered"]

LONGEST: Final = 1_048_576
"""Bytes that the values of one ConfigMap may have together: the API server's limit."""
CONFIGMAPS: Final = "configmaps.yaml"
WORKLOAD: Final = "workload.yaml"
KUSTOMIZATION: Final = "kustomization.yaml"

_KEY: Final = re.compile(r"(?!\.\.)(?!\.$)[-._a-zA-Z0-9]{1,253}", re.ASCII)
_OTHER: Final = re.compile(r"[^-._a-zA-Z0-9]", re.ASCII)
_HEAD: Final = "# Written by `hotagents render`; edit the files that it was written from.\n"
HEADS: Final = (_HEAD.encode(), f"# {LOCK_NAME} ".encode())
"""How every file that was rendered begins."""


def rendered(files: Mapping[str, bytes], target: Target, *, lock: Lock | None) -> dict[str, str]:
    """Return texts by file name: the ConfigMaps, a patch that mounts them, a kustomize component of both, and the lock.

    Args:
        files: Bytes by path relative to the root; locks among them are left out.
        target: What to call it and where to mount it.
        lock: The lock to lay beside the files, or None.

    Raises:
        ValueError: If a file is larger than a ConfigMap may be.
    """
    content = {path: files[path] for path in sorted(files) if not is_lock(path)}
    digest = digest_of({path: content_hash(found) for path, found in content.items()})
    if lock is not None:
        content = {LOCK_NAME: lock.text().encode(), **content}
    keys = _keys(content)
    maps = {
        target.name if number == 1 else f"{target.name}-{number}": paths
        for number, paths in enumerate(_split(content), 1)
    }
    documents = [_config_map(name, paths, content, keys, target, digest) for name, paths in maps.items()]
    files_of_lock = {LOCK_NAME: lock.text()} if lock is not None else {}
    return {
        CONFIGMAPS: _HEAD + "---\n".join(documents),
        KUSTOMIZATION: f"{_HEAD}apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        f"resources:\n  - {CONFIGMAPS}\npatches:\n  - path: {WORKLOAD}\n",
        WORKLOAD: _HEAD + patch(target, maps, keys),
        **files_of_lock,
    }


def _split(content: Mapping[str, bytes]) -> list[list[str]]:
    """Return the paths of each ConfigMap, in order, each as full as the order allows."""
    maps: list[list[str]] = [[]]
    size = 0
    for path, found in content.items():
        if len(found) > LONGEST:
            raise ValueError(f"{path}: {len(found)} bytes; a ConfigMap holds {LONGEST}: shorten the file or split it")
        if size + len(found) > LONGEST:
            maps.append([])
            size = 0
        maps[-1].append(path)
        size += len(found)
    return maps


def _keys(content: Mapping[str, bytes]) -> dict[str, str]:
    """Return a key for each path: the path itself where it can be one, else one that tells it and no other."""
    plain = {path: path if _KEY.fullmatch(path) else _OTHER.sub("_", path.replace("/", ".")) for path in content}
    counts = Counter(plain.values())
    return {
        path: found if path == found or (counts[found] == 1 and _KEY.fullmatch(found)) else _hashed(path, found)
        for path, found in plain.items()
    }


def _hashed(path: str, found: str) -> str:
    mark = sha256(path.encode()).hexdigest()[:12]
    return f"f-{mark}-{found.lstrip('.')[-200:]}"


def _config_map(
    name: str, paths: list[str], content: Mapping[str, bytes], keys: Mapping[str, str], target: Target, digest: str
) -> str:
    labels = {"app.kubernetes.io/managed-by": "hotagents", **target.labels}
    lines = ["apiVersion: v1\nkind: ConfigMap\nmetadata:\n", f"  name: {key(name)}\n"]
    if target.namespace:
        lines.append(f"  namespace: {key(target.namespace)}\n")
    lines.append("  labels:\n")
    lines += [f"    {key(label)}: {scalar(labels[label], depth=4)}" for label in sorted(labels)]
    lines.append(f'  annotations:\n    hotagents.dev/volume-digest: "{digest}"\n')
    texts: dict[str, str] = {}
    binary: dict[str, bytes] = {}
    for path in paths:
        text = _text(content[path])
        if text is None:
            binary[keys[path]] = content[path]
        else:
            texts[keys[path]] = text
    if texts:
        lines.append("data:\n")
        lines += [f"  {key(found)}: {scalar(texts[found], depth=2)}" for found in sorted(texts)]
    if binary:
        lines.append("binaryData:\n")
        # Quoted where needed, as text is: "7404" and "true" are base64, and no text to YAML.
        lines += [f"  {key(found)}: {key(base64.b64encode(binary[found]).decode())}\n" for found in sorted(binary)]
    return "".join(lines)


def _text(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if text.startswith("\ufeff") or "\0" in text else text
