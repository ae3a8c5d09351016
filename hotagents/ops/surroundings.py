"""What the system gives: limits of inotify and how much of them is used, events that really arrive, fast YAML."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import escape
from hotagents.ops.finding import Finding
from hotagents.watchers import supported, watcher_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents.snapshot import PartKind
    from hotagents.watchers import Watcher

__all__ = ["events", "inotify", "yaml_parser"]

_PROC: Final = Path("/proc")
_LONGEST_WAIT: Final = 3.0
_SCARCE: Final = 0.9
_RAISE: Final = "raise it on the node: sysctl -w fs.inotify.{}={}"


def events(directories: Mapping[str, PartKind]) -> Iterator[Finding]:
    """Yield whether a change in each directory is heard of, and after how long; one that is writable is written to.

    Args:
        directories: From the path of each to what it is.
    """
    for path, kind in directories.items():
        shown = escape(path)
        if not os.access(path, os.W_OK):
            yield Finding("note", "events", f"{shown}: not tried, since it cannot be written here")
            continue
        try:
            watcher = watcher_for({path: "..data"}, ()) if kind == "volume" else watcher_for({}, (path,))
        except OSError as error:
            text = f"{shown}: no events can be had: {escape(str(error))}"
            yield Finding("warning", "events", text, "a registry polls instead, every second; see inotify below")
            continue
        try:
            yield _heard(shown, path, watcher)
        finally:
            watcher.close()


def _heard(shown: str, path: str, watcher: Watcher) -> Finding:
    try:
        begun = time.perf_counter()
        handle, name = tempfile.mkstemp(dir=path, prefix=".hotagents-doctor-")
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        return Finding("note", "events", f"{shown}: not tried: {escape(str(error))}")
    said = watcher.wait(_LONGEST_WAIT)
    milliseconds = 1000 * (time.perf_counter() - begun)
    if said == "hint":
        return Finding("ok", "events", f"{shown}: a change was heard of after {milliseconds:.1f} ms ({watcher.mode})")
    text = f"{shown}: a change was made and no event came within {_LONGEST_WAIT:g} s"
    return Finding("warning", "events", text, "this file system has none; changes are found by the resync")


def inotify() -> Iterator[Finding]:
    """Yield the limits of inotify and how much of them this user's processes take."""
    if not supported():
        yield Finding("note", "inotify", f"not there on {sys.platform}; plain directories are watched by watchfiles")
        return
    instances, watches = _in_use()
    for name, used in (("max_user_instances", instances), ("max_user_watches", watches), ("max_queued_events", None)):
        limit = _number(Path("/proc/sys/fs/inotify", name))
        if limit is None:
            yield Finding("note", "inotify", f"fs.inotify.{name} cannot be read")
        elif used is None:
            yield Finding("ok", "inotify", f"fs.inotify.{name} is {limit}")
        else:
            text = f"fs.inotify.{name} is {limit}, at least {used} in use by this user"
            scarce = used >= _SCARCE * limit
            remedy = _RAISE.format(name, 4 * limit) if scarce else ""
            yield Finding("warning" if scarce else "ok", "inotify", text, remedy)


def _in_use() -> tuple[int, int]:
    """Count instances and watches of the processes that can be seen and belong to this user."""
    instances = watches = 0
    for process in _PROC.iterdir():
        if not process.name.isdigit():
            continue
        try:
            if process.stat().st_uid != os.getuid():
                continue
            for descriptor in (process / "fd").iterdir():
                if os.readlink(descriptor) == "anon_inode:inotify":
                    instances += 1
                    info = (process / "fdinfo" / descriptor.name).read_text()
                    watches += sum(line.startswith("inotify ") for line in info.splitlines())
        except OSError:
            continue  # it ended meanwhile, or may not be looked at
    return instances, watches


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def yaml_parser() -> Finding:
    """Say whether YAML is read by libyaml."""
    import yaml  # noqa: PLC0415 - only asked here

    if yaml.__with_libyaml__:
        return Finding("ok", "yaml", "PyYAML has libyaml")
    return Finding("warning", "yaml", "PyYAML has no libyaml", "install a PyYAML wheel; loading is many times slower")
