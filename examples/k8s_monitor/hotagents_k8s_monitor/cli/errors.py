"""`short_errors`: what a person can act on is one clear line and an exit code, without a traceback."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import typer

from hotagents import HotAgentsError, InvalidConfigError, escape
from hotagents.cli.output import UsageError
from hotagents_k8s_monitor.records import RecordsError
from hotagents_k8s_monitor.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["short_errors"]


@contextmanager
def short_errors() -> Iterator[None]:
    """End with 1 where the configuration is refused, with 2 for all else that a person can mend."""
    try:
        yield
    except InvalidConfigError as error:
        for diagnostic in error.diagnostics:
            if diagnostic.severity == "error":
                _complain(str(diagnostic))
        raise typer.Exit(1) from None
    except BrokenPipeError:
        raise
    except (HotAgentsError, RecordsError, SettingsError, UsageError, OSError) as error:
        _complain(escape(str(error), limit=2000))
        raise typer.Exit(2) from None


def _complain(line: str) -> None:
    stream: TextIO | None = sys.stderr
    if stream is not None:  # closed, so nobody would read it
        print(f"k8s-monitor: {line}", file=stream, flush=True)
