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

__all__ = ["Plugins", "Validator", "load_plugins", "text_of"]

logger: Final = logging.getLogger(__name__)

Validator = tuple[str, "Callable[[Candidate[Any], hookspecs.Report], None]"]


@final
class Plugins:
    """A set of loaded plugins; immutable once built, safe to share between threads.

    Attributes:
        runners: What they offer, by runner's name.
        broken: Names of entry points that could not be used, with the reason; unescaped.
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
        raise PluginError("; ".join([f'no runner "{name}"', near, *self.broken.values()]))

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
            except (Exception, SystemExit):
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
    loading = _Loading()
    for name, plugin in plugins.items():
        loading.add(name, plugin, home=f"plugin {name}")
    must = set(wanted) - plugins.keys()
    for entry in entry_points(group=hookspecs.PROJECT) if from_entry_points else ():
        home = f"{entry.dist.name} {entry.dist.version}" if entry.dist else f"plugin {entry.name}"
        # One name in two distributions: both are loaded, since what they offer decides whether they collide.
        name = entry.name if loading.is_free(entry.name) else f"{entry.name} of {home}"
        try:
            loading.add(name, _loaded(name, entry.load), home=home)
        except PluginError as error:
            if entry.name in must:
                raise
            loading.broken[name] = str(error)
            logger.warning("left out: %s", escape(str(error)), extra={"plugin": name})
    if missing := must - loading.homes.keys():
        raise PluginError(f"no plugin named {', '.join(sorted(missing))} is installed")
    return loading.plugins()


@final
class _Loading:
    """Plugins on their way into a set: each is in it as a whole or not at all."""

    def __init__(self) -> None:
        self.homes: dict[str, str] = {}
        self.broken: dict[str, str] = {}
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._offered: dict[str, list[RunnerInfo]] = {}

    def is_free(self, name: str) -> bool:
        """Say whether no plugin has the name, a broken one included."""
        return name not in self.homes and name not in self.broken

    def add(self, name: str, plugin: object, *, home: str) -> None:
        """Register one plugin and ask for its runners.

        Raises:
            PluginError: If it is broken; everything is as before.
        """
        try:
            hash(plugin)  # what pluggy needs only later, when a hook is called
            self._manager.register(plugin, name=name)
            self._refuse_unknown_hooks(name, plugin)
            self._offered[name] = self._runners(name)
        except (Exception, SystemExit) as error:
            if self._manager.get_plugin(name) is plugin:
                self._manager.unregister(plugin)
            if isinstance(error, PluginError):
                raise
            raise PluginError(f"plugin {name} cannot be used: {text_of(error)}") from error
        self.homes[name] = home

    def plugins(self) -> Plugins:
        """Return the set.

        Raises:
            PluginError: If two plugins offer a runner of one name.
        """
        owner: dict[str, str] = {}
        runners: dict[str, RunnerInfo] = {}
        for plugin, infos in self._offered.items():
            for info in infos:
                if info.name in owner:
                    both = f"{self.homes[owner[info.name]]} and {self.homes[plugin]}"
                    raise PluginError(f'runner "{info.name}" is offered by both {both}; uninstall one of them')
                runners[info.name], owner[info.name] = info, plugin
        offers = {plugin: frozenset(info.name for info in infos) for plugin, infos in self._offered.items()}
        return Plugins(self._manager, runners=dict(sorted(runners.items())), offers=offers, broken=self.broken)

    def _refuse_unknown_hooks(self, name: str, plugin: object) -> None:
        known = [hook for hook in dir(hookspecs) if hook.startswith("hotagents_")]
        for caller in self._manager.get_hookcallers(plugin) or ():
            optional = all(impl.optionalhook for impl in caller.get_hookimpls() if impl.plugin is plugin)
            if not caller.has_spec() and not optional:
                near = did_you_mean(caller.name, known) or f"hooks: {', '.join(known)}"
                raise PluginError(f"plugin {name}: there is no hook {caller.name}; {near}")

    def _runners(self, name: str) -> list[RunnerInfo]:
        impls: list[Any] = self._manager.hook.hotagents_runners.get_hookimpls()
        infos = [info for impl in impls if impl.plugin_name == name for info in impl.function()]
        for info in infos:
            if not isinstance(info, RunnerInfo):
                raise PluginError(f"plugin {name}: expected RunnerInfo, got {type(info).__name__}")
        return infos


def _loaded(name: str, load: Callable[[], object]) -> object:
    try:
        return load()
    except (Exception, SystemExit) as error:
        raise PluginError(f"plugin {name} cannot be imported: {text_of(error)}") from error


def text_of(error: BaseException) -> str:
    """Return what foreign code raised as text, unescaped; never raises, though the error's own ``__str__`` may."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an error that cannot be shown is still one
        text = "(its text cannot be had)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
