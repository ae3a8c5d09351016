from __future__ import annotations

import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pytest

from hotagents_k8s_monitor.findings import Owner, fingerprint
from hotagents_k8s_monitor.judging import Finding
from hotagents_k8s_monitor.tracking import Book, Incident, Told, Tracked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AT: Final = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=timezone.utc)
BOUND: Final = 30.0


def book_about(*names: str) -> Book:
    """A book with one open finding and one incident that was told for each name."""
    tracked, incidents = {}, {}
    for name in names:
        owner = Owner("Deployment", "shop", name)
        finding = Finding(
            fingerprint=fingerprint(owner, "deployment-short"),
            rule="deployment-short",
            owner=owner,
            impact="down",
            tier="P1",
            severity="SEV-2",
            message="0 of 3 replicas available",
            objects=(f"deployment/{name}",),
            since=AT - timedelta(hours=1),
            due=AT - timedelta(minutes=45),
            muted=None,
        )
        tracked[finding.fingerprint] = Tracked(finding=finding, first_seen=AT, opened_at=AT)
        incident = Incident(
            id=f"20261124T100000.123456Z-{finding.fingerprint[:8]}",
            owner=owner,
            opened_at=AT,
            findings=(finding,),
            told=Told(AT, "SEV-2", frozenset({finding.fingerprint}), MappingProxyType({"SEV-1": AT, "SEV-2": AT})),
        )
        incidents[incident.id] = incident
    return Book(cluster="demo", tracked=MappingProxyType(tracked), incidents=MappingProxyType(incidents))


@pytest.fixture(name="book_about")
def book_about_function() -> Callable[..., Book]:
    return book_about


@pytest.fixture
def at() -> datetime:
    return AT


@pytest.fixture
def files_below() -> Callable[[Path], dict[str, bytes]]:
    """All files below a directory with their content."""

    def read(root: Path) -> dict[str, bytes]:
        return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}

    return read


@pytest.fixture
def largest_file() -> Callable[[int], object]:
    """A context in which no file of this process grows beyond so many bytes, as on a disk that is full."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture
def killed() -> Callable[[str, Path], None]:
    """Run a program that says when it is where it should die, and kill it there."""

    def run(program: str, directory: Path) -> None:
        command = [sys.executable, "-c", program, str(directory)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            try:
                assert process.stdout.readline() == "here\n"
            finally:
                process.kill()
            assert process.wait(BOUND) == -9

    return run
