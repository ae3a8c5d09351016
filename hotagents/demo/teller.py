"""`Teller`: a story's voice; text for people or one JSON object a line for machines, from the same calls."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Teller"]

_WIDTH: Final = 96
_INDENT: Final = "   "


@final
class Teller:
    """Says the steps of one story; a `hotagents.runner.Story`.

    What is said is escaped line by line, so a story may quote what it read. Used by one thread at a time.
    """

    def __init__(self, write: Callable[[str], None], *, as_json: bool, story: str) -> None:
        """``write`` is given each line; ``story`` names the teller's in every JSON object."""
        self._write = write
        self._as_json = as_json
        self._story = story

    def named(self, story: str) -> Teller:
        """Return a teller of another story, in the same voice."""
        return Teller(self._write, as_json=self._as_json, story=story)

    def say(self, text: str, **facts: object) -> None:
        """Say one step: ``text`` to people; to machines a JSON object of the story's name, the text and ``facts``."""
        if self._as_json:
            whole = " ".join(line.strip() for line in text.splitlines())
            self._write(json.dumps({"story": self._story, **facts, "text": whole}, default=str))
        else:
            self._lines(_wrapped(text))

    def title(self, text: str) -> None:
        """Begin a story or a part of one, for people."""
        line = escape(text, limit=_WIDTH)
        self.show("", line, "=" * len(line), indent="")

    def head(self, text: str) -> None:
        """Begin a step, for people."""
        self.show("", text, indent="")

    def show(self, *lines: str, indent: str = _INDENT) -> None:
        """Show lines as they are (a command, a program's output) to people; machines are given facts instead."""
        if not self._as_json:
            self._lines(indent + line if line else "" for line in lines)

    def fail(self, why: str) -> None:
        """Say that the story could not be told to its end."""
        self.say(f"FAILED  {why}", step="failed", error=why)

    def _lines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self._write(escape(line))


def _wrapped(text: str) -> Iterator[str]:
    """Break long lines; what follows a break is indented deeper than the line's own beginning."""
    for line in text.splitlines():
        indent = _INDENT + line[: len(line) - len(line.lstrip())]
        yield from textwrap.wrap(
            line.strip(),
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
