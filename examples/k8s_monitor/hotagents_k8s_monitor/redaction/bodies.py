"""`redacted_body`: a request to a model in which no text holds a secret; the last thing done to it before it leaves."""

from __future__ import annotations

from typing import Any, Final

from hotagents_k8s_monitor.redaction.secrets import HIDDEN, redacted

__all__ = ["redacted_body"]

# What the API itself made and wants back unchanged, and the words of its protocol.
_OF_THE_API: Final = frozenset({"data", "id", "model", "role", "signature", "tool_use_id", "type"})
_WRITTEN_BY_A_MODEL: Final = "input"
_DEEPEST: Final = 60


def redacted_body(value: Any, *, emails: bool = True) -> Any:
    """Return a copy of a request's body, of which no text and no key holds a secret.

    Args:
        value: JSON-ready values; what is none is kept as it is.
        emails: Whether addresses of people are hidden too.
    """
    return _walked(value, emails=emails, of_api=True, depth=0)


def _walked(value: Any, *, emails: bool, of_api: bool, depth: int) -> Any:
    if depth > _DEEPEST:
        return HIDDEN  # nobody sends anything so deep, and what is not looked at does not leave
    if isinstance(value, str):
        return redacted(value, emails=emails)
    if isinstance(value, dict):
        return {
            redacted(key, emails=emails) if isinstance(key, str) else key: inner
            if of_api and key in _OF_THE_API and isinstance(inner, str)
            else _walked(inner, emails=emails, of_api=of_api and key != _WRITTEN_BY_A_MODEL, depth=depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_walked(inner, emails=emails, of_api=of_api, depth=depth + 1) for inner in value]
    return value
