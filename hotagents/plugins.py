"""`Plugins`: what is installed beside the library, found and held apart, so that one that is broken hurts no other.

This module and `hotagents.hookspecs` are the only ones that know pluggy. Nothing is loaded at import: `load_plugins` is
called by programs (the command line, ``Host.from_entry_points``), never by `ConfigRegistry`.
"""

from __future__ import annotations

import logging
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

import pluggy

from hotagents import hookspecs
from hotagents.diagnostics import did_you_mean, escape
from hotagents.errors import PluginError
from hotagents.runner import RunnerInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotagents.generation import Change
    from hotagents.loading import Candidate
    from hotagents.runner import CycleResult
    from hotagents.status import RegistryStatus

__all__ = ["Plugins", "Validator", "load_plugins"]

logger: Final = logging.getLogger(__name__)

Validator = tuple[str, "Callable[[Candidate[Any], hookspecs.Report], None]"]


@final
class Plugins:
    """A set of loaded plugins; immutable once built, safe to share between threads.

    Attributes:
        runners: What they offer, by runner's name.
        broken: Names of entry points that could not be loaded, with the reason.
    """

    def __init__(
        self,
        manager: pluggy.PluginManager,
        *,
        runners: Mapping[str, RunnerInfo],
        offers: Mapping[str, frozenset[str]],
        broken: Mapping[str, str],
        hosted: frozenset[str] | None = None,
    ) -> None:
        """Made by `load_plugins`; ``offers`` names the runners of each plugin, ``hosted`` those that run here."""
        self._manager = manager
        self._offers = offers
        self._hosted = hosted
        self.runners = MappingProxyType(dict(runners))
        self.broken = MappingProxyType(dict(broken))

    def runner(self, name: str) -> RunnerInfo:
        """Return one runner's info.

        Raises:
            PluginError: If no plugin offers it; says which are offered and which plugins are broken.
        """
        if name in self.runners:
            return self.runners[name]
        near = did_you_mean(name, self.runners) or f"installed: {', '.join(sorted(self.runners)) or 'none'}"
        broken = "".join(f"; plugin {plugin} is broken: {why}" for plugin, why in self.broken.items())
        raise PluginError(f'no runner "{name}"; {near}{broken}')

    def hosting(self, names: Iterable[str]) -> Plugins:
        """Return the same plugins where just these runners run: only there do their plugins' validators count."""
        return Plugins(
            self._manager, runners=self.runners, offers=self._offers, broken=self.broken, hosted=frozenset(names)
        )

    def implement(self, hook: str) -> bool:
        """Say whether any plugin implements a hook."""
        return bool(self._implementing(hook))

    def validators(self) -> list[Validator]:
        """Return each plugin's validation hook with the plugin's name, in the order in which pluggy calls them."""
        return [
            (name, self._alone("hotagents_validate", plugin))
            for name, plugin in self._implementing("hotagents_validate")
            if self._hosted is None or not self._offers.get(name) or self._offers[name] & self._hosted
        ]

    def generation_published(self, change: Change[Any]) -> None:
        """Tell every plugin; one that raises is logged and keeps nobody from hearing."""
        self._tell("hotagents_generation_published", change=change)

    def generation_rejected(self, status: RegistryStatus) -> None:
        """Tell every plugin; one that raises is logged and keeps nobody from hearing."""
        self._tell("hotagents_generation_rejected", status=status)

    def cycle_finished(self, result: CycleResult) -> None:
        """Tell every plugin; one that raises is logged and keeps nobody from hearing."""
        self._tell("hotagents_cycle_finished", result=result)

    def _tell(self, hook: str, **arguments: object) -> None:
        for name, plugin in self._implementing(hook):
            try:
                self._alone(hook, plugin)(**arguments)
            except Exception:
                logger.exception("plugin %s: %s failed", escape(name), hook, extra={"plugin": name, "hook": hook})

    def _implementing(self, hook: str) -> list[tuple[str, object]]:
        impls = getattr(self._manager.hook, hook).get_hookimpls()
        return [(impl.plugin_name, impl.plugin) for impl in reversed(impls)]

    def _alone(self, hook: str, plugin: object) -> Callable[..., Any]:
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        return self._manager.subset_hook_caller(hook, others)


