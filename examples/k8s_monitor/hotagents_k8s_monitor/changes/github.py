"""`GitHub`: the changes that GitHub has, asked for read-only, each answer bounded in time and in size.

Answers are read as plain JSON, since one field that a model of the library's does not expect would make a whole list
fail. Pages are counted, never followed by their links, and redirects are not followed at all: the token goes to the
host that was named and to no other. Nothing is repeated: a rate limit may last for an hour, and is told instead.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from hotagents_k8s_monitor.changes import answers
from hotagents_k8s_monitor.changes.asking import RateLimitedError, asked, checked_repository, checked_sha
from hotagents_k8s_monitor.changes.errors import ChangesError
from hotagents_k8s_monitor.changes.source import Page
from hotagents_k8s_monitor.cluster.bounded import Bounded
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.failures import Failure
from hotagents_k8s_monitor.cluster.objects import count_at, time_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.changes.asking import Asker

__all__ = ["GitHub"]

_PUBLIC: Final = "https://api.github.com"
_PER_PAGE: Final = 50
_MOST_PAGES: Final = 3
_MOST_STATUSES: Final = 5
_MOST_DEPLOYMENTS: Final = 10
_LATE: Final = "GitHub did not answer in time"

T = TypeVar("T")


@final
class GitHub:
    """Used by one thread at a time; nothing is connected before it is asked.

    Args:
        token: Sent to GitHub, without what is blank around it; empty for none, which sees public repositories alone.
        base_url: Where its API is; empty for ``https://api.github.com``.
        seconds: Longest wait for all that one question needs.
    """

    def __init__(self, token: str, *, base_url: str, seconds: float) -> None:
        self._token = token.strip()
        self._base_url = base_url or _PUBLIC
        self._seconds = seconds
        self._bounded = Bounded()
        self._limit: RateLimitedError | None = None

    def deadline(self) -> Deadline:
        """Return until when an answer is waited for, from now on."""
        return Deadline.after(self._seconds)

    def commits(self, repository: str, *, since: datetime, until: datetime, path: str = "", within: Deadline) -> Page:
        """Return the commits of a time, the newest first.

        Raises:
            ChangesError: If they cannot be had.
        """
        where = f"/repos/{checked_repository(repository)}/commits"
        query = {"since": _text(since), "until": _text(until), **({"path": path} if path else {})}
        found = self._asked(lambda asker: _listed(asker, where, query), within)
        return Page(tuple(answers.commit(item) for item in found.items), found.is_cut)

    def commit(self, repository: str, sha: str, *, within: Deadline) -> dict[str, Any]:
        """Return one commit with its message, and its files with their differences.

        Raises:
            ChangesError: If it cannot be had.
        """
        where = f"/repos/{checked_repository(repository)}/commits/{checked_sha(sha)}"
        item, has_more = self._asked(lambda asker: asker(where, {}), within)
        found = answers.whole_commit(item)
        return {**found, "truncated": found["truncated"] or has_more}

    def pulls(self, repository: str, sha: str, *, within: Deadline) -> Page:
        """Return the pull requests that brought a commit.

        Raises:
            ChangesError: If they cannot be had.
        """
        where = f"/repos/{checked_repository(repository)}/commits/{checked_sha(sha)}/pulls"
        found = self._asked(lambda asker: _listed(asker, where, {}, pages=1), within)
        return Page(tuple(answers.pull(item) for item in found.items), found.is_cut)

    def deployments(self, repository: str, *, since: datetime, until: datetime, within: Deadline) -> Page:
        """Return the deployments of a time, the newest first, each with its last statuses if these can be had.

        Raises:
            ChangesError: If they cannot be had.
        """
        where = f"/repos/{checked_repository(repository)}/deployments"

        def work(asker: Asker) -> Page:
            page = _listed(asker, where, {}, stops=lambda item: _is_before(item, since))
            of_then = [item for item in page.items if _is_within(item, since, until)]
            found = [_with_statuses(asker, where, item) for item in of_then[:_MOST_DEPLOYMENTS]]
            lacks = page.is_cut or len(of_then) > _MOST_DEPLOYMENTS or any("statuses" not in item for item in found)
            return Page(tuple(found), lacks)

        return self._asked(work, within)

    def _asked(self, work: Callable[[Asker], T], within: Deadline) -> T:
        self._refuse_early(within)
        results: list[T] = []
        try:
            has_ended = self._bounded.run(
                lambda: results.append(asked(work, self._token, self._base_url, within)), within
            )
        except RateLimitedError as error:
            self._limit = error
            raise ChangesError(str(error), reason="down") from None
        except Failure as failure:
            raise ChangesError(f"GitHub is not asked: {failure.detail}", reason="down") from None
        except RuntimeError as error:
            raise ChangesError(f"GitHub is not asked: no thread for it: {error}") from None
        if not has_ended or not results:
            raise ChangesError(_LATE, reason="late")
        return results[0]

    def _refuse_early(self, within: Deadline) -> None:
        """Do nothing where there is time left and no rate limit lasts.

        Raises:
            ChangesError: Else: whoever goes on asking is shut out for longer.
        """
        if not within.left():
            raise ChangesError(_LATE, reason="late")
        if self._limit is not None and self._limit.end.left():
            raise ChangesError(str(self._limit), reason="down")


def _text(time: datetime) -> str:
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _listed(
    asker: Asker,
    where: str,
    query: Mapping[str, str],
    *,
    pages: int = _MOST_PAGES,
    stops: Callable[[Any], bool] = lambda _item: False,
) -> Page:
    """Return the items of some pages, as they came; no further page once one has an item at which it stops."""
    found: list[Any] = []
    for number in range(1, pages + 1):
        items, has_more = asker(where, {**query, "per_page": str(_PER_PAGE), "page": str(number)})
        if not isinstance(items, list):
            raise ChangesError("GitHub answered with something that is not a list")
        found += [item for item in items[:_PER_PAGE] if isinstance(item, dict)]
        if not has_more or any(stops(item) for item in found):
            return Page(tuple(found))
    return Page(tuple(found), is_cut=True)


def _is_before(item: Any, since: datetime) -> bool:
    when = time_at(item, "created_at")
    return when is not None and when < since


def _is_within(item: Any, since: datetime, until: datetime) -> bool:
    when = time_at(item, "created_at")
    return when is not None and since <= when <= until + timedelta(seconds=1)  # GitHub has whole seconds


def _with_statuses(asker: Asker, where: str, item: Any) -> dict[str, Any]:
    found: dict[str, Any] = answers.deployment(item)
    try:
        statuses = _listed(asker, f"{where}/{count_at(item, 'id')}/statuses", {}, pages=1)
    except ChangesError as error:
        if error.reason in {"down", "late"}:
            raise
        return found
    return {**found, "statuses": [answers.status(status) for status in statuses.items[:_MOST_STATUSES]]}
