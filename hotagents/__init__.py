"""Mounted agent definitions as immutable, validated, numbered generations that running programs pull atomically.

Everything public is here; the test kit is in `hotagents.testing`. A name is imported when it is first asked for, so
that a program pays for what it uses: a plugin that says what it offers loads neither the registry nor the host.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hotagents.ceiling import Ceiling
    from hotagents.clock import Clock, SystemClock
    from hotagents.diagnostics import Diagnostic, did_you_mean, escape
    from hotagents.errors import (
        ClosedError,
        ForkedError,
        HotAgentsError,
        InvalidConfigError,
        NotStartedError,
        PluginError,
        SourceError,
        UnknownGenerationError,
        UnsettledError,
    )
    from hotagents.generation import Change, Delta, Diff, Generation, RightsDelta, VolumeState
    from hotagents.hookspecs import Report, hookimpl
    from hotagents.host import Host, HostStatus, RunnerStatus
    from hotagents.limits import Limits
    from hotagents.lock import Lock
    from hotagents.manifests import Manifests
    from hotagents.pin import Pin
    from hotagents.plugins import Plugins, load_plugins
    from hotagents.registry import ConfigRegistry
    from hotagents.registry.changes import Subscription
    from hotagents.runner import Cycle, CycleResult, Runner, RunnerContext, RunnerInfo, Story
    from hotagents.snapshot import Part, Snapshot
    from hotagents.sources import Directory, File, Memory, Source, Tree, Volume
    from hotagents.spec import AgentSpec, Document
    from hotagents.status import Condition, RegistryStatus
    from hotagents.version import __version__

__all__ = [
    "AgentSpec",
    "Ceiling",
    "Change",
    "Clock",
    "ClosedError",
    "Condition",
    "ConfigRegistry",
    "Cycle",
    "CycleResult",
    "Delta",
    "Diagnostic",
    "Diff",
    "Directory",
    "Document",
    "File",
    "ForkedError",
    "Generation",
    "Host",
    "HostStatus",
    "HotAgentsError",
    "InvalidConfigError",
    "Limits",
    "Lock",
    "Manifests",
    "Memory",
    "NotStartedError",
    "Part",
    "Pin",
    "PluginError",
    "Plugins",
    "RegistryStatus",
    "Report",
    "RightsDelta",
    "Runner",
    "RunnerContext",
    "RunnerInfo",
    "RunnerStatus",
    "Snapshot",
    "Source",
    "SourceError",
    "Story",
    "Subscription",
    "SystemClock",
    "Tree",
    "UnknownGenerationError",
    "UnsettledError",
    "Volume",
    "VolumeState",
    "__version__",
    "did_you_mean",
    "escape",
    "hookimpl",
    "load_plugins",
]

_NAMES: Final = {
    "hotagents.ceiling": "Ceiling",
    "hotagents.clock": "Clock SystemClock",
    "hotagents.diagnostics": "Diagnostic did_you_mean escape",
    "hotagents.errors": (
        "ClosedError ForkedError HotAgentsError InvalidConfigError NotStartedError PluginError SourceError "
        "UnknownGenerationError UnsettledError"
    ),
    "hotagents.generation": "Change Delta Diff Generation RightsDelta VolumeState",
    "hotagents.hookspecs": "Report hookimpl",
    "hotagents.host": "Host HostStatus RunnerStatus",
    "hotagents.limits": "Limits",
    "hotagents.lock": "Lock",
    "hotagents.manifests": "Manifests",
    "hotagents.pin": "Pin",
    "hotagents.plugins": "Plugins load_plugins",
    "hotagents.registry": "ConfigRegistry",
    "hotagents.registry.changes": "Subscription",
    "hotagents.runner": "Cycle CycleResult Runner RunnerContext RunnerInfo Story",
    "hotagents.snapshot": "Part Snapshot",
    "hotagents.sources": "Directory File Memory Source Tree Volume",
    "hotagents.spec": "AgentSpec Document",
    "hotagents.status": "Condition RegistryStatus",
    "hotagents.version": "__version__",
}
_HOMES: Final = {name: home for home, names in _NAMES.items() for name in names.split()}


if not TYPE_CHECKING:  # or any misspelt name would pass a type checker

    def __getattr__(name: str) -> Any:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(home), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
