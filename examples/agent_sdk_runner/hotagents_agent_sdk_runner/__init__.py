"""A runner for hotagents on the Claude Agent SDK: one question a cycle, answered by the agents of one generation.

`plugin` is what hotagents finds, `runner` does one cycle. What a mounted file may say is in `reader` (an agent) and
`context` (the document), what only the deployment may say in `settings`. `asking` makes of all that the options of one
query, `answering` of its end a result.
"""

from __future__ import annotations

__all__: list[str] = []
