"""What other libraries log, kept from where it would only disturb."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["attempts_unsaid", "silent"]


@contextmanager
def silent() -> Iterator[None]:
    """Keep all records off standard error where nobody asked for them: the command says what there is to say."""
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


@contextmanager
def attempts_unsaid() -> Iterator[None]:
    """Keep the bare word ``stamina.retry_scheduled`` out of the log: what fails in the end is said, as a gap."""
    logger = logging.getLogger("stamina")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
