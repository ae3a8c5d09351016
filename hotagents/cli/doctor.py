"""``doctor``: why a mount is not what it should be, from inside the container."""

from __future__ import annotations

from typing import Final

import typer

from hotagents.cli.options import AsJson, Root  # noqa: TC001 - typer evaluates them
from hotagents.cli.output import Output, counted, short_errors

__all__ = ["doctor"]

_STYLES: Final = {"problem": "red", "warning": "yellow", "note": "", "ok": "green"}


@short_errors()
def doctor(root: Root, *, as_json: AsJson = False) -> None:
    """Look at a mount, its events and its content, and say what to do about each finding.

    Exits with 1 where something keeps edits from being served. An empty file is made and removed where that is allowed.
    """
    from hotagents.ops.doctor import examine  # noqa: PLC0415 - heavy

    output = Output(as_json=as_json)
    findings = examine(root)
    problems = sum(finding.level == "problem" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    if as_json:
        output.json({"schema": 1, "path": root, "problems": problems, "findings": [f.to_dict() for f in findings]})
    else:
        for finding in findings:
            output.line(f"{finding.level:8}{finding.check}: {finding.message}", style=_STYLES[finding.level])
            if finding.remedy:
                output.line(f"        {finding.remedy}")
        output.line(f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}")
    raise typer.Exit(1 if problems else 0)
