"""`Changes`: what the caller of a model needs: the functions of the reviewer, their answers, and what to begin with."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.changes.candidates import candidates
from hotagents_k8s_monitor.changes.errors import ChangesError
from hotagents_k8s_monitor.changes.remembering import Remembering
from hotagents_k8s_monitor.changes.texts import fitted
from hotagents_k8s_monitor.changes.tools import definitions, repository_key, wanted
from hotagents_k8s_monitor.cluster.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from hotagents_k8s_monitor.changes.candidate import Candidates
    from hotagents_k8s_monitor.changes.source import ChangeSource, Page
    from hotagents_k8s_monitor.changes.tools import Wanted
    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.findings import Owner

__all__ = ["Changes"]

_LONGEST: Final = 8_000
_QUESTIONS: Final = 2  # whose time all candidates of an analysis may take together


@final
class Changes:
    """The changes of one generation's repositories, for one analysis; used by one thread at a time.

    What is known of changes before anybody asks is bounded for all its incidents together, so that a source which
    hangs costs an analysis the time of two questions and not that of ten.

    Args:
        repositories: Repositories by service, which may be a pattern of names.
        window: How far before a fault a change may lie.
        source: Who knows the changes.
        until: When all of it ends; None where only each question has an end.
    """

    def __init__(
        self,
        repositories: Mapping[str, str],
        *,
        window: timedelta,
        source: ChangeSource,
        until: Deadline | None = None,
    ) -> None:
        self._repositories = MappingProxyType(dict(repositories))
        self._window = window
        self._source = Remembering(source, until)
        self._within: Deadline | None = None  # for all candidates, from the first of them on

    def definitions(self) -> list[dict[str, Any]]:
        """Return the functions ``commits``, ``pulls`` and ``deployments`` as the Messages API takes them.

        There are none where the configuration lists no repository.
        """
        return definitions(self._repositories)

    def call(self, name: str, given: Any, *, began: datetime) -> str:
        """Return a function's answer: JSON of at most 8,000 characters, untrusted; ``truncated`` says if it is cut.

        Args:
            name: Of the function.
            given: The arguments as the model gave them, of any type.
            began: When the incident did, aware.

        Raises:
            ChangesError: If the arguments are wrong, or there is no answer; the message is for the model, too.
        """
        asked = wanted(name, given, self._repositories)
        repository = self._repository(asked.service)
        if name == "pulls":
            page = self._source.pulls(repository, asked.commit, within=self._source.deadline())
            return _listing({"service": asked.service, "commit": asked.commit}, "pulls", page)
        if name == "commits" and asked.commit:
            return self._one(repository, asked)
        return self._listed(name, repository, asked, began)

    def candidates_for(self, snapshot: Snapshot, owner: Owner, began: datetime) -> Candidates:
        """Return what was changed before a fault, the best first; this never raises for what GitHub does."""
        return candidates(
            snapshot,
            owner,
            began,
            window=self._window,
            repository=self.repository_of(owner),
            source=self._source,
            within=self._deadline(),
        )

    def repository_of(self, owner: Owner) -> str:
        """Return whose code an owner runs; the exact name before patterns, empty where none fits."""
        return self._repository(owner.name)

    def _repository(self, service: str) -> str:
        return self._repositories.get(repository_key(service, self._repositories), "")

    def _deadline(self) -> Deadline:
        if self._within is None:
            first = self._source.deadline()
            self._within = Deadline.after(_QUESTIONS * first.left(), clock=first.clock)
        return self._within.within(self._source.deadline().left())

    def _listed(self, name: str, repository: str, asked: Wanted, began: datetime) -> str:
        until = asked.until or began
        since = asked.since or min(until, began) - self._window
        if since > until:
            raise ChangesError("since: expected a time before until, which is by default the beginning of the incident")
        within = self._source.deadline()
        if name == "commits":
            page = self._source.commits(repository, since=since, until=until, path=asked.path, within=within)
        else:
            page = self._source.deployments(repository, since=since, until=until, within=within)
        about = {"service": asked.service, "since": since.isoformat(), "until": until.isoformat()}
        return _listing(about, name, page)

    def _one(self, repository: str, asked: Wanted) -> str:
        commit = self._source.commit(repository, asked.commit, within=self._source.deadline())
        files = [file for file in commit["files"] if _is_below(file["path"], asked.path)]

        def made(budget: int) -> dict[str, Any]:
            kept = _within(files, budget)
            is_cut = commit["truncated"] or any(file["truncated"] for file in kept)
            return {"service": asked.service, **commit, "files": kept, "truncated": is_cut}

        return fitted(made, "files", _LONGEST)


def _is_below(path: str, above: str) -> bool:
    return not above or path == above or path.startswith(f"{above}/")


def _within(files: list[dict[str, Any]], budget: int) -> list[dict[str, Any]]:
    """Return files with differences of so many characters together, those that stand first before the others."""
    kept = []
    for file in files:
        patch = file["patch"][:budget]
        budget -= len(patch)
        kept.append({**file, "patch": patch, "truncated": file["truncated"] or len(patch) < len(file["patch"])})
    return kept


def _listing(about: dict[str, Any], key: str, page: Page) -> str:
    return fitted(lambda _: {**about, key: list(page.items), "truncated": page.is_cut}, key, _LONGEST)
