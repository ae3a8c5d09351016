"""Quantities as Kubernetes writes them: ``250m``, ``4Gi``, ``1e3``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

__all__ = ["quantity"]

_FORM: Final = re.compile(
    r"(?P<number>[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))"
    r"(?P<unit>[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?"
)
_UNITS: Final = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "k": Decimal(10**3), "M": Decimal(10**6),
    "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18), "Ki": Decimal(2**10),
    "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip


def quantity(value: Any) -> Decimal | None:
    """Return the number that a quantity stands for, or None where it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    match = _FORM.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    number, unit = Decimal(match["number"]), match["unit"] or ""
    return number * (_UNITS[unit] if unit in _UNITS else Decimal(f"1{unit}" if unit else 1))
