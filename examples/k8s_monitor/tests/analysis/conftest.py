from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.analysis.analyst import Analyst
from hotagents_k8s_monitor.analysis.asking import Sources
from hotagents_k8s_monitor.analysis.keeping import Kept
from hotagents_k8s_monitor.analysis.model import Access
from hotagents_k8s_monitor.analysis.terms import Terms
from hotagents_k8s_monitor.testing.reading import NoReading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.testing.model import ModelServer

MODELS = {"haiku": "small-1", "sonnet": "middle-1", "opus": "large-1", "inherit": "middle-1"}


def terms(**changes: Any) -> Terms:
    """Terms of a test: much time, few requests."""
    usual: dict[str, Any] = {
        "models": MODELS,
        "prices": {},
        "interval": 600.0,
        "seconds": 30.0,
        "turns": 12,
        "tokens": 100_000,
        "dollars": 0.0,
        "logs_of": (),
        "emails": True,
    }
    return Terms(**{**usual, **changes})


def analyst(
    server: ModelServer, clock: Any, *, directory: Path | None = None, waits: bool = True, reads: Any = NoReading,
    github: Any = None,     **changes: Any,
) -> Analyst:  # fmt: skip
    """Who asks a server."""
    where = Access(base_url=server.url, api_key="secret-key", auth_token="")
    sources = Sources(reads=reads, github=github)
    return Analyst(where, terms(**changes), Kept(directory), sources, clock=clock, waits=waits)


@pytest.fixture(name="terms")
def terms_function() -> Callable[..., Terms]:
    return terms


@pytest.fixture(name="analyst")
def analyst_function() -> Callable[..., Analyst]:
    return analyst


@pytest.fixture
def asking(make_bench: Callable[..., Any]) -> Callable[..., Any]:
    """A monitor whose cycles ask a server, and wait for it."""

    def make(server: ModelServer, *, recorder: Any = None, **options: Any) -> Any:
        return make_bench(recorder=recorder, analyst=lambda clock: analyst(server, clock, **options))

    return make
