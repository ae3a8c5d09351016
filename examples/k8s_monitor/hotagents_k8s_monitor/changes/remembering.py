"""`Remembering`: a source as one analysis uses it, which asks nothing twice and gives up on what answers nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from hotagents_k8s_monitor.changes.errors import ChangesError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hotagents_k8s_monitor.changes.source import ChangeSource, Page
    from hotagents_k8s_monitor.cluster.deadline import Deadline

__all__ = ["Remembering"]

_LATE: Final = "GitHub did not answer in time"
_ENOUGH: Final = 0.5  # of the time of a question: who has not answered within that hangs

T = TypeVar("T")


@final
class Remembering:
    """Used by one thread at a time, for one analysis; the next one tries again what has failed.

    Args:
        source: Is asked.
        until: When all of it ends; None where only each question has an end.
    """

    def __init__(self, source: ChangeSource, until: Deadline | None = None) -> None:
        self._source: Final = source
        self._until: Final = until
        self._answers: dict[tuple[Any, ...], Any] = {}
        self._down: ChangesError | None = None

    def deadline(self) -> Deadline:
        """Return until when an answer is waited for, from now on."""
        own = self._source.deadline()
        return own if self._until is None else own.within(self._until.left())

    def commits(self, repository: str, *, since: datetime, until: datetime, path: str = "", within: Deadline) -> Page:
        """Return the commits of a time, the newest first."""
        return self._once(
            ("commits", repository, since, until, path),
            lambda: self._source.commits(repository, since=since, until=until, path=path, within=within),
            within,
        )

    def commit(self, repository: str, sha: str, *, within: Deadline) -> dict[str, Any]:
        """Return one commit with its files."""
        return self._once(
            ("commit", repository, sha), lambda: self._source.commit(repository, sha, within=within), within
        )

    def pulls(self, repository: str, sha: str, *, within: Deadline) -> Page:
        """Return the pull requests that brought a commit."""
        return self._once(
            ("pulls", repository, sha), lambda: self._source.pulls(repository, sha, within=within), within
        )

    def deployments(self, repository: str, *, since: datetime, until: datetime, within: Deadline) -> Page:
        """Return the deployments of a time, the newest first."""
        return self._once(
            ("deployments", repository, since, until),
            lambda: self._source.deployments(repository, since=since, until=until, within=within),
            within,
        )

    def _once(self, question: tuple[Any, ...], ask: Callable[[], T], within: Deadline) -> T:
        """Return an answer, that of the last time if there was one.

        Raises:
            ChangesError: If there is none, or the source answered nothing before.
        """
        if question in self._answers:
            found: T | ChangesError = self._answers[question]
            return _raised(found)
        if self._down is not None:
            raise self._down.with_traceback(None)  # or it grows with each time
        if not within.left():
            raise ChangesError(_LATE, reason="late")
        has_all_its_time = within.left() >= _ENOUGH * self.deadline().left()
        try:
            answer = ask()
        except ChangesError as error:
            if error.reason == "down" or (error.reason == "late" and has_all_its_time):
                self._down = error
            elif error.reason == "missing":
                self._answers[question] = error
            raise
        self._answers[question] = answer
        return answer


def _raised(found: T | ChangesError) -> T:
    if isinstance(found, ChangesError):
        raise found.with_traceback(None)
    return found
