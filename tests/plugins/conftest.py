from __future__ import annotations

import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def _install(site: Path, distribution: str, entry: str, code: str | None) -> None:
    """Lay a distribution out as an installer does: a module and what it says of itself."""
    module = f"{distribution.replace('-', '_')}_plugin"
    info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[hotagents]\n{entry} = {module}\n")
    if code is not None:
        (site / f"{module}.py").write_text(dedent(code))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that this process imports from, and whose modules are forgotten afterwards."""
    path = tmp_path / "site"
    path.mkdir()
    monkeypatch.syspath_prepend(str(path))
    before = set(sys.modules)
    yield path
    for name in set(sys.modules) - before:
        if name.endswith("_plugin"):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Callable[..., None]:
    """A function that installs ``(distribution, entry, code)``; without code the module is missing."""

    def into(distribution: str, entry: str, code: str | None) -> None:
        _install(site, distribution, entry, code)

    return into
