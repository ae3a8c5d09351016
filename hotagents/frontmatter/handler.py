"""`Handler`: the same reading for programs that use python-frontmatter.

That library's own handler follows YAML 1.1, takes the last of repeated keys in silence and gives nothing at all for an
unclosed fence or a list. With this one, ``frontmatter.loads(text, handler=Handler())`` gives the values that `parse`
gives, or raises.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml
from frontmatter.default_handlers import BaseHandler

from hotagents.diagnostics import errors_in
from hotagents.errors import InvalidConfigError
from hotagents.frontmatter.fences import Split, is_fenced, split
from hotagents.frontmatter.parsing import ended, page_of, unclosed
from hotagents.frontmatter.scalars import CORE, FLOAT, INTEGER
from hotagents.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Handler"]

# Line ends that a reader replaces, and what a plain text must not hold; such texts go into double quotes, escaped.
_NEEDS_ESCAPES: Final = re.compile(
    "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


class Handler(BaseHandler):
    """Splits, loads and exports frontmatter for python-frontmatter; holds no state, so threads may share one.

    python-frontmatter strips the text before it asks a handler, so that lines in errors count from the first line that
    is not blank.

    Args:
        limits: Bounds for the frontmatter.
        recover: Whether a text on one line that YAML refuses is taken as it stands, as by `parse`.
    """

    FM_BOUNDARY = re.compile(r"\A---[ \t]*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "---"

    def __init__(self, *, limits: Limits = Limits(), recover: bool = True) -> None:
        super().__init__()
        self.limits = limits
        self.recover = recover

    def detect(self, text: str) -> bool:
        """Return whether the first line is an opening fence."""
        return is_fenced(text.removeprefix("\ufeff"))

    def split(self, text: str) -> tuple[str, str]:
        """Return the frontmatter and the text after it.

        Raises:
            ValueError: If the text has no frontmatter; python-frontmatter then takes all of it for content.
            InvalidConfigError: If the opening fence is never closed, or closed so that a limit would be lost.
        """
        text = text.removeprefix("\ufeff")
        if not is_fenced(text):
            raise ValueError("expected --- alone on line 1")
        parts = split(text)
        if parts is None:
            raise InvalidConfigError("the frontmatter has no end", (unclosed("", text),))
        if errors := errors_in(ended("", parts)):
            raise InvalidConfigError("the frontmatter ends too early", errors)
        return parts.frontmatter, parts.body

    def load(self, fm: str) -> dict[str, Any]:
        """Return the values of a frontmatter.

        Raises:
            InvalidConfigError: If YAML refuses it, or if it goes beyond the limits.
        """
        page = page_of("", Split(fm, ""), limits=self.limits, recover=self.recover)
        if errors := errors_in(page.diagnostics):
            raise InvalidConfigError("the frontmatter cannot be read", errors)
        return dict(page.frontmatter)

    def export(self, metadata: Mapping[str, object], **kwargs: Any) -> str:
        """Return values as YAML that `load`, and readers that follow YAML 1.1, read as the same values.

        Args:
            metadata: Strings, numbers, booleans, None, lists and mappings, none within itself.
            **kwargs: For `yaml.dump`.

        Raises:
            yaml.YAMLError: If a value is of another type.
        """
        options = {"allow_unicode": True, "default_flow_style": False, "sort_keys": False, "width": float("inf")}
        return str(yaml.dump(dict(metadata), Dumper=_Dumper, **(options | kwargs))).rstrip("\n")


class _Dumper(yaml.SafeDumper):
    """Quotes whatever either version of YAML would take for something else, and writes no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True

    def text(self, data: str) -> yaml.ScalarNode:
        style = '"' if _NEEDS_ESCAPES.search(data) else None
        return self.represent_scalar(CORE + "str", data, style)


_Dumper.add_representer(str, _Dumper.text)
_Dumper.add_implicit_resolver(CORE + "int", re.compile(rf"(?:{INTEGER.pattern})\Z"), list("-+0123456789"))
_Dumper.add_implicit_resolver(CORE + "float", re.compile(rf"(?:{FLOAT.pattern})\Z"), list("-+.0123456789"))
