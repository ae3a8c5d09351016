"""The ladder: what can be read of a frontmatter that YAML refuses as a whole.

Nearly always one line is at fault, a text with `: ` in it and no quotes around it. So the frontmatter is cut into its
entries (`hotagents.frontmatter.entries`) and each is read alone, as strictly as the whole. A text on one line that
fails is taken for what stands there; nothing that says what an agent is or may do, and nothing that opens a quote, a
block or a list. Then the *whole* is read once more, strictly, with these texts in quotes: what comes out is what it
would be had their author pasted the remedies, and where the two differ nothing was recovered.

Where an entry is left that cannot be read the file stays refused, with an error for each such entry; what could be read
is there to be judged, so that a person sees all of a file's faults at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents.frontmatter.entries import cut, with_instead
from hotagents.frontmatter.events import read_tree
from hotagents.frontmatter.page import Position
from hotagents.frontmatter.remedies import remedy
from hotagents.frontmatter.tree import Tree, TreeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotagents.frontmatter.entries import Entry
    from hotagents.frontmatter.page import Value
    from hotagents.frontmatter.remedies import Remedy

__all__ = ["Fault", "Guess", "Reading", "read_apart"]

_FIRST_LINE: Final = 2  # of the frontmatter, in the file
_MOST_FAULTS: Final = 50


class Guess(NamedTuple):
    """A literal text in place of a value that YAML refuses."""

    entry: Entry
    text: str
    error: TreeError

    @property
    def place(self) -> Position:
        """Where the value begins, in the file."""
        return Position(self.entry.line + _FIRST_LINE, len(self.entry.head) + 1)

    @property
    def line(self) -> str:
        """The line to paste."""
        return self.entry.quoted(self.text)


class Fault(NamedTuple):
    """An entry that cannot be read; ``error.place`` is in the file."""

    error: TreeError
    remedy: Remedy


class Reading(NamedTuple):
    """What could be read.

    Attributes:
        tree: Values and places; of a frontmatter with faults only those that stand in entries which can be read.
        text: What the tree was read from: the frontmatter with each guess in quotes, and without what is at fault.
        guesses: In the file's order.
        faults: Likewise; with any, the frontmatter could not be read.
    """

    tree: Tree
    text: str
    guesses: tuple[Guess, ...]
    faults: tuple[Fault, ...]


def read_apart(frontmatter: str, raw: str, error: TreeError, *, depth: int, recover: bool) -> Reading:
    """Return what a frontmatter says, entry by entry; never raises.

    Args:
        frontmatter: The text from the file's second line on.
        raw: The same before characters were replaced, of the same length.
        error: Why it cannot be read as a whole; it stays the only fault wherever the entries are in doubt.
        depth: Most lists and mappings within each other.
        recover: Whether literal texts may be taken.
    """
    pieces = tuple(_read_alone(entry, depth, recover=recover) for entry in cut(frontmatter, raw))
    if pieces and all(piece.is_sure for piece in pieces):
        faulty = next((n for n, piece in enumerate(pieces) if piece.is_at_fault), -1)
        reading = _whole(frontmatter, pieces, depth) if faulty < 0 else _part(frontmatter, pieces, faulty, error, depth)
        if reading is not None:
            return reading
    return Reading(Tree(depth=0), "", (), (Fault(error, remedy(frontmatter, error, depth=depth)),))


class _Piece(NamedTuple):
    """An entry that was read alone."""

    entry: Entry
    values: Mapping[str, Value]
    error: TreeError | None = None
    guess: Guess | None = None

    @property
    def is_sure(self) -> bool:
        return self.error is not None or list(self.values) == [self.entry.key]

    @property
    def is_at_fault(self) -> bool:
        return self.error is not None and self.guess is None

    @property
    def is_open(self) -> bool:
        """Whether what follows may belong to it: YAML found its fault only where it ends."""
        if self.error is None or self.guess is not None:
            return False
        return self.error.is_open or self.error.place.line - _FIRST_LINE > self.entry.last


def _read_alone(entry: Entry, depth: int, *, recover: bool) -> _Piece:
    try:
        tree = read_tree(entry.content, depth=depth)
    except TreeError as error:
        line, column = error.place
        place = Position(line + entry.line, column)
        placed = TreeError(error.code, place, error.problem, of_text=error.of_text, is_open=error.is_open)
        text = entry.literal() if recover and error.of_text else None
        return _Piece(entry, {}, placed, None if text is None else Guess(entry, text, placed))
    # A key that stands twice in one entry is an entry that was not cut off: no reason to go on.
    return _Piece(entry, {} if (entry.key,) in tree.repeated else tree.values)


def _whole(frontmatter: str, pieces: tuple[_Piece, ...], depth: int) -> Reading | None:
    """Read all, with the guesses in quotes; nothing where that says anything else than the entries say."""
    guesses = _guesses(pieces)
    text = with_instead(frontmatter, _entries(pieces), _instead(pieces))
    tree = _read(text, depth)
    said: dict[str, Value] = {}
    for piece in pieces:
        said |= {piece.entry.key: piece.guess.text} if piece.guess else piece.values
    if not guesses or tree is None or repr(said) != repr(tree.values):  # as text: not a number is never equal
        return None
    return Reading(tree, text, guesses, ())


def _part(frontmatter: str, pieces: tuple[_Piece, ...], faulty: int, error: TreeError, depth: int) -> Reading | None:
    """Read what can be read around the entries at fault, of which the first is known."""
    above, text, first = pieces[:faulty], frontmatter, pieces[faulty]
    if _guesses(above):
        text = with_instead(frontmatter, _entries(pieces), _instead(above))
        try:
            read_tree(text, depth=depth)
        except TreeError as other:
            error = other
        else:
            return None
    kept, faults = _below(pieces, faulty, _first(text, first, error, depth), depth)
    instead = _instead(pieces) | {n: piece.entry.blank() for n, piece in enumerate(pieces) if n not in kept}
    text = with_instead(frontmatter, _entries(pieces), instead)
    tree = _read(text, depth)
    guesses = _guesses(pieces[n] for n in sorted(kept))
    return Reading(tree or Tree(depth=0), text if tree else "", guesses, tuple(faults))


def _first(text: str, piece: _Piece, error: TreeError, depth: int) -> Fault:
    """Return what is wrong with the first entry at fault; what it leaves open may be noticed only further down."""
    if piece.error is not None and piece.is_open and error.place.line - _FIRST_LINE > piece.entry.last:
        said = remedy(text, piece.error, depth=depth, noticed=error)
        if said.end:
            return Fault(piece.error, said)
    return Fault(error, remedy(text, error, depth=depth))


def _below(pieces: tuple[_Piece, ...], faulty: int, first: Fault, depth: int) -> tuple[frozenset[int], list[Fault]]:
    """Return which entries can be read, and the faults; of what may be part of an open quote neither.

    Where a remedy closes it, what stands below is what it will be then.
    """
    kept, faults = list(range(faulty)), [first]
    keys = {piece.entry.key for piece in pieces}
    goes_on = pieces[faulty].is_open and not first.remedy.covers(pieces[faulty].entry.line)
    for number in range(faulty + 1, len(pieces)):
        piece = pieces[number]
        if goes_on or len(faults) >= _MOST_FAULTS:
            break
        if piece.entry.line < first.remedy.end:
            continue  # it is a part of the text that the remedy makes
        if piece.error is None or piece.guess is not None:
            kept.append(number)
        else:
            said = remedy(piece.entry.content, piece.error, depth=depth, above=piece.entry.line, others=keys)
            faults.append(Fault(piece.error, said))
            goes_on = piece.is_open and not said.covers(piece.entry.line)
    return frozenset(kept), faults


def _guesses(pieces: Iterable[_Piece]) -> tuple[Guess, ...]:
    return tuple(piece.guess for piece in pieces if piece.guess is not None)


def _entries(pieces: Iterable[_Piece]) -> tuple[Entry, ...]:
    return tuple(piece.entry for piece in pieces)


def _instead(pieces: Iterable[_Piece]) -> dict[int, str]:
    """Return what stands instead of entries that are guessed, by their index."""
    return {n: piece.entry.instead(piece.guess.line) for n, piece in enumerate(pieces) if piece.guess is not None}


def _read(frontmatter: str, depth: int) -> Tree | None:
    try:
        return read_tree(frontmatter, depth=depth)
    except TreeError:
        return None
