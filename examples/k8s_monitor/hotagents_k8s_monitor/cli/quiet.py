"""What other libraries log, kept from where it would only disturb."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["silent"]


@contextmanager
def silent() -> Iterator[None]:
    """Keep all records off standard error where nobody asked for them: the command says what there is to say."""
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
