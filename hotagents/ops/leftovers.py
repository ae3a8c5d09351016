"""What lies in a mount that is not read: stale payloads, links that lead nowhere or out, what may not be read."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import escape
from hotagents.ops.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents.snapshot import Part

__all__ = ["leftovers"]

_KEY: Final = re.compile(r"(?!\.\.)(?!\.$)[-._a-zA-Z0-9]{1,253}", re.ASCII)
_MOST: Final = 5
_DATA: Final = "..data"


def leftovers(part: Part) -> Iterator[Finding]:
    """Yield what is odd about one volume or plain directory, beside the files that were read."""
    if part.kind == "volume":
        yield from _beside_the_payload(part)
    else:
        yield from _in_a_directory(part)


def _beside_the_payload(part: Part) -> Iterator[Finding]:
    stale, dangling = [], []
    for entry in _entries(part.location):
        if entry.name == "..data_tmp":
            text = f"{escape(part.location)}: a ..data_tmp was left behind: the kubelet died while it wrote"
            yield Finding("problem", "volume", text, "its next write tears the volume down; delete the pod")
        elif entry.name.startswith("..") and entry.is_dir(follow_symlinks=False) and entry.name != part.payload:
            stale.append(entry.name)
        elif entry.is_symlink() and not os.path.exists(entry.path) and entry.name != _DATA:
            dangling.append(entry.name)
    if stale:
        text = f"{escape(part.location)}: {_named(stale, 'payload')} that nothing leads to"
        yield Finding("note", "volume", text, "harmless: only ..data counts; gone with the pod")
    if dangling:
        text = f"{escape(part.location)}: {_named(dangling, 'visible link')} leading nowhere"
        yield Finding("note", "volume", text, "harmless here: a registry reads below ..data, other programs may not")


def _in_a_directory(part: Part) -> Iterator[Finding]:
    links = [path for path, _ in _walk(part.location) if os.path.islink(os.path.join(part.location, path))]
    if any(_leads_into_data(os.path.join(part.location, path)) for path in links):
        text = f"{escape(part.location)}: links lead to {_DATA}, which is not there: a volume that was detached"
        yield Finding("problem", "volume", text, "only a recreated pod gets a working mount: delete the pod")
    elif links:
        text = f"{escape(part.location)}: {_named(links, 'link')} not followed"
        yield Finding("warning", "links", text, "put the files there themselves, or mount a volume")
    locked = [path for path, mode in _walk(part.location) if not stat.S_ISLNK(mode) and not _readable(part, path)]
    if locked:
        text = f"{escape(part.location)}: {_named(locked, 'path')} that user {_user()} may not read"
        yield Finding("problem", "permissions", text, "chmod a+r (a+rx for directories), or set fsGroup")
    names = [path for path in part.files if not all(_KEY.fullmatch(name) for name in path.split("/"))]
    if names:
        text = f"{escape(part.location)}: {_named(names, 'name')} that no key of a ConfigMap can have"
        remedy = "`hotagents render` gives them keys; kubectl create configmap refuses them"
        yield Finding("note", "names", text, remedy)


def _leads_into_data(link: str) -> bool:
    return os.readlink(link).startswith(f"{_DATA}/")


def _walk(root: str) -> Iterator[tuple[str, int]]:
    for place, directories, names in os.walk(root):
        directories[:] = [name for name in directories if not name.startswith(".")]
        for name in (*directories, *names):
            path = os.path.join(place, name)
            try:
                yield os.path.relpath(path, root), os.lstat(path).st_mode
            except OSError:
                continue  # gone meanwhile


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as listing:
            return sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return []


def _readable(part: Part, path: str) -> bool:
    full = os.path.join(part.location, path)
    return os.access(full, os.R_OK | os.X_OK if os.path.isdir(full) else os.R_OK)


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "this one"


def _named(names: list[str], noun: str) -> str:
    shown = ", ".join(escape(name, limit=100) for name in names[:_MOST])
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'} ({shown}{more})"
