"""The hooks by which another distribution adds a notifier or a rule; one small file, so that it can be read at once.

::

    from hotagents_k8s_monitor.hooks import hookimpl


    @hookimpl
    def k8s_monitor_notifiers() -> list[Notifier]:
        url = os.environ.get("MY_PAGER_URL")
        return [MyPager(url)] if url else []


    @hookimpl
    def k8s_monitor_rules() -> list[Rule]:
        return [Rule(id="my-rule", summary="...", detect=my_rule, needs=("pods",), hold=timedelta(minutes=5))]

A plugin is a module or object named by an entry point in the group ``hotagents_k8s_monitor``. One that is not
configured returns nothing; one that cannot be loaded is logged and left out, since a monitor that tells fewer people is
better than none. Rules that cannot be had leave the monitor blind, which it says: nobody looks at what they would have.
"""

from __future__ import annotations

import logging
import sys
from functools import partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

import pluggy

from hotagents import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotagents_k8s_monitor.notify import Notifier
    from hotagents_k8s_monitor.rules import Rule

__all__ = [
    "PROJECT",
    "hookimpl",
    "k8s_monitor_notifiers",
    "k8s_monitor_rules",
    "loaders",
    "notifiers_of_plugins",
    "rules_of",
]

PROJECT: Final = "hotagents_k8s_monitor"
hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)
logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")


@hookspec
def k8s_monitor_notifiers() -> Iterable[Notifier]:  # type: ignore[empty-body]  # a specification has no body
    """Return the plugin's notifiers, each with a name of its own. Called once, when ``run`` begins."""


@hookspec
def k8s_monitor_rules() -> Iterable[Rule]:  # type: ignore[empty-body]  # a specification has no body
    """Return the plugin's rules, each with an id of its own: pure functions of a snapshot, see
    `hotagents_k8s_monitor.rules.Rule`. Called once a process, before the first configuration is judged.
    """


def notifiers_of_plugins(plugins: Mapping[str, object] | None = None) -> tuple[Notifier, ...]:
    """Return what all plugins offer.

    Args:
        plugins: By name; None for those that are installed.
    """
    found: list[Notifier] = []
    for name, load in loaders(plugins).items():
        try:
            manager = _managed(name, load)
            offered = [notifier for some in manager.hook.k8s_monitor_notifiers() for notifier in some]
            found += [_checked(notifier) for notifier in offered]
        except Exception:
            logger.exception("plugin %s: its notifiers are left out", escape(name, limit=100))
    return tuple(found)


def rules_of(name: str, load: Callable[[], object]) -> tuple[Rule, ...]:
    """Return what one plugin offers.

    Args:
        name: Its name.
        load: Returns it.

    Raises:
        Exception: Whatever the plugin raises, or TypeError if something that it offers is no rule.
    """
    from hotagents_k8s_monitor.rules.base import Rule as _Rule  # noqa: PLC0415 - which asks for plugins itself

    offered = tuple(rule for some in _managed(name, load).hook.k8s_monitor_rules() for rule in some)
    for rule in offered:
        if not isinstance(rule, _Rule):
            raise TypeError(f"expected rules, got {type(rule).__name__}")
    return offered


def loaders(plugins: Mapping[str, object] | None = None) -> dict[str, Callable[[], object]]:
    """Return what loads each plugin, by name: those given, or those that are installed."""
    if plugins is None:
        return {entry.name: entry.load for entry in entry_points(group=PROJECT)}
    return {name: partial(_same, plugin) for name, plugin in plugins.items()}


def _same(plugin: object) -> object:
    return plugin


def _managed(name: str, load: Callable[[], object]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(sys.modules[__name__])
    manager.register(load(), name=name)
    manager.check_pending()
    return manager


def _checked(notifier: Notifier) -> Notifier:
    if not isinstance(getattr(notifier, "name", None), str) or not callable(getattr(notifier, "send", None)):
        raise TypeError(f"expected a notifier with a name and a method send, got {type(notifier).__name__}")
    return notifier
