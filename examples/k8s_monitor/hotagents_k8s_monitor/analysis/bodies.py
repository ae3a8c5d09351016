"""`redacted_body`: the body of a request without secrets, whoever put them there.

What is sent was redacted where it was read, by its place in an object and by its look. This is the last look at all of
it, prompts included, and the only way out.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from hotagents_k8s_monitor.redaction import HIDDEN, redacted
from hotagents_k8s_monitor.redaction.secrets import SECRET_NAME

__all__ = ["redacted_body", "redacted_value"]

# What the protocol itself needs as it is; a server gave it, or the program.
_PROTOCOL: Final = frozenset({"id", "model", "role", "signature", "tool_use_id", "type"})
_SCHEMAS: Final = frozenset({"input_schema", "schema"})  # written by the program, but for names that were checked
# Of a text within JSON, before which no word ends; each run is looked at once, however long it is.
_BREAKS: Final = re.compile(r"(?<!\\)(\\+[nrt])")


def redacted_body(body: Any, *, emails: bool = True) -> Any:
    """Return the body of a request to a model with ``[redacted]`` in place of each secret.

    Args:
        body: JSON-ready; left as it is.
        emails: Whether e-mail addresses are secrets too.
    """
    if isinstance(body, dict):
        return {key: _below(key, value, emails=emails) for key, value in body.items()}
    if isinstance(body, list | tuple):
        return [redacted_body(value, emails=emails) for value in body]
    return _plain(body, emails=emails)


def _below(key: str, value: Any, *, emails: bool) -> Any:
    if key in _SCHEMAS:
        return value
    if key in _PROTOCOL and isinstance(value, str):
        return _sendable(value)
    return redacted_value(value, emails=emails) if key == "input" else redacted_body(value, emails=emails)


def redacted_value(value: Any, *, emails: bool = True) -> Any:
    """Return any value of JSON's without secrets: also without what stands below a key such as ``password``."""
    if isinstance(value, dict):
        return {
            _text(str(key), emails=emails): HIDDEN
            if isinstance(inner, str) and inner and SECRET_NAME.fullmatch(str(key))
            else redacted_value(inner, emails=emails)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted_value(inner, emails=emails) for inner in value]
    return _plain(value, emails=emails)


def _plain(value: Any, *, emails: bool) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None  # which JSON does not know
    return _text(value, emails=emails) if isinstance(value, str) else value


def _sendable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()  # half of a pair cannot be sent


def _text(text: str, *, emails: bool) -> str:
    text = _sendable(text)
    whole = redacted(text, emails=emails)
    if "\\" not in whole:
        return whole
    return "".join(redacted(part, emails=emails) for part in _BREAKS.split(whole))
