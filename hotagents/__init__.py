"""Mounted agent definitions as immutable, validated, numbered generations that running programs pull atomically.

Everything public is here; the test kit is in `hotagents.testing`.
"""

from __future__ import annotations

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
