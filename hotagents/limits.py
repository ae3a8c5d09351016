"""`Limits`: how much of a mounted, untrusted directory the process is willing to hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

__all__ = ["Limits"]

_DEEPEST: Final = 200  # values are walked by recursion, which must stay far from the interpreter's own limit


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds for untrusted input; crossing one is an error that names the bound.

    The defaults fit a ConfigMap (1 MiB in all) many times over. Counts are whole numbers, sizes bytes.

    Attributes:
        file_bytes: Largest single file.
        total_bytes: Sum over all files of one volume or plain directory.
        files: Number of files in one volume or plain directory.
        directory_depth: Levels of directories below a root.
        frontmatter_bytes: Largest frontmatter, measured as UTF-8.
        frontmatter_depth: Deepest nesting of lists and mappings in frontmatter.
    """

    file_bytes: int = 1024 * 1024
    total_bytes: int = 256 * 1024 * 1024
    files: int = 20_000
    directory_depth: int = 32
    frontmatter_bytes: int = 64 * 1024
    frontmatter_depth: int = 64

    def __post_init__(self) -> None:
        """Refuse what would switch a guard off."""
        for name in self.__slots__:
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)!r}")
        if self.frontmatter_depth > _DEEPEST:
            raise ValueError(f"frontmatter_depth: expected at most {_DEEPEST}, got {self.frontmatter_depth!r}")
