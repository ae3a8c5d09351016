"""What the proofs found, each as the smallest case that shows it."""

from __future__ import annotations

import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, Lock
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")

BROKEN = "---\nname: x\ntools: [\n---\n"


def agent(name: str, text: str = "one") -> str:
    return f"---\nname: {name}\ndescription: {text}\n---\n"


def lock_of(files: Mapping[str, str]) -> str:
    hashes = {path: sha256(text.encode()).hexdigest() for path, text in files.items()}
    return Lock(path="hotagents.lock", entries=hashes).text()


class Mount:
    """Two volumes, one inside the other, and the registry on them; every look is the test's own."""

    def __init__(self, root: Path) -> None:
        self.outer = ConfigMapVolume(root / "mount")
        self.outer.write({"CLAUDE.md": "one"})
        self.inner = self.outer.nested("agents")
        self.inner.write({"a.md": agent("a"), "b.md": agent("b")})
        self.registry: ConfigRegistry[Any] | None = None

    def start(self, **options: Any) -> ConfigRegistry[Any]:
        options = {"documents": {"CLAUDE.md": None}, "resync_interval": 3600, **options}
        self.registry = ConfigRegistry(self.outer.path, **options)
        self.registry.start()
        return self.registry


@pytest.fixture(name="mount")
def mounted(tmp_path: Path) -> Iterator[Mount]:
    mount = Mount(tmp_path)
    yield mount
    if mount.registry is not None:
        mount.registry.close()


def said(registry: ConfigRegistry[Any]) -> dict[str, str]:
    return {name: spec.description for name, spec in registry.current.agents.items()}


@pytest.mark.parametrize("new", ["0.md", "z.md"])
def test_a_new_file_that_takes_the_name_of_a_broken_one_is_left_out_wherever_it_sorts(mount: Mount, new: str) -> None:
    registry = mount.start(on_invalid="hold-file")
    mount.inner.write({"a.md": BROKEN, new: agent("a", "impostor"), "b.md": agent("b", "two")})
    registry.reload()
    assert said(registry) == {"a": "one", "b": "two"}


def test_what_was_read_last_stays_told_when_a_hold_ends_on_a_source_that_is_gone(mount: Mount) -> None:
    registry = mount.start(on_invalid="hold-file")
    registry.rollback(1)
    mount.inner.write({"a.md": BROKEN, "b.md": agent("b", "two")})
    registry.reload()
    observed = registry.status.observed_digest
    mount.inner.detach()
    registry.resume()
    assert said(registry) == {"a": "one", "b": "two"}
    assert registry.status.observed_digest == observed != registry.current.digest


def test_a_lock_that_came_later_still_binds_when_its_volume_is_held(mount: Mount) -> None:
    registry = mount.start(on_invalid="hold-volume")
    one = {"CLAUDE.md": "one", "agents/a.md": agent("a"), "agents/b.md": agent("b")}
    mount.outer.write({"CLAUDE.md": "one", "hotagents.lock": lock_of(one)})
    registry.reload()
    mount.outer.write({})
    mount.inner.write({"a.md": agent("a", "two"), "b.md": agent("b", "two")})
    registry.reload()
    assert said(registry) == {"a": "one", "b": "one"}


def test_a_lock_that_was_taken_away_does_not_come_back_with_a_volume_that_is_held(mount: Mount) -> None:
    one = {"CLAUDE.md": "one", "agents/a.md": agent("a"), "agents/b.md": agent("b")}
    mount.outer.write({"CLAUDE.md": "one", "hotagents.lock": lock_of(one)})
    registry = mount.start(on_invalid="hold-volume")
    mount.outer.write({"CLAUDE.md": "one"})
    registry.reload()
    mount.outer.write({})
    mount.inner.write({"a.md": agent("a", "two"), "b.md": agent("b", "two")})
    registry.reload()
    assert said(registry) == {"a": "two", "b": "two"}


def test_a_last_good_set_of_another_layout_does_not_keep_out_what_is_well_again(mount: Mount, tmp_path: Path) -> None:
    options: dict[str, Any] = {"on_start_invalid": "last-good", "state_dir": tmp_path / "state"}
    registry = mount.start(**options)
    registry.confirm(registry.current)
    one_volume = ConfigMapVolume(tmp_path / "another")
    one_volume.write({"CLAUDE.md": "one", "agents/a.md": BROKEN})
    with ConfigRegistry(one_volume.path, resync_interval=3600, **options) as restarted:
        one_volume.write({"CLAUDE.md": "one", "agents/a.md": agent("a", "two")})
        restarted.reload()
        assert said(restarted) == {"a": "two"}


def test_a_broken_lock_beside_content_that_is_held_back_does_not_spoil_it(mount: Mount) -> None:
    registry = mount.start()
    registry.rollback(1)
    good = {"a.md": agent("a", "two"), "b.md": agent("b", "two")}
    mount.inner.write(good)
    registry.reload()
    mount.inner.write({**good, "hotagents.lock": "nonsense"})
    registry.reload()
    registry.resume()
    assert said(registry) == {"a": "two", "b": "two"}
