"""`Given`: what one set is read from: a directory, a volume or a file; or manifests, which are one set together."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, final

from hotagents.cli.output import UsageError
from hotagents.cli.refusal import located

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.errors import SourceError

__all__ = ["STDIN", "Given", "Mounting", "given", "is_manifest", "the_one"]

STDIN: Final = "-"
_SUFFIXES: Final = (".yaml", ".yml", ".json")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mounting:
    """How a pod mounts what manifests hold; all None where nobody says.

    Attributes:
        workload: The manifest of the pod's owner, where that is another one.
        root: The path that the program watches in the pod.
        container: The container.
        namespace: Of the objects.
        workload_name: ``KIND/NAME`` of the owner.
    """

    workload: str | None = None
    root: str | None = None
    container: str | None = None
    namespace: str | None = None
    workload_name: str | None = None

    def refuse(self) -> None:
        """Refuse what only manifests can have.

        Raises:
            UsageError: If anything is said.
        """
        for name in (field.name for field in fields(self) if getattr(self, field.name) is not None):
            option = name.replace("_", "-")
            raise UsageError(f"--{option}: expected manifests (.yaml, .yml, .json, or - for standard input)")


@final
@dataclass(frozen=True, slots=True)
class Given:
    """What one set is read from.

    Attributes:
        paths: One path, or all manifests.
        mounting: How a pod mounts them; None where it is no manifest.
    """

    paths: tuple[str, ...]
    mounting: Mounting | None = None

    @property
    def name(self) -> str:
        """What to call it."""
        return ", ".join(self.paths)

    def said(self, error: SourceError) -> str:
        """Return the text of an error, which names what it is about."""
        if self.mounting is None:
            return located(self.name, error)
        return str(error) if error.path else f"{self.name}: {error}"


def given(paths: Sequence[str], mounting: Mounting) -> list[Given]:
    """Return the sets that are named: each path is one, but all manifests together are one, too.

    Raises:
        UsageError: If it is said how manifests are mounted, and there are none.
    """
    manifests = tuple(path for path in paths if is_manifest(path))
    if not manifests:
        mounting.refuse()
        return [Given((path,)) for path in paths]
    sets = [Given((path,)) for path in paths if not is_manifest(path)]
    before = next(number for number, path in enumerate(paths) if is_manifest(path))
    return [*sets[:before], Given(manifests, mounting), *sets[before:]]


def the_one(paths: Sequence[str], mounting: Mounting) -> Given:
    """Return the only set that is named.

    Raises:
        UsageError: If there are several.
    """
    found = given(paths, mounting)
    if len(found) > 1:
        raise UsageError("expected one directory or file, or manifests alone, which are one set together")
    return found[0]


def is_manifest(path: str) -> bool:
    """Say whether a path is taken for a manifest: by its name, and not where it is a directory."""
    return path == STDIN or (path.endswith(_SUFFIXES) and not os.path.isdir(path))  # noqa: PTH112 - paths are text here
