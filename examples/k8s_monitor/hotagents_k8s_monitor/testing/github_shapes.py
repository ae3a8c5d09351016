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
_OF_A_REPOSITORY = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks",
    "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones", "notifications",
    "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams", "trees",
)  # fmt: skip


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
        "author": _user(author),
        "committer": _user(author),
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
    """Return a merged pull request, as it stands in a list."""
    links = _links_of_pull(repository, number, sha)
    head, base = ({"ref": ref, "sha": sha, "user": _user("octocat"), "repo": None} for ref in ("change", "main"))
    return {
        **{f"{name}_url": link for name, link in links.items() if name not in {"self", "html"}},
        "url": links["self"],
        "html_url": links["html"],
        "diff_url": f"{links['html']}.diff",
        "patch_url": f"{links['html']}.patch",
        "_links": {name: {"href": link} for name, link in links.items()},
        "id": number,
        "node_id": f"PR_{number}",
        "number": number,
        "state": "closed",
        "locked": False,
        "title": title,
        "user": _user("octocat"),
        "body": body,
        "labels": [],
        "milestone": None,
        **{f"{what}_at": text_of(merged) for what in ("created", "updated", "closed", "merged")},
        "merge_commit_sha": sha,
        "assignee": None,
        "head": head | {"label": "octocat:change"},
        "base": base | {"label": "octocat:main", "repo": _repository(repository, merged)},
        "author_association": "MEMBER",
        "auto_merge": None,
        "draft": False,
    }


def _links_of_pull(repository: str, number: int, sha: str) -> dict[str, str]:
    url, site = f"{_API}/repos/{repository}", f"{_SITE}/{repository}/pull/{number}"
    return {
        "self": f"{url}/pulls/{number}",
        "html": site,
        "issue": f"{url}/issues/{number}",
        "comments": f"{url}/issues/{number}/comments",
        "review_comments": f"{url}/pulls/{number}/comments",
        "review_comment": f"{url}/pulls/comments{{/number}}",
        "commits": f"{url}/pulls/{number}/commits",
        "statuses": f"{url}/statuses/{sha}",
    }


def _repository(repository: str, at: datetime) -> dict[str, Any]:
    """Return a repository, which changed last at a time."""
    owner, _, name = repository.partition("/")
    url, site = f"{_API}/repos/{repository}", f"{_SITE}/{repository}"
    counts = ("forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "open_issues", "size")
    return {
        "id": 1,
        "node_id": "R_1",
        "name": name,
        "full_name": repository,
        "owner": _user(owner),
        "private": False,
        "html_url": site,
        "url": url,
        **{f"{link}_url": f"{url}/{link}" for link in _OF_A_REPOSITORY},
        **{f"{kind}_url": f"{site}.git" for kind in ("clone", "git", "ssh", "svn")},
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(("description", "homepage", "language", "license", "mirror_url")),
        **{f"{what}_at": text_of(at) for what in ("created", "updated", "pushed")},
        "open_issues_count": 0,
        "default_branch": "main",
        **dict.fromkeys(("fork", "has_pages", "disabled", "archived"), False),
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
        "creator": _user("octocat"),
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
        "creator": _user("octocat"),
        "description": f"now {state}",
        "environment": environment,
        "target_url": "",
        "created_at": text_of(at),
        "updated_at": text_of(at),
        "deployment_url": f"{url}/deployments/{of}",
        "repository_url": url,
    }


def _user(name: str) -> dict[str, Any] | None:
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
