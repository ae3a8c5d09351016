"""Why an analysis came to nothing: `AnalysisError` and `BudgetError`, in words for people."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, final

from hotagents import escape
from hotagents_k8s_monitor.redaction import redacted

__all__ = ["AnalysisError", "BudgetError", "NothingSentError", "Reason"]

Reason: TypeAlias = Literal[
    "budget",  # turns, tokens, seconds or dollars are used up
    "cancelled",  # the monitor ends
    "malformed",  # an answer that is not what was asked for
    "refused",  # the model will not
    "rejected",  # the server takes the request for wrong
    "throttled",  # asks to wait for longer than may be waited
    "unreachable",  # no connection, or it was cut
    "unauthorized",  # the server does not take the key
    "failed",  # anything else
]
_LONGEST: Final = 300


class AnalysisError(Exception):
    """There is no analysis.

    Attributes:
        reason: Why, for machines.
        said: Why, for people: redacted, on one line, bounded.
        retry_after: Seconds for which the server asks to be left alone; 0 where it does not.
        passes: Whether the same request may well be answered a little later.
    """

    def __init__(self, reason: Reason, said: str, *, retry_after: float = 0.0, passes: bool = False) -> None:
        self.reason: Final[Reason] = reason
        self.said: Final = escape(redacted(said), limit=_LONGEST)
        self.retry_after: Final = retry_after
        self.passes: Final = passes
        super().__init__(f"{reason}: {self.said}")


@final
class BudgetError(AnalysisError):
    """What an analysis may take is used up."""

    def __init__(self, said: str) -> None:
        super().__init__("budget", said)


@final
class NothingSentError(AnalysisError):
    """A request was shown and not sent, as was wanted."""

    def __init__(self) -> None:
        super().__init__("cancelled", "shown, and not sent")
