"""`short_errors`: what a person can act on is one clear line and an exit code, without a traceback; `told` says it to
programs too.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

import typer

from hotagents import HotAgentsError, InvalidConfigError, escape
from hotagents.cli.output import UsageError
from hotagents_k8s_monitor.records import RecordsError
from hotagents_k8s_monitor.rehearsal.recording import RecordingError
from hotagents_k8s_monitor.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents.cli.output import Output

__all__ = ["short_errors", "told"]

_CLEAR: Final = (HotAgentsError, RecordingError, RecordsError, SettingsError, UsageError, OSError)


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
    except _CLEAR as error:
        _complain(escape(str(error), limit=2000))
        raise typer.Exit(2) from None


@contextmanager
def told(output: Output) -> Iterator[None]:
    """Where JSON is wanted, print an object for what `short_errors` ends with; ``diagnostics`` are as of ``hotagents
    validate --json``, and empty where it is not the configuration that is refused.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except _CLEAR as error:
        if output.as_json:
            diagnostics = error.diagnostics if isinstance(error, InvalidConfigError) else ()
            said = str(diagnostics[0] if diagnostics else error)
            facts = {"status": "failed", "error": escape(said, limit=2000)}
            output.json(facts | {"diagnostics": [diagnostic.to_dict() for diagnostic in diagnostics]})
        raise


def _complain(line: str) -> None:
    stream: TextIO | None = sys.stderr
    if stream is not None:  # closed, so nobody would read it
        print(f"k8s-monitor: {line}", file=stream, flush=True)
