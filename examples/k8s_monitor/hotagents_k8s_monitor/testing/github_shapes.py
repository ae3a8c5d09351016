"""The shapes of GitHub's answers, with all that its documentation requires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotagents_k8s_monitor.testing.building import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["commit_of", "deployment_of", "pull_of", "status_of"]

_API = "https://api.github.com"
_SITE = "https://github.com"


def user_of(name: str) -> dict[str, Any] | None:
    """Return a user; None for somebody whom GitHub does not know."""
    if not name:
        return None
    url = f"{_API}/users/{name}"
    links = ("followers", "subscriptions", "organizations", "repos", "received_events")
    return {
        "login": name,
        "id": 1,
        "node_id": "U_1",
        "avatar_url": f"{_SITE}/{name}.png",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{_SITE}/{name}",
        **{f"{link}_url": f"{url}/{link}" for link in links},
        "following_url": f"{url}/following{{/other_user}}",
        "gists_url": f"{url}/gists{{/gist_id}}",
        "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
        "events_url": f"{url}/events{{/privacy}}",
        "type": "User",
        "site_admin": False,
    }


def commit_of(
    repository: str,
    sha: str,
    message: str,
    at: datetime,
    author: str,
    *,
    parent: str,
    files: Mapping[str, str],
) -> dict[str, Any]:
    """Return a commit with its files, as it is answered alone."""
    url = f"{_API}/repos/{repository}"
    who = {"name": author or "Somebody", "email": f"{author or 'somebody'}@example.org", "date": text_of(at)}
    changed = [_file(repository, sha, path, patch) for path, patch in files.items()]
    added, deleted = (sum(item[key] for item in changed) for key in ("additions", "deletions"))
    return {
        "sha": sha,
        "node_id": f"C_{sha[:12]}",
        "commit": {
            "author": who,
            "committer": who,
            "message": message,
            "tree": {"sha": sha, "url": f"{url}/git/trees/{sha}"},
            "url": f"{url}/git/commits/{sha}",
            "comment_count": 0,
        },
        "url": f"{url}/commits/{sha}",
        "html_url": f"{_SITE}/{repository}/commit/{sha}",
        "comments_url": f"{url}/commits/{sha}/comments",
        "author": user_of(author),
        "committer": user_of(author),
        "parents": [{"sha": parent, "url": f"{url}/commits/{parent}"}] if parent else [],
        "stats": {"total": added + deleted, "additions": added, "deletions": deleted},
        "files": changed,
    }


def _file(repository: str, sha: str, path: str, patch: str) -> dict[str, Any]:
    lines = patch.split("\n")
    added, deleted = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return {
        "sha": sha,
        "filename": path,
        "status": "modified",
        "additions": added,
        "deletions": deleted,
        "changes": added + deleted,
        "blob_url": f"{_SITE}/{repository}/blob/{sha}/{path}",
        "raw_url": f"{_SITE}/{repository}/raw/{sha}/{path}",
        "contents_url": f"{_API}/repos/{repository}/contents/{path}?ref={sha}",
        "patch": patch,
    }


def pull_of(repository: str, number: int, title: str, body: str, merged: datetime, sha: str) -> dict[str, Any]:
    """Return a merged pull request; what it says of the repository itself is left out."""
    url = f"{_API}/repos/{repository}"
    links = {"commits": "commits", "review_comments": "comments", "comments": "comments"}
    return {
        "url": f"{url}/pulls/{number}",
        "id": number,
        "node_id": f"PR_{number}",
        "html_url": f"{_SITE}/{repository}/pull/{number}",
        "issue_url": f"{url}/issues/{number}",
        "statuses_url": f"{url}/statuses/{sha}",
        **{f"{name}_url": f"{url}/pulls/{number}/{path}" for name, path in links.items()},
        "number": number,
        "state": "closed",
        "locked": False,
        "title": title,
        "user": user_of("octocat"),
        "body": body,
        "labels": [],
        "milestone": None,
        "created_at": text_of(merged),
        "updated_at": text_of(merged),
        "closed_at": text_of(merged),
        "merged_at": text_of(merged),
        "merge_commit_sha": sha,
        "assignee": None,
        "head": {"label": "octocat:change", "ref": "change", "sha": sha, "user": user_of("octocat"), "repo": None},
        "base": {"label": "octocat:main", "ref": "main", "sha": sha, "user": user_of("octocat"), "repo": None},
        "author_association": "MEMBER",
        "auto_merge": None,
        "draft": False,
    }


def deployment_of(repository: str, number: int, sha: str, environment: str, at: datetime) -> dict[str, Any]:
    """Return a deployment."""
    url = f"{_API}/repos/{repository}"
    return {
        "url": f"{url}/deployments/{number}",
        "id": number,
        "node_id": f"DE_{number}",
        "sha": sha,
        "ref": "main",
        "task": "deploy",
        "payload": {},
        "original_environment": environment,
        "environment": environment,
        "description": "deployed by the pipeline",
        "creator": user_of("octocat"),
        "created_at": text_of(at),
        "updated_at": text_of(at),
        "statuses_url": f"{url}/deployments/{number}/statuses",
        "repository_url": url,
    }


def status_of(repository: str, of: int, number: int, state: str, environment: str, at: datetime) -> dict[str, Any]:
    """Return a status of a deployment."""
    url = f"{_API}/repos/{repository}"
    return {
        "url": f"{url}/deployments/{of}/statuses/{number}",
        "id": number,
        "node_id": f"DS_{number}",
        "state": state,
        "creator": user_of("octocat"),
        "description": f"now {state}",
        "environment": environment,
        "target_url": "",
        "created_at": text_of(at),
        "updated_at": text_of(at),
        "deployment_url": f"{url}/deployments/{of}",
        "repository_url": url,
    }
