from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents import ConfigRegistry
    from hotagents.testing import ConfigMapVolume, FakeClock

AGENT = "---\nname: a\ndescription: d\n---\nDo it.\n"


def test_a_volume_lies_below_the_temporary_directory(configmap_volume: ConfigMapVolume, tmp_path: Path) -> None:
    assert configmap_volume.path.parent == tmp_path
    assert not configmap_volume.path.exists()


def test_a_clock_stands_still(fake_clock: FakeClock) -> None:
    assert fake_clock.now() == fake_clock.now()


@pytest.mark.skipif(sys.platform == "win32", reason="the volume needs symbolic links")
def test_a_registry_serves_a_volume(
    registry: Callable[..., ConfigRegistry[Any]], configmap_volume: ConfigMapVolume
) -> None:
    configmap_volume.write({"a.md": AGENT})
    served = registry(configmap_volume, history=2)
    configmap_volume.write({"a.md": AGENT.replace("Do it.", "Do more.")})
    generation = served.wait_for(lambda generation: generation.number == 2, timeout=10)
    assert generation.agents["a"].prompt.strip() == "Do more."


OUTER = """
import pytest
from hotagents.testing import Memory

STARTED = []

def test_starts(registry):
    STARTED.extend([registry(Memory({"a.md": AGENT})), registry(Memory({"a.md": AGENT}))])
    assert [one.status.state for one in STARTED] == ["current", "current"]
    with pytest.raises(Exception, match="no agent"):
        registry(Memory({}))

def test_finds_them_closed():
    assert [one.status.state for one in STARTED] == ["closed", "closed"]

def test_has_the_other_fixtures(configmap_volume, fake_clock):
    configmap_volume.write({"a.md": AGENT})
    fake_clock.advance(1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the volume needs symbolic links")
def test_pytest_finds_the_fixtures_and_closes_registries_after_each_test(tmp_path: Path) -> None:
    (tmp_path / "test_outer.py").write_text(f"AGENT = {AGENT!r}\n{OUTER}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "hotagents.testing.pytest_plugin", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [*command, str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1][:8]) == (0, "3 passed"), done.stdout
