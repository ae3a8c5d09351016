"""`ChangeSource`: whoever knows the changes of code; `hotagents_k8s_monitor.changes.github` is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, final

if TYPE_CHECKING:
    from datetime import datetime

    from hotagents_k8s_monitor.cluster.deadline import Deadline

__all__ = ["ChangeSource", "Page"]


@final
class Page(NamedTuple):
    """Some of what there is, JSON-ready, bounded and redacted; and whether there is more."""

    items: tuple[dict[str, Any], ...]
    is_cut: bool = False


class ChangeSource(Protocol):
    """Where changes are looked up; each call ends by its deadline.

    Every method raises `ChangesError` for what cannot be had, and nothing else.
    """

    def deadline(self) -> Deadline:
        """Return until when an answer is waited for, from now on."""
        ...

    def commits(self, repository: str, *, since: datetime, until: datetime, path: str = "", within: Deadline) -> Page:
        """Return the commits of a time, the newest first: ``sha``, ``at``, ``author``, ``title``."""
        ...

    def commit(self, repository: str, sha: str, *, within: Deadline) -> dict[str, Any]:
        """Return one commit: the same, its ``message``, and ``files`` with the differences as ``patch``."""
        ...

    def pulls(self, repository: str, sha: str, *, within: Deadline) -> Page:
        """Return the pull requests that brought a commit."""
        ...

    def deployments(self, repository: str, *, since: datetime, until: datetime, within: Deadline) -> Page:
        """Return the deployments of a time, the newest first, with their statuses."""
        ...
