"""What a registry ought to do, told a second time and as simply as can be: texts in, what is served out.

It knows the library's rules and none of its code: what a file is worth it finds by the marks that the tests write into
their texts, digests and locks it computes itself. `test_machine.py` drives both side by side and compares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Literal, NamedTuple, TypeAlias, final

__all__ = ["ABOVE", "BROKEN", "LOCK", "Content", "Model", "agent", "lock_of"]

Files: TypeAlias = Mapping[str, str]
Policy: TypeAlias = Literal["hold-set", "hold-volume", "hold-file"]
Result: TypeAlias = Literal["published", "unchanged", "rejected", "failed", "held"]

LOCK: Final = "hotagents.lock"
CONTEXT: Final = "CLAUDE.md"
_CUT: Final = "\ntools: [\n---\n"
BROKEN: Final = f"---\nname: {{}}{_CUT}"
ABOVE: Final = "Bash(git *)"  # what the ceiling of these tests does not allow
_FIRST: Final = "# hotagents.lock 1\n"
_MOST_ROUNDS: Final = 10


def agent(name: str, text: str, tools: str, version: int) -> str:
    """An agent's file; ``version`` is that of its whole volume."""
    return f"---\nname: {name}\ndescription: {text}\ntools: {tools}\n---\nversion {version}\n"


@final
class Content(NamedTuple):
    """The files of the outer volume, and of the one inside it that is mounted at ``agents``."""

    outer: Files
    inner: Files

    @property
    def files(self) -> dict[str, str]:
        """All of them by their path in the set, locks included."""
        return {**self.outer, **{f"agents/{path}": text for path, text in self.inner.items()}}

    @property
    def hashes(self) -> dict[str, str]:
        return {path: sha256(text.encode()).hexdigest() for path, text in self.files.items() if not is_lock(path)}

    @property
    def digest(self) -> str:
        lines = "".join(f"{found}  {path}\n" for path, found in sorted(self.hashes.items()))
        return f"sha256:{sha256(lines.encode()).hexdigest()}"

    @property
    def locks(self) -> list[str]:
        return [part[LOCK] for part in (self.outer, self.inner) if LOCK in part]


def is_lock(path: str) -> bool:
    return path.rpartition("/")[2] == LOCK


def lock_of(content: Content) -> str:
    """A lock that lists just this content."""
    return _FIRST + "".join(f"{found}  {path}\n" for path, found in sorted(content.hashes.items()))


def volume_of(path: str) -> str:
    return "agents" if path.startswith("agents/") else "."


@final
class Judgement(NamedTuple):
    """What is wrong with a content.

    Attributes:
        of_set: Whether it is the whole set's, whatever the policy.
        files: Paths that are at fault.
        emptied: Volumes that lost all their agents.
    """

    of_set: bool = False
    files: frozenset[str] = frozenset()
    emptied: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.of_set or bool(self.files) or bool(self.emptied)


def waits(content: Content) -> bool:
    """Whether a lock that can be read lists something else."""
    locks = content.locks
    if any(not lock.startswith(_FIRST) for lock in locks):
        return False
    return any(lock != lock_of(content) for lock in locks)


def judged(content: Content, *, ceiling: bool, knows_volumes: bool = True) -> Judgement:
    """What is wrong, where no lock waits; whether it is known which volume had agents."""
    names: dict[str, list[str]] = {}
    bad: set[str] = set() if CONTEXT in content.outer else {CONTEXT}
    for path, text in content.files.items():
        if not path.startswith("agents/") or is_lock(path):
            continue
        if text.endswith(_CUT):
            bad.add(path)
            continue
        found = re.match(r"---\nname: (\w+)\n.*\ntools: (.*)\n", text)
        assert found is not None
        names.setdefault(found[1], []).append(path)
        if ceiling and ABOVE in found[2]:
            bad.add(path)
    bad |= {path for paths in names.values() if len(paths) > 1 for path in paths}
    of_set = any(not lock.startswith(_FIRST) for lock in content.locks)
    is_empty = not (bad or of_set or names)
    emptied = frozenset({"agents"}) if is_empty and knows_volumes else frozenset[str]()
    return Judgement(of_set or (is_empty and not knows_volumes), frozenset(bad), emptied)


def mended(content: Content, good: Content, *, policy: Policy, ceiling: bool, knows_volumes: bool) -> Content | None:
    """The content with what is at fault as it was when it was good; None where that is no way out."""
    files: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    candidate = content
    for _ in range(_MOST_ROUNDS):
        wrong = judged(candidate, ceiling=ceiling, knows_volumes=knows_volumes)
        if not wrong:
            return candidate
        if wrong.of_set or policy == "hold-set":
            return None
        by_file = policy == "hold-file"
        more_files = wrong.files if by_file else frozenset[str]()
        more_parts = wrong.emptied | (frozenset() if by_file else {volume_of(path) for path in wrong.files})
        if more_files <= files and more_parts <= parts:
            return None
        files, parts = files | more_files, parts | more_parts
        candidate = Content(
            _held(content.outer, good.outer, files, "", whole="." in parts),
            _held(content.inner, good.inner, files, "agents/", whole="agents" in parts),
        )
        if waits(candidate) or any(lock != lock_of(candidate) for lock in content.locks):
            return None
    return None


