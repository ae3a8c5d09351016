"""`Output`: where a command's answer goes; and how a command that cannot answer ends.

Colours and boxes only where a terminal shows them (and NO_COLOR is not set); plain lines everywhere else, each written
whole and flushed at once, so that a program at the other end of a pipe sees it when it happens. Whatever is printed
passes `escape`: names and texts come out of untrusted files.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO, final

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Output", "UsageError", "complain", "counted", "for_shell", "short_errors", "width"]

_LONGEST: Final = 10_000
_WIDTHS: Final = 40, 200
_SIGNS: Final = {"+": "green", "-": "red", "@": "cyan"}


class UsageError(Exception):
    """What was asked for makes no sense; the message says what would."""


@final
class Output:
    """The answer of one command on standard output; lines may be written from any thread.

    Attributes:
        as_json: Whether `lines` of JSON are wanted instead of text.
        stream: Where it goes.
        is_terminal: Whether people read it there, with colours or without.
        encoding: What can be shown there.
    """

    def __init__(self, *, as_json: bool = False, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        found: TextIO | None = sys.stdout if stream is None else stream
        if found is None:
            raise UsageError("standard output is closed")
        self.stream = self._stream = found
        self.is_terminal = not as_json and self._stream.isatty()
        self.encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._fancy = self.is_terminal and not os.environ.get("NO_COLOR")
        self._lock = threading.Lock()
        if isinstance(self._stream, io.TextIOWrapper):
            # A terminal that cannot show a character is no reason to fail.
            self._stream.reconfigure(errors="backslashreplace")

    def line(self, text: str, *, style: str = "") -> None:
        """Print one line; ``style`` is a colour, used only on a terminal."""
        self.raw(typer.style(_safe(text), fg=style) if self._fancy and style else _safe(text))

    def json(self, value: object) -> None:
        """Print one value as one line of JSON; ASCII alone, so nothing in it can be taken for an instruction."""
        text = json.dumps(value, default=str, skipkeys=True)
        if "NaN" in text or "Infinity" in text:  # no JSON, though Python writes it: from here on a string
            text = json.dumps(json.loads(text, parse_constant=str))
        self.raw(text.replace("\x7f", "\\u007f"))

    def event(self, text: str, facts: object, *, style: str = "") -> None:
        """Print what fits: a line for people or facts as JSON."""
        if self.as_json:
            self.json(facts)
        else:
            self.line(text, style=style)

    def table(self, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows below headings; nothing where there are none."""
        if not rows:
            return
        cells = [[_safe(cell) for cell in row] for row in rows]
        self.raw(_boxed(title, headings, cells) if self._fancy else _aligned(headings, cells))

    def exact(self, content: bytes) -> None:
        """Print bytes as they are, for a program that reads them; a terminal gets them as lines, made safe."""
        buffer = getattr(self._stream, "buffer", None)
        if buffer is None or self.is_terminal:
            for line in content.decode(errors="replace").removesuffix("\n").split("\n"):
                self.line(line, style=_SIGNS.get(line[:1], ""))
            return
        with self._lock:
            self._stream.flush()
            buffer.write(content)
            buffer.flush()

    def raw(self, text: str) -> None:
        """Print text that is known to be safe, whole, and flush."""
        with self._lock:
            self._stream.write(text + "\n")
            self._stream.flush()


def complain(message: str) -> None:
    """Print one line on standard error."""
    stream: TextIO | None = sys.stderr
    if stream is None:  # closed, so nobody would read it
        return
    sys.stderr.write(f"hotagents: {_safe(for_shell(message))}\n")
    sys.stderr.flush()


@contextmanager
def short_errors() -> Iterator[None]:
    """Turn errors that a user can act on into one clear line and an exit code, without a traceback.

    A set that is refused is a finding: its errors are printed, the exit code is 1. Everything else is 2.
    """
    from hotagents.errors import HotAgentsError, InvalidConfigError  # noqa: PLC0415 - only once a command runs

    try:
        yield
    except InvalidConfigError as error:
        for diagnostic in error.diagnostics:
            if diagnostic.severity == "error":
                complain(str(diagnostic))
        raise typer.Exit(1) from None
    except BrokenPipeError:
        raise
    except (HotAgentsError, UsageError, OSError) as error:
        complain(str(error))
        raise typer.Exit(2) from None


def width() -> int:
    """Return how many cells a line may have: those of the terminal, within reason."""
    least, most = _WIDTHS
    return min(max(shutil.get_terminal_size((100, 0)).columns, least), most)


def for_shell(text: str) -> str:
    """Return a message whose remedy names the command line's options, not the library's arguments."""
    return text.replace("allow_empty=True", "--allow-empty").replace(" with exclude=", "")


def counted(number: int, noun: str) -> str:
    """Return ``1 agent``, ``2 agents``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _safe(text: str) -> str:
    from hotagents.diagnostics import escape  # noqa: PLC0415 - only once a command runs

    return escape(text, limit=_LONGEST)


def _boxed(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title, title_justify="left")
    for heading in headings[:-1]:
        table.add_column(heading, no_wrap=True)
    table.add_column(headings[-1])
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # a Text, since plain strings may hold markup
    console = Console(file=io.StringIO(), force_terminal=True, highlight=False)
    if _narrowest([headings, *rows]) > console.width:
        return _aligned(headings, rows)  # a line that is too long can be copied, a word that is broken cannot
    with console.capture() as captured:
        console.print(table, end="")
    return captured.get().removesuffix("\n")


def _narrowest(lines: Sequence[Sequence[str]]) -> int:
    """Return the width of a box in which no cell but the last is wrapped, and that between words."""
    whole = sum(max(len(line[i]) for line in lines) for i in range(len(lines[0]) - 1))
    words = max(len(word) for line in lines for word in line[-1].split() or [""])
    return whole + words + 3 * len(lines[0]) + 1


def _aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [[heading.upper() for heading in headings], *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headings))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)
