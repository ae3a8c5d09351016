"""`report`: what one process serves and whether it is well, as a JSON object that may leave the process.

The same object is the status file, what ``/status`` serves and what ``ctl`` answers. Its ``schema`` changes when a
field goes or changes its meaning; fields may be added. It holds names, digests, counts and what is wrong, each bounded;
never a prompt, a file's content or what a runner found.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hotagents.clock import Clock, SystemClock
from hotagents.ops.health import unhealthy, unready
from hotagents.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.generation import Generation
    from hotagents.host import Host, HostStatus
    from hotagents.registry import ConfigRegistry
    from hotagents.spec import AgentSpec
    from hotagents.status import RegistryStatus

__all__ = ["SCHEMA", "encoded", "report"]

SCHEMA: Final = 1
_MOST_AGENTS: Final = 1000
_MOST_DIAGNOSTICS: Final = 100
_MOST_TOOLS: Final = 30
_LONGEST_ENTRY: Final = 200
_LONGEST_TEXT: Final = 1000
_TRIES: Final = 3


def report(
    registry: ConfigRegistry[Any],
    host: Host | None = None,
    *,
    interval: float | None = None,
    error: str = "",
    clock: Clock = SystemClock(),  # noqa: B008 - without state
) -> dict[str, Any]:
    """Return the report of this moment. From any thread; never does I/O.

    Args:
        registry: Started or not.
        host: What runs on it, None where nothing does.
        interval: Seconds within which the next report is due, None where reports are made on demand.
        error: Why the process ended, where it did.
        clock: Where ``at`` comes from.

    Raises:
        ForkedError: In a forked child.
    """
    status, generation = _of_one_instant(registry)
    return {
        "schema": SCHEMA,
        "hotagents": __version__,
        "at": clock.now().isoformat(),
        "interval": interval,
        "error": error[:_LONGEST_TEXT],
        "unhealthy": unhealthy(registry, host),
        "unready": unready(registry, host),
        "registry": _registry(status),
        "generation": None if generation is None else _generation(generation),
        "host": None if host is None else _host(host.status),
    }


def encoded(value: Mapping[str, Any]) -> bytes:
    """Return a report as one line of JSON, ASCII alone, newline included."""
    return json.dumps(value, separators=(",", ":")).replace("\x7f", "\\u007f").encode("ascii") + b"\n"


def _of_one_instant(registry: ConfigRegistry[Any]) -> tuple[RegistryStatus, Generation[Any] | None]:
    """Return a status and the generation that it speaks of, which a publication may push out of the history."""
    for _ in range(_TRIES):
        status = registry.status
        found = next((g for g in registry.history if g.number == status.generation), None)
        if found is not None or status.generation == 0:
            return status, found
    return registry.status, None


def _registry(status: RegistryStatus) -> dict[str, Any]:
    values = status.to_dict()
    shown = [_cut(diagnostic) for diagnostic in values["diagnostics"][:_MOST_DIAGNOSTICS]]
    left_out = len(values["diagnostics"]) - len(shown)
    return values | {"diagnostics": shown, "diagnostics_left_out": left_out}


def _generation(generation: Generation[Any]) -> dict[str, Any]:
    agents = list(generation.agents.items())
    return {
        "number": generation.number,
        "digest": generation.digest,
        "restores": generation.restores,
        "created_at": generation.created_at.isoformat(),
        "lock": generation.lock.to_dict() if generation.lock is not None else None,
        "volumes": {
            name: {"kind": v.kind, "location": v.location, "payload": v.payload, "digest": v.digest}
            for name, v in generation.volumes.items()
        },
        "agents": {name: _agent(agent) for name, agent in agents[:_MOST_AGENTS]},
        "agents_left_out": len(agents[_MOST_AGENTS:]),
        "documents": len(generation.documents),
    }


def _agent(agent: AgentSpec) -> dict[str, Any]:
    tools = None if agent.tools is None else [str(tool)[:_LONGEST_ENTRY] for tool in agent.tools[:_MOST_TOOLS]]
    return {"model": str(agent.model)[:_LONGEST_ENTRY], "tools": tools, "path": agent.path, "digest": agent.digest}


def _host(status: HostStatus) -> dict[str, Any]:
    """Return the host without what its runners found, which may be anything."""
    values = status.to_dict()
    for runner in values["runners"]:
        if runner["last"] is not None:
            runner["last"] = _cut({name: found for name, found in runner["last"].items() if name != "data"})
    return values


def _cut(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[:_LONGEST_TEXT] if isinstance(found, str) else found for name, found in values.items()}
