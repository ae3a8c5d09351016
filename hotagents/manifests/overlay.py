"""`laid_over`: all ConfigMaps at the root, for manifests of which nobody says who mounts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import escape
from hotagents.manifests.problems import quoted
from hotagents.manifests.volumes import Laid
from hotagents.snapshot import LOCK_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.manifests.configmap import Content, Value
    from hotagents.manifests.problems import Problems
    from hotagents.manifests.shaping import Shaping

__all__ = ["laid_over"]

_REMEDY: Final = "lay them out as the pod sees them, with --workload and --root"


def laid_over(contents: Sequence[Content], shaping: Shaping, problems: Problems) -> None:
    """Add one part for each ConfigMap, all at the root; two that bring one file are an error."""
    owners: dict[str, Value] = {}
    spaces: dict[str, set[str]] = {}
    for content in contents:
        spaces.setdefault(content.resource.name, set()).add(content.resource.namespace)
    firsts: dict[str, Content] = {}
    for content in contents:
        space, name = content.resource.namespace, content.resource.name
        name = f"{space}/{name}" if len(spaces[name]) > 1 else name
        first_of_name = firsts.setdefault(name, content)
        if first_of_name is not content:
            _say_again(first_of_name, content, problems)
            continue
        files: dict[str, Laid] = {}
        for key, value in content.values.items():
            first = owners.setdefault(key, value)
            if first is not value and key != LOCK_NAME:  # each may bring its own lock
                message = f"{quoted(key)} comes from {escape(first.owner)} and from {escape(value.owner)}"
                problems.error(value.name, "duplicate-path", message, _REMEDY)
            else:
                files[key] = Laid(value, value.name, listed=False)
        shaping.add(name, "volume", content.resource.file, files, flat=True)


def _say_again(first: Content, second: Content, problems: Problems) -> None:
    where = escape(first.resource.where)
    message = f"expected one {escape(str(second.resource))}, got a second; the first is at {where}"
    problems.error(second.resource.root, "configmap-ambiguous", message, "give the manifests as they are applied")
