"""`sarif` and `workflow_commands`: diagnostics for code scanning (SARIF 2.1.0, OASIS) and for GitHub's own log.

Paths come from the repository, messages from files: both are untrusted. SARIF is JSON, in which nothing can be taken
for an instruction; a workflow command is a line of the log, and what parts it is escaped as GitHub's runner reads it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from hotagents.diagnostics import CODES, escape
from hotagents.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hotagents.diagnostics import Diagnostic
    from hotagents.remedy import Edit

__all__ = ["sarif", "workflow_commands"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}
_LONGEST: Final = 4000
_NONE: Final[Mapping[Diagnostic, tuple[Edit, str]]] = MappingProxyType({})


def sarif(
    diagnostics: Sequence[Diagnostic],
    fixes: Mapping[Diagnostic, tuple[Edit, str]] = _NONE,
    *,
    unread: Iterable[str] = (),
) -> dict[str, Any]:
    """Return one run as a JSON-ready log; paths are taken as relative to the repository's root.

    Args:
        diagnostics: All of them.
        fixes: The change that mends each, where there is one, and the text of the file that it changes.
        unread: Why a path could not be read, so that nobody takes its silence for "all is well".
    """
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    driver = {
        "name": "hotagents",
        "version": __version__,
        "rules": [{"id": code, "shortDescription": {"text": CODES.get(code, code)}} for code in codes],
    }
    results = [
        _result(diagnostic, codes.index(diagnostic.code)) | _fixes(diagnostic, *fixes.get(diagnostic, ()))
        for diagnostic in diagnostics
    ]
    failures = [{"level": "error", "message": {"text": escape(text, limit=_LONGEST)}} for text in unread]
    invocation = {"executionSuccessful": not failures, "toolExecutionNotifications": failures}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def workflow_commands(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """Yield a workflow command for each, one a line."""
    for found in diagnostics:
        place = {"file": found.path, "line": found.line or 1, "col": found.column, "title": found.code}
        properties = ",".join(f"{name}={_property(str(value))}" for name, value in place.items() if value)
        yield f"::{_COMMANDS[found.severity]} {properties}::{_data(_message(found))}"


def _result(found: Diagnostic, rule: int) -> dict[str, Any]:
    region = {"startLine": found.line or 1}
    if found.line and found.column:
        region["startColumn"] = found.column
    location = {"artifactLocation": _artifact(found), "region": region}
    return {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": _LEVELS[found.severity],
        "message": {"text": _message(found)},
        **({"locations": [{"physicalLocation": location}]} if found.path else {}),
    }


def _fixes(found: Diagnostic, edit: Edit | None = None, text: str = "") -> dict[str, Any]:
    if edit is None:
        return {}
    change = {"artifactLocation": _artifact(found), "replacements": [_replacement(edit, text)]}
    return {"fixes": [{"description": {"text": escape(found.hint, limit=_LONGEST)}, "artifactChanges": [change]}]}


def _replacement(edit: Edit, text: str) -> dict[str, Any]:
    """Return whole lines and their line ends as a region, and what stands there instead."""
    first, behind, content = edit.change(text)
    region = {"startLine": first[0], "startColumn": first[1], "endLine": behind[0], "endColumn": behind[1]}
    return {"deletedRegion": region, "insertedContent": {"text": content}}


def _artifact(found: Diagnostic) -> dict[str, str]:
    return {"uri": quote(found.path.replace("\\", "/"))}


def _message(found: Diagnostic) -> str:
    key = f"{found.key}: " if found.key else ""
    hint = f"; {found.hint}" if found.hint else ""
    return escape(f"{key}{found.message}{hint}", limit=_LONGEST)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(escape(text)).replace(":", "%3A").replace(",", "%2C")
