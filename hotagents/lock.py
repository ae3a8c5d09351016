r"""`Lock`: what a whole set consists of, written down beside it.

Volumes are swapped one by one, so two that belong together disagree for a while. A file ``hotagents.lock`` at the root
of any of them lists the files of all, and nothing is published that is not as listed: whichever volume comes first, the
set waits for the others. Truncation and lost keys are found the same way, and ``release`` and ``commit`` say where a
set comes from. Its lines are the very lines of the digest (`hotagents.snapshot`), after comments::

    # hotagents.lock 1
    # release: 1.4.2
    # commit: 9fceb02
    0f4b...  CLAUDE.md
    77ab...  agents/triage.md

``sha256sum -c`` understands it. Every agent and document has to be listed; another file may lie beside unlisted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents.diagnostics import Diagnostic, escape
from hotagents.snapshot import LOCK_NAME, can_be_listed, content_hash, digest_of, is_lock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from hotagents.snapshot import Part

__all__ = ["Lock", "locks_in", "mismatches", "misplaced"]

_FIRST: Final = f"# {LOCK_NAME} 1"
_LINE: Final = re.compile("([0-9a-f]{64})  (.+)")
_PATH_COLUMN: Final = 67
_FACTS: Final = ("release", "commit")
_LONGEST_FACT: Final = 199  # and the ellipsis
_LONGEST_QUOTE: Final = 80
_MOST_FAULTS: Final = 10
_MOST: Final = 50  # differences that are told one by one
_HINT: Final = "published once every file is as listed; after an edit by hand, render the lock again or remove it"


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Lock:
    """The content that a set must have.

    Attributes:
        path: Where it lies, relative to the set's root.
        release: What its writer calls the set; one safe line of at most 200 characters, empty where it is not said.
        commit: Where the writer had it from; likewise.
        entries: Lower-case hex SHA-256 by path relative to the set's root, sorted.

    Raises:
        ValueError: If an entry is none that a lock can hold.
    """

    path: str
    release: str = ""
    commit: str = ""
    entries: Mapping[str, str] = field(hash=False)

    def __post_init__(self) -> None:
        """Refuse what could not be read back, and make text safe."""
        for path, found in self.entries.items():
            if (fault := _fault_of(path)) or _LINE.fullmatch(f"{found}  {path}") is None:
                raise ValueError(fault or f"expected 64 lower-case hex digits for {path!r}, got {found!r}")
        for name in _FACTS:
            object.__setattr__(self, name, _fact(getattr(self, name)))
        object.__setattr__(self, "entries", MappingProxyType(dict(sorted(self.entries.items()))))

    def __repr__(self) -> str:
        """Return place, content and provenance; never the entries."""
        return f"<Lock {escape(self.path)} {self.digest[:19]}{self.named}>"

    @classmethod
    def of(cls, files: Mapping[str, bytes], *, release: str = "", commit: str = "") -> Lock:
        """Return the lock that lists files, given as bytes by path; locks among them are left out.

        Raises:
            ValueError: If a lock cannot list a path.
        """
        entries = {path: content_hash(content) for path, content in files.items() if not is_lock(path)}
        return cls(path=LOCK_NAME, release=release, commit=commit, entries=entries)

    @classmethod
    def parse(cls, path: str, content: bytes) -> tuple[Lock | None, tuple[Diagnostic, ...]]:
        """Return the lock that a file's bytes are, or what is wrong with them, the first ten faults; never raises."""
        facts: dict[str, str] = {}
        entries: dict[str, str] = {}
        faults = tuple(islice(_faults(content, facts, entries), _MOST_FAULTS))
        if faults:
            return None, tuple(
                Diagnostic("lock-syntax", "error", path, f.line, f.column, "", f.message, f.hint) for f in faults
            )
        return cls(path=path, release=facts.get("release", ""), commit=facts.get("commit", ""), entries=entries), ()

    def text(self) -> str:
        """Return the file's text, which `parse` reads back."""
        facts = [f"# {name}: {getattr(self, name)}" for name in _FACTS if getattr(self, name)]
        lines = [f"{found}  {path}" for path, found in self.entries.items()]
        return "\n".join([_FIRST, *facts, *lines, ""])

    @property
    def digest(self) -> str:
        """The digest of a set that consists of just the files listed."""
        return digest_of(self.entries)

    @property
    def named(self) -> str:
        """``, release ..., commit ...``: to be put behind a digest; empty where neither is said."""
        return "".join(f", {name} {getattr(self, name)}" for name in _FACTS if getattr(self, name))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, without the entries."""
        return {"path": self.path, "release": self.release, "commit": self.commit, "digest": self.digest}

    def differences(self, hashes: Mapping[str, str], pages: Iterable[str]) -> Iterator[Diagnostic]:
        """Yield each file that is not as listed.

        Args:
            hashes: Of all files that are there.
            pages: Paths of those that must be listed.
        """
        for path, expected in self.entries.items():
            found = hashes.get(path)
            if found is None:
                yield _mismatch(path, f"is missing, and listed in {self.path}")
            elif found != expected:
                yield _mismatch(path, f"differs from {self.path}")
        for path in pages:
            if path not in self.entries:
                yield _mismatch(path, f"is not listed in {self.path}")


def locks_in(parts: Iterable[Part]) -> tuple[tuple[Lock, ...], tuple[Diagnostic, ...]]:
    """Return the locks at the parts' roots, one for each content, and what is wrong with those that are none."""
    locks: dict[str, Lock] = {}
    problems: list[Diagnostic] = []
    for part in parts:
        content = part.files.get(LOCK_NAME)
        if content is None:
            continue
        lock, faults = Lock.parse(part.prefix + LOCK_NAME, content)
        problems += faults
        if lock is not None:
            locks.setdefault(lock.digest, lock)
    return tuple(locks.values()), tuple(problems)


