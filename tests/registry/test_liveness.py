"""What a liveness probe is told while checks take long, or cannot be made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, Memory, SourceError, Tree, hookimpl, load_plugins
from hotagents.sources import read_settled
from hotagents.testing import ConfigMapVolume, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Slow:
    """A plugin that takes its time over an edit."""

    def __init__(self) -> None:
        self.asked, self.may_end = threading.Event(), threading.Event()

    @hookimpl
    def hotagents_validate(self, candidate: Any) -> None:
        if candidate.agents["a"].description == "slow":
            self.asked.set()
            assert self.may_end.wait(20)


def test_an_edit_that_is_slow_to_judge_is_no_reason_for_a_restart(agent: Callable[..., str]) -> None:
    clock, slow, source = FakeClock(), Slow(), Memory({"a.md": agent("a")})
    plugins = load_plugins(from_entry_points=False, plugins={"slow": slow})
    with ConfigRegistry(source, clock=clock, plugins=plugins, resync_interval=1, validate_timeout=30) as registry:
        source.write({"a.md": agent("a", "slow")})
        assert slow.asked.wait(10)
        clock.advance(20)
        assert registry.healthy()
        assert not registry.healthy(max_age=3)  # who asks for an age gets an answer to that
        clock.advance(30)
        assert not registry.healthy()  # longer than any check may take
        slow.may_end.set()
        registry.wait_for(lambda g: g.agents["a"].description == "slow", timeout=10)


def test_a_payload_that_is_gone_for_good_is_a_lost_mount(tmp_path: Path, agent: Callable[..., str]) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": agent("a")})
    source = Tree(volume.path)
    read_settled(source)
    (volume.path / volume.payload).rename(tmp_path / "elsewhere")
    with pytest.raises(SourceError, match="leads to nothing") as caught:
        read_settled(source, timeout=0.05)
    assert caught.value.reason == "Detached"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"validate_timeout": -1}, ValueError),
        ({"validate_timeout": float("nan")}, ValueError),
        ({"history": 2.5}, TypeError),
        ({"limits": None}, TypeError),
        ({"ceiling": "Read"}, TypeError),
    ],
)
def test_settings_that_make_no_sense_are_refused_at_once(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(options))):
        ConfigRegistry(Memory({}), **options)


def test_mounts_of_several_roots_never_share_a_name(tmp_path: Path, agent: Callable[..., str]) -> None:
    outer = ConfigMapVolume(tmp_path / "outer")
    outer.write({"agents/a.md": agent("a")})
    inner = outer.nested("b")
    inner.write({"agents/b.md": agent("b")})
    other = ConfigMapVolume(tmp_path / "other")
    other.write({"agents/c.md": agent("c")})
    with ConfigRegistry({"a": outer.path, "a/b": other.path}, resync_interval=3600) as registry:
        assert len(registry.current.volumes) == 3
        inner.write({})
        assert registry.reload() == "rejected"  # none hides behind another's name
        assert set(registry.current.agents) == {"a", "b", "c"}
