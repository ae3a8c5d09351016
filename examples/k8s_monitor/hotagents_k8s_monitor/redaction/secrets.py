"""`redacted`: a text without what looks like a key, a token, a password or an e-mail address.

Rather too much of it than too little. No pattern knows a password that stands in a sentence as a word among words: what
is known to hold secrets is left out by its place, see `hotagents_k8s_monitor.redaction.objects`.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["HIDDEN", "SECRET_NAME", "redacted"]

HIDDEN: Final = "[redacted]"
_NAME: Final = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|credential|authorization|connection[_-]?string|(?:api|access|account|"
    r"encryption|private|secret)[_-]?key)"
)
_QUOTE: Final = r"""\\{0,7}["']"""  # also of JSON within JSON within JSON
_LONG: Final = r"(?=[\w+/]{0,39}[A-Z])(?=[\w+/]{0,39}[a-z])(?=[\w+/]{0,39}\d)[\w+/]{40,}"


def _value(name: str) -> str:
    """Return a pattern for a value: quoted, quoted within a text that is quoted itself, or as it is."""
    within = rf"""(?P<{name}_>\\{{1,7}}["'])(?:(?!(?P={name}_)).)*(?:(?P={name}_))?"""
    return rf"""(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|{within}|[^\s"',;&]{{3,}})"""


SECRET_NAME: Final = re.compile(rf"(?i:[\w.-]*{_NAME}s?|auth)")
"""Keys of an object below which a text is a secret."""

_PATTERNS: Final = rf"""
      -----BEGIN[ ][A-Z ]{{1,40}}-----(?:.*?-----END[ ][A-Z ]{{1,40}}-----|.*)   # a key, else to the end
    | \b(?:AKIA|ASIA|AGPA|AROA|AIDA)[0-9A-Z]{{16}}\b                     # of a cloud's account
    | \bgh[oprsu]_\w{{20,}} | \bgithub_pat_\w{{20,}} | \bgl(?:pat|sa|dt|rt)[-_][\w-]{{16,}}
    | \bxox[abeprs]-[\w-]{{10,}} | \bxapp-[\w-]{{10,}}
    | \b[rs]k[-_][\w-]{{16,}} | \bAIza[\w-]{{20,}} | \bya29\.[\w-]{{10,}} | \bnpm_\w{{20,}} | \bhv[bs]\.[\w-]{{10,}}
    | \bpypi-[\w-]{{10,}} | \bSG\.[\w-]{{10,}}\.[\w-]{{10,}} | \bdo[oprt]_v1_\w{{20,}} | \bSK[0-9a-f]{{32}}\b
    | \bAGE-SECRET-KEY-\w{{16,}} | \b(?:shpat|lin_api|figd|sntrys)_[\w-]{{16,}} | \bsha256~[\w-]{{16,}}
    | \b\d{{8,10}}:[\w-]{{30,}}                                          # of a bot
    | (?<=hooks\.slack\.com/)\S+
    | \beyJ[\w-]{{5,}}\.[\w-]{{5,}}(?:\.[\w-]*){{0,3}}                   # a JSON web token
    | \b[a-z0-9]{{6}}\.[a-z0-9]{{16}}\b                                  # with which a node joins
    | \$(?:2[abxy]|apr1|1|5|6|argon2\w{{0,4}})\$[\w./$=,+-]{{16,}}       # a hash of a password
    | (?<=://)[^\s/:@]{{0,200}}:[^\s"'@]{{1,300}}(?:@[^\s"'@/]{{1,100}}){{0,3}}(?=@(?!sha\d))  # a password
    | (?<=://)[^\s/@]{{1,300}}(?=@)                                              # a token in a URL
    | \b[\w.-]{{1,100}}:[^\s:@/"']{{1,200}}(?=@(?!sha\d)[\w.-]{{1,100}}[(:/])  # and without a scheme
    | (?P<query>(?i:(?:(?:[?&]|\b)(?:sig|[\w-]{{0,60}}signature)|[?&](?:key|code|auth))=))[^\s"'&]+  # of an address
    | (?P<cookie>(?i:\b(?:set-)?cookie:\s*))[^\r\n]+
    | (?P<scheme>(?i:\b(?:bearer|basic|negotiate)\s+))[\w.~+/=-]{{8,}}
    | (?P<pair>(?i:{_QUOTE}name{_QUOTE}\s{{0,9}}:\s{{0,9}}{_QUOTE}[^"'\\]{{0,60}}
        (?:{_NAME}|_key|auth|dsn)[^"'\\]{{0,60}}{_QUOTE}\s{{0,9}},\s{{0,9}}{_QUOTE}value{_QUOTE}\s{{0,9}}:\s{{0,9}})){_value("pair")}
    | (?P<named>(?i:\b[\w-]{{0,60}}{_NAME}[\w-]{{0,60}}(?:{_QUOTE})?\s{{0,9}}(?:=>|[=:])\s{{0,9}}
        (?:(?:bearer|basic|negotiate|digest|token)\s+)?)){_value("named")}
    | (?P<option>(?i:-[\w-]{{0,60}}{_NAME}[\w-]{{0,60}}\s+))(?!-){_value("option")}    # and its value
    | (?P<auth>(?i:{_QUOTE}auth{_QUOTE}\s{{0,9}}:\s{{0,9}})){_value("auth")}           # of a registry
    | (?<![\w+/=.-])(?<!sha256:){_LONG}={{0,2}}(?![\w+/=.-])             # no name is so long, and so mixed
    """
_ADDRESS: Final = r"| \b[\w.+-]{1,100}@[\w-]{1,60}(?:\.[\w-]{1,60}){0,5}\.[a-zA-Z]{2,}\b"
_SECRETS: Final = re.compile(_PATTERNS + _ADDRESS, re.VERBOSE | re.DOTALL)
_SECRETS_ALONE: Final = re.compile(_PATTERNS, re.VERBOSE | re.DOTALL)
_KEPT: Final = ("query", "cookie", "scheme", "pair", "named", "option", "auth")


def redacted(text: str, *, emails: bool = True) -> str:
    """Return a text with ``[redacted]`` in place of each secret; the name that gives it away stays.

    It takes time in proportion to the text's length.

    Args:
        text: Untrusted, of any length.
        emails: Whether e-mail addresses are secrets too.
    """
    return (_SECRETS if emails else _SECRETS_ALONE).sub(_hide, text)


def _hide(match: re.Match[str]) -> str:
    return next((found for name in _KEPT if (found := match[name])), "") + HIDDEN
