"""`SlackNotifier` and `GithubReviewer`: what their frontmatter says to the monitor, beside what it says to a model.

It is checked before it is published, so that an edit is as safe as any other, and not used before there is a Slack
notifier and a model.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final, Literal, TypeAlias, final

from pydantic import AfterValidator, Field

from hotagents import AgentSpec
from hotagents_k8s_monitor.findings import Severity
from hotagents_k8s_monitor.policy.analyzer import READING
from hotagents_k8s_monitor.policy.match import Pattern
from hotagents_k8s_monitor.policy.values import Duration

__all__ = ["GITHUB_REVIEWER", "SLACK_NOTIFIER", "GithubReviewer", "SlackNotifier"]

SLACK_NOTIFIER: Final = "slack-notifier"
GITHUB_REVIEWER: Final = "github-reviewer"
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")

Mention: TypeAlias = Annotated[str, Field(min_length=1, max_length=80)]
Template: TypeAlias = Annotated[str, Field(min_length=1, max_length=4000)]


def _of_github(value: str) -> str:
    if not _REPOSITORY.fullmatch(value):
        raise ValueError("expected owner/name; such as example-org/checkout-api")
    return value


Repository: TypeAlias = Annotated[str, AfterValidator(_of_github)]
"""A repository, ``owner/name``."""


@final
class SlackNotifier(AgentSpec):
    """Who is mentioned, and how a message looks."""

    known_tools = READING

    mentions: dict[Severity, tuple[Mention, ...]] = Field(default_factory=dict)
    blocks: bool = True
    digest_length: Annotated[int, Field(strict=True, ge=1, le=50)] = 20
    templates: dict[Literal["alert", "update", "resolved"], Template] = Field(default_factory=dict)


@final
class GithubReviewer(AgentSpec):
    """Whose code a service is, and how far back a change may lie."""

    known_tools = frozenset({"commits", "deployments", "pulls"})

    repositories: dict[Pattern, Repository] = Field(default_factory=dict)
    correlation_window: Duration = timedelta(hours=2)
