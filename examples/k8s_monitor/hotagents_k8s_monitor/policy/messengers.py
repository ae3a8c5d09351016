"""`SlackNotifier` and `GithubReviewer`: what their frontmatter says to the monitor, beside what it says to a model.

It is checked before it is published, so that an edit is as safe as any other. What `GithubReviewer` says is used where
a model is asked.
"""

from __future__ import annotations

import re
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias, final

from pydantic import AfterValidator, Field

from hotagents import AgentSpec
from hotagents_k8s_monitor.findings import Severity
from hotagents_k8s_monitor.messages import ENDS
from hotagents_k8s_monitor.policy.analyzer import READING
from hotagents_k8s_monitor.policy.match import Pattern
from hotagents_k8s_monitor.policy.templates import Template
from hotagents_k8s_monitor.policy.values import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GITHUB_REVIEWER", "SLACK_NOTIFIER", "GithubReviewer", "SlackNotifier"]

SLACK_NOTIFIER: Final = "slack-notifier"
GITHUB_REVIEWER: Final = "github-reviewer"
_REPOSITORY: Final = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")
_MENTION: Final = re.compile(r"@(?:here|channel|everyone|[UWS][A-Z0-9]{5,20})", re.ASCII)

Wording: TypeAlias = Literal["alert", "update", "resolved"]
_WORDINGS: Final[Mapping[str, Wording]] = MappingProxyType(
    {"alert": "alert", "worse": "alert", **dict.fromkeys(ENDS, "resolved")}
)


def _of_slack(value: str) -> str:
    if not _MENTION.fullmatch(value):
        raise ValueError(
            'expected "@here", "@channel", "@everyone", or the id of a person or group, such as "@U012AB3CD" or '
            '"@S012AB3CD"; a name would ping nobody'
        )
    return value


Mention: TypeAlias = Annotated[str, AfterValidator(_of_slack)]
"""Whom a message pings: by id, since a name is text to Slack."""


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
    """Who is pinged when a severity is told for the first time, or something gets that bad; and by nothing else."""
    blocks: bool = True
    """Whether a message has headings and a foot, or is one text."""
    digest_length: Annotated[int, Field(strict=True, ge=1, le=50)] = 20
    """How many lines a message has at most; of the rest it says how many."""
    templates: dict[Wording, Template] = Field(default_factory=dict)
    """The words of a message, in place of the built-in ones: alert and worse, updates and reminders, all ends."""

    def template(self, kind: str) -> str | None:
        """Return the template for a kind of message, or None."""
        return self.templates.get(_WORDINGS.get(kind, "update"))


@final
class GithubReviewer(AgentSpec):
    """Whose code a service is, and how far back a change may lie."""

    known_tools = frozenset({"commits", "deployments", "pulls"})

    repositories: dict[Pattern, Repository] = Field(default_factory=dict)
    correlation_window: Duration = timedelta(hours=2)
