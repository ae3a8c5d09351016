"""`plain`, `difference` and `fitted`: what GitHub says, as short as it must be and without what must not leave."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.findings import cut
from hotagents_k8s_monitor.redaction.secrets import HIDDEN, SECRET_NAME, redacted

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["difference", "fitted", "plain"]

_MARGIN: Final = 500  # longer than what a pattern needs to see of a secret
_BUDGETS: Final = (5_000, 2_500, 1_000, 300, 0)
_WITHHELD: Final = "[redacted: such a file may hold secrets]"
_OF_SECRETS: Final = re.compile(
    r"""(?:.*/)?(?:\.env(?:\..*)?|.*\.(?:env|jks|kdbx|key|keystore|p12|pem|pfx|ppk|tfstate|tfvars)
    |id_(?:dsa|ecdsa|ed25519|rsa)|\.(?:dockercfg|git-credentials|htpasswd|netrc|npmrc|pgpass|pypirc)
    |kubeconfig|credentials(?:\.\w+)?|[^/]*secret[^/]*\.(?:cfg|conf|enc|ini|json|properties|toml|txt|ya?ml))""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_A_SECRET: Final = re.compile(r"""^[-+ ]?[ \t-]{0,40}["']?kind["']?[ ]*:[ ]*["']?Secret["']?[ ,]*\r?$""", re.MULTILINE)
# A text of many lines below a name that gives it away: the lines that are indented further, or empty.
_BLOCK: Final = re.compile(
    rf"""
    ^(?P<head>[-+ ](?P<indent>[ ]{{0,60}})(?:-[ ])?
    ["']?(?:{SECRET_NAME.pattern})[\w.-]{{0,60}}["']?:[ ]*[|>][-+\d]*[ ]*\r?$)
    (?:\n(?:[-+ ](?P=indent)[ ][^\n]*|[-+ ]?[ ]*\r?$))+""",
    re.MULTILINE | re.VERBOSE,
)
_SIGN: Final = re.compile(r"^(?P<sign>[-+ ])", re.MULTILINE)
_MARK: Final = "\x1f"  # between a sign and its line, or a removed secret would read as the rest of a name


def plain(value: Any, limit: int) -> str:
    """Return a text redacted and cut, an empty one for anything else; it is still untrusted.

    Args:
        value: As it came, of any length; only so much of it is looked at as may be needed.
        limit: Characters that are kept.
    """
    return _kept(value, limit) if isinstance(value, str) else ""


def difference(path: str, value: str, limit: int) -> str:
    """Return a file's difference redacted and cut; none of a file that is likely to hold secrets.

    Args:
        path: Of the file.
        value: As it came, of any length.
        limit: Characters that are kept.
    """
    if not value or not limit:
        return ""
    if _OF_SECRETS.fullmatch(path) or _A_SECRET.search(value):
        return cut(_WITHHELD, limit)
    return _kept(value, limit, prepared=_marked)


def _marked(text: str) -> str:
    return _SIGN.sub(rf"\g<sign>{_MARK}", _BLOCK.sub(rf"\g<head>\n {HIDDEN}", text))


def _kept(value: str, limit: int, *, prepared: Callable[[str], str] = str) -> str:
    most = 2 * limit + 2 * _MARGIN
    looked_at = redacted(prepared(value[:most])).replace(_MARK, "")
    if len(value) > most:
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
