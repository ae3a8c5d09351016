"""`Diagnostic`: one problem at one place, with the remedy.

Files in a mount are untrusted, so everything that can come from them passes `escape` before a terminal or a log sees
it. Codes are stable; `CODES` lists every one with its meaning, and a test holds the reference page against it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CODES", "Diagnostic", "Severity", "did_you_mean", "errors_in", "escape", "order"]

Severity = Literal["error", "warning", "info"]

_RANK: Final = {"error": 0, "warning": 1, "info": 2}
# Letters, marks, numbers, punctuation and symbols are shown; control, format (bidi!), surrogate, private-use and
# unassigned characters and line separators could move a cursor, forge a log line or hide text, so they are spelled out.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufe0f")  # of a visible category, and yet seen by nobody
_LONGEST_HINT: Final = 4000  # a hint is a line to paste, and useless when it is cut

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # --- the set of files
        "bad-path": "a file name that a digest line cannot hold (newline, carriage return, backslash, not UTF-8)",
        "duplicate-path": "two roots bring a file of the same path",
        "file-held": "a file with an error is held at its last good content, or left out, and the rest goes on",
        "last-good-from-disk": "the last good set from disk is served, since the source could not be at the start",
        "lock-mismatch": "a file is not as the set's lock lists it; nothing is published before all are",
        "lock-misplaced": "a `hotagents.lock` elsewhere than at the root of a volume or of the whole directory",
        "lock-syntax": "a `hotagents.lock` that cannot be read as one",
        "mount-in-content": "a volume is mounted over a directory of another volume's content",
        "not-a-regular-file": "a link, FIFO, socket or device where a file is expected; it is left out",
        "subpath-mount": "a file or directory is mounted with `subPath`, so no edit ever arrives there",
        "too-deep": "directories are nested deeper than the limit",
        "too-large": "a file, or the whole set, is over its size limit",
        "too-many-files": "the set has more files than the limit",
        "volume-held": "a volume with an error is held at its last good content, or left out, and the rest goes on",
        "empty-set": "the set serves no agent, or a volume that served agents serves none",
        # --- Kubernetes manifests
        "bad-mount": "a volume or mount that cannot be, or that nobody reads",
        "configmap-ambiguous": "several ConfigMaps or Secrets of one name",
        "configmap-immutable": "a ConfigMap that is immutable, so that no running pod ever sees another one",
        "configmap-key": "a key that the API server refuses",
        "configmap-missing": "a ConfigMap, a Secret, or a key of one is mounted and not there",
        "configmap-too-large": "the values of a ConfigMap are larger than the API server takes",
        "configmap-value": "a value that is no text, or no base64",
        "manifest-field": "a field of an object is missing or of the wrong type",
        "manifest-syntax": "a manifest is not YAML or JSON, or not a stream of objects",
        "manifest-too-large": "a manifest is nested too deep, or expands to more than is read",
        "unknown-content": "what a pod has at a place is not in the manifests",
        # --- the text of a file
        "alias": "YAML anchors and aliases are refused: a few bytes of them can expand to gigabytes",
        "bad-key": "a mapping's key is a list or a mapping, or merges another one",
        "control-character": "a control character or line separator in the frontmatter was replaced by a space",
        "duplicate-key": "a key stands twice in one mapping",
        "encoding": "the file is not UTF-8",
        "fence-in-frontmatter": "a `---` that is not its end in the frontmatter; an error where a limit is lost",
        "frontmatter-too-large": "the frontmatter is over its size limit",
        "frontmatter-too-deep": "lists and mappings in the frontmatter are nested deeper than the limit",
        "invalid-bytes": "bytes that are not UTF-8 were replaced by U+FFFD",
        "missing-fence": "the file has a `name:` near its top but no `---` on its first line",
        "not-a-mapping": "the frontmatter is not a mapping of keys to values",
        "recovered": "a text without the quotes that YAML wants is taken as it stands",
        "unclosed-fence": "the frontmatter has no closing `---`",
        "unsupported-tag": "a YAML tag other than the core schema's",
        "yaml-syntax": "the frontmatter is not YAML",
        # --- what the frontmatter says
        "beyond-ceiling": "an agent may do more than the program's ceiling allows",
        "bad-name": "an agent's name that is not allowed",
        "comment-in-description": "` #` starts a comment and cuts the description",
        "duplicate-name": "two files define an agent of the same name",
        "invalid-value": "a value outside the allowed ones; it is ignored and the default holds",
        "likely-agent": "a file without a usable `name` that looks like an agent",
        "limit-misspelt": "a tool limit under a key that other readers ignore; it is read as the limit it means",
        "missing-description": "an agent has no description, or an empty one",
        "missing-document": "a document that is required is not there",
        "missing-name": "an agent has no name",
        "model-unknown": "a model that is neither an alias nor looks like a model's id",
        "name-style": "a name that is not lower-case-with-hyphens",
        "names-differ-in-case": "two agents' names differ only in case, or in letters that Unicode calls compatible",
        "not-an-agent": "a Markdown file without a name; it is served as a document",
        "null-tools": "`tools:` without a value, or with unknown tools only: the agent may use no tool at all",
        "unexpected-agent": "an agent for which the program has no class and expects none",
        "unknown-key": "a key that the format does not know; it is kept in `extra`",
        "wrong-type": "a value of the wrong type",
        # --- from a model of the user's, or a plugin
        "invalid-field": "a field that the spec's or document's own model refuses",
        "rejected-by-plugin": "a plugin refused the set, failed, or did not answer in time",
        "plugin-warning": "a plugin has something to say about the set",
    }
)


@final
@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem, located.

    Attributes:
        code: Stable identifier, a key of `CODES`.
        severity: ``error`` refuses the set, ``warning`` and ``info`` do not.
        path: Relative to the root, ``/``-separated; empty when it concerns the set.
        line: From 1, in the file (not in the frontmatter); 0 when it concerns the whole file.
        column: From 1, in characters; 0 when it concerns the whole line.
        key: Dotted key in the frontmatter, empty where none is concerned.
        message: What was expected and what was found.
        hint: What to do, or the line to write instead; may be empty.
    """

    code: str
    severity: Severity
    path: str
    line: int
    column: int
    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Return ``path:line:column: code: key: message; hint`` on one line, safe for terminals and logs."""
        place = escape(self.path) or "(set)"
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        key = f"{escape(self.key)}: " if self.key else ""
        hint = f"; {escape(self.hint, limit=_LONGEST_HINT)}" if self.hint else ""
        return f"{place}: {escape(self.code)}: {key}{escape(self.message)}{hint}"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-ready values, unescaped."""
        return {name: getattr(self, name) for name in self.__slots__}


