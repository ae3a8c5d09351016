"""What is kept of GitHub's answers: plain JSON, short, redacted, no e-mail addresses; an odd field reads as empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.changes.texts import difference, plain
from hotagents_k8s_monitor.cluster.objects import at, count_at, items_at, text_at, time_at

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["commit", "committed", "deployment", "file", "moment", "pull", "status", "whole_commit"]

_TITLE: Final = 200
_MESSAGE: Final = 1_000
_PATCH: Final = 5_000
_PATCHES: Final = 20_000
_NAME: Final = 100
_PATH: Final = 300
_MOST_FILES: Final = 100


def moment(value: Any, *keys: str) -> str:
    """Return a time in UTC, or an empty text."""
    found = time_at(value, *keys)
    return found.isoformat() if found is not None else ""


def committed(value: Any) -> datetime | None:
    """Return when a commit was made, by its committer's clock."""
    return time_at(value, "commit", "committer", "date") or time_at(value, "commit", "author", "date")


def commit(value: Any) -> dict[str, Any]:
    """Return what is kept of a commit of a list."""
    when = committed(value)
    return {
        "sha": plain(at(value, "sha"), 40),
        "at": when.isoformat() if when is not None else "",
        "author": plain(at(value, "author", "login"), _NAME),
        "title": plain(text_at(value, "commit", "message").partition("\n")[0], _TITLE),
    }


def whole_commit(value: Any) -> dict[str, Any]:
    """Return what is kept of a commit that was asked for alone; of the differences, those that stand first."""
    files, left, kept = list(items_at(value, "files")), _PATCHES, []
    for item in files[:_MOST_FILES]:
        kept.append(file(item, limit=min(_PATCH, left)))
        left -= len(kept[-1]["patch"])
    return {
        **commit(value),
        "message": plain(at(value, "commit", "message"), _MESSAGE),
        "files": kept,
        "truncated": len(files) > _MOST_FILES,
    }


def file(value: Any, *, limit: int) -> dict[str, Any]:
    """Return what is kept of a file that a commit changes, its difference cut to so many characters."""
    patch, path = text_at(value, "patch"), text_at(value, "filename")
    changes = count_at(value, "additions") + count_at(value, "deletions")
    return {
        "path": plain(path, _PATH),
        "status": plain(at(value, "status"), _NAME),
        "additions": count_at(value, "additions"),
        "deletions": count_at(value, "deletions"),
        "patch": difference(path, patch, limit),
        "truncated": len(patch) > limit or (changes > 0 and not patch),  # GitHub leaves out what is very long
    }


def pull(value: Any) -> dict[str, Any]:
    """Return what is kept of a pull request."""
    return {
        "number": count_at(value, "number"),
        "title": plain(at(value, "title"), _TITLE),
        "state": plain(at(value, "state"), _NAME),
        "author": plain(at(value, "user", "login"), _NAME),
        "base": plain(at(value, "base", "ref"), _NAME),
        "merged_at": moment(value, "merged_at"),
        "body": plain(at(value, "body"), _MESSAGE),
    }


def deployment(value: Any) -> dict[str, Any]:
    """Return what is kept of a deployment, its statuses aside."""
    return {
        "id": count_at(value, "id"),
        "at": moment(value, "created_at"),
        "commit": plain(at(value, "sha"), 40),
        "ref": plain(at(value, "ref"), _NAME),
        "environment": plain(at(value, "environment"), _NAME),
        "author": plain(at(value, "creator", "login"), _NAME),
        "description": plain(at(value, "description"), _TITLE),
    }


def status(value: Any) -> dict[str, Any]:
    """Return what is kept of a status of a deployment."""
    return {
        "at": moment(value, "created_at"),
        "state": plain(at(value, "state"), _NAME),
        "description": plain(at(value, "description"), _TITLE),
    }
