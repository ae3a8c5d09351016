"""Mounted agent definitions as immutable, validated, numbered generations that running programs pull atomically.

Everything public is here; the test kit is in `hotagents.testing`.
"""

from __future__ import annotations

from hotagents.diagnostics import Diagnostic
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
from hotagents.pin import Pin
from hotagents.plugins import Plugins, load_plugins
from hotagents.registry import ConfigRegistry
from hotagents.registry.changes import Subscription
from hotagents.runner import Cycle, CycleResult, Runner, RunnerContext, RunnerInfo
from hotagents.snapshot import Part, Snapshot
from hotagents.sources import Directory, File, Memory, Source, Tree, Volume
from hotagents.spec import AgentSpec, Document
from hotagents.status import Condition, RegistryStatus
from hotagents.version import __version__

__all__ = [
    "AgentSpec",
    "Change",
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
    "Subscription",
    "Tree",
    "UnknownGenerationError",
    "UnsettledError",
    "Volume",
    "VolumeState",
    "__version__",
    "hookimpl",
    "load_plugins",
]
