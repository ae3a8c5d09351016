"""The configuration: what CLAUDE.md and the agents' files say, typed, validated, and put together as one `Policy`."""

from __future__ import annotations

from hotagents_k8s_monitor.policy.analyzer import ANALYZER, Analyzer
from hotagents_k8s_monitor.policy.context import ClusterContext
from hotagents_k8s_monitor.policy.escalation import ESCALATION_MANAGER, EscalationManager
from hotagents_k8s_monitor.policy.messengers import (
    GITHUB_REVIEWER,
    SLACK_NOTIFIER,
    GithubReviewer,
    SlackNotifier,
)
from hotagents_k8s_monitor.policy.notes import Note, notes_on
from hotagents_k8s_monitor.policy.policy import CONTEXT, Expiring, Muted, Policy
from hotagents_k8s_monitor.policy.values import shown

__all__ = [
    "ANALYZER",
    "CONTEXT",
    "ESCALATION_MANAGER",
    "GITHUB_REVIEWER",
    "SLACK_NOTIFIER",
    "Analyzer",
    "ClusterContext",
    "EscalationManager",
    "Expiring",
    "GithubReviewer",
    "Muted",
    "Note",
    "Policy",
    "SlackNotifier",
    "notes_on",
    "shown",
]
