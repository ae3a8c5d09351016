"""`Keeper`: hands the sets that proved themselves to the store, the newest last."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.diagnostics import escape
from hotagents.errors import UnknownGenerationError
from hotagents.registry.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents.clock import Clock
    from hotagents.generation import Generation
    from hotagents.loading import Candidate
    from hotagents.store import Store

__all__ = ["Keeper"]

logger: Final = logging.getLogger("hotagents")


@final
class Keeper:
    """Keeps what is confirmed; for any thread, one at a time, and never under the check lock: a disk may be slow."""

    def __init__(
        self,
        store: Store | None,
        set_of: Callable[[Generation[Any]], Candidate[Any] | None],
        *,
        clock: Clock,
        patterns: str = "",
    ) -> None:
        """``set_of`` gives what a generation of the history published; without a store nothing is kept."""
        self._patterns = patterns
        self._store = store
        self._set_of = set_of
        self._clock = clock
        self._lock = threading.Lock()
        self._number = 0
        self._said = Said(clock)

    def confirm(self, generation: Generation[Any]) -> None:
        """Keep a generation's set, unless a newer one is kept; a disk that refuses is logged once for each reason.

        Raises:
            UnknownGenerationError: If it is not in the history, nor older than the one confirmed last.
        """
        candidate = self._set_of(generation)
        with self._lock:
            if generation.number < self._number:
                return
            if candidate is None:
                raise UnknownGenerationError(f"{generation!r} is not in this registry's history")
            self._number = generation.number
            if self._store is not None and self._store.digest() != candidate.digest:  # others may share the disk
                self._save(self._store, candidate)

    def _save(self, store: Store, candidate: Candidate[Any]) -> None:
        try:
            store.save(candidate.digest, candidate.parts, now=self._clock.now(), patterns=self._patterns)
        except OSError as error:
            line = self._said.again(f"the last good set cannot be kept: {escape(str(error))}")
            if line is not None:
                facts = {"digest": candidate.digest}
                logger.error("%s", line, extra=facts)  # noqa: TRY400 - errno says it all
        else:
            self._said.clear()
            logger.info("kept %s as the last good set", candidate.digest[:19], extra={"digest": candidate.digest})
