"""What `validate` prints: a line for each finding, the excerpt below it, or the diff that mends what a program can."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.cli.output import complain, counted, for_shell, width
from hotagents.cli.refusal import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hotagents.cli.excerpt import Excerpt
    from hotagents.cli.output import Output
    from hotagents.cli.reading import Reading
    from hotagents.diagnostics import Diagnostic
    from hotagents.ops.mending import Mending
    from hotagents.remedy import Edit

__all__ = ["STYLES", "fixes", "print_diff", "print_findings"]

STYLES: Final = {"error": "red", "warning": "yellow", "info": "bright_black"}


def print_findings(
    output: Output, readings: Sequence[Reading], diagnostics: Iterable[Diagnostic], *, full: bool
) -> None:
    """Print each finding, placed from the current directory, on one line; in full with the lines of its file."""
    texts = _Texts(readings) if full else None
    for diagnostic in diagnostics:
        style = STYLES[diagnostic.severity]
        if texts is None:
            output.line(for_shell(str(diagnostic)), style=style)
            continue
        found = texts.excerpt(diagnostic, output)
        output.line(for_shell(str(found.head)), style=style)
        for line, colour in found.lines:
            output.line(line, style=colour)


def print_diff(output: Output, readings: Sequence[Reading]) -> None:
    """Print what a program can mend as a unified diff, and on standard error what is left to people."""
    from hotagents.ops.patches import unified_diff  # noqa: PLC0415 - seldom asked for

    printed: set[str] = set()
    remedies = 0
    left: list[Diagnostic] = []
    for reading in readings:
        if reading.origins is not None:
            complain(f"{reading.path}: manifests are not mended, since a file is only a part of them")
            left += reading.placed
            continue
        mending = _mended(reading)
        for path, mended in mending.files.items():
            name = _from_here(place(reading.path, path))
            if name not in printed:
                printed.add(name)
                remedies += len(mended.done)
                output.exact(unified_diff(name, mended.before, mended.after))
        for path in sorted(mending.untried):
            complain(f"{place(reading.path, path)}: not all remedies were tried; apply the diff, then ask again")
        left += (replace(d, path=place(reading.path, d.path)) for d in _left(reading, mending))
    _say_left(remedies, len(printed), tuple(dict.fromkeys(left)))


def fixes(readings: Sequence[Reading]) -> Mapping[Diagnostic, tuple[Edit, str]]:
    """Return the remedies that a program may apply, each with the text of its file, by what each is for."""
    from hotagents.ops.mending import proved  # noqa: PLC0415 - seldom asked for

    return {
        reading.place(diagnostic): (edit, reading.candidate.entries[diagnostic.path].content.decode(errors="replace"))
        for reading in readings
        if reading.origins is None
        for diagnostic, edit in proved(reading.candidate, reading.schema).items()
    }


def _mended(reading: Reading) -> Mending:
    from hotagents.ops.mending import mend  # noqa: PLC0415 - seldom asked for

    mending = mend(reading.snapshot, reading.candidate, reading.schema)
    if mending.files and any(part.kind == "volume" for part in reading.snapshot.parts):
        complain(f"{reading.path}: is a mounted volume; apply the diff to the files that it is made from")
    return mending


def _left(reading: Reading, mending: Mending) -> Iterator[Diagnostic]:
    after = mending.after
    yield from (*after.mismatches, *after.diagnostics)
    known = {*reading.candidate.mismatches, *reading.candidate.diagnostics}
    for diagnostic in reading.diagnostics:  # what is said of the set as a whole, and by plugins
        if diagnostic not in known and not (diagnostic.code == "empty-set" and after.agents):
            yield diagnostic


def _say_left(remedies: int, files: int, left: Sequence[Diagnostic]) -> None:
    counts: Counter[Any] = Counter(diagnostic.severity for diagnostic in left)
    for diagnostic in left:
        if diagnostic.severity != "info":
            complain(f"left: {diagnostic}")
    done = f"{remedies} {'remedy' if remedies == 1 else 'remedies'} in {counted(files, 'file')}"
    complain(f"{done}; left: {counted(counts['error'], 'error')}, {counted(counts['warning'], 'warning')}")


def _from_here(path: str) -> str:
    """Return a path as ``patch -p0`` takes it: relative, where it lies below the current directory."""
    if not os.path.isabs(path):  # noqa: PTH117 - paths are text here
        return path
    here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118
    return path.removeprefix(here)


@final
class _Texts:
    """The texts that findings are about: as they were read, and of manifests as they are now."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._files: dict[str, bytes] = {}
        self._manifests: dict[str, str | None] = {}
        self._readings = readings
        for reading in readings:
            if reading.origins is not None:
                self._manifests |= dict.fromkeys(reading.given.paths)
                continue
            for path, content in reading.snapshot.files.items():
                self._files.setdefault(place(reading.path, path), content)

    def excerpt(self, diagnostic: Diagnostic, output: Output) -> Excerpt:
        from hotagents.cli.excerpt import excerpt  # noqa: PLC0415 - only in full

        path = diagnostic.path
        apart = path in self._manifests
        if any(reading.is_secret(diagnostic) for reading in self._readings):
            text = None  # the line may hold a value
        else:
            text = self._manifest(path) if apart else self._files.get(path, b"").decode(errors="replace")
        return excerpt(diagnostic, text, width=width(), encoding=output.encoding, apart=apart)

    def _manifest(self, path: str) -> str | None:
        from hotagents.cli.excerpt import file_text  # noqa: PLC0415 - only in full

        if self._manifests[path] is None and path != "-":  # what came from standard input is gone
            self._manifests[path] = file_text(path)
        return self._manifests[path]
