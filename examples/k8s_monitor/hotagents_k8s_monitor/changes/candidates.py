"""`candidates`: the changes before a fault, from the cluster first and from GitHub then, the best first."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.changes.candidate import Candidate, Candidates
from hotagents_k8s_monitor.changes.errors import ChangesError
from hotagents_k8s_monitor.changes.rollout import container_names, pod_of
from hotagents_k8s_monitor.changes.rollouts import rollouts_of, workload
from hotagents_k8s_monitor.changes.score import path_match, rollout_match, score
from hotagents_k8s_monitor.cluster.objects import time_at
from hotagents_k8s_monitor.findings import cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from hotagents_k8s_monitor.changes.rollout import Rollout
    from hotagents_k8s_monitor.changes.source import ChangeSource
    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.cluster.deadline import Deadline
    from hotagents_k8s_monitor.findings import Owner

__all__ = ["candidates"]

_MOST: Final = 10
_MOST_NAMED: Final = 3
_MOST_FILES: Final = 20
_TITLE: Final = 200
_SHA: Final = re.compile(r"[0-9a-f]{40}")
_MINUTE: Final = timedelta(minutes=1)


def candidates(
    snapshot: Snapshot,
    owner: Owner,
    began: datetime,
    *,
    window: timedelta,
    repository: str,
    source: ChangeSource,
    within: Deadline,
) -> Candidates:
    """Return what was changed in a window before a fault; where GitHub does not answer, what the cluster shows.

    Args:
        snapshot: What was seen.
        owner: Whose fault it is.
        began: When the fault did, aware.
        window: How far back a change may lie; nothing is asked where it is none.
        repository: Whose commits are looked at; empty for those of none.
        source: Who has them.
        within: Until when it is waited for.
    """
    since = began - window
    rollouts = rollouts_of(snapshot, owner, since=since, until=began)
    is_asked = repository and (rollouts or window)
    commits: list[Mapping[str, Any]] = []
    lacking = ""
    if is_asked:
        commits, lacking = _commits(source, repository, rollouts, since, began, within)
    names = (owner.name, owner.namespace, *container_names(pod_of(workload(snapshot, owner))))
    found = [_of_commit(item, repository, rollouts, names, began, window) for item in commits]
    found += [_of_rollout(rollout, owner, began, window) for rollout in rollouts]
    known = sorted((item for item in found if item is not None), key=_order, reverse=True)
    return Candidates(items=tuple(item for item in known if item.score)[:_MOST], lacking=lacking)


def _order(item: Candidate) -> tuple[float, datetime, str, str]:
    return item.score, item.at, item.commit, item.evidence


def _commits(
    source: ChangeSource,
    repository: str,
    rollouts: Sequence[Rollout],
    since: datetime,
    began: datetime,
    within: Deadline,
) -> tuple[list[Mapping[str, Any]], str]:
    """Return the commits of the window and those that roll-outs name, with their files if these came; what lacks."""
    try:
        page = source.commits(repository, since=since, until=began, within=within)
    except ChangesError as error:
        return [], str(error)
    found: dict[str, Mapping[str, Any]] = {item["sha"]: item for item in page.items if _SHA.fullmatch(item["sha"])}
    lacking = "there are more commits than were looked at" if page.is_cut else ""
    listed = list(found)[:_MOST]
    for sha in dict.fromkeys([*_named(rollouts), *listed]):
        try:
            item = source.commit(repository, sha, within=within)
        except ChangesError as error:
            is_anothers = error.reason == "missing" and sha not in found  # what a roll-out names may well be that
            lacking = lacking or ("" if is_anothers else str(error))
        else:
            found |= {item["sha"]: item} if _SHA.fullmatch(item["sha"]) else {}
    return list(found.values()), lacking


def _named(rollouts: Sequence[Rollout]) -> list[str]:
    named = [digits for rollout in rollouts for digits in rollout.commits]
    return list(dict.fromkeys(named))[:_MOST_NAMED]


def _of_commit(
    item: Mapping[str, Any],
    repository: str,
    rollouts: Sequence[Rollout],
    names: Sequence[str],
    began: datetime,
    window: timedelta,
) -> Candidate | None:
    sha, title = str(item["sha"]), str(item["title"])
    paths = tuple(str(file["path"]) for file in item.get("files", ()))
    in_path = path_match(paths, names)
    path_reason = f"changes {in_path[0]}, which names {in_path[1]}" if in_path is not None else ""
    rollout, seen_by = rollout_match(sha, title, rollouts) or (None, "")
    at = rollout.at if rollout is not None else time_at(item, "at")
    if at is None:
        return None
    reasons = (_how_long(began - at, "committed" if rollout is None else "rolled out"), seen_by, path_reason)
    return Candidate(
        at=at,
        score=score(began - at, window, path_matches=in_path is not None, image_matches=rollout is not None),
        reasons=tuple(filter(None, reasons)),
        title=title,
        repository=repository,
        commit=sha,
        author=str(item["author"]),
        files=paths[:_MOST_FILES],
        evidence=next(iter(rollout.evidence), "") if rollout is not None else "",
    )


def _of_rollout(rollout: Rollout, owner: Owner, began: datetime, window: timedelta) -> Candidate:
    reasons = [_how_long(began - rollout.at, "rolled out")]
    if rollout.new_images:
        reasons.append(f"{', '.join(rollout.new_images)} in place of {', '.join(rollout.images_before)}")
    if rollout.goes_back:
        reasons.append("takes an earlier template up again")
    is_its_own = rollout.kind == owner.kind  # what Argo CD or Flux brought may have changed another workload alone
    return Candidate(
        at=rollout.at,
        score=score(began - rollout.at, window, path_matches=False, image_matches=is_its_own),
        reasons=tuple(cut(reason, _TITLE) for reason in reasons),
        title=cut(f"{rollout.kind} {rollout.namespace}/{rollout.name}: revision {rollout.revision}", _TITLE),
        evidence=next(iter(rollout.evidence), ""),
    )


def _how_long(before: timedelta, what: str) -> str:
    return f"{what} {before // _MINUTE} minutes before the fault began"
