"""Texts of the API server's, made fit for people: on one line, bounded, and without what looks like a credential.

A server, or whoever answers in its place, may send back what it was sent, and that has a token in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DETAIL_LIMIT", "detail", "redacted"]

DETAIL_LIMIT: Final = 300
"""Characters of a detail."""

_READ: Final = 4000  # more than is shown, so that no token is cut in two before it is found
_HIDDEN: Final = "[redacted]"
_SHORTEST_SECRET: Final = 6  # what is shorter is found in ordinary words
# Names in Kubernetes are words with hyphens and dots, so a long run without any is not one.
_TOKENS: Final = re.compile(
    r"""
    (?P<scheme>\b(?:bearer|basic|negotiate)\s+)[^\s"',;]{6,}
    | (?P<key>\b[\w-]*(?:authorization|credential|api-?key|passw(?:or)?d|secret|token)s?["']?\s*[:=]\s*["']?)
      (?:(?:bearer|basic)\s+)?[^\s"',;&]{4,}
    | (?P<user>://)[^\s/@]+@
    | eyJ[\w-]{8,}(?:\.[\w-]*){0,4}
    | \bsha256~[\w-]{20,}
    | \b(?:gh[oprsu]_|github_pat_|xox[a-z]-|sk-|AKIA|ya29\.)[\w.-]{12,}
    | [A-Za-z0-9+/_]{40,}={0,2}
    """,
    re.VERBOSE | re.IGNORECASE,
)


def detail(text: str, *, secrets: Iterable[str] = ()) -> str:
    """Return a text without credentials, on one line, of at most `DETAIL_LIMIT` characters.

    Args:
        text: Untrusted.
        secrets: What it must not say, wherever it stands.
    """
    safe = escape(redacted(text, secrets=secrets), limit=DETAIL_LIMIT)
    return safe if len(safe) <= DETAIL_LIMIT else safe[: DETAIL_LIMIT - 1] + "…"


def redacted(text: str, *, secrets: Iterable[str] = ()) -> str:
    """Return the beginning of a text with ``[redacted]`` in place of what is, or looks like, a credential."""
    text = text[:_READ]
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, _HIDDEN)
    return _TOKENS.sub(_hide, text)


def _hide(match: re.Match[str]) -> str:
    kept = match["scheme"] or match["key"] or match["user"] or ""
    return kept + _HIDDEN + ("@" if match["user"] else "")
