"""`Volume`: a directory that is replaced as a whole by renaming a link, as the kubelet does with ``..data``.

The link is the only thing that counts. Visible names beside it (``NAME -> ..data/NAME``) are made after the swap and
removed late, so they are never read; payload directories' names are never parsed, since a stale one may lie beside for
ever. The descriptor alone is not enough: a listing taken while the old payload is being deleted is short without an
error. So the link is compared after reading, while the descriptor is still open (`hotagents.sources.mounted`).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from hotagents.errors import SourceError, UnsettledError
from hotagents.limits import Limits
from hotagents.sources.mounted import MountedSource, Place
from hotagents.sources.reading import Filter, Reading, described, unreadable

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from hotagents.diagnostics import Diagnostic
    from hotagents.snapshot import PartKind

__all__ = ["LINK", "Volume", "VolumeMount"]

LINK: Final = "..data"
_OPEN_LINK_ATTEMPTS: Final = 100
_DIRECTORY: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_OF_HOME: Final = 3  # of the parts of a token, those that identify the mount's own directory
_WHOLE: Final = 6


@final
class VolumeMount:
    """The volume at one place; see `Volume` for the arguments."""

    kind: PartKind = "volume"

    def __init__(
        self,
        path: str,
        *,
        link: str = LINK,
        only: Filter = Filter(),
        agents: tuple[str, ...] | None = None,
        limits: Limits,
    ) -> None:
        self.path = path
        self.link = link
        self.agents = agents
        self.limits = limits
        self.only = only
        self._link_path = os.path.join(path, link)
        self.known: Mapping[str, bytes] = {}  # what was last read

    def token(self) -> Hashable:
        """Return the mount's identity, the payload's identity and the link's text: two ``stat``, one ``readlink``.

        The mount's identity shows one that was torn down and rebuilt, or covered by another, and whether it still has a
        name; the payload's shows a link further down the way that leads elsewhere; the text shows a payload that got
        the inode number of an older one.
        """
        try:
            root, payload = os.stat(self.path), os.stat(self._link_path)
            mount = (root.st_dev, root.st_ino, root.st_nlink == 0)
            return (*mount, payload.st_dev, payload.st_ino, os.readlink(self._link_path))
        except OSError as error:
            return ("gone", error.errno, self._text())

    def home(self, token: Hashable) -> Hashable:
        """Return the identity of the mount's directory."""
        return token[:_OF_HOME] if isinstance(token, tuple) and len(token) == _WHOLE else None

    @contextmanager
    def pin(self) -> Iterator[_PayloadPin]:
        """Return the payload that the link points at, held open.

        Raises:
            UnsettledError: If the link kept pointing at nothing.
            SourceError: If the mount or its link is not there.
        """
        token = self.token()
        fd = self._open_payload()
        try:
            yield _PayloadPin(self, fd, token)
        finally:
            os.close(fd)

    def leads_to(self, fd: int, token: Hashable) -> bool:
        """Say whether the link, as it was and as it is now, leads to the open directory.

        Raises:
            SourceError: If the directory, open as it is, cannot be looked at.
        """
        if not isinstance(token, tuple) or len(token) != _WHOLE:
            return False
        try:
            status = os.fstat(fd)
        except OSError as error:
            raise unreadable(self._link_path, error) from error
        # While it is open nothing else gets its inode number.
        return token[_OF_HOME:-1] == (status.st_dev, status.st_ino) and self.token() == token

    def _open_payload(self) -> int:
        # The target may go between the kernel's readlink and its lookup, so opening belongs inside the retry.
        for _ in range(_OPEN_LINK_ATTEMPTS):
            try:
                return os.open(self._link_path, _DIRECTORY)
            except FileNotFoundError as error:
                if not os.path.lexists(self._link_path):
                    raise self._gone() from error
            except OSError as error:
                raise unreadable(self._link_path, error) from error
        message = (
            f"{self._link_path}: leads to nothing; a payload that stays away is lost, and only a new swap brings one"
        )
        raise UnsettledError(message, path=self.path, reason="Detached", retry_after=0.02)

    def _text(self) -> str:
        try:
            return os.readlink(self._link_path)
        except OSError:
            return ""

    def _gone(self) -> SourceError:
        if not os.path.isdir(self.path):
            message = f"{self.path}: the mount directory is not there; is the volume mounted?"
            return SourceError(message, path=self.path, reason="Missing")
        message = (
            f"{self.path}: `{self.link}` is gone, so nothing can be read: the volume is detached, not empty; "
            "a recreated pod gets a working mount"
        )
        return SourceError(message, path=self.path, reason="Detached")


@final
class _PayloadPin:
    """A payload held open by its descriptor."""

    is_proved = False

    def __init__(self, mount: VolumeMount, fd: int, token: Hashable) -> None:
        self.token = token
        self.payload = str(token[-1]) if isinstance(token, tuple) else ""
        self._mount = mount
        self._fd = fd
        self._is_short = False

    def read(self, problems: list[Diagnostic], prefix: str) -> Mapping[str, bytes]:
        """Return the payload's regular files.

        A file that goes while it is read is passed over, since a payload is deleted only after the link has left it.
        `unmoved`, asked next, tells that this set is short and must not be used.
        """
        reading = Reading(self._mount.limits, problems, prefix, self._mount.known)
        self._walk(self._fd, "", reading)
        self._mount.known = files = MappingProxyType(dict(sorted(reading.files.items())))
        return files

    def unmoved(self) -> bool:
        """Say whether the link still leads to this payload, in this very mount, and all of it was read."""
        return not self._is_short and self._mount.leads_to(self._fd, self.token)

    def _walk(self, fd: int, base: str, reading: Reading) -> None:
        try:
            with os.scandir(fd) as listing:
                names = list(listing)
        except OSError as error:
            raise unreadable(reading.prefix + base, error) from error
        if base and any(entry.name == LINK for entry in names):
            reading.mounted_inside(base.rstrip("/"))
            return
        only = self._mount.only
        wants_all = not only
        for entry in names:
            name = entry.name
            if name.startswith(".."):
                continue  # the mount's own
            path = base + name
            try:
                if entry.is_dir(follow_symlinks=False):
                    self._enter(fd, name, path, reading)
                elif wants_all or only.wants(path):
                    reading.file(name, path, dir_fd=fd)
            except FileNotFoundError:
                self._is_short = True
            except OSError as error:
                raise unreadable(reading.prefix + path, error) from error

    def _enter(self, fd: int, name: str, path: str, reading: Reading) -> None:
        if path.count("/") >= self._mount.limits.directory_depth:
            reading.too_deep(path)
            return
        try:
            inner = os.open(name, _DIRECTORY | _NO_LINK, dir_fd=fd)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise unreadable(reading.prefix + path, error) from error
        try:
            self._walk(inner, path + "/", reading)
        finally:
            os.close(inner)


@final
class Volume(MountedSource):
    """One volume.

    Args:
        path: The mount directory.
        link: Name of the link that is swapped, in the mount directory.
        include: Patterns of the paths to read; everything by default.
        exclude: Patterns of paths to leave out.
        agents: Patterns of the paths that are agents, instead of the usual rule.
        limits: Bounds of what is read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        link: str = LINK,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        agents: Sequence[str] | None = None,
        limits: Limits = Limits(),
    ) -> None:
        only = Filter(tuple(include), tuple(exclude))
        patterns = None if agents is None else tuple(agents)
        self.patterns = described(only, patterns)
        self._places = [Place(VolumeMount(os.path.abspath(path), link=link, only=only, agents=patterns, limits=limits))]

    def places(self) -> list[Place]:
        """Return the one mount."""
        return self._places
