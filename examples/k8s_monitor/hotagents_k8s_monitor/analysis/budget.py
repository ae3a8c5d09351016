"""`Budget`: what one analysis may take, and what it has taken; asked before each request to a model.

What is counted is what answers say of themselves; a server that says nothing is bounded by turns and time alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from hotagents_k8s_monitor.analysis.errors import AnalysisError, BudgetError
from hotagents_k8s_monitor.analysis.usage import Usage

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from hotagents_k8s_monitor.analysis.usage import Prices
    from hotagents_k8s_monitor.cluster.deadline import Deadline

__all__ = ["Budget"]

_LEAST: Final = 0.1  # seconds, within which no model answers


@final
class Budget:
    """Counts the requests of one analysis; used by the one thread that does it.

    Args:
        deadline: When all of it must be over.
        turns: Requests.
        tokens: Of input and output, those of caches included.
        dollars: 0 for any; counts only where the price of a model is known.
        prices: By a model's id.
        cancelled: Ends all of it when it is set.

    Attributes:
        deadline: When all of it must be over.
        spent: Tokens so far, by the id of the model.
    """

    def __init__(
        self,
        deadline: Deadline,
        *,
        turns: int,
        tokens: int,
        dollars: float,
        prices: Mapping[str, Prices],
        cancelled: threading.Event,
    ) -> None:
        self.deadline: Final = deadline
        self.spent: dict[str, Usage] = {}
        self._turns: Final = turns
        self._tokens: Final = tokens
        self._dollars: Final = dollars
        self._prices: Final = prices
        self._cancelled: Final = cancelled
        self._taken = 0

    @property
    def turns_left(self) -> int:
        """Requests that may still be made."""
        return max(0, self._turns - self._taken)

    @property
    def dollars(self) -> float:
        """What the models cost whose prices are known."""
        return sum(used.dollars(self._prices[model]) for model, used in self.spent.items() if model in self._prices)

    def take(self, *, leaving: int = 0) -> None:
        """Count one more request.

        Args:
            leaving: Requests that must be left after it, for whoever asked for this one.

        Raises:
            BudgetError: If it may not be made.
            AnalysisError: If all of it was cancelled.
        """
        self.check(leaving=leaving)
        self._taken += 1

    def take_after(self, seconds: float, *, leaving: int = 0) -> bool:
        """Wait, and count one more request; say False, at once, where there is no time for that or no request left.

        Raises:
            BudgetError: If something else is used up.
            AnalysisError: If all of it was cancelled, at once where that comes while it waits.
        """
        if seconds >= self.deadline.left() or self.turns_left <= leaving:
            return False
        self._cancelled.wait(seconds)
        self.take(leaving=leaving)
        return True

    def check(self, *, leaving: int = 0) -> None:
        """Raise what `take` would raise, and count nothing."""
        if self._cancelled.is_set():
            raise AnalysisError("cancelled", "the monitor ends")
        tokens = sum(used.tokens for used in self.spent.values())
        if self.deadline.left() < _LEAST:
            raise BudgetError("the time that an analysis may take is over")
        if self.turns_left <= leaving:
            raise BudgetError(f"the {self._turns} requests of an analysis are made")
        if tokens >= self._tokens:
            raise BudgetError(f"the {self._tokens} tokens of an analysis are used up: {tokens}")
        if self._dollars and self.dollars >= self._dollars:
            raise BudgetError(f"the {self._dollars:g} US dollars of an analysis are spent: {self.dollars:.4f}")

    def spend(self, model: str, usage: Usage) -> None:
        """Count what an answer took."""
        self.spent[model] = self.spent.get(model, Usage()) + usage
