"""The exception tree: everything the library raises on purpose is a `HotAgentsError`.

::

    HotAgentsError
    ├── SourceError             the bytes could not be read (mount missing, unreadable, never quiet)
    │   └── UnsettledError      not now: the bytes are still moving, ask again after ``retry_after``
    ├── InvalidConfigError      the bytes were read and refused; carries every diagnostic
    ├── PluginError             a plugin is broken, unknown, or named twice
    ├── NotStartedError         ``current`` before ``start()``
    ├── ForkedError             the registry belongs to the parent process
    ├── ClosedError             the registry was closed; make a new one
    └── UnknownGenerationError  no such number or digest in the history

Facts are attributes, so that no caller has to parse a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.diagnostics import Diagnostic

__all__ = [
    "ClosedError",
    "ForkedError",
    "HotAgentsError",
    "InvalidConfigError",
    "NotStartedError",
    "PluginError",
    "SourceError",
    "UnknownGenerationError",
    "UnsettledError",
]


class HotAgentsError(Exception):
    """Base of every error that the library raises on purpose."""


class SourceError(HotAgentsError):
    """The bytes could not be read as one whole.

    Attributes:
        path: The file or directory concerned, as the user named it.
        reason: ``Missing``, ``Detached``, ``Unreadable``, ``Unstable`` or ``Failed``.
    """

    def __init__(self, message: str, *, path: str = "", reason: str = "Failed") -> None:
        super().__init__(message)
        self.path = path
        self.reason = reason


class UnsettledError(SourceError):
    """The bytes are still moving; reading again after ``retry_after`` seconds may succeed.

    Raised by `Source.read`, which never waits by itself, and waited out by `hotagents.sources.read_settled`.
    """

    def __init__(self, message: str, *, path: str = "", reason: str = "Unstable", retry_after: float = 0.0) -> None:
        super().__init__(message, path=path, reason=reason)
        self.retry_after = retry_after


class InvalidConfigError(HotAgentsError):
    """The set was read whole and refused.

    Attributes:
        diagnostics: Every problem found, errors first, each with file, line and column.
    """

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("\n".join([message, *map(str, diagnostics)]))
        self.diagnostics = tuple(diagnostics)


class PluginError(HotAgentsError):
    """A plugin cannot be loaded, offers a name twice, or was asked for and is not there."""


class NotStartedError(HotAgentsError):
    """The registry has no generation yet: call ``start()`` or use it as a context manager."""


class ForkedError(HotAgentsError):
    """The registry was started in the parent process; its watch does not exist in this one."""


class ClosedError(HotAgentsError):
    """The registry was closed; its last generation stays readable, nothing new arrives."""


class UnknownGenerationError(HotAgentsError, LookupError):
    """No generation with that number or digest is in the history."""
