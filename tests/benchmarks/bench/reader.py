"""`Reader`: something that follows volumes and shows what it last read to threads that wait.

`Parsed` is what the floor and the peers have in common, so that they differ in nothing but how they hear of a swap: the
payload is pinned, every file is read below it, those whose bytes have not changed keep what was parsed, the frontmatter
of the others goes through ``yaml.CSafeLoader``, and a condition is notified. Nothing is validated, nothing is compared
after the read, and no error is handled: less cannot be done.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["PATIENCE", "Page", "Parsed", "Reader", "page_of", "read_all", "read_pinned"]

PATIENCE: Final = 20.0
"""Seconds after which something that does not happen is a failure."""
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW
_BUFFER: Final = 1 << 16  # a larger one costs more than a second read


class Reader(Protocol):
    """Follows volumes from the moment it is made."""

    def wait(self, name: str, description: str) -> None:
        """Return once that agent has that description; in the thread that waits."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Page(NamedTuple):
    """One file as the floor knows it."""

    content: bytes
    frontmatter: Mapping[str, Any]
    body: str


def page_of(content: bytes) -> Page:
    """Return a file taken apart, as quickly as it can be done."""
    _, frontmatter, body = content.decode().split("---\n", 2)
    return Page(content, yaml.load(frontmatter, yaml.CSafeLoader), body)


def read_all(file: int) -> bytes:
    """Return the bytes of an open file."""
    content = os.read(file, _BUFFER)
    if len(content) < _BUFFER:
        return content
    pieces = [content]
    while pieces[-1]:
        pieces.append(os.read(file, _BUFFER))
    return b"".join(pieces)


def read_pinned(root: str, known: Mapping[str, Page], read: Callable[[int], bytes] = read_all) -> dict[str, Page]:
    """Return the pages of a volume; those that have not changed are the known ones."""
    pages: dict[str, Page] = {}
    directory = os.open(f"{root}/..data", _DIRECTORY)
    try:
        for name in os.listdir(directory):
            file = os.open(name, _FILE, dir_fd=directory)
            try:
                content = read(file)
            finally:
                os.close(file)
            page = known.get(name)
            pages[name] = page if page is not None and page.content == content else page_of(content)
    finally:
        os.close(directory)
    return pages


class Parsed:
    """What is known of some volumes, and who waits for it; subclasses hear of swaps and call `load`."""

    def __init__(self, roots: Sequence[str], *, read: Callable[[int], bytes] = read_all) -> None:
        self.roots = tuple(roots)
        self._read = read
        self.pages: dict[str, Page] = {}
        self.changed = threading.Condition()
        self.load()

    def load(self) -> None:
        """Read all volumes and wake who waits."""
        pages: dict[str, Page] = {}
        for root in self.roots:
            pages.update(read_pinned(root, self.pages, self._read))
        self.pages = pages
        with self.changed:
            self.changed.notify_all()

    def wait(self, name: str, description: str) -> None:
        """Return once that agent has that description."""
        with self.changed:
            if not self.changed.wait_for(lambda: self._is(name, description), PATIENCE):
                raise TimeoutError(f"{type(self).__name__}: {name} never was {description!r}")

    def _is(self, name: str, description: str) -> bool:
        found: str = self.pages[f"{name}.md"].frontmatter["description"]
        return found.startswith(description)