def order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics errors first, then by place: the order in which people read and fix them."""
    return tuple(sorted(diagnostics, key=lambda d: (_RANK[d.severity], d.path, d.line, d.column, d.code)))


def errors_in(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return those that refuse the set."""
    return tuple(d for d in diagnostics if d.severity == "error")


def escape(text: str, *, limit: int = 500) -> str:
    """Return the text on one line without anything that a terminal or a log could take for an instruction.

    Args:
        text: Untrusted text.
        limit: Characters kept; a longer text ends in an ellipsis, so that no message carries a whole file.
    """
    if len(text) > limit:
        text = text[:limit] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(c) for c in text)


def _visible(char: str) -> str:
    if char.isascii() and char.isprintable():
        return char
    if char in _BLANK or unicodedata.category(char) in _HIDDEN:
        return char.encode("unicode_escape", "surrogatepass").decode("ascii")
    return char


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean "x"?`` for the nearest known word, or nothing when none is near."""
    import difflib  # noqa: PLC0415 - costs 3 ms and is needed only when something is already wrong

    folded = {k.casefold().replace("-", "").replace("_", ""): k for k in known}
    plain = word.casefold().replace("-", "").replace("_", "")
    if near := difflib.get_close_matches(plain, folded, n=1, cutoff=0.75):
        return f'did you mean "{folded[near[0]]}"?'
    return ""