def _held(now: Files, before: Files, files: frozenset[str], prefix: str, *, whole: bool) -> Files:
    if whole:
        return before
    mine = {path.removeprefix(prefix) for path in files if volume_of(path) == (prefix.rstrip("/") or ".")}
    kept = {path: text for path, text in now.items() if path not in mine}
    return kept | {path: before[path] for path in mine if path in before}


@final
class Published(NamedTuple):
    number: int
    content: Content
    restores: int | None


@final
class Model:
    """A registry as it ought to be; `disk` is None while a volume is not there.

    Attributes:
        history: What was published, newest first.
        hold: The newest content that a rollback holds back, as a list of at most one; None where nothing is held.
        reason: Of the condition ``Current``; empty where all is well.
        observed: Digest of what was last read.
        confirmed: What the disk keeps as last good.
        is_from_disk: Whether what is served was kept by an earlier process, whose volumes may have been others.
        is_well: Whether what was last read is good, served or held back.
    """

    def __init__(self, *, policy: Policy, ceiling: bool, kept: int) -> None:
        self.policy, self.ceiling, self.kept = policy, ceiling, kept
        self.confirmed: Content | None = None
        self._disk: dict[str, Content] = {}
        self.forget()

    def forget(self) -> None:
        """Be a process that has not begun yet; the disk of last good sets stays."""
        self.history: list[Published] = []
        self.served: Content | None = None
        self.hold: list[Content] | None = None
        self.is_from_disk = False
        self.reason = "Starting"
        self.observed = ""
        self.last_confirmed = 0
        self.is_well = False

    @property
    def number(self) -> int:
        return self.history[0].number if self.history else 0

    def start(self, disk: Content | None) -> bool:
        """Whether it starts."""
        self.forget()
        if disk is not None and not waits(disk) and not self._wrong(disk):
            self._good(disk)
            return True
        last = self.confirmed
        if last is None or waits(last) or self._wrong(last):
            return False
        self._publish(last)
        self.is_from_disk = True
        self.read(disk)
        return True

    def read(self, disk: Content | None, ended: Content | None = None) -> Result:
        """What a look comes to; ``ended`` is the newest good content of a hold that ends with it."""
        self.is_well = False
        if disk is None:
            self.reason = "Failed"
            return "failed"
        self.observed = disk.digest
        if waits(disk):
            self.reason = "WaitingForLock"
            return "held"
        if not self._wrong(disk):
            return self._good(disk)
        better = self._mended(disk, ended)
        if self.hold is not None:
            self.reason = "Held"
            self.hold = [better] if better is not None else self.hold
            return "rejected"
        self.reason = "Rejected"
        if better is None or self._is_served(better):
            return "rejected"
        self._publish(better)
        return "published"

    def rollback(self, number: int) -> bool:
        """Go back; whether there is anything to go back to."""
        found = [published for published in self.history if published.number == number]
        if not found:
            return False
        assert self.served is not None
        if self.hold is None:
            self.hold = [self.served]
        if self.reason != "Failed":
            self.reason = "Held"
        if not self._is_served(found[0].content):
            self._publish(found[0].content)
        return True

    def resume(self, disk: Content | None) -> Result:
        """End the hold: what is served then is the newest good content that there has been."""
        hold, self.hold = self.hold, None
        result = self.read(disk, hold[0] if hold else None)
        if hold is None or not self.reason or result == "published" or self._is_served(hold[0]):
            return result
        self._publish(hold[0])
        self.read(disk)
        return "published"

    def confirm(self, number: int) -> bool:
        """Keep a published content; whether that is allowed."""
        found = [published for published in self.history if published.number == number]
        if number < self.last_confirmed:
            return True
        if not found:
            return False
        self.last_confirmed = number
        # A set is written once for each digest, and so with the locks that it had then.
        self.confirmed = self._disk.setdefault(found[0].content.digest, found[0].content)
        return True

    def _wrong(self, content: Content) -> Judgement:
        return judged(content, ceiling=self.ceiling, knows_volumes=not self.is_from_disk)

    def _mended(self, disk: Content, ended: Content | None) -> Content | None:
        good = self.hold[0] if self.hold else ended or self.served
        assert good is not None
        known = not self.is_from_disk
        return mended(disk, good, policy=self.policy, ceiling=self.ceiling, knows_volumes=known)

    def _is_served(self, content: Content) -> bool:
        return self.served is not None and content.digest == self.served.digest

    def _good(self, disk: Content) -> Result:
        same = self._is_served(disk)
        self.is_well = True
        if self.hold is not None:
            self.hold, self.reason = [disk], "Held"
            return "unchanged" if same else "held"
        if same:
            self._well(disk)
            return "unchanged"
        self._publish(disk)
        self._well(disk)
        return "published"

    def _well(self, disk: Content) -> None:
        self.served, self.reason, self.observed = disk, "", disk.digest
        self.is_from_disk = False

    def _publish(self, content: Content) -> None:
        restores = next((p.number for p in self.history if p.content.digest == content.digest), None)
        self.history = [Published(self.number + 1, content, restores), *self.history][: self.kept]
        self.served = content
        self.is_from_disk = False
