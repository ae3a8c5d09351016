"""``expected.yaml``: what a recording must come to, beside it; written by ``k8s-monitor eval --write-expected``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import TypeAdapter

from hotagents import escape
from hotagents_k8s_monitor.policy.values import Duration
from hotagents_k8s_monitor.rehearsal.outcome import Fault, Outcome, Telling
from hotagents_k8s_monitor.rehearsal.recording import EXPECTED, RecordingError
from hotagents_k8s_monitor.rules import RULES

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

__all__ = ["read_expected", "write_expected"]

_VERSION: Final = 1
_MOST_BYTES: Final = 4 << 20
_DAMAGE: Final = (AttributeError, LookupError, TypeError, ValueError)
_DURATION: Final = TypeAdapter[Any](Duration)
_HEAD: Final = """\
# What this recording comes to; `k8s-monitor eval --write-expected` wrote it. Read the difference before you keep it.
"""


def write_expected(directory: Path, outcome: Outcome) -> None:
    """Keep an outcome beside its recording, in place of what was there.

    Raises:
        OSError: If it cannot be written.
    """
    values = {"version": _VERSION, "rules": sorted(RULES), **outcome.to_dict()}
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    (directory / EXPECTED).write_text(_HEAD + text, encoding="utf-8", newline="\n")


def read_expected(directory: Path) -> tuple[Outcome, frozenset[str]] | None:
    """Return what is expected, and the rules that there were when it was written; None where nothing is.

    Raises:
        RecordingError: If it cannot be used.
        OSError: If it cannot be read.
    """
    path = directory / EXPECTED
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    try:
        if len(content) > _MOST_BYTES:
            raise ValueError("far too large")
        return _read(yaml.safe_load(content))
    except (yaml.YAMLError, RecursionError, *_DAMAGE) as error:
        said = f"{type(error).__name__}: {escape(str(error), limit=200)}"
        raise RecordingError(
            f"{escape(str(path))}: expected what --write-expected writes, got {said}; write it anew"
        ) from None


def _read(values: Any) -> tuple[Outcome, frozenset[str]]:
    if values["version"] > _VERSION:
        raise ValueError(f"version {values['version']}; this monitor knows up to {_VERSION}")
    outcome = Outcome(
        verdicts={str(verdict): int(count) for verdict, count in values["verdicts"].items()},
        faults=tuple(sorted(map(_fault, values["findings"]), key=lambda fault: (fault.about, fault.rule))),
        told=tuple(map(_telling, values["told"])),
    )
    return outcome, frozenset(map(str, values.get("rules", RULES)))


def _fault(values: Any) -> Fault:
    return Fault(
        about=str(values["about"]),
        rule=str(values["rule"]),
        severity=str(values["severity"]),
        opened=_time(values["opened"]),
        over=_time(values["over"]) if "over" in values else None,
        muted=str(values.get("muted", "")),
    )


def _telling(values: Any) -> Telling:
    return Telling(
        after=_time(values["after"]),
        kind=str(values["kind"]),
        severity=str(values["severity"]),
        about=str(values["about"]),
        channel=str(values.get("channel", "")),
        folded=bool(values.get("folded", False)),
    )


def _time(value: Any) -> timedelta:
    time: timedelta = _DURATION.validate_python(value)
    return time
