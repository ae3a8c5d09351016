"""What each step costs, beside a floor in the same group: compare the rows of a group, not two runs."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from hotagents import ConfigRegistry, Tree
from hotagents.loading import Schema, load
from hotagents.spec import AgentSpec
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

FILES = 50
BODY = "Read the evidence before you judge it.\n" * 160


def text(name: str, version: int) -> str:
    return f"---\nname: {name}\ndescription: version {version}\ntools: Read, Grep\nmodel: sonnet\n---\n{BODY}"


@pytest.fixture(name="volume")
def mounted(tmp_path: Path) -> ConfigMapVolume:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({f"agent-{n}.md": text(f"agent-{n}", 0) for n in range(FILES)})
    return volume


@pytest.fixture(name="registry")
def started(volume: ConfigMapVolume) -> Iterator[ConfigRegistry[AgentSpec]]:
    with ConfigRegistry(volume.path, resync_interval=3600) as registry:
        yield registry


class Bare:
    __slots__ = ("current",)

    def __init__(self) -> None:
        self.current = object()


@pytest.mark.benchmark(group="pull: read the current generation 1,000 times")
def test_floor_bare_attribute(benchmark: BenchmarkFixture) -> None:
    bare = Bare()

    def pull() -> None:
        for _ in range(1000):
            bare.current  # noqa: B018 - the read is what is timed

    benchmark(pull)


@pytest.mark.benchmark(group="pull: read the current generation 1,000 times")
def test_registry_current(benchmark: BenchmarkFixture, registry: ConfigRegistry[AgentSpec]) -> None:
    def pull() -> None:
        for _ in range(1000):
            registry.current  # noqa: B018 - the read is what is timed

    benchmark(pull)


@pytest.mark.benchmark(group="look: nothing changed")
def test_floor_stat_and_readlink(benchmark: BenchmarkFixture, volume: ConfigMapVolume) -> None:
    root, link = str(volume.path), str(volume.path / "..data")
    benchmark(lambda: (os.stat(root), os.readlink(link)))


@pytest.mark.benchmark(group="look: nothing changed")
def test_token(benchmark: BenchmarkFixture, volume: ConfigMapVolume) -> None:
    source = Tree(volume.path)
    source.read()
    benchmark(source.token)


@pytest.mark.benchmark(group=f"load: {FILES} files read, all parsed")
def test_floor_open_read_and_yaml(benchmark: BenchmarkFixture, volume: ConfigMapVolume) -> None:
    def naive() -> list[Any]:
        loaded = []
        for entry in os.scandir(volume.path / "..data"):
            with open(entry.path, encoding="utf-8") as file:
                _, frontmatter, body = file.read().split("---\n", 2)
            loaded.append((yaml.load(frontmatter, yaml.CSafeLoader), body))
        return loaded

    assert len(benchmark(naive)) == FILES


@pytest.mark.benchmark(group=f"load: {FILES} files read, all parsed")
def test_read_and_load(benchmark: BenchmarkFixture, volume: ConfigMapVolume) -> None:
    source, schema = Tree(volume.path), Schema(AgentSpec)
    candidate = benchmark(lambda: load(source.read(), schema))
    assert len(candidate.agents) == FILES


@pytest.mark.benchmark(group=f"swap: one of {FILES} files changed, from the rename to a waiting reader")
def test_swap_to_visible(
    benchmark: BenchmarkFixture, volume: ConfigMapVolume, registry: ConfigRegistry[AgentSpec]
) -> None:
    versions = itertools.count(1)

    def prepare() -> tuple[tuple[int], dict[str, Any]]:
        return (next(versions),), {}

    def swap(version: int) -> None:
        volume.update({"agent-7.md": text("agent-7", version)})
        registry.wait_for(lambda g: g.agents["agent-7"].description == f"version {version}", timeout=10)

    benchmark.pedantic(swap, setup=prepare, rounds=50)  # type: ignore[no-untyped-call]  # not typed there


@pytest.mark.benchmark(group=f"swap: one of {FILES} files changed, from the rename to a waiting reader")
def test_floor_the_swap_itself(benchmark: BenchmarkFixture, volume: ConfigMapVolume) -> None:
    versions = itertools.count(1)
    benchmark.pedantic(lambda: volume.update({"agent-7.md": text("agent-7", next(versions))}), rounds=50)  # type: ignore[no-untyped-call]  # not typed there
