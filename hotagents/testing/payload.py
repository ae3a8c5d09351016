"""A payload: the directory inside a mounted volume that holds the files of one version.

Its name is a UTC time and a random number, such as ``..2026_11_24_02_45_00.1815``. It says nothing: only the link that
leads to a payload tells that it is served.
"""

from __future__ import annotations

import os
import posixpath
import random
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["checked", "fill", "first_elements", "fresh_name", "make", "own", "read", "shuffled"]

_RANDOM: Final = random.SystemRandom()
_LARGEST_NUMBER: Final = 2**32 - 1


def checked(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    """Return the files as bytes, text in UTF-8, if the kubelet would take every path.

    Raises:
        ValueError: For a path that is absolute, holds an element ``..``, begins with ``..``, is not in its shortest
            form, or is a file in one place and a directory in another.
    """
    for path in files:
        if path in {"", "."} or "\0" in path or path.startswith(("/", "..")) or posixpath.normpath(path) != path:
            raise ValueError(f'{path!r}: expected a plain relative path that does not begin with ".."')
        for parent in _parents(path):
            if parent in files:
                raise ValueError(f"{path!r}: {parent!r} cannot be a file and a directory")
    return {path: content.encode() if isinstance(content, str) else bytes(content) for path, content in files.items()}


def fresh_name() -> str:
    """Return a name for a payload of this second: 1 to 10 digits after the point, without padding."""
    return f"..{datetime.now(timezone.utc):%Y_%m_%d_%H_%M_%S}.{_RANDOM.randint(0, _LARGEST_NUMBER)}"


def make(directory: Path, files: Mapping[str, bytes], mode: int) -> None:
    """Make a payload: readable by its owner alone while it is empty, then by all; every file is a new one."""
    directory.mkdir(mode=0o700)
    directory.chmod(0o755)
    fill(directory, files, mode)


def fill(directory: Path, files: Mapping[str, bytes], mode: int) -> None:
    """Write files into a payload in random order; one that exists already is emptied and written anew, in place."""
    for path in shuffled(files):
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files[path])
        target.chmod(mode)


def own(directory: Path) -> None:
    """Give everything below a directory, links too, the group and the mode that it has: attribute events, no change."""
    for place, directories, names in os.walk(directory):
        for name in (*directories, *names):
            entry = Path(place, name)
            status = entry.lstat()
            os.chown(entry, -1, status.st_gid, follow_symlinks=False)
            if not stat.S_ISLNK(status.st_mode):
                entry.chmod(stat.S_IMODE(status.st_mode))


def read(directory: Path) -> dict[str, bytes]:
    """Return every file below a directory by its path, sorted."""
    found = {
        (inner / name).relative_to(directory).as_posix(): (inner / name).read_bytes()
        for inner, names in ((Path(place), names) for place, _, names in os.walk(directory))
        for name in names
    }
    return dict(sorted(found.items()))


def first_elements(files: Iterable[str]) -> set[str]:
    """Return the names that a volume shows: the first element of each path."""
    return {path.partition("/")[0] for path in files}


def shuffled(names: Iterable[str]) -> list[str]:
    """Return the names in random order, as the kubelet goes through them."""
    chosen = sorted(names)
    return _RANDOM.sample(chosen, len(chosen))


def _parents(path: str) -> list[str]:
    return [path[:at] for at, character in enumerate(path) if character == "/"]
