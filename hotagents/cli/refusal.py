"""`refusal`: what a command says when a path cannot be read or its first set is refused.

People get lines on standard error that name the path from where they stand; programs get a fact on standard output.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

import typer

from hotagents.cli.output import complain, width
from hotagents.diagnostics import errors_in, escape
from hotagents.errors import InvalidConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents.cli.given import Given
    from hotagents.cli.output import Output
    from hotagents.diagnostics import Diagnostic

__all__ = ["located", "place", "refusal", "told"]


def place(root: str, path: str) -> str:
    """Return where a path of the set below ``root`` lies, seen from the current directory."""
    if not path:
        return root
    if not os.path.isdir(root):  # noqa: PTH112 - paths are text here, as in the sources
        same = path.rpartition("/")[2] == os.path.basename(root)  # noqa: PTH119
        return root if same else os.path.join(os.path.dirname(root), path)  # noqa: PTH118, PTH120
    return os.path.normpath(os.path.join(root, path))  # noqa: PTH118


def located(root: str, error: SourceError) -> str:
    """Return the error's text, which names ``root`` or a path below it."""
    text = str(error)
    if root in text or os.path.abspath(root) in text:  # noqa: PTH100 - a link stays a link
        return text
    inner = error.path
    if inner and text.startswith(inner):
        return place(root, inner) + text[len(inner) :]
    return f"{root}: {text}"


@contextmanager
def refusal(root: str, output: Output) -> Iterator[None]:
    """Say why there is no first generation, as a ``problem`` event where JSON is wanted, and end with 1 or 2."""
    try:
        yield
    except InvalidConfigError as error:
        placed = [replace(d, path=place(root, d.path)) for d in errors_in(error.diagnostics)]
        if output.as_json:
            reason = "WaitingForLock" if any(d.code == "lock-mismatch" for d in placed) else "Rejected"
            output.json(_problem(reason, str(placed[0]), [d.to_dict() for d in errors_in(error.diagnostics)]))
        for diagnostic in placed:
            _say(diagnostic)
        _say_notes(error)
        raise typer.Exit(1) from None
    except SourceError as error:
        text = located(root, error)
        if output.as_json:
            output.json(_problem(error.reason, text, []))
        complain(text)
        _say_notes(error)
        raise typer.Exit(2) from None


def _say(found: Diagnostic) -> None:
    """Say what is wrong, and show a terminal the lines of the file, as it is by now."""
    stream: TextIO | None = sys.stderr
    if stream is None or not stream.isatty():
        complain(str(found))
        return
    from hotagents.cli.excerpt import excerpt, file_text  # noqa: PLC0415 - only on a terminal

    shown = excerpt(found, file_text(found.path), width=width(), encoding=stream.encoding or "utf-8")
    complain(str(shown.head))
    for line, _ in shown.lines:
        stream.write(f"{line}\n")
    stream.flush()


def _say_notes(error: Exception) -> None:
    for note in getattr(error, "__notes__", ()):
        complain(escape(note))


@contextmanager
def told(root: str | Given, output: Output) -> Iterator[None]:
    """Say why a path cannot be read, as an object with ``error`` where JSON is wanted, and end with 2."""
    try:
        yield
    except SourceError as error:
        text = located(root, error) if isinstance(root, str) else root.said(error)
        if output.as_json:
            output.json({"path": root if isinstance(root, str) else root.name, "error": text})
        complain(text)
        raise typer.Exit(2) from None


def _problem(reason: str, message: str, diagnostics: list[dict[str, object]]) -> dict[str, object]:
    return {
        "event": "problem",
        "reason": reason,
        "message": message,
        "number": 0,
        "digest": "",
        "observed_digest": "",
        "diagnostics": diagnostics,
    }
