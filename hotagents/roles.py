"""`Roles`: what each file of a snapshot is, by its path alone: an agent's page, a document, or just bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, final

from hotagents.globs import matches_any
from hotagents.spec import NEVER_AGENTS, NEVER_BELOW

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotagents.snapshot import Part, Snapshot

__all__ = ["Role", "Roles"]

Role = Literal["agent", "document", "file"]


@final
class Roles:
    """Which paths are agents.

    Those below ``agents/`` where the root, or a nested volume, has such a directory, else all Markdown; or what the
    source's own patterns say. A file is judged by the part that it comes from, unless it lies below the root's
    ``agents/``, wherever that comes from.
    """

    def __init__(self, snapshot: Snapshot, documents: Iterable[str]) -> None:
        """Roles in a snapshot; ``documents`` are paths that are no agents whatever they look like."""
        self._documents = frozenset(documents)
        self._folders: dict[tuple[str, str], bool] = {}
        self._owner: dict[str, Part] = {part.prefix + path: part for part in snapshot.parts for path in part.files}
        self._root_has_agents = any(path.startswith("agents/") for path in snapshot.files) or any(
            part.prefix == "agents/" for part in snapshot.parts
        )
        self._with_agents = {
            part.name for part in snapshot.parts if any(path.startswith("agents/") for path in part.files)
        }

    def of(self, path: str) -> Role:
        """Return the role of one of the snapshot's files."""
        if path in self._documents:
            return "document"
        if not path.endswith(".md"):
            return "file"
        return "agent" if self._may_be_agent(path) else "document"

    def _may_be_agent(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        part = self._owner[path]
        if part.agents is not None:
            return matches_any(part.agents, path.removeprefix(part.prefix))
        if name in NEVER_AGENTS:
            return False
        if (found := self._folders.get((part.name, folder))) is None:
            found = self._folders[part.name, folder] = self._may_hold_agents(part, folder)
        return found

    def _may_hold_agents(self, part: Part, folder: str) -> bool:
        folders = folder.split("/") if folder else []
        if not NEVER_BELOW.isdisjoint(folders):
            return False
        if self._root_has_agents and folders and folders[0] == "agents":
            return True
        if part.name in self._with_agents:
            return f"{folder}/".removeprefix(part.prefix).startswith("agents/")
        return not self._root_has_agents
