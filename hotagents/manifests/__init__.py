"""Kubernetes manifests as a source: what a pod will serve, before anything is applied.

The steps are one module each: files to text (`files`, `sheet`), text to nodes with places (`stretch`, `compose`,
`nodes`), nodes to objects (`stream`), objects to content (`configmap`) and to pods (`workload`); then what a pod's
volumes hold (`shelf`, `volumes`, `paths`, `mounts`) and which parts a registry finds in that (`layout`, `overlay`,
`shaping`). `problems` collects what is wrong; `origins` leads from a file of the set back to its place in a manifest;
`secrets` knows what is shown nowhere. `source` puts it together; read it next.

Manifests are untrusted: bounded in size, depth and expansion, never executed, and what is wrong with them is a
diagnostic or a `SourceError`, whatever they hold.
"""

from __future__ import annotations

from hotagents.manifests.files import STDIN
from hotagents.manifests.origins import Origin, Origins, located
from hotagents.manifests.secrets import NOT_SHOWN, Secrets
from hotagents.manifests.source import Manifests

__all__ = ["NOT_SHOWN", "STDIN", "Manifests", "Origin", "Origins", "Secrets", "located"]
