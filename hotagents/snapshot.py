r"""`Snapshot`: the bytes of one instant, unvalidated, and the digest that names them.

A snapshot is made of parts. A *part* is one volume, or one plain directory, at its place below the root; it is read as
a whole or not at all. What the parts bring together, under one set of relative paths, is what gets loaded.

The digest is plain enough to be computed by anybody with coreutils; for a mount ``/app/.claude``::

    cd /app/.claude && find -L . -type f ! -path '*/..*' ! -name hotagents.lock -printf '%P\n' \
        | LC_ALL=C sort | xargs -rd '\n' sha256sum -- | sha256sum
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, final

from hotagents.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

__all__ = [
    "LOCK_NAME",
    "Part",
    "PartKind",
    "Snapshot",
    "can_be_listed",
    "content_hash",
    "digest_of",
    "digest_of_lines",
    "is_lock",
    "line_of",
]

LOCK_NAME: Final = "hotagents.lock"
_PIECE: Final = 2047
PartKind = Literal["volume", "directory", "memory"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The files of one volume or plain directory.

    Attributes:
        name: Unique in its snapshot: the place below the root (``.`` for the root itself), or the path as configured
            where several roots lie over each other.
        prefix: What its paths are prefixed with in the snapshot: empty, or ending in ``/``.
        kind: What it is on disk.
        location: Where it is on disk, as configured; empty for memory.
        payload: For a volume, what its link points at; else empty.
        files: Bytes by path relative to this part's own root, sorted.
        agents: Patterns for agents' paths relative to this part, or None for the usual rule.
    """

    name: str
    prefix: str
    kind: PartKind
    location: str
    payload: str
    files: Mapping[str, bytes]
    agents: tuple[str, ...] | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The files of one instant of every part.

    Attributes:
        files: Bytes by path relative to the root, ``/``-separated, sorted by the paths' UTF-8 bytes.
        parts: Where they come from.
        token: The source's token of the very instant that was read.
        diagnostics: What was left out or refused while reading.
    """

    files: Mapping[str, bytes]
    parts: tuple[Part, ...]
    token: Hashable = None
    diagnostics: tuple[Diagnostic, ...] = field(default=())

    @classmethod
    def of(cls, parts: Iterable[Part], *, token: Hashable = None, diagnostics: Iterable[Diagnostic] = ()) -> Snapshot:
        """Join the parts under the root; a path from two parts, or one that a digest line cannot hold, is an error."""
        parts, problems = tuple(parts), list(diagnostics)
        if len(parts) == 1 and not parts[0].prefix and _are_plain(parts[0].files):  # as nearly all are
            files = MappingProxyType(dict(parts[0].files))
            return cls(files=files, parts=parts, token=token, diagnostics=tuple(problems))
        owners: dict[str, Part] = {}
        joined: dict[str, bytes] = {}
        for part in parts:
            for relative, content in part.files.items():
                path = part.prefix + relative
                if not can_be_listed(path):
                    problems.append(_bad_path(path))
                elif path in joined and relative != LOCK_NAME:  # each part may bring its own
                    problems.append(_duplicate(path, owners[path], part))
                else:
                    joined[path], owners[path] = content, part
        files = MappingProxyType({path: joined[path] for path in sorted(joined)})
        return cls(files=files, parts=parts, token=token, diagnostics=tuple(problems))

    @property
    def digest(self) -> str:
        """The digest of the files, hashed anew at each call."""
        return digest_of({path: content_hash(content) for path, content in self.files.items()})


def content_hash(content: bytes) -> str:
    """Return the SHA-256 of one file's bytes in lower-case hex, as ``sha256sum`` prints it.

    In pieces for which hashlib does not let go of the interpreter's lock: it takes a moment of it for every file, too
    short for any waiting thread to wake up in, each of which makes that thread wait for a whole switch interval more.
    """
    if len(content) <= _PIECE:
        return sha256(content).hexdigest()
    whole, view = sha256(), memoryview(content)
    for start in range(0, len(content), _PIECE):
        whole.update(view[start : start + _PIECE])
    return whole.hexdigest()


def digest_of(hashes: Mapping[str, str]) -> str:
    """Return ``sha256:<hex>`` over the lines ``<hash>  <path>``, sorted by the paths' UTF-8 bytes.

    Lock files name a set and are not part of it. Code-point order, in which Python sorts strings, is UTF-8 byte order.

    Args:
        hashes: Lower-case hex SHA-256 of each file's bytes by relative path.
    """
    return digest_of_lines(line_of(path, hashes[path]) for path in sorted(hashes) if not is_lock(path))


def line_of(path: str, hash_: str) -> str:
    """Return the line of the digest for one file."""
    return f"{hash_}  {path}\n"


def digest_of_lines(lines: Iterable[str]) -> str:
    """Return the digest of its lines, which are in order and without those of locks."""
    return "sha256:" + sha256("".join(lines).encode()).hexdigest()


def is_lock(path: str) -> bool:
    """Say whether a path is that of a lock, wherever it lies."""
    return path.rpartition("/")[2] == LOCK_NAME


def can_be_listed(path: str) -> bool:
    """Say whether a line of the digest can hold a path."""
    if path.isascii():
        return not ("\n" in path or "\r" in path or "\\" in path)
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return not ("\n" in path or "\r" in path or "\\" in path)


def _are_plain(paths: Iterable[str]) -> bool:
    """Say whether paths are in order and surely can be listed, with one look at all."""
    names = list(paths)
    text = "".join(names)
    return names == sorted(names) and text.isascii() and not ("\n" in text or "\r" in text or "\\" in text)


def _bad_path(path: str) -> Diagnostic:
    message = "a file name may hold no newline, carriage return or backslash and must be UTF-8"
    return Diagnostic("bad-path", "error", path, 0, 0, "", message, "rename the file, or leave it out with exclude=")


def _duplicate(path: str, first: Part, second: Part) -> Diagnostic:
    message = f"comes from {first.location or first.name} and from {second.location or second.name}"
    return Diagnostic("duplicate-path", "error", path, 0, 0, "", message, "keep one of the two")
