"""Reading plain JSON of the API server's: any field may be absent, null, or of another type than it should be.

The functions below never raise for what an object holds; what is not there reads as empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["at", "condition", "count_at", "items_at", "mapping_at", "name_of", "namespace_of", "text_at", "time_at"]


def at(value: Any, *keys: str) -> Any:
    """Return the value below some keys, or None where there is none."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def text_at(value: Any, *keys: str) -> str:
    """Return a text, or an empty one."""
    found = at(value, *keys)
    return found if isinstance(found, str) else ""


def count_at(value: Any, *keys: str, default: int = 0) -> int:
    """Return a whole number that is not negative, or ``default``."""
    found = at(value, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else default


def mapping_at(value: Any, *keys: str) -> Mapping[str, Any]:
    """Return a mapping, or an empty one."""
    found = at(value, *keys)
    return found if isinstance(found, Mapping) else {}


def items_at(value: Any, *keys: str) -> Iterator[Mapping[str, Any]]:
    """Yield the mappings of a list."""
    found = at(value, *keys)
    if isinstance(found, list):
        yield from (item for item in found if isinstance(item, Mapping))


def time_at(value: Any, *keys: str) -> datetime | None:
    """Return a time, aware and in UTC, or None where there is none that can be read."""
    text = text_at(value, *keys)
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(timezone.utc) if time.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def condition(value: Any, kind: str) -> Mapping[str, Any]:
    """Return the condition of a type from ``status.conditions``, or an empty mapping."""
    return next((c for c in items_at(value, "status", "conditions") if c.get("type") == kind), {})


def name_of(value: Any) -> str:
    """Return ``metadata.name``."""
    return text_at(value, "metadata", "name")


def namespace_of(value: Any) -> str:
    """Return ``metadata.namespace``, empty for what has none."""
    return text_at(value, "metadata", "namespace")