def load_plugins(
    *, from_entry_points: bool = True, plugins: Mapping[str, object] = MappingProxyType({}), wanted: Iterable[str] = ()
) -> Plugins:
    """Return the plugins that are installed, and those given, as one set.

    Args:
        from_entry_points: Whether to load the entry points of the group ``hotagents``.
        plugins: Further plugins (modules or objects) by name; an error in one of these is raised.
        wanted: Names of entry points that must load; any other that is broken is logged and left out.

    Raises:
        PluginError: If a given or wanted plugin is broken, or two plugins offer a runner of one name.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    must, broken, homes = set(wanted), dict[str, str](), dict[str, str]()
    for name, plugin in plugins.items():
        _register(manager, name, plugin)
        homes[name] = f"plugin {name}"
    for entry in entry_points(group=hookspecs.PROJECT) if from_entry_points else ():
        try:
            _register(manager, entry.name, _loaded(entry.name, entry.load))
        except PluginError as error:
            if entry.name in must:
                raise
            broken[entry.name] = str(error)
            logger.warning("left out: %s", escape(str(error)), extra={"plugin": entry.name})
        else:
            homes[entry.name] = f"{entry.dist.name} {entry.dist.version}" if entry.dist else f"plugin {entry.name}"
    if missing := must - homes.keys():
        raise PluginError(f"no plugin named {', '.join(sorted(missing))} is installed")
    runners, offers = _runners(manager, homes)
    return Plugins(manager, runners=runners, offers=offers, broken=broken)


def _loaded(name: str, load: Callable[[], object]) -> object:
    try:
        return load()
    except Exception as error:
        raise PluginError(f"plugin {name} cannot be imported: {type(error).__name__}: {error}") from error


def _register(manager: pluggy.PluginManager, name: str, plugin: object) -> None:
    """Register one plugin, or leave the manager as it was."""
    try:
        manager.register(plugin, name=name)
    except (ValueError, pluggy.PluginValidationError) as error:
        if manager.get_plugin(name) is plugin:
            manager.unregister(plugin)
        raise PluginError(f"plugin {name} cannot be used: {error}") from error
    known = [hook for hook in dir(hookspecs) if hook.startswith("hotagents_")]
    for caller in manager.get_hookcallers(plugin) or ():
        optional = all(impl.optionalhook for impl in caller.get_hookimpls() if impl.plugin is plugin)
        if not caller.has_spec() and not optional:
            manager.unregister(plugin)
            raise PluginError(f"plugin {name}: there is no hook {caller.name}; {did_you_mean(caller.name, known)}")


def _runners(
    manager: pluggy.PluginManager, homes: Mapping[str, str]
) -> tuple[dict[str, RunnerInfo], dict[str, frozenset[str]]]:
    runners: dict[str, RunnerInfo] = {}
    owner: dict[str, str] = {}
    offers: dict[str, frozenset[str]] = {}
    for impl in manager.hook.hotagents_runners.get_hookimpls():
        offered: Any = impl.function()
        infos = list(offered)
        for info in infos:
            if not isinstance(info, RunnerInfo):
                raise PluginError(f"plugin {impl.plugin_name}: expected RunnerInfo, got {type(info).__name__}")
            if info.name in owner:
                both = f"{homes[owner[info.name]]} and {homes[impl.plugin_name]}"
                raise PluginError(f'runner "{info.name}" is offered by both {both}; uninstall one of them')
            runners[info.name], owner[info.name] = info, impl.plugin_name
        offers[impl.plugin_name] = frozenset(info.name for info in infos)
    return dict(sorted(runners.items())), offers
