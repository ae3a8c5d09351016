"""`Runner`: a program's work on agents, in cycles; what it is given and what it returns.

A runner is announced by a `RunnerInfo`, which is cheap to read: heavy imports belong into ``create``. Each cycle gets
one generation, pinned, from its start to its end. `hotagents.host` runs runners; `hotagents.hookspecs` says how a
plugin offers them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, final, runtime_checkable

from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    import logging
    import threading

    from pydantic import BaseModel

    from hotagents.generation import Generation
    from hotagents.pin import Pin

__all__ = ["Cycle", "CycleResult", "CycleStatus", "Runner", "RunnerContext", "RunnerInfo", "Story", "Trigger"]

Trigger = Literal["start", "interval", "change", "manual"]
CycleStatus = Literal["ok", "failed", "timeout", "cancelled"]
_EPOCH: Final = datetime.fromtimestamp(0, timezone.utc)


@final
@dataclass(frozen=True, slots=True)
class CycleResult:
    """The outcome of one cycle.

    A runner fills the first three; the host the rest.

    Attributes:
        status: ``ok`` or ``failed`` from the runner; the host adds ``timeout`` and ``cancelled``.
        summary: One line for people.
        data: JSON-ready facts for machines.
        error: What was raised, as text; empty where nothing was.
        runner: Name of the runner.
        cycle_id: `Cycle.id`.
        trigger: Why the cycle ran.
        generation: Number of the generation it ran on.
        digest: Its digest.
        started_at: Aware UTC.
        duration: Seconds.
    """

    status: CycleStatus = "ok"
    summary: str = ""
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    error: str = ""
    runner: str = ""
    cycle_id: str = ""
    trigger: Trigger = "manual"
    generation: int = 0
    digest: str = ""
    started_at: datetime = _EPOCH
    duration: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, as far as ``data`` is."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {"started_at": self.started_at.isoformat(), "data": dict(self.data)}


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cycle:
    """One run of a runner, on one generation from beginning to end.

    Attributes:
        id: Unique among all cycles of all processes.
        pin: The generation, with rights that shrink when a publication takes some away.
        trigger: Why it runs.
        deadline: On the host's monotonic clock, or None where the host has no time-out.
        cancelled: Set when the cycle should end early: past its deadline, or when the grace of a stop has passed.
            Async runners are cancelled besides.
        logger: Carries runner, cycle, generation and digest in every record.
    """

    id: str
    pin: Pin[Any]
    trigger: Trigger
    deadline: float | None
    cancelled: threading.Event
    logger: logging.LoggerAdapter[logging.Logger]

    @property
    def generation(self) -> Generation[Any]:
        """The pinned generation."""
        return self.pin.generation


@runtime_checkable
class Runner(Protocol):
    """What a plugin's author writes.

    ``run`` may be a plain function, which the host calls in a worker thread, or a coroutine function, which all run on
    one persistent event loop of the host's. Two cycles of one runner never overlap. Optional methods, plain or
    async like ``run``: ``setup()`` before the first cycle, within 30 seconds or the host's grace where that is longer,
    and again after it failed; ``teardown()`` after the last.
    """

    def run(self, cycle: Cycle) -> CycleResult | Awaitable[CycleResult]:
        """Do the work of one cycle; whatever it raises is a failed cycle, and the next one comes all the same."""
        ...


@final
@dataclass(frozen=True, slots=True)
class RunnerContext:
    """What ``create`` is given.

    Attributes:
        name: The runner's name.
        logger: To log with.
    """

    name: str
    logger: logging.Logger


class Story(Protocol):
    """What ``RunnerInfo.demo`` is given: a voice to tell the runner's story with. What it says is escaped.

    `hotagents.demo.Stage` runs a runner on volumes for it.
    """

    def head(self, text: str) -> None:
        """Begin a step, for people."""
        ...

    def say(self, text: str, **facts: object) -> None:
        """Say one step: ``text`` to people, to machines one JSON object of ``facts`` with the text."""
        ...

    def show(self, *lines: str) -> None:
        """Show lines as they are to people; machines are given facts instead."""
        ...


Create: TypeAlias = Callable[[RunnerContext], Runner]
Demo: TypeAlias = Callable[[Story], None]


@final
@dataclass(frozen=True, slots=True)
class RunnerInfo:
    """What a plugin says of a runner before anything of it is imported.

    Attributes:
        name: What it is called by, unique among all plugins.
        summary: One line for people.
        create: Makes the runner; heavy imports go here.
        spec: Class of its agents, or classes by agent's name with ``"*"`` for the rest.
        documents: Frontmatter models of the documents that it requires, by path; None for any frontmatter.
        demo: Tells the runner's story to `hotagents demo`; None where there is none.
    """

    name: str
    summary: str
    create: Create
    spec: type[AgentSpec] | Mapping[str, type[AgentSpec]] = AgentSpec
    documents: Mapping[str, type[BaseModel] | None] = field(default_factory=lambda: MappingProxyType({}))
    demo: Demo | None = None
