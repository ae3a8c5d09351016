"""The command line: arguments in, lines out, an exit code.

0 is ok, 1 findings, 2 wrong usage or nothing to read. Every command says the same to people and, with ``--json``, to
programs. Commands import what they need when they run, so that ``--help`` stays fast. `app` lists the commands,
`output` prints, `schema` finds the classes, `reading` reads one path.
"""

from __future__ import annotations

from hotagents.cli.app import app

__all__ = ["app"]
