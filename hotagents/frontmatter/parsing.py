"""`parse`: the steps from bytes to a `Page`, and the diagnostics of each."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import Diagnostic
from hotagents.frontmatter.closing import BELOW_LAST_KEY, closing, heading_key
from hotagents.frontmatter.events import SAID_BY_PARSER, read_tree
from hotagents.frontmatter.fences import Split, is_fenced, lost_key, name_line, split
from hotagents.frontmatter.page import RECOVERED, TAKEN, Page, Position, Value
from hotagents.frontmatter.quoting import quoted
from hotagents.frontmatter.recovery import Fault, Guess, Reading, read_apart
from hotagents.frontmatter.remedies import Remedy, remedy
from hotagents.frontmatter.rights import could_be_tool, right_meant
from hotagents.frontmatter.text import LINE_BREAK, decode, place_of, without_control_characters
from hotagents.frontmatter.tree import Tree, TreeError
from hotagents.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hotagents.diagnostics import Severity
    from hotagents.frontmatter.closing import Closing
    from hotagents.frontmatter.page import Keys

__all__ = ["ended", "page_of", "parse", "unclosed"]

_MOST_REPEATED: Final = 50  # 64 KiB hold 8,000 repeated keys
_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning")
_BELOW: Final = 40  # lines of the body that may go on with an open list
_NOTHING: Final[Mapping[str, Value]] = MappingProxyType({})
_GOES_ON: Final = "close it above the closing ---, or remove that --- where it goes on below"
_LIMITS: Final = ("tools", "disallowedTools", "permissionMode", "maxTurns", "hooks")
_LIMIT: Final = re.compile(rf"(?:\A|(?<=[\r\n]))({'|'.join(_LIMITS)}):(?=\s)")
_HEADING: Final = re.compile(r"(?:\r\n|\r|\n){2}#{1,6} ")
# A fence of other signs or with something behind it, or the beginning of a block of code around the file.
_MEANT_AS_FENCE: Final = re.compile(r"[ \t]*(?:(?:[-*_=][ \t]*){2,}+|[\u2010-\u2015]++|`{3,})(?:\w+|#.*)?[ \t]*")
_ONE_LINE: Final = re.compile(r"""[\w-]+:[ \t]+(?:[^\s"'\[{|>].*|"[^"]*"|'[^']*'|\[[^\[]*\]|\{[^{]*\})[ \t]*""")
_COMMENT: Final = re.compile(r"[ \t]+#[^\r\n]*")


def parse(path: str, content: bytes, *, limits: Limits = Limits(), recover: bool = True) -> Page:
    """Return a file taken apart; never raises, whatever the bytes are.

    Args:
        path: For the diagnostics: relative to the root, ``/``-separated.
        content: The whole file.
        limits: Bounds for the frontmatter.
        recover: Whether a text on one line that YAML refuses, nearly always for a `: ` in it, is taken as it stands.
    """
    text, found = decode(path, content)
    if not is_fenced(text):
        line = name_line(text)
        if line:
            found.append(_missing_fence(path, text, line))
        return Page(path, MappingProxyType({}), text, diagnostics=tuple(found))
    parts = split(text)
    if parts is None:
        found.append(unclosed(path, text))
        return Page(path, MappingProxyType({}), text, fenced=True, diagnostics=tuple(found))
    return page_of(path, parts, limits=limits, recover=recover, found=found)


def page_of(path: str, parts: Split, *, limits: Limits, recover: bool = True, found: Iterable[Diagnostic] = ()) -> Page:
    """Return the page of a text that was taken apart already; ``found`` is what is known to be wrong with it."""
    found = [*found, *ended(path, parts)]
    frontmatter, warnings = without_control_characters(path, parts.frontmatter)
    found += warnings
    reading = _closed_above(_read(frontmatter, parts, limits, recover=recover), parts)
    tree, cut = reading.tree, parts.cut
    found += [_refused(path, fault, cut) for fault in reading.faults]
    found += [_recovered(path, guess) for guess in reading.guesses]
    found += _repeated(path, reading.text, tree) if tree.repeated else ()
    found += _comment(path, reading.text, tree) if tree.description_end >= 0 else ()
    found += () if reading.faults else _swallowed(path, frontmatter, tree)
    values = MappingProxyType(tree.values)
    return Page(
        path,
        _NOTHING if reading.faults else values,
        parts.body,
        fenced=True,
        diagnostics=tuple(found),
        positions=MappingProxyType(_within(tree.places, cut)),
        key_positions=MappingProxyType(tree.key_places),
        recovered=frozenset(guess.entry.key for guess in reading.guesses),
        partial=values if reading.faults else _NOTHING,
        text=frontmatter,
    )


def _read(frontmatter: str, parts: Split, limits: Limits, *, recover: bool) -> Reading:
    try:
        _guard_size(frontmatter, limits)
    except TreeError as error:
        return Reading(Tree(depth=0), "", (), (Fault(error, Remedy("move text below the closing ---")),))
    depth = limits.frontmatter_depth
    try:
        return Reading(read_tree(frontmatter, depth=depth), frontmatter, (), ())
    except TreeError as error:
        if parts.cut is not None:  # where it ends is in doubt, and so is where its last entry does
            said = remedy(frontmatter, error, depth=depth)
            # Lines to write instead of that with the dashes would take what stands behind these.
            said = Remedy("") if said.covers(parts.cut.line - 2) and parts.cut.column > 1 else said
            return Reading(Tree(depth=0), "", (), (Fault(error, said),))
        return read_apart(frontmatter, parts.frontmatter, error, depth=depth, recover=recover)


def _closed_above(reading: Reading, parts: Split) -> Reading:
    """Return a reading with what helps where the first fault is the text below a fence that is missing."""
    if not reading.faults or reading.faults[0].error.code != "yaml-syntax":
        return reading
    error, said = reading.faults[0]
    if _cuts_off(parts, said):
        return reading._replace(faults=(Fault(error, Remedy(_GOES_ON)), *reading.faults[1:]))
    if said.end and not _HEADING.search(parts.frontmatter):
        return reading
    place = _closing(parts, last=error.place.line)
    return reading if place is None else reading._replace(faults=(Fault(error, Remedy(place.hint)),))


def _cuts_off(parts: Split, said: Remedy) -> bool:
    """Say whether lines to write would close a value of which more, or a limit, may stand below the fence."""
    above, below = LINE_BREAK.split(parts.frontmatter)[:-1], LINE_BREAK.split(parts.body, _BELOW)[:_BELOW]
    if not said.covers(len(above) - 1):
        return False
    fence = next((number for number, line in enumerate(below) if line.rstrip() == "---"), 0)
    if any(_LIMIT.match(f"{line}\n") for line in below[:fence]):
        return True
    first = next(filter(str.strip, below), "")
    is_more = first.startswith((" ", "\t", "-", "]")) or could_be_tool(f"- {first}")
    return said.hint.endswith("]") and "]" not in above[-1] and (is_more or above[-1].rstrip().endswith(","))


def _within(places: dict[Keys, Position], cut: Position | None) -> dict[Keys, Position]:
    # Behind a text that does not end with a line, libyaml counts one line more than there is.
    return places if cut is None else {keys: min(place, cut) for keys, place in places.items()}


def _guard_size(frontmatter: str, limits: Limits) -> None:
    size = len(frontmatter.encode(errors="surrogatepass"))
    if size > limits.frontmatter_bytes:
        message = f"expected at most {limits.frontmatter_bytes} bytes of frontmatter, got {size}"
        raise TreeError("frontmatter-too-large", Position(2, 1), message)


def _refused(path: str, fault: Fault, cut: Position | None) -> Diagnostic:
    error = fault.error
    line, column = error.place if cut is None else min(error.place, cut)
    return Diagnostic(error.code, "error", path, line, column, "", error.problem, fault.remedy.hint)


def _swallowed(path: str, frontmatter: str, tree: Tree) -> Iterator[Diagnostic]:
    """Yield an error for a limit at the left margin that a quote or a bracket has made a part of another value."""
    lines = f"\n{frontmatter}".replace("\r", "\n")
    # Counting is cheap; every file pays for it.
    if tree.repeated or all(lines.count(f"\n{key}:") == (key in tree.values) for key in _LIMITS):
        return
    keys = {place.line for keys, place in tree.key_places.items() if len(keys) == 1}
    for found in _LIMIT.finditer(frontmatter):
        place = place_of(frontmatter, found.start(), first_line=2)
        if place.line not in keys:
            message = f'expected "{found[1]}" as a key of its own, got it within another value'
            hint = "close the quote or the bracket above it, or indent the line if it is text"
            yield Diagnostic("yaml-syntax", "error", path, *place, "", message, hint)
            return


def _recovered(path: str, guess: Guess) -> Diagnostic:
    said = guess.error.problem.partition(SAID_BY_PARSER)[0]
    hint = f"write: {guess.line}"
    return Diagnostic(RECOVERED, "warning", path, *guess.place, guess.entry.key, said + TAKEN, hint)


def _missing_fence(path: str, text: str, line: int) -> Diagnostic:
    above = LINE_BREAK.split(text, line)[: line - 1]
    fence = next((number for number, said in enumerate(above, 1) if said.strip() == "---"), 0)
    message = f'expected --- alone on line 1 of a file with "name:" on line {line}'
    last = fence or 1
    if above and _MEANT_AS_FENCE.fullmatch(above[0]) and not any(map(str.strip, above[1 : last - 1])):
        hint = f"replace lines 1-{last} by: ---" if last > 1 else "replace line 1 by: ---"
    elif fence:
        hint = f"move the --- of line {fence} to the very beginning of the file"
    else:
        hint = "write --- on line 1, above the keys, and --- on a line of its own below them"
    return Diagnostic("missing-fence", "error", path, 1, 1, "", message, hint)


def unclosed(path: str, text: str) -> Diagnostic:
    """Return what is wrong with a text whose opening fence no dashes follow."""
    message = "expected a closing ---, got the file's end"
    if key := heading_key(text):
        hint = f'write "{key}:" without the #, each key on a line of its own, and --- alone on the line below the last'
    elif place := closing(text):
        hint = place.hint
    else:
        hint = BELOW_LAST_KEY
    return Diagnostic("unclosed-fence", "error", path, 1, 1, "", message, hint)


def ended(path: str, parts: Split) -> Iterator[Diagnostic]:
    """Yield what is wrong with the end of the frontmatter.

    An error where a limit would be lost; a warning at a cut, and at dashes at which other readers cut.
    """
    lost = lost_key(parts)
    if parts.cut is not None:
        message = "expected a closing --- alone on its line, got none; the frontmatter ends at this one"
        message += f', and "{lost}" below would be lost' if lost else ""
        severity: Severity = "error" if lost else "warning"
        hint = _closing_hint(parts, parts.cut.line, lost)
        yield Diagnostic("fence-in-frontmatter", severity, path, *parts.cut, "", message, hint)
        return
    if (dashes := parts.frontmatter.find("---")) >= 0:
        place = place_of(parts.frontmatter, dashes, first_line=2)
        message = "expected no --- above the closing one, got one; other readers end the frontmatter here"
        yield Diagnostic("fence-in-frontmatter", "warning", path, *place, "", message, "write fewer or other signs")
    if lost:
        line = place_of(parts.frontmatter, len(parts.frontmatter), first_line=2).line
        message = f'expected one closing ---, got a second further down: "{lost}" between the two would be lost'
        yield Diagnostic("fence-in-frontmatter", "error", path, line, 1, "", message, "remove this ---")


def _closing(parts: Split, *, last: int = 0) -> Closing | None:
    """Return where a frontmatter surely ends that was taken to end elsewhere."""
    above = f"---\n{parts.frontmatter}---"
    return closing(above + ("" if parts.cut else "\n") + parts.body, end=place_of(above, len(above)).line, last=last)


def _closing_hint(parts: Split, cut: int, lost: str) -> str:
    """Return where to close a frontmatter that dashes on a line of it cut: below the limit that would be lost."""
    place = _closing(parts)
    if place is not None and (place.line > cut) == bool(lost):
        return place.hint
    return f'write --- on a line of its own below "{lost}"' if lost else BELOW_LAST_KEY


def _repeated(path: str, frontmatter: str, tree: Tree) -> Iterator[Diagnostic]:
    # Of a limit that stands twice the last is read, and either of the two could be the wider one.
    grave = {keys: bool(right_meant(str(keys[0]))) for keys in tree.repeated}
    lines = LINE_BREAK.split(frontmatter)
    for severity in _SEVERITIES:
        found = [keys for keys, is_grave in grave.items() if is_grave == (severity == "error")]
        yield from (_twice(path, lines, keys, tree.repeated[keys], severity) for keys in found[:_MOST_REPEATED])
        if len(found) > _MOST_REPEATED:
            message = f"and {len(found) - _MOST_REPEATED} more of these"
            yield Diagnostic("duplicate-key", severity, path, 0, 0, "", message)


def _twice(
    path: str, lines: Sequence[str], keys: Keys, places: tuple[Position, Position], severity: Severity
) -> Diagnostic:
    message = f'expected "{keys[-1]}" once, got it again; the first is on line {places[0].line}'
    message += "" if severity == "error" else ", the last one counts"
    key = ".".join(map(str, keys))
    hint = "remove the line" if _are_equal(lines, *(line - 2 for line, _ in places)) else "remove one of the two"
    return Diagnostic("duplicate-key", severity, path, *places[1], key, message, hint)


def _are_equal(lines: Sequence[str], one: int, other: int) -> bool:
    """Say whether two entries at the left margin, each on a line of its own, say the same."""
    if lines[one] != lines[other] or not _ONE_LINE.fullmatch(lines[one]):
        return False
    below = (next(filter(str.strip, lines[number + 1 :]), "") for number in (one, other))
    return not any(line.startswith((" ", "\t", "-")) for line in below)


def _comment(path: str, frontmatter: str, tree: Tree) -> Iterator[Diagnostic]:
    comment = _COMMENT.match(frontmatter, tree.description_end)
    if comment is None:
        return
    text = f"{tree.values['description'] or ''}{comment[0]}".strip()
    last = place_of(frontmatter, tree.description_end, first_line=2).line
    hint = _whole(frontmatter, text, tree.key_places["description",], last)
    message = 'expected the whole text, got what stands before " #", which begins a comment'
    yield Diagnostic(
        "comment-in-description", "warning", path, *tree.places["description",], "description", message, hint
    )


def _whole(frontmatter: str, text: str, key: Position, last: int) -> str:
    """Return what to write instead of a description's lines, so that it is the whole text."""
    indent = LINE_BREAK.split(frontmatter, key.line - 1)[key.line - 2][: key.column - 1]
    if indent.strip() or frontmatter.lstrip().startswith("{"):
        return "quote the whole text"  # in braces it has no lines of its own
    line = f"{indent}description: {quoted(text)}"
    if key.line < last:
        return f"replace lines {key.line}-{last} by: {line}"
    return f"replace line {last} by: {line}" if indent else f"write: {line}"
