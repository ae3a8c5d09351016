"""What lies in the demo's two ConfigMaps, before and after each edit; files by name."""

from __future__ import annotations

from typing import Final

__all__ = ["BROKEN", "CONTEXT", "FIRST", "NARROW", "SECOND"]

_REVIEWER: Final = """\
---
name: reviewer
description: Reviews a proposed fix
tools: Read, Grep
---
You look for what could go wrong. You change nothing.
"""
_TRIAGE: Final = """\
---
name: triage
model: {model}
description: {description}
tools: {tools}
---
{prompt}
"""
_SCRIBE: Final = """\
---
name: scribe
description: Writes the report
tools: Read, Write
---
You write what happened, in order, in plain words.
"""
CONTEXT: Final = {"CLAUDE.md": "# Cluster context\n\nThe production cluster of the demo.\n"}


def _triage(
    *,
    model: str = "haiku",
    description: str = "Sorts alerts by urgency",
    tools: str = "Read, Bash(kubectl get *)",
    prompt: str = "You sort alerts: now, today or later.",
) -> str:
    return _TRIAGE.format(model=model, description=description, tools=tools, prompt=prompt)


_BETTER: Final = _triage(model="sonnet", prompt="You sort alerts: now, today or later. Say why in one sentence.")
FIRST: Final = {"triage.md": _triage(), "reviewer.md": _REVIEWER}
SECOND: Final = {"triage.md": _BETTER, "reviewer.md": _REVIEWER, "scribe.md": _SCRIBE}
BROKEN: Final = {**SECOND, "triage.md": _triage(description='"Sorts alerts by urgency')}
NARROW: Final = {**FIRST, "triage.md": _triage(tools="Read")}
