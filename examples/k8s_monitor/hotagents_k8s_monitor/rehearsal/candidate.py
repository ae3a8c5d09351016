"""`generation_at`: the configuration at a path, judged and published as a monitor would.

That is a directory as it is mounted, a manifest of ConfigMaps, or a directory of such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotagents import ConfigRegistry, Directory, Manifests, load_plugins
from hotagents_k8s_monitor import plugin
from hotagents_k8s_monitor.policy import CONTEXT

if TYPE_CHECKING:
    from pathlib import Path

    from hotagents import Generation

__all__ = ["generation_at"]

_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})


def generation_at(path: Path) -> Generation[Any]:
    """Return what the configuration at a path would be served as.

    Raises:
        InvalidConfigError: If it would be refused.
        SourceError: If it cannot be read.
    """
    manifests = _manifests(path)
    source: Any = Manifests([str(each) for each in manifests]) if manifests else Directory(path)
    plugins = load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin}).hosting([plugin.NAME])
    registry: ConfigRegistry[Any] = ConfigRegistry(
        source, spec=plugin.SPECS, documents=plugin.DOCUMENTS, plugins=plugins
    )
    with registry:
        return registry.current


def _manifests(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir() or (path / CONTEXT).exists():
        return []
    return sorted(each for each in path.iterdir() if each.suffix in _SUFFIXES and each.name != "kustomization.yaml")
