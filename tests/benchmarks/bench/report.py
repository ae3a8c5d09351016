"""`Report`: all tables of one run and where it ran; kept as JSON, from which every page is made."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import yaml

from bench.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Report", "surroundings"]

_PACKAGES: Final = ("hotagents", "pydantic", "PyYAML", "watchdog", "watchfiles")


@final
@dataclass(frozen=True, slots=True)
class Report:
    """What one run measured.

    Attributes:
        surroundings: What it ran on, by what a reader of the page wants to know.
        tables: By name, in the order of the run.
    """

    surroundings: Mapping[str, str]
    tables: Mapping[str, Table]

    def with_tables(self, tables: Iterable[Table]) -> Report:
        """Return a report in which these tables replace those of the same names."""
        return Report(self.surroundings, {**self.tables, **{table.name: table for table in tables}})

    def to_json(self) -> str:
        """Return the text of the file that is kept."""
        tables = [table.to_json() for table in self.tables.values()]
        return (
            json.dumps({"surroundings": dict(self.surroundings), "tables": tables}, indent=1, ensure_ascii=False) + "\n"
        )

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Return the report of what `to_json` gave."""
        found: dict[str, Any] = json.loads(text)
        tables = [Table.from_json(table) for table in found["tables"]]
        return cls(found["surroundings"], {table.name: table for table in tables})


def surroundings(scale: str) -> dict[str, str]:
    """Return what the run depends on."""
    return {
        "run": f"{datetime.now(timezone.utc):%Y-%m-%d}, {scale}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}, "
        f"switch interval {sys.getswitchinterval() * 1000:g} ms",
        "packages": ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
        "libyaml": "yes" if hasattr(yaml, "CSafeLoader") else "no",
        "processor": f"{_processor()}, {os.cpu_count()} of them",
        "system": f"{platform.system()} {platform.release()}, volumes on tmpfs",
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
