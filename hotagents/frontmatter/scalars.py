"""Plain values by the core schema of YAML 1.2, in which `on`, `yes`, dates and `12:30` are strings.

PyYAML's own resolver follows YAML 1.1, where ``name: on`` is a boolean and ``12:30`` is 750.
"""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CORE", "FLOAT", "INTEGER", "Scalar", "resolve", "tagged"]

Scalar: TypeAlias = bool | int | float | str | None

CORE: Final = "tag:yaml.org,2002:"
"""What `!!` stands for."""

INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

_SIGNS: Final = ("", "-", "+")
_WORDS: Final[Mapping[str, Scalar]] = MappingProxyType(
    dict.fromkeys(("", "~", "null", "Null", "NULL"))
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
    | dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan)
    | {f"{sign}{word}": float(f"{sign}inf") for sign in _SIGNS for word in (".inf", ".Inf", ".INF")}
)
_MAY_START_NUMBER: Final = frozenset("0123456789+-.")
_BASES: Final = {"0o": 8, "0x": 16}
# Python refuses to print, and by default to read, an integer of more than 4,300 decimal digits.
_MOST_DIGITS: Final = 4000
_MOST_BITS: Final = int(_MOST_DIGITS * math.log2(10)) + 1


def resolve(text: str) -> Scalar:
    """Return what a plain value without a tag means; a number of more than 4,000 digits stays text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAY_START_NUMBER:
        return text
    if INTEGER.fullmatch(text):
        return _integer(text)
    return float(text) if FLOAT.fullmatch(text) else text


def _integer(text: str) -> int | str:
    base = _BASES.get(text[:2])
    if base is not None:
        value = int(text[2:], base)
        return value if value.bit_length() <= _MOST_BITS else text
    if len(text) > _MOST_DIGITS:
        return text
    try:
        return int(text)
    except ValueError:  # the process allows fewer digits than Python's default
        return text


def tagged(tag: str, text: str) -> Scalar:
    """Return what a value with a tag means, quoted or not.

    Raises:
        ValueError: If the tag is not one of the core schema's for single values, or the text does not fit it.
    """
    if tag in {"!", CORE + "str"}:
        return text
    wanted = _TYPES.get(tag.removeprefix(CORE)) if tag.startswith(CORE) else None
    value = float(text) if wanted is float and FLOAT.fullmatch(text) else resolve(text)
    if wanted is None or type(value) is not wanted:
        raise ValueError(tag)
    return value


_TYPES: Final[Mapping[str, type]] = MappingProxyType({"null": type(None), "bool": bool, "int": int, "float": float})
