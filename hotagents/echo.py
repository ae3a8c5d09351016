"""The built-in runner `echo`: prints what it was given. For a first look, and as the shortest example of a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from hotagents.diagnostics import escape
from hotagents.hookspecs import hookimpl
from hotagents.runner import CycleResult, RunnerInfo

if TYPE_CHECKING:
    from hotagents.runner import Cycle, RunnerContext

__all__ = ["Echo", "hotagents_runners"]


@final
class Echo:
    """Prints one line for the generation and one for each agent."""

    def run(self, cycle: Cycle) -> CycleResult:
        """Print and return the names."""
        generation = cycle.generation
        print(f"[{cycle.trigger}] generation {generation.number} {generation.digest[:19]}", flush=True)  # noqa: T201
        for agent in generation.agents.values():
            tools = "all tools" if agent.tools is None else ", ".join(agent.tools) or "no tools"
            line = f"{agent.name}  model={agent.model}  tools={tools}  {agent.description}"
            print("  " + escape(line, limit=160), flush=True)  # noqa: T201
        names = list(generation.agents)
        count = "1 agent" if len(names) == 1 else f"{len(names)} agents"
        listed = f"{count}: {', '.join(names)}" if names else count
        return CycleResult(summary=listed, data={"agents": names})


def _create(_context: RunnerContext) -> Echo:
    return Echo()


@hookimpl
def hotagents_runners() -> list[RunnerInfo]:
    """Offer `echo`."""
    return [RunnerInfo("echo", "prints the agents of each generation", _create)]
