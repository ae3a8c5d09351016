"""Paths inside a volume: which of them the API server and the kubelet refuse, and what they make of the others."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from hotagents.manifests.problems import quoted
from hotagents.snapshot import can_be_listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.manifests.nodes import Node
    from hotagents.manifests.problems import Problems

__all__ = ["clashes", "is_own", "shortened"]

_LONGEST: Final = 4096
_LONGEST_NAME: Final = 255


def shortened(path: str, at: Node, problems: Problems) -> str:
    """Return a path in its shortest form, as it is written; empty where it is refused, which is an error."""
    shortest = posixpath.normpath(path) if path else ""
    if fault := _fault(path, shortest):
        hint = "write a path below the volume, such as agents/triage.md"
        problems.error(at, "bad-path", f"expected {fault}, got {quoted(path)}", hint)
        return ""
    return shortest


def is_own(path: str) -> bool:
    """Say whether a path looks as if it belonged to the mount itself, so that no registry reads it."""
    return any(name.startswith("..") for name in path.split("/"))


def clashes(files: Mapping[str, Node], problems: Problems) -> None:
    """Say which paths are a file in one place and a directory in another: the kubelet then writes nothing at all.

    Args:
        files: What gives each path.
        problems: Takes what is found.
    """
    earlier = ""
    for path in sorted(files, key=lambda path: path.split("/")):  # so that what lies below a path comes right behind it
        if earlier and path.startswith(f"{earlier}/"):
            message = f"{quoted(earlier)} cannot be a file and, for {quoted(path)}, a directory"
            problems.error(files[path], "bad-path", message, "rename one of the two")
        else:
            earlier = path


def _fault(path: str, shortest: str) -> str:
    names = path.split("/")
    if path.startswith("/") or shortest in {"", "."}:
        return "a relative path"
    if ".." in names or names[0].startswith("..") or shortest.startswith(".."):
        return 'a path without ".." that does not begin with it'
    if "..data" in names:
        return "a path without ..data, which would look like another volume"
    if not can_be_listed(path) or "\0" in path:
        return "a path without newline, carriage return and backslash"
    size = len(path.encode(errors="surrogatepass"))
    if size > _LONGEST or any(len(name.encode(errors="surrogatepass")) > _LONGEST_NAME for name in names):
        return f"a path of at most {_LONGEST} bytes, each name at most {_LONGEST_NAME}"
    return ""
