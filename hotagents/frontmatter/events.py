"""The YAML parser: libyaml's where it is there, Python's otherwise; every complaint of theirs becomes a `TreeError`."""

from __future__ import annotations

import functools
import logging
import re
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.events import ScalarEvent

from hotagents.frontmatter.page import Position
from hotagents.frontmatter.plain import plain_tree
from hotagents.frontmatter.text import LINE_BREAK, place_of
from hotagents.frontmatter.tree import Tree, TreeError, position

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SAID_BY_PARSER", "new_parser", "read_events", "read_tree", "syntax_error"]

SAID_BY_PARSER: Final = "; the parser says: "
"""What stands between the words for an author and those of YAML's parser."""

_LOG: Final = logging.getLogger(__name__)
# What YAML allows nowhere, quoted or not; the parsers name the character, but in bytes and without a line.
_NOT_ALLOWED: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Parts of the two parsers' own words, and what they mean to the author of a text.
_EXPECTED: Final = {
    "mapping values are not allowed": 'quotes around a text that has ": " in it, or another indentation',
    "that cannot start any token": "quotes around a text that begins with this character",
    "did not find expected alphabetic": "quotes around a text that begins with this character",
    "could not find expected ':'": '"key: value", or the indentation of a text of several lines',
    "expected ',' or ']'": "a closing ]",
    "expected ',' or '}'": "a closing }",
    "block sequence entries": "each entry of a list on a line of its own, also the first",
    "did not find expected key": "a key, or quotes around the whole text",
    "unexpected end of stream": "a closing quote",
    "a tab character": "spaces as indentation",
}
_NO_COLON: Final = "could not find expected ':'"
_OPEN: Final = "flow"  # "while parsing a flow sequence"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read_tree(frontmatter: str, *, depth: int) -> Tree:
    """Return what a frontmatter says.

    Args:
        frontmatter: The text from the file's second line on.
        depth: Most lists and mappings within each other, the outermost mapping counted.

    Raises:
        TreeError: If it is not one mapping in plain YAML.
    """
    return plain_tree(frontmatter, depth=depth) or read_events(frontmatter, depth=depth)


def read_events(frontmatter: str, *, depth: int) -> Tree:
    """Return what the parser says of a frontmatter; else like `read_tree`, whose long way it is."""
    tree = Tree(depth=depth)
    parser = None
    try:
        parser = new_parser(frontmatter)
        tree.take(iter(parser.get_event, None))
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The last two: numbers in escapes and directives that Python's parser takes on faith, and bad tag bytes.
        raise syntax_error(error, frontmatter) from None
    finally:
        if parser is not None:
            parser.dispose()
    if tree.repeated:
        tree.prune()
    return tree


def new_parser(text: str) -> Any:
    """Return a parser of a text: `get_event` gives the next event, None at the end; the caller calls `dispose`."""
    return _parser_class()(text)


class _PythonParser(yaml.SafeLoader):
    """Python's parser, with libyaml's manners."""

    def get_event(self) -> Any:
        if not self.check_event():
            return None
        event: Any = super().get_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
        if isinstance(event, ScalarEvent) and _SURROGATE.search(event.value):
            raise yaml.MarkedYAMLError(problem="found half of a surrogate pair", problem_mark=event.start_mark)  # type: ignore[arg-type]  # it is not libyaml's
        return event


@functools.cache
def _parser_class() -> Callable[[str], Any]:
    if yaml.__with_libyaml__:
        return yaml.CSafeLoader
    _LOG.warning("no-libyaml: PyYAML is installed without libyaml; reading frontmatter takes twelve times as long")
    return _PythonParser


def syntax_error(error: Exception, frontmatter: str) -> TreeError:
    """Return what a parser's error means to the author of the text, whose own first line is line 2 of its file."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        problem, place = str(error.problem), position(error.problem_mark)
        begin = position(error.context_mark) if error.context_mark is not None else place
        # What is never closed, and a line without its colon, are told where they begin, not where that is noticed.
        is_open = "end of stream" in problem or (begin.line < place.line and _OPEN in str(error.context))
        if is_open or _NO_COLON in problem:
            place = begin
        expected = "spaces as indentation, not a tab" if _is_tab(frontmatter, place) else _expected(problem)
        message = f"expected {expected}{SAID_BY_PARSER}{problem}"
        return TreeError("yaml-syntax", place, message, of_text=True, is_open=is_open)
    if bad := _NOT_ALLOWED.search(frontmatter):
        place = place_of(frontmatter, bad.start(), first_line=2)
        return TreeError("yaml-syntax", place, f"expected a printable character, got U+{ord(bad[0]):04X}")
    return TreeError("yaml-syntax", Position(2, 1), "expected YAML, got a number or an escape that is none")


def _expected(problem: str) -> str:
    return next((said for part, said in _EXPECTED.items() if part in problem), "YAML")


def _is_tab(frontmatter: str, place: Position) -> bool:
    """Say whether a tab stands there, in the indentation of its line."""
    lines = LINE_BREAK.split(frontmatter, place.line - 1)
    before = lines[place.line - 2][: place.column] if place.line - 2 < len(lines) else ""
    return before.endswith("\t") and not before.strip()
