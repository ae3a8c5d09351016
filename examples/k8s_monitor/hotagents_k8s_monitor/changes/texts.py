"""`plain` and `fitted`: what GitHub says, as short as it must be and without what must not leave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.findings import cut
from hotagents_k8s_monitor.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["fitted", "plain"]

_MARGIN: Final = 500  # longer than what a pattern needs to see of a secret
_BUDGETS: Final = (5_000, 2_500, 1_000, 300, 0)


def plain(value: Any, limit: int) -> str:
    """Return a text redacted and cut, an empty one for anything else; it is still untrusted.

    Args:
        value: As it came, of any length; only so much of it is looked at as may be needed.
        limit: Characters that are kept.
    """
    if not isinstance(value, str):
        return ""
    looked_at = redacted(value[: 2 * limit + 2 * _MARGIN])
    if len(value) > 2 * limit + 2 * _MARGIN:
        looked_at = looked_at[:-_MARGIN] + "\u2026"  # a secret may have been cut in two there
    return cut(looked_at, limit).encode("utf-8", "replace").decode()


def fitted(made: Callable[[int], dict[str, Any]], key: str, limit: int) -> str:
    """Return values as JSON of at most ``limit`` characters; where something is left out, ``truncated`` says so.

    Args:
        made: Makes the values, with that many characters of long texts in it.
        key: Of the list whose last items are left out where shorter texts do not suffice.
        limit: At least a thousand.
    """
    text, values = "", {}
    for budget in _BUDGETS:
        values = made(budget)
        if len(text := _json(values)) <= limit:
            return text
    items = list(values[key])
    while items and len(text) > limit:
        del items[-max(1, len(items) // 10) :]
        text = _json({**values, key: items, "truncated": True})
    return text if len(text) <= limit else _json({"truncated": True})


def _json(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False)
