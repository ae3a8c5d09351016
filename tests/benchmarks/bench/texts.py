"""Agent files of several shapes, from the four keys of a test to what people write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BODY", "SHAPES", "Shape", "agent", "agents"]

Shape = Literal["plain", "quoted", "block", "lists"]
SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
BODY: Final = 6_240
"""Bytes of a body, near the median of what people publish."""
_SENTENCE: Final = "Read the evidence before you judge it.\n"
_FRONTMATTER: Final[Mapping[Shape, str]] = {
    "plain": """\
name: {name}
description: version {version}
tools: Read, Grep
model: sonnet
""",
    "quoted": """\
name: {name}
description: "version {version}: Use this agent when a service misbehaves and nobody knows why.\\n\\nExamples:\\n\
<example>\\nContext: latency of the checkout doubled after a deployment.\\nuser: \\"Why is checkout slow?\\"\\n\
assistant: \\"I'll use the {name} agent to compare the traces of both versions.\\"\\n</example>\\n\
<example>\\nContext: pods are restarted again and again.\\nuser: \\"The API keeps crashing\\"\\n\
assistant: \\"Let me have the {name} agent read the events first.\\"\\n</example>"
tools: "Read, Grep, Glob, Bash(kubectl get *), Bash(kubectl describe *)"
model: 'sonnet'
color: "blue"
""",
    "block": """\
name: {name}
description: |
  version {version}
  Use this agent PROACTIVELY after every change of a manifest.

  It reads what was changed and what depends on it, compares limits with what the
  last week needed, and says in three sentences what will break first:

  - "requests" below what was used
  - probes that cannot succeed in time: the first one after 3 s, the start takes 40 s
  - a disruption budget that forbids every drain
tools: Read, Grep, Glob
# the cheap one will do
model: haiku
permissionMode: plan
""",
    "lists": """\
name: {name}
description: version {version} of a reviewer with everything
tools:
  - Read
  - Grep
  - Bash(git diff *)
  - Bash(git log *)
  - mcp__github__get_pull_request
disallowedTools: [Write, Edit, "Bash(rm *)"]
model: opus
maxTurns: 20
skills:
  - security-review
  - release-notes
mcpServers:
  - github
  - tickets:
      type: http
      url: https://tickets.example/mcp
hooks:
  PreToolUse:
    - matcher: Bash
      hooks:
        - type: command
          command: ./check.sh
memory: project
effort: high
""",
}


def agent(name: str, version: object, *, shape: Shape = "plain", body: int = BODY) -> str:
    """Return the text of one agent's file, its body that many bytes long."""
    text = _SENTENCE * (body // len(_SENTENCE) + 1)
    return f"---\n{_FRONTMATTER[shape].format(name=name, version=version)}---\n{text[:body]}"


def agents(
    count: int, version: object, *, shape: Shape = "plain", body: int = BODY, prefix: str = ""
) -> dict[str, str]:
    """Return that many files by name."""
    names = (f"{prefix}agent-{number}" for number in range(count))
    return {f"{name}.md": agent(name, version, shape=shape, body=body) for name in names}
