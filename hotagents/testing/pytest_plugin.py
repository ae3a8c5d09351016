"""Fixtures for pytest, which finds this module by itself where the package is installed.

Each fixture imports what it needs only when a test uses it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hotagents.registry import ConfigRegistry
    from hotagents.sources import SourceLike
    from hotagents.testing.clock import FakeClock
    from hotagents.testing.volume import ConfigMapVolume

__all__ = ["configmap_volume", "fake_clock", "registry"]


@pytest.fixture
def configmap_volume(tmp_path: Path) -> ConfigMapVolume:
    """A ConfigMap's volume below ``tmp_path``, not yet written."""
    from hotagents.testing.volume import ConfigMapVolume  # noqa: PLC0415 - only for tests that use it

    return ConfigMapVolume(tmp_path / "configmap")


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock that only the test moves."""
    from hotagents.testing.clock import FakeClock  # noqa: PLC0415 - only for tests that use it

    return FakeClock()


@pytest.fixture
def registry() -> Iterator[Callable[..., ConfigRegistry[Any]]]:
    """A function that starts a registry and returns it; all of them are closed at the end of the test.

    It takes what `ConfigRegistry` takes, such as a `ConfigMapVolume` or a `Memory`, and raises what ``start`` raises.
    """
    from hotagents.registry import ConfigRegistry  # noqa: PLC0415 - only for tests that use it

    with ExitStack() as started:

        def start(source: SourceLike, **options: Any) -> ConfigRegistry[Any]:
            return started.enter_context(ConfigRegistry(source, **options))

        yield start
