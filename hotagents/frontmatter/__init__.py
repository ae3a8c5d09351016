"""A file's text, taken apart: the frontmatter's values, the body, and where everything stands.

`parse` takes any bytes and always gives a `Page`; what is wrong with the file is in its diagnostics. The steps are one
module each: bytes to text (`text`), text to frontmatter and body (`fences`), frontmatter to values and positions
(`tree`, with the rules of plain values in `scalars`), the ladder where YAML refuses the whole (`recovery`, on
`entries`), and the line to write instead of a broken one (`remedies`; `closing` for a fence).

The frontmatter is untrusted. It is bounded before YAML sees it, never recursed into, never expanded (anchors and
aliases are refused), and never executed (tags other than the core schema's are refused). Where YAML refuses a text on
one line, that text is taken as it stands, with a warning; nothing else is repaired, and nothing that says what an agent
is or may do (`rights`) is ever guessed.
"""

from __future__ import annotations

from hotagents.frontmatter.handler import Handler
from hotagents.frontmatter.page import Page, Position, Value
from hotagents.frontmatter.parsing import parse

__all__ = ["Handler", "Page", "Position", "Value", "parse"]
