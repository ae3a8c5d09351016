"""The YAML parser: libyaml's where it is there, Python's otherwise; every complaint of theirs becomes a `TreeError`."""

from __future__ import annotations

import functools
import logging
import re
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.events import ScalarEvent

from hotagents.frontmatter.page import Position
from hotagents.frontmatter.text import place_of
from hotagents.frontmatter.tree import Tree, TreeError, position

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["fault_in", "read_tree"]

_LOG: Final = logging.getLogger(__name__)
# What YAML allows nowhere, quoted or not; the parsers name the character, but in bytes and without a line.
_NOT_ALLOWED: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read_tree(frontmatter: str, *, depth: int) -> Tree:
    """Return what a frontmatter says.

    Args:
        frontmatter: The text from the file's second line on.
        depth: Most lists and mappings within each other, the outermost mapping counted.

    Raises:
        TreeError: If it is not one mapping in plain YAML.
    """
    tree = Tree(depth=depth)
    parser = None
    try:
        parser = _parser_class()(frontmatter)
        while (event := parser.get_event()) is not None:
            tree.take(event)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The last two: numbers in escapes and directives that Python's parser takes on faith, and bad tag bytes.
        raise _syntax_error(error, frontmatter) from None
    finally:
        if parser is not None:
            parser.dispose()
    if tree.repeated:
        tree.prune()
    return tree


def fault_in(frontmatter: str, *, depth: int) -> Position | None:
    """Return where reading a frontmatter would fail, or None."""
    try:
        read_tree(frontmatter, depth=depth)
    except TreeError as error:
        return error.place
    return None


class _PythonParser(yaml.SafeLoader):
    """Python's parser, with libyaml's manners."""

    def get_event(self) -> Any:
        if not self.check_event():
            return None
        event: Any = super().get_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
        if isinstance(event, ScalarEvent) and _SURROGATE.search(event.value):
            raise yaml.MarkedYAMLError(problem="found half of a surrogate pair", problem_mark=event.start_mark)
        return event


@functools.cache
def _parser_class() -> Callable[[str], Any]:
    if yaml.__with_libyaml__:
        return yaml.CSafeLoader
    _LOG.warning("no-libyaml: PyYAML is installed without libyaml; reading frontmatter takes twelve times as long")
    return _PythonParser


def _syntax_error(error: Exception, frontmatter: str) -> TreeError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        context = f" {error.context}" if error.context else ""
        return TreeError("yaml-syntax", position(error.problem_mark), f"expected YAML, got: {error.problem}{context}")
    if bad := _NOT_ALLOWED.search(frontmatter):
        place = place_of(frontmatter, bad.start(), first_line=2)
        return TreeError("yaml-syntax", place, f"expected a printable character, got U+{ord(bad[0]):04X}")
    return TreeError("yaml-syntax", Position(2, 1), "expected YAML, got a number or an escape that is none")
