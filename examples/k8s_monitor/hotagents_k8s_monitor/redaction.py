"""`redacted`: a text without what looks like a credential; `redacted_body`: the same for all texts of a request.

It errs towards hiding: a long run without hyphens and dots is no name of Kubernetes', and is hidden whatever it is.
"""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["HIDDEN", "redacted", "redacted_body"]

HIDDEN: Final = "[redacted]"
_WORDS: Final = (
    r"passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|credential"
    r"|authorization|connection[_-]?string|cookie|signature"
)
_SECRETS: Final = re.compile(
    rf"""
      -----BEGIN[ ][A-Z ]+-----(?s:.*?)(?:-----END[ ][A-Z ]+-----|\Z)     # a key
    | (?P<user>\b[a-z][a-z0-9+.-]*://)[^\s/@"'<>]+@                       # whoever logs in to an address
    | (?P<hook>https://hooks\.slack\.com/)[\w/]+ | (?P<query>[?&](?:sig|sv|key|code|auth)=)[^\s&"'\\]+
    | (?P<pair>\\?"name\\?"\s*:\s*\\?"[^"\\]*(?:{_WORDS}|_KEY|AUTH|DSN)[^"\\]*\\?"\s*,\s*\\?"value\\?"\s*:\s*\\?")[^"\\]+
    | (?P<scheme>\b(?:bearer|basic|negotiate|digest)\s+)[\w.~+/=-]{{8,}}
    | (?P<key>\b[\w.-]*(?:{_WORDS})s?["'\\]*\s*(?:=>|[=:])\s*["'\\]*)(?:(?:bearer|basic)\s+)?[^\s"',;&\\]{{3,}}
    | (?P<flag>--?(?:{_WORDS})\s+)[^\s"'-][^\s"']{{2,}}
    | (?P<auth>"auth\\?"\s*:\s*\\?")[A-Za-z0-9+/=]{{8,}}                  # of a registry
    | \beyJ[\w-]{{5,}}\.[\w-]{{5,}}(?:\.[\w-]*)*                          # a JSON web token
    | \b(?:AKIA|ASIA|AGPA|AROA|AIDA)[0-9A-Z]{{12,}} | \bAIza[\w-]{{20,}} | \bya29\.[\w-]{{10,}}
    | \b(?:gh[oprsu]_|github_pat_|glpat-|xox[a-z]-|xapp-|sk-|sk_live_|rk_live_|sk_test_|npm_|pypi-|hvs\.|hvb\.|s\.)[\w-]{{16,}}
    | \b(?:dop_v1_|SK|SG\.|AGE-SECRET-KEY-|shpat_|lin_api_|figd_|glsa_|sntrys_|sha256~)[\w.-]{{16,}}
    | \b\d{{8,10}}:[\w-]{{30,}}                                           # of a bot
    | \b[a-z0-9]{{6}}\.[a-z0-9]{{16}}\b                                   # of a node that joins
    | \$(?:2[abxy]|apr1|1|5|6|argon2\w*)\$[\w./$=,-]{{16,}}               # a hash of a password
    | (?<!sha256:)(?<![A-Za-z0-9+/_])[A-Za-z0-9+/_]{{40,}}={{0,2}}        # no name is so long without a hyphen
    """,
    re.VERBOSE | re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_KEPT: Final = ("user", "hook", "query", "pair", "scheme", "key", "flag", "auth")
# What the API itself made and wants back unchanged.
_OF_THE_API: Final = frozenset({"id", "tool_use_id", "signature", "type", "role", "model"})
_DEEPEST: Final = 60


def redacted(text: str, *, emails: bool = False) -> str:
    """Return a text with ``[redacted]`` in place of what is, or looks like, a credential.

    Args:
        text: Untrusted, of any length.
        emails: Whether addresses are hidden too.
    """
    text = _SECRETS.sub(_hide, text)
    return _EMAIL.sub(HIDDEN, text) if emails else text


def redacted_body(value: Any, *, emails: bool = False) -> Any:
    """Return a request's body, of which no text holds a credential; what is not JSON in it is kept."""
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
            else _walked(inner, emails=emails, of_api=of_api and key not in {"input", "content_json"}, depth=depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_walked(inner, emails=emails, of_api=of_api, depth=depth + 1) for inner in value]
    return value


def _hide(match: re.Match[str]) -> str:
    kept = next((found for name in _KEPT if (found := match[name])), "")
    return kept + HIDDEN + ("@" if match["user"] else "")
