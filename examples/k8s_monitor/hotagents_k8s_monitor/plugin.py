"""What hotagents finds: the runner `k8s-monitor`, and what it has to say about a set before that is published.

Cheap to import: the client of Kubernetes and all that looks at a cluster are imported when the runner is made.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hotagents import AgentSpec, RunnerInfo, hookimpl
from hotagents_k8s_monitor.deciding import remember
from hotagents_k8s_monitor.policy import (
    ANALYZER,
    CONTEXT,
    ESCALATION_MANAGER,
    GITHUB_REVIEWER,
    SLACK_NOTIFIER,
    Analyzer,
    ClusterContext,
    EscalationManager,
    GithubReviewer,
    SlackNotifier,
    notes_on,
)
from hotagents_k8s_monitor.policy.outline import LINE_BREAK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents import Diagnostic, Report, Runner, RunnerContext, Story
    from hotagents.loading import Candidate

__all__ = ["DOCUMENTS", "INFO", "NAME", "SPECS", "hotagents_runners", "hotagents_validate"]

NAME: Final = "k8s-monitor"
SPECS: Final[Mapping[str, type[AgentSpec]]] = MappingProxyType(
    {
        ANALYZER: Analyzer,
        ESCALATION_MANAGER: EscalationManager,
        SLACK_NOTIFIER: SlackNotifier,
        GITHUB_REVIEWER: GithubReviewer,
        "*": AgentSpec,
    }
)
DOCUMENTS: Final = MappingProxyType({CONTEXT: ClusterContext})


def _create(context: RunnerContext) -> Runner:
    from hotagents_k8s_monitor.assembly import monitor  # noqa: PLC0415 - heavy
    from hotagents_k8s_monitor.settings import load_settings  # noqa: PLC0415

    return monitor(load_settings(), logger=context.logger)


def _demo(story: Story) -> None:
    from hotagents_k8s_monitor.demo import tell  # noqa: PLC0415 - heavy

    tell(story)


INFO: Final = RunnerInfo(
    NAME, "watches a Kubernetes cluster and says what is wrong", _create, spec=SPECS, documents=DOCUMENTS, demo=_demo
)


@hookimpl
def hotagents_runners() -> list[RunnerInfo]:
    """Offer `k8s-monitor`."""
    return [INFO]


@hookimpl
def hotagents_validate(candidate: Candidate[Any], report: Report) -> None:
    """Refuse a set that lacks one of the four agents or has a key twice, and warn of prose that only looks like a rule.

    A missing escalation-manager would leave the built-in severities in force without anybody's having said so; and of
    two lists below ``P0:`` the first would be lost.
    """
    remember(candidate)
    for name in SPECS:
        if name != "*" and name not in candidate.agents:
            report.error(f'expected an agent "{name}", got none', hint=f"add {name}.md, or the key of the ConfigMap")
    for twice in _repeated(candidate):
        report.error(
            twice.message,
            path=twice.path,
            line=twice.line,
            column=twice.column,
            key=twice.key,
            hint="write all of it below one of the two, and remove the other",
        )
    document = candidate.documents.get(CONTEXT)
    if document is None or not isinstance(document.frontmatter, ClusterContext):
        return  # said already by the library
    above = _lines_above(candidate.entries[CONTEXT].content, document.body)
    for note in notes_on(document.frontmatter, document.body):
        report.warning(note.text, path=CONTEXT, line=above + note.line)


def _repeated(candidate: Candidate[Any]) -> Iterator[Diagnostic]:
    """Yield the warnings of keys that stand twice in what this runner reads."""
    read = {CONTEXT, *(agent.path for name, agent in candidate.agents.items() if name in SPECS)}
    for path in sorted(read & candidate.entries.keys()):
        said = candidate.entries[path].diagnostics
        yield from (found for found in said if (found.code, found.severity) == ("duplicate-key", "warning"))


def _lines_above(content: bytes, body: str) -> int:
    """Return how many lines of a file stand above its body."""
    whole = content.decode("utf-8", "replace")
    return len(LINE_BREAK.findall(whole)) - len(LINE_BREAK.findall(body))
