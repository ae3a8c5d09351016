"""A GitHub with one repository, and what asks it; a workload that was just rolled out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.changes import Changes, GitHub
from hotagents_k8s_monitor.testing.github import FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY: Final = "example-org/checkout-api"
TOKEN: Final = "ghp-test"  # noqa: S105 - of a server that does not exist


@pytest.fixture
def server() -> Iterator[FakeGitHub]:
    with FakeGitHub(REPOSITORY, token=TOKEN) as server:
        yield server


@pytest.fixture
def github(server: FakeGitHub) -> Callable[..., GitHub]:
    def make(*, token: str = TOKEN, seconds: float = 20.0, base_url: str = "") -> GitHub:
        return GitHub(token, base_url=base_url or server.url, seconds=seconds)

    return make


@pytest.fixture
def changes(github: Callable[..., GitHub]) -> Callable[..., Changes]:
    def make(**options: Any) -> Changes:
        return Changes({"checkout-api": REPOSITORY}, window=timedelta(hours=2), source=github(**options))

    return make
