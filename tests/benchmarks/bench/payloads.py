"""`Payloads`: a mounted volume whose swap is one rename and nothing else.

What the kubelet does before and after, writing the next payload and deleting the last, is done outside of any clock.
(`hotagents.testing.ConfigMapVolume` does all of it in one call.)
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Payloads", "room"]

_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only where there is one: its disk is no part of what is measured


@contextmanager
def room() -> Iterator[Path]:
    """Return an empty directory, in memory where the system has one; it is deleted at the end."""
    where = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    path = Path(tempfile.mkdtemp(prefix="hotagents-bench-", dir=where))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@final
class Payloads:
    """A volume at ``root``; one writer at a time.

    `prepare`, then `swap`, then `clean`.
    """

    def __init__(self, root: Path, files: Mapping[str, str]) -> None:
        self.root = str(root)
        self._number = 0
        self._served = ""
        self._next = ""
        root.mkdir(parents=True)
        self.prepare(files)
        self.swap()
        for name in files:
            os.symlink(f"..data/{name}", f"{self.root}/{name}")

    def prepare(self, files: Mapping[str, str]) -> None:
        """Write the next payload and the link that will be renamed."""
        self._number += 1
        self._next = f"..2026_11_25_00_00_00.{self._number}"
        path = f"{self.root}/{self._next}"
        os.mkdir(path)
        for name, text in files.items():
            with open(f"{path}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        os.symlink(self._next, f"{self.root}/..data_tmp")

    def swap(self) -> None:
        """Rename: from here on readers see what was prepared."""
        os.rename(f"{self.root}/..data_tmp", f"{self.root}/..data")

    def clean(self) -> None:
        """Delete the payload that is served no more."""
        self._served, gone = self._next, self._served
        if gone:
            shutil.rmtree(f"{self.root}/{gone}")
