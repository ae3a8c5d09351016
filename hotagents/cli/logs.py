"""Logging of the command line: plain lines on standard error, safe to show."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, final

from hotagents.cli.output import UsageError
from hotagents.diagnostics import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LEVELS", "logging_to_stderr", "unlogged"]

LEVELS: Final = ("debug", "info", "warning", "error")


@final
class _Plain(logging.Formatter):
    """``time level message``, a message on one line, a traceback below it with each line escaped."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - overridden
        record.message = escape(record.message, limit=10_000)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(escape(line, limit=10_000) for line in super().format(record).split("\n"))


@contextmanager
def logging_to_stderr(level: str) -> Iterator[None]:
    """Print records from ``level`` on while the context lasts.

    Raises:
        UsageError: If there is no such level.
    """
    if level.lower() not in LEVELS:
        raise UsageError(f"--log-level: expected one of {', '.join(LEVELS)}, got {level}")
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(message)s"))
    with _handling(logging.getLogger(), handler):
        root = logging.getLogger()
        before = root.level
        root.setLevel(level.upper())
        try:
            yield
        finally:
            root.setLevel(before)


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep the library's records off standard error where nothing else takes them: the command says it all itself."""
    with _handling(logging.getLogger("hotagents"), logging.NullHandler()):
        yield


@contextmanager
def _handling(logger: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
