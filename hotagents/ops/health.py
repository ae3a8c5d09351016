"""`unhealthy` and `unready`: what liveness and readiness probes are told, in one line; nothing where all is well.

A process that is starting is alive: it ends by itself where it cannot start, and to be restarted before that would only
begin the wait anew. A rejected or held edit is no reason either, since a restart would start on that very edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotagents.diagnostics import escape

if TYPE_CHECKING:
    from hotagents.host import Host
    from hotagents.registry import ConfigRegistry

__all__ = ["unhealthy", "unready"]


def unhealthy(registry: ConfigRegistry[Any], host: Host | None = None) -> str:
    """Return why the process should be restarted, on one safe line; empty where it should not."""
    status = registry.status
    if status.state == "closed":
        return "closed"
    if status.state == "starting":
        return ""
    if not registry.healthy():
        since = status.last_check.isoformat() if status.last_check is not None else "the start"
        return f"no check has finished since {since}" + (f": {status.last_error}" if status.last_error else "")
    seen = host.status if host is not None else None
    if seen is None or seen.healthy:
        return ""
    stuck = [escape(runner.name) for runner in seen.runners if runner.state == "stuck"]
    return f"stuck past its deadline: {', '.join(stuck)}" if stuck else "a runner's cycle is late"


def unready(registry: ConfigRegistry[Any], host: Host | None = None) -> str:
    """Return why nothing should be sent to the process, on one safe line; empty where it is ready."""
    status = registry.status
    if status.state == "closed":
        return "closed"
    if status.generation == 0:
        return "no generation yet"
    return "" if host is None or host.status.ready else "the runners have not begun, or have ended"
