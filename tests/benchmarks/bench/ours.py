"""What is measured: a registry as an application uses it, waited for in two ways; and one that looks when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from bench.reader import PATIENCE
from hotagents import ConfigRegistry
from hotagents.watchers import SignalWatcher

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from hotagents import AgentSpec, Generation, Snapshot, Source
    from hotagents.watchers import Watcher

__all__ = ["Following", "Still", "Waiting", "still_registry"]

_NEVER: Final = 86_400.0


@final
class Waiting:
    """`ConfigRegistry.wait_for`."""

    def __init__(self, *roots: str, **options: Any) -> None:
        self.registry: ConfigRegistry[AgentSpec] = ConfigRegistry(_source(roots), **options)
        self.registry.start()

    def wait(self, name: str, description: str) -> None:
        """Return once that agent has that description."""
        self.registry.wait_for(lambda generation: _is(generation, name, description), timeout=PATIENCE)

    def close(self) -> None:
        """End it."""
        self.registry.close()


@final
class Following:
    """A loop over `ConfigRegistry.changes`."""

    def __init__(self, *roots: str) -> None:
        self._registry: ConfigRegistry[AgentSpec] = ConfigRegistry(_source(roots))
        self._registry.start()
        self._changes = self._registry.changes()

    def wait(self, name: str, description: str) -> None:
        """Return once that agent has that description."""
        for change in self._changes:
            if _is(change.generation, name, description):
                return

    def close(self) -> None:
        """End it."""
        self._registry.close()


@final
class Still:
    """A source like another one, of which no event tells: a reload happens where and when it is asked for."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self) -> Snapshot:
        """Read the other one."""
        return self._source.read()

    def token(self) -> Hashable:
        """Return the other one's."""
        return self._source.token()

    def watcher(self) -> Watcher:
        """Return a watcher that never hears anything."""
        return SignalWatcher()


def still_registry(source: Source, **options: Any) -> ConfigRegistry[AgentSpec]:
    """Return a started registry that reads when `reload` is called, and never otherwise; the caller closes it."""
    registry: ConfigRegistry[AgentSpec] = ConfigRegistry(Still(source), resync_interval=_NEVER, **options)
    registry.start()
    return registry


def _source(roots: tuple[str, ...]) -> str | Mapping[str, str]:
    return roots[0] if len(roots) == 1 else {f"volume-{number}": root for number, root in enumerate(roots)}


def _is(generation: Generation[AgentSpec], name: str, description: str) -> bool:
    return generation.agents[name].description.startswith(description)
