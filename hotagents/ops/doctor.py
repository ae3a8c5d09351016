"""`examine`: why a mount is not what it should be, found from inside the container, with a remedy for each finding.

Nothing is changed but for one thing: where a directory can be written, an empty file is made in it and removed again,
to see whether its event arrives. Content is read as a registry reads it, and never shown.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import escape
from hotagents.errors import SourceError
from hotagents.limits import Limits
from hotagents.loading import Schema, load
from hotagents.ops.finding import Finding
from hotagents.ops.leftovers import leftovers
from hotagents.ops.surroundings import events, inotify, yaml_parser
from hotagents.sources import File, Tree, read_settled
from hotagents.sources.mounts import dead, is_subpath, mounts_now
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents.loading import Candidate
    from hotagents.snapshot import Part, Snapshot
    from hotagents.sources import MountedSource
    from hotagents.sources.mounts import Mounts

__all__ = ["examine"]

_LARGE: Final = 0.8
_CONFIGMAP: Final = 1_048_576
_RECREATE: Final = "delete the pod; its successor gets a working mount"


def examine(path: str, *, limits: Limits = Limits()) -> tuple[Finding, ...]:
    """Return what was found about a directory, a volume or a file, in the order in which to read it.

    Args:
        path: What a registry is, or would be, pointed at.
        limits: Those of the registry.
    """
    return tuple(_findings(path, mounts_now(), limits))


def _findings(path: str, table: Mounts, limits: Limits) -> Iterator[Finding]:
    shown = escape(path)
    if not os.path.lexists(path):
        parent = os.path.dirname(os.path.abspath(path))
        seen = "its parent is there" if os.path.isdir(parent) else f"{escape(parent)} is not there either"
        yield Finding("problem", "path", f"{shown} is not there; {seen}", "check volumeMounts, and the path")
        return
    yield from _mount(path, table)
    source: MountedSource = File(path, limits=limits) if os.path.isfile(path) else Tree(path, limits=limits)
    try:
        snapshot = read_settled(source)
    except SourceError as error:
        yield Finding("problem", "read", escape(str(error)), _RECREATE if error.reason == "Detached" else "")
        yield from _without_content(path)
        return
    yield from _content(snapshot, limits)
    for part in snapshot.parts:
        yield from leftovers(part)
    yield from events({part.location: part.kind for part in snapshot.parts})
    yield from inotify()
    yield yaml_parser()


def _without_content(path: str) -> Iterator[Finding]:
    """Yield what can be said all the same."""
    if os.path.isdir(path):
        yield from events({path: "directory"})
    yield from inotify()


def _mount(path: str, table: Mounts) -> Iterator[Finding]:
    real = os.path.realpath(path)
    mount = table.holding(real)
    if mount is None:
        yield Finding("note", "mount", "this system does not tell of its mounts")
        return
    shown = f"{escape(path)} lies on the mount {escape(mount.path)}, which shows {escape(mount.root)}"
    if dead(mount):
        yield Finding("problem", "mount", f"{shown}: that was deleted outside, nothing can ever arrive", _RECREATE)
    elif is_subpath(mount):
        what = f"{shown}: a subPath mount, which no edit ever reaches"
        yield Finding("problem", "mount", what, "mount the whole volume, without subPath")
    else:
        yield Finding("ok", "mount", shown)
    for name, inner in table.below(real):
        if dead(inner):
            what = f"the mount {escape(name)} below it shows what was deleted outside"
            yield Finding("problem", "mount", what, _RECREATE)
        elif is_subpath(inner):
            what = f"the mount {escape(name)} below it is a subPath mount, which no edit ever reaches"
            yield Finding("problem", "mount", what, "mount the whole volume, without subPath")


def _content(snapshot: Snapshot, limits: Limits) -> Iterator[Finding]:
    for part in snapshot.parts:
        yield _part(part)
    total = sum(map(len, snapshot.files.values()))
    files = len(snapshot.files)
    full = total > _LARGE * limits.total_bytes or files > _LARGE * limits.files
    text = f"{files} files, {total} bytes; the limits are {limits.files} and {limits.total_bytes}"
    yield Finding("warning" if full else "ok", "size", text, "raise Limits before they are reached" if full else "")
    candidate = load(snapshot, Schema(AgentSpec, {}, limits))
    yield _set(candidate)
    yield _lock(candidate)
    for diagnostic in snapshot.diagnostics:
        yield Finding("problem" if diagnostic.severity == "error" else "warning", "files", str(diagnostic))


def _part(part: Part) -> Finding:
    what = {
        "volume": f"a volume; its link leads to {escape(part.payload)}",
        "directory": "a plain directory, read once it is quiet",
    }.get(part.kind, part.kind)
    size = sum(map(len, part.files.values()))
    text = f"{escape(part.location)} is {what}: {len(part.files)} files, {size} bytes"
    if part.kind == "volume" and size > _LARGE * _CONFIGMAP:
        remedy = "a ConfigMap holds 1 MiB: split it before an edit is refused, see `hotagents render`"
        return Finding("warning", "layout", text, remedy)
    return Finding("ok", "layout", text)


def _set(candidate: Candidate[AgentSpec]) -> Finding:
    count = len(candidate.agents)
    text = f"{count} agent{'' if count == 1 else 's'}, digest {candidate.digest}"
    if candidate.errors:
        more = f" (and {len(candidate.errors) - 1} more)" if len(candidate.errors) > 1 else ""
        return Finding("problem", "set", f"{text}; {candidate.errors[0]}{more}", "see `hotagents validate`")
    if not candidate.agents:
        return Finding("problem", "set", f"no agent; digest {candidate.digest}", "is this the right directory?")
    return Finding("ok", "set", text)


def _lock(candidate: Candidate[AgentSpec]) -> Finding:
    lock = candidate.lock
    if lock is None:
        return Finding("note", "lock", "no hotagents.lock: files and volumes are served as they come")
    if candidate.mismatches:
        more = f" (and {len(candidate.mismatches) - 1} more)" if len(candidate.mismatches) > 1 else ""
        text = f"{escape(lock.path)}{lock.named}: {candidate.mismatches[0]}{more}"
        return Finding("problem", "lock", text, "wait for the other volumes, render the lock again, or remove it")
    return Finding("ok", "lock", f"all is as {escape(lock.path)} lists it{lock.named}")
