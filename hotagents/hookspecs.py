"""The hooks that a plugin may implement; one small file, so that it can be read at once.

::

    from hotagents import hookimpl


    @hookimpl
    def hotagents_runners() -> list[RunnerInfo]: ...

A plugin is a module or object named by an entry point in the group ``hotagents``. A hook may take fewer arguments than
its specification, by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pluggy

from hotagents.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotagents.generation import Change
    from hotagents.loading import Candidate
    from hotagents.runner import CycleResult, RunnerInfo
    from hotagents.status import RegistryStatus

__all__ = [
    "PROJECT",
    "Report",
    "hookimpl",
    "hotagents_cycle_finished",
    "hotagents_generation_published",
    "hotagents_generation_rejected",
    "hotagents_runners",
    "hotagents_validate",
]

PROJECT: Final = "hotagents"
hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)
_ERROR: Final = "rejected-by-plugin"
_WARNING: Final = "plugin-warning"
_LARGEST: Final = 10**9


class Report:
    """What a validator has to say about a candidate; each plugin is given one of its own.

    Attributes:
        diagnostics: What was said, in order; the library adds the plugin's name.
    """

    __slots__ = ("diagnostics",)

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def error(
        self, message: str, *, path: str = "", line: int = 0, column: int = 0, key: str = "", hint: str = ""
    ) -> None:
        """Refuse the candidate: it is not published, last good stays.

        Args:
            message: What was expected and what was found.
            path: The file concerned, relative to the root; empty for the set.
            line: From 1, in the file; 0 for the whole file.
            column: From 1; 0 for the whole line.
            key: Dotted key in the frontmatter.
            hint: What to do.
        """
        self.diagnostics.append(
            Diagnostic(_ERROR, "error", str(path), _count(line), _count(column), str(key), str(message), str(hint))
        )

    def warning(
        self, message: str, *, path: str = "", line: int = 0, column: int = 0, key: str = "", hint: str = ""
    ) -> None:
        """Say something about the candidate, which is published all the same; arguments as for `error`."""
        self.diagnostics.append(
            Diagnostic(_WARNING, "warning", str(path), _count(line), _count(column), str(key), str(message), str(hint))
        )


def _count(number: int) -> int:
    """Return a line or column that a file can have; whatever else a plugin gives is none."""
    return min(max(0, int(number)), _LARGEST)


@hookspec
def hotagents_runners() -> Iterable[RunnerInfo]:  # type: ignore[empty-body]  # a specification has no body
    """Return the runners that the plugin offers. Must be cheap: no heavy imports, no I/O."""


@hookspec
def hotagents_validate(candidate: Candidate[Any], report: Report) -> None:
    """Look at a candidate that is valid so far, before it is published.

    Called on one daemon thread of the registry's, within a time limit. To raise, or not to return in time, refuses the
    candidate in the plugin's name; a hung call is not repeated before it has returned.
    """


@hookspec
def hotagents_generation_published(change: Change[Any]) -> None:
    """Hear of a publication, as a subscriber does: never on the watch's thread, late ones coalesced."""


@hookspec
def hotagents_generation_rejected(status: RegistryStatus) -> None:
    """Hear of a rejection; ``status.diagnostics`` says why. Never on the watch's thread, late ones coalesced."""


@hookspec
def hotagents_cycle_finished(result: CycleResult) -> None:
    """Hear of the end of a cycle, whatever its outcome. Called on the runner's own thread, before its next cycle."""
