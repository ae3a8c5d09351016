"""From bytes to text: UTF-8, with what is not UTF-8 named and placed."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import Diagnostic
from hotagents.frontmatter.page import Position

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LINE_BREAK", "decode", "place_of", "without_control_characters"]

LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
"""What YAML takes for the end of a line, once the Unicode separators are gone."""

# The longer marks first: UTF-32's little-endian mark begins with UTF-16's.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# Where the NUL bytes lie among the first four, when the text begins with two ASCII characters.
_NULS: Final[Mapping[tuple[bool, ...], str]] = {
    (False, True, True, True): "UTF-32",
    (True, True, True, False): "UTF-32",
    (False, True, False, True): "UTF-16",
    (True, False, True, False): "UTF-16",
}
_FIRST: Final = 4
# YAML takes NEL and the two separators for line ends, editors do not: text that looks like one line could be several.
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def decode(path: str, content: bytes) -> tuple[str, list[Diagnostic]]:
    """Return a file's text without its byte order mark, and what is wrong with the bytes.

    Bytes in another encoding give an error and no text. Stray bytes become U+FFFD, with a warning at the first.
    """
    if encoding := _foreign_encoding(content):
        hint = f"save the file as UTF-8, for example: iconv -f {encoding} -t UTF-8"
        return "", [Diagnostic("encoding", "error", path, 0, 0, "", f"expected UTF-8, got {encoding}", hint)]
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode(), []
    except UnicodeDecodeError as error:
        line, column = place_of(content[: error.start].decode(), error.start)
        message = f"expected UTF-8, got the byte 0x{content[error.start]:02x}; such bytes were replaced by U+FFFD"
        found = Diagnostic("invalid-bytes", "warning", path, line, column, "", message, "save the file as UTF-8")
        return content.decode(errors="replace"), [found]


def _foreign_encoding(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    if 0 in content[:_FIRST] and len(content) >= _FIRST:
        return _NULS.get(tuple(byte == 0 for byte in content[:_FIRST]), "")
    return ""


def place_of(text: str, index: int, *, first_line: int = 1) -> Position:
    """Return the place of a character in a text whose own first line is ``first_line`` of the file."""
    line, start = first_line, 0
    for found in LINE_BREAK.finditer(text, 0, index):
        line, start = line + 1, found.end()
    return Position(line, min(index, len(text)) - start + 1)


def without_control_characters(path: str, frontmatter: str) -> tuple[str, list[Diagnostic]]:
    """Return the frontmatter with a space for each control character and Unicode line separator, and a warning."""
    first = _CONTROL.search(frontmatter)
    if first is None:
        return frontmatter, []
    line, column = place_of(frontmatter, first.start(), first_line=2)
    cleaned, count = _CONTROL.subn(" ", frontmatter)
    message = f"expected none, got {count}, the first being U+{ord(first[0]):04X}; replaced by a space"
    found = Diagnostic("control-character", "warning", path, line, column, "", message, "remove the character")
    return cleaned, [found]
