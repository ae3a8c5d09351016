"""`SECRETS`: what looks like a key, a token, a password or an e-mail address; rather too much of it than too little.

No pattern knows a password that stands in a sentence as a word among words: what is known to hold secrets is left out
by its place, see `hotagents_k8s_monitor.rehearsal.redacting`.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["SECRETS", "SECRET_NAME"]

_NAME: Final = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|credential|(?:api|access|account|encryption|private|secret)[_-]?key)"
)
_VALUE: Final = r"""(?:"[^"]*"?|'[^']*'?|[^\s"',;&]{3,})"""

SECRET_NAME: Final = re.compile(rf"(?i:[\w.-]*{_NAME}s?|auth)")
"""Keys of an object below which a text is a secret."""

SECRETS: Final = re.compile(
    rf"""
      -----BEGIN[ ][A-Z ]+-----.*                                        # a key, to the end
    | \b(?:AKIA|ASIA)[0-9A-Z]{{16}}\b                                    # of a cloud's account
    | \bgh[oprsu]_\w{{20,}} | \bgithub_pat_\w{{20,}} | \bglpat-[\w-]{{16,}}
    | \bxox[abeprs]-[\w-]{{10,}} | \bxapp-[\w-]{{10,}}
    | \b[rs]k[-_][\w-]{{16,}} | \bAIza[\w-]{{30,}} | \bnpm_\w{{20,}} | \bhv[bs]\.[\w-]{{10,}} | \bpypi-[\w-]{{10,}}
    | \bSG\.[\w-]{{10,}}\.[\w-]{{10,}} | \bdo[oprt]_v1_\w{{20,}}
    | (?<=hooks\.slack\.com/)\S+
    | \beyJ[\w-]{{5,}}\.[\w-]{{5,}}(?:\.[\w-]*)?                         # a JSON web token
    | \b[a-z0-9]{{6}}\.[a-z0-9]{{16}}\b                                  # with which a node joins
    | (?<=://)[^\s/:@]{{0,200}}:[^\s"'@]{{1,300}}(?:@[^\s"'@/]{{1,100}}){{0,3}}(?=@(?!sha\d))  # a password
    | (?<=://)[^\s/@]{{1,300}}(?=@)                                              # a token in a URL
    | \b[\w.-]{{1,100}}:[^\s:@/"']{{1,200}}(?=@(?!sha\d)[\w.-]{{1,100}}[(:/])  # and without a scheme
    | (?i:(?:[?&]|\b)(?:sig|[\w-]{{0,60}}signature)=)[^\s"'&]+                  # of an address that was signed
    | (?i:\b(?:set-)?cookie:\s*)[^\r\n]+
    | (?i:\b(?:bearer|basic)\s+)[\w.~+/=-]{{8,}}
    | (?i:\b[\w-]{{0,60}}{_NAME}[\w-]{{0,60}}["']?\s*[=:]\s*){_VALUE}
    | (?i:-[\w-]{{0,60}}{_NAME}[\w-]{{0,60}}\s+)(?!-){_VALUE}                          # an option and its value
    | (?i:["']auth["']\s*:\s*){_VALUE}
    | (?<![\w/+=.-])(?=[\w/+]{{0,39}}[A-Z])(?=[\w/+]{{0,39}}[a-z])(?=[\w/+]{{0,39}}\d)[A-Za-z0-9/+]{{40}}(?![\w/+=.-])
    | \b[\w.+-]{{1,100}}@[\w-]{{1,60}}(?:\.[\w-]{{1,60}}){{0,5}}\.[a-zA-Z]{{2,}}\b                   # an e-mail address
    """,
    re.VERBOSE | re.DOTALL,
)
"""Matches one secret, with the name before it where that is what gives it away."""
