"""What all sources on disk share: mounts that are pinned together, read, and then compared again.

A *mount* is one directory that is read as a whole: a volume (`hotagents.sources.volume`) or a plain directory
(`hotagents.sources.directory`). A source on disk is a list of mounts, each with its place below the root. Reading goes

1. pin every mount: a volume's link is resolved once, to a descriptor; a plain directory is scanned;
2. read each of them below its pin;
3. compare every pin with what is there now, while all descriptors are still open, so that no inode number is reused.

All pins were valid together between the last step of 1 and the first of 3: that is the one instant whose bytes the
snapshot holds. If anything moved, all is read again, a bounded number of times.

Before and after reading, and after each failure to read, the system's table of mounts is asked whether a mount died
without a word (`hotagents.sources.footing`). It is no part of the token, since it need not be: nothing is deleted
before it is empty, and with its files, its link or its last name the token moves; a mount that is gone shows another
directory. For the same reason it is not asked again about volumes that are read in the very directories for which it
was asked before: where the link still leads to the payload, nothing was deleted, and no mount is gone.
"""

from __future__ import annotations

import abc
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Protocol, final

from hotagents.errors import SourceError, UnsettledError
from hotagents.snapshot import Part, Snapshot
from hotagents.sources.footing import Ground, loss, points, subpaths
from hotagents.sources.mounts import Mounts, mounts_now
from hotagents.watchers import watcher_for

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from contextlib import AbstractContextManager

    from hotagents.diagnostics import Diagnostic
    from hotagents.snapshot import PartKind
    from hotagents.watchers import Wakeup, Watcher

__all__ = ["Mount", "MountedSource", "Pin", "Place"]

_ATTEMPTS: Final = 20
_PAUSE: Final = 0.005


class Pin(Protocol):
    """One mount at one instant; valid inside its context.

    Attributes:
        payload: What a volume's link points at; else empty.
        token: The mount's token of that instant.
        is_proved: Whether what was pinned is known to be of one instant, before anything is compared after reading. It
            may lie before those of other mounts, so that only a mount that is read alone needs no more.
    """

    payload: str
    token: Hashable
    is_proved: bool

    def read(self, problems: list[Diagnostic], prefix: str) -> Mapping[str, bytes]:
        """Return the bytes by path relative to the mount, sorted; what is left out is added to ``problems``."""
        ...

    def unmoved(self) -> bool:
        """Say whether the mount still is what was pinned."""
        ...


class Mount(Protocol):
    """One directory that is read as a whole."""

    kind: PartKind
    path: str
    link: str
    agents: tuple[str, ...] | None

    def pin(self) -> AbstractContextManager[Pin]:
        """Return the mount at this instant.

        Raises:
            UnsettledError: If it is moving right now.
            SourceError: If it is not there or cannot be read.
        """
        ...

    def token(self) -> Hashable:
        """Return what `Pin.token` would be now; never raises."""
        ...

    def home(self, token: Hashable) -> Hashable:
        """Return which directory a token is of; None where a mount that died could be read like any other."""
        ...


@final
class Place:
    """A mount and where its files appear below the root."""

    __slots__ = ("mount", "name", "prefix")

    def __init__(self, mount: Mount, *, name: str = ".", prefix: str = "") -> None:
        self.mount = mount
        self.name = name
        self.prefix = prefix

    def renamed(self, key: str, *, prefix: str = "") -> Place:
        """Return the same mount under ``key``, its files further down where a prefix is given."""
        name = key if self.name == "." else f"{key}/{self.name}"
        return Place(self.mount, name=name, prefix=prefix + self.prefix)

    def called(self, name: str) -> Place:
        """Return the same place under another name."""
        return Place(self.mount, name=name, prefix=self.prefix)