def mismatches(locks: Sequence[Lock], hashes: Mapping[str, str], pages: Collection[str]) -> tuple[Diagnostic, ...]:
    """Return why a set is not what its locks list; where they contradict each other, that comes first."""
    contradictions = [_mismatch(lock.path, f"contradicts the {LOCK_NAME} of another volume") for lock in locks[1:]]
    found = (*contradictions, *(difference for lock in locks for difference in lock.differences(hashes, pages)))
    if len(found) <= _MOST:
        return found
    return (*found[:_MOST], _mismatch(locks[0].path, f"and {len(found) - _MOST} more of these"))


def misplaced(paths: Iterable[str], parts: Iterable[Part]) -> Iterator[Diagnostic]:
    """Yield a warning for each lock that lies elsewhere than at a part's root, and so does not count."""
    roots = {part.prefix + LOCK_NAME for part in parts}
    for path in paths:
        if path not in roots:
            message = "a lock counts at the root of a volume or of the whole directory; this one is ignored"
            hint = f"move it up, or rename it if it is not meant as a lock: the name {LOCK_NAME} is never served"
            yield Diagnostic("lock-misplaced", "warning", path, 0, 0, "", message, hint)


class _Fault(NamedTuple):
    line: int
    column: int
    message: str
    hint: str


def _faults(content: bytes, facts: dict[str, str], entries: dict[str, str]) -> Iterator[_Fault]:
    """Fill ``facts`` and ``entries``, and yield what is wrong on the way."""
    first, *lines = content.decode(errors="surrogateescape").split("\n")
    if first != _FIRST:
        yield _first_fault(first)
        return
    if not lines or lines[-1]:
        message = "expected a newline at the end of the last line, got the file's end: the lock is cut"
        yield _Fault(len(lines) + 1, 0, message, "write the whole of it; in YAML use |, since |- removes the newline")
        return
    for number, line in enumerate(lines[:-1], 2):
        if line.startswith("#"):
            name, _, text = line.removeprefix("#").partition(":")
            if name.strip() in _FACTS:
                facts.setdefault(name.strip(), text.strip())
        elif (match := _LINE.fullmatch(line)) is None:
            message = f"expected 64 lower-case hex digits, two blanks and a path, got {_quoted(line)}"
            yield _Fault(number, 1, message, "write the line as sha256sum does, or remove it")
        elif fault := _fault_of(match[2], entries):
            yield _Fault(number, _PATH_COLUMN, fault, "correct the line, or remove it")
        else:
            entries[match[2]] = match[1]


def _first_fault(line: str) -> _Fault:
    if line.removeprefix(f"# {LOCK_NAME} ").isdigit():
        message = f"expected version 1, got {_quoted(line.removeprefix(f'# {LOCK_NAME} '))}"
        return _Fault(1, len(LOCK_NAME) + 4, message, "render it with the version of hotagents that reads it")
    return _Fault(1, 1, f'expected "{_FIRST}" alone on line 1, got {_quoted(line)}', "write that line above all others")


def _fault_of(path: str, earlier: Collection[str] = ()) -> str:
    """Return why a path cannot be listed, or nothing."""
    if not can_be_listed(path):
        return f"expected a path in UTF-8 without newline, carriage return or backslash, got {_quoted(path)}"
    if any(name in {"", "."} or name.startswith("..") for name in path.split("/")):
        return f'expected a path below the root, such as "agents/triage.md", got {_quoted(path)}'
    if is_lock(path):
        return f"expected no {LOCK_NAME} in the list, got {_quoted(path)}"
    return f"expected each path once, got {_quoted(path)} again" if path in earlier else ""


def _fact(text: str) -> str:
    # Twice, since what is made visible is longer; what is cut already stays as it is.
    return escape(escape(text.strip(), limit=_LONGEST_FACT), limit=_LONGEST_FACT)


def _quoted(text: str) -> str:
    return f'"{escape(text, limit=_LONGEST_QUOTE)}"'


def _mismatch(path: str, message: str) -> Diagnostic:
    return Diagnostic("lock-mismatch", "error", path, 0, 0, "", message, _HINT)
