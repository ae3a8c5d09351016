"""`Terms`: on which terms a model is asked, from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from hotagents_k8s_monitor.analysis.budget import Budget
from hotagents_k8s_monitor.analysis.usage import Prices
from hotagents_k8s_monitor.cluster.deadline import Deadline

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping
    from typing import Self

    from hotagents_k8s_monitor.settings import Settings

__all__ = ["Terms"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an analysis may take, and which models are meant.

    Attributes:
        models: Ids by alias, ``inherit`` among them.
        prices: By a model's id, where they are known.
        interval: Seconds between the beginnings of two analyses.
        seconds: Of one analysis.
        turns: Requests of one analysis.
        tokens: Of one analysis.
        dollars: Of one analysis; 0 for any.
        logs_of: Namespaces of whose pods logs may be read.
        emails: Whether e-mail addresses are taken out of what is sent.
    """

    models: Mapping[str, str]
    prices: Mapping[str, Prices]
    interval: float
    seconds: float
    turns: int
    tokens: int
    dollars: float
    logs_of: tuple[str, ...]
    emails: bool

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings say."""
        prices = settings.prices.items()
        return cls(
            models=settings.models,
            prices={name: Prices(of_input=read, of_output=written) for name, (read, written) in prices},
            interval=settings.analysis_interval,
            seconds=settings.analysis_seconds,
            turns=settings.analysis_turns,
            tokens=settings.analysis_tokens,
            dollars=settings.analysis_dollars,
            logs_of=settings.logs_of,
            emails=settings.redact_emails,
        )

    def budget(self, cancelled: threading.Event) -> Budget:
        """Return the budget of an analysis that begins now; ``cancelled`` ends it."""
        return Budget(
            Deadline.after(self.seconds),
            turns=self.turns,
            tokens=self.tokens,
            dollars=self.dollars,
            prices=self.prices,
            cancelled=cancelled,
        )