class MountedSource(abc.ABC):
    """A source that is a list of mounts; subclasses say which."""

    patterns = ""  # which of its files are read, and which are agents, where that was chosen; set once, when made
    _layout: tuple[str, ...] = ()
    _unlisted: SourceError | None = None  # why `places` could not look everywhere, and so may lack some
    _known: frozenset[str] = frozenset()  # where the mounts begin that held what was last read
    _homes: Hashable = None  # the directories for which the table of mounts was last asked
    _subpaths: tuple[Diagnostic, ...] = ()  # what it had to say

    @abc.abstractmethod
    def places(self) -> list[Place]:
        """Return the mounts as they are now; may look for new ones, opens no file."""

    def read(self) -> Snapshot:
        """Return the bytes of one instant of all mounts together.

        Raises:
            UnsettledError: If a mount kept moving through every attempt.
            SourceError: If a mount is not there, cannot be read, or died (`reason` ``Detached``).
        """
        for _ in range(_ATTEMPTS):
            snapshot = self._attempt()
            if snapshot is not None:
                return snapshot
        path = self.places()[0].mount.path
        raise UnsettledError(f"{path}: changed during each of {_ATTEMPTS} reads", path=path, retry_after=_PAUSE)

    def token(self) -> Hashable:
        """Return the tokens of all mounts; they change when a mount appears or is swapped, changed or lost."""
        return tuple((place.name, place.mount.token()) for place in self._places_now())

    @property
    def layout(self) -> tuple[str, ...]:
        """Names of the mounts when they were last read or compared."""
        return self._layout

    def watcher(self) -> Watcher:
        """Return an armed watcher over the mounts of now; it reports itself lost once there are other mounts.

        Raises:
            OSError: If it cannot be armed.
        """
        volumes: dict[str, str] = {}
        directories: list[str] = []
        for place in self._places_now():
            if place.mount.kind == "volume":
                volumes[place.mount.path] = place.mount.link
            else:
                directories.append(place.mount.path)
        return _LayoutWatcher(self, watcher_for(volumes, directories))

    def _places_now(self) -> list[Place]:
        places = self.places()
        self._layout = tuple(place.name for place in places)
        return places

    def _attempt(self) -> Snapshot | None:
        problems: list[Diagnostic] = []
        try:
            whole = self._read_whole(problems)
        except UnsettledError:
            raise
        except SourceError:
            self._stand(_grounds(self.places()))
            raise  # no mount is to blame
        if whole is None:
            return None
        parts, token = whole
        return Snapshot.of(parts, token=token, diagnostics=[*problems, *self._subpaths])

    def _read_whole(self, problems: list[Diagnostic]) -> tuple[list[Part], Hashable] | None:
        with ExitStack() as stack:
            places = self._places_now()
            if self._unlisted is not None:
                raise self._unlisted
            pins = [(place, stack.enter_context(place.mount.pin())) for place in places]
            homes = _homes(pins)
            was_asked = homes is not None and homes == self._homes
            if self._known and not was_asked:
                # Before, too: a mount that comes back meanwhile vouches for nothing that was read without it.
                self._stand(_grounds(places))
            parts = [_part(place, pin, problems) for place, pin in pins]
            is_proved = len(pins) == 1 and pins[0][1].is_proved
            if not is_proved and not all(pin.unmoved() for _, pin in pins):
                return None
        if not was_asked:
            self._ask(parts)
            self._homes = homes
        return parts, tuple((place.name, pin.token) for place, pin in pins)

    def _ask(self, parts: list[Part]) -> None:
        """Ask the table of mounts about what was read.

        Raises:
            SourceError: If a mount died.
        """
        grounds = [Ground(os.path.realpath(part.location), part) for part in parts]
        self._homes = None
        table = self._stand(grounds)
        self._known = points(table, grounds)
        self._subpaths = tuple(subpaths(table, grounds))

    def _stand(self, grounds: list[Ground]) -> Mounts:
        """Return the table of mounts, by which all is as it should be.

        Raises:
            SourceError: If a mount died.
        """
        table = mounts_now()
        if loss(table, grounds, self._known) is None:
            return table
        table = mounts_now()  # a line can be missing from a table that changes while it is read
        error = loss(table, grounds, self._known)
        if error is not None:
            raise error
        return table


@final
class _LayoutWatcher:
    """A watcher that is lost as soon as its source consists of other mounts than those it watches.

    The layout is one reference, replaced whole by whichever thread checks, so reading it here needs no lock.
    """

    def __init__(self, source: MountedSource, inner: Watcher) -> None:
        self._source = source
        self._layout = source.layout
        self._inner = inner

    @property
    def mode(self) -> str:
        return self._inner.mode

    def wait(self, timeout: float | None) -> Wakeup:
        if self._source.layout != self._layout:
            return "lost"
        return self._inner.wait(timeout)

    def close(self) -> None:
        self._inner.close()


def _grounds(places: list[Place]) -> list[Ground]:
    return [Ground(os.path.realpath(place.mount.path)) for place in places]


def _homes(pins: list[tuple[Place, Pin]]) -> Hashable:
    """Return the directories that were pinned; None where one of them does not say whether its mount died."""
    homes = tuple((place.name, place.mount.home(pin.token)) for place, pin in pins)
    return None if any(home is None for _, home in homes) else homes


def _part(place: Place, pin: Pin, problems: list[Diagnostic]) -> Part:
    return Part(
        name=place.name,
        prefix=place.prefix,
        kind=place.mount.kind,
        location=os.fspath(place.mount.path),
        payload=pin.payload,
        files=pin.read(problems, place.prefix),
        agents=place.mount.agents,
    )
