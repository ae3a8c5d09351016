"""Mounts as a container has them: real bind mounts in a mount namespace, and a kubelet outside that breaks them.

This process plays the kubelet, on the directories themselves; a child (container.py) has them mounted and runs a
registry. Removing a directory out here takes mounts away in there without an event, as on a node.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import pytest

from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="did not run: mount namespaces are Linux's")

PROGRAM = Path(__file__).with_name("container.py")
REMEDY = "recreated pod"
SOON = {"resync_interval": 0.1}
NEVER = {"resync_interval": 3600.0}


def agent(name: str, text: str) -> dict[str, str]:
    return {f"{name}.md": f"---\nname: {name}\ndescription: {text}\n---\nDo it.\n"}


@final
class Inside:
    """The child; what is not an attribute here is a command of `container.Container`."""

    def __init__(self, process: subprocess.Popen[bytes], root: Path) -> None:
        self._process = process
        self.root = root

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            assert self._process.stdin is not None
            line = json.dumps([name, arguments, options], default=os.fspath)
            self._process.stdin.write(line.encode() + b"\n")
            answer = self.answer()
            assert "error" not in answer, answer["error"]
            return answer["result"]

        return call

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        read, deadline = b"", time.monotonic() + 30
        while not read.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"no answer from the container, only {read!r}"
            piece = os.read(self._process.stdout.fileno(), 65536)
            assert piece, "the container ended"
            read += piece
        found: dict[str, Any] = json.loads(read)
        return found


@contextmanager
def new_container(tmp_path: Path) -> Iterator[Inside]:
    root = tmp_path / "container" / "claude"
    root.mkdir(parents=True, exist_ok=True)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(PROGRAM)], stdin=pipe, stdout=pipe, bufsize=0) as process:
        try:
            inside = Inside(process, root)
            refused = inside.answer()["refused"]
            if refused:
                pytest.skip(f"did not run: no mount namespace can be had here ({refused})")
            yield inside
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(10) == 0
        finally:
            process.kill()


@pytest.fixture(name="inside")
def a_container(tmp_path: Path) -> Iterator[Inside]:
    with new_container(tmp_path) as inside:
        yield inside


@pytest.fixture(name="volume")
def a_volume(tmp_path: Path) -> ConfigMapVolume:
    volume = ConfigMapVolume(tmp_path / "pods" / "claude")
    volume.write(agent("a", "one"))
    return volume


def rebuild(volume: ConfigMapVolume, files: dict[str, str]) -> None:
    """As a kubelet does that finds a volume half done."""
    shutil.rmtree(volume.path)
    volume.write(files)


def assert_blind(seen: dict[str, Any]) -> None:
    watching, current = seen["conditions"]["Watching"], seen["conditions"]["Current"]
    assert not watching["status"]
    assert (current["status"], current["reason"], current["message"]) == (False, "Failed", watching["message"])


def test_a_volume_that_was_built_anew_outside_is_detached_for_good(
    tmp_path: Path, inside: Inside, volume: ConfigMapVolume
) -> None:
    inside.bind(volume.path, inside.root)
    inside.start(inside.root, **SOON)
    volume.write(agent("a", "two"))
    assert inside.await_served("a", "two")["number"] == 2
    rebuild(volume, agent("a", "three"))
    seen = inside.await_watching("Detached", str(inside.root), str(volume.path), "deleted outside", REMEDY)
    assert_blind(seen)
    assert seen["served"] == {"a": "two"}
    inside.await_unhealthy(0.5)
    volume.write(agent("a", "four"))
    assert inside.reload() == "failed"
    again = inside.look()
    assert again["conditions"] == seen["conditions"]  # `since` too
    with new_container(tmp_path) as recreated:
        recreated.bind(volume.path, recreated.root)
        assert recreated.start(recreated.root, **SOON)["served"] == {"a": "four"}


def test_a_plain_directory_that_was_deleted_outside_is_detached_and_not_empty(inside: Inside, tmp_path: Path) -> None:
    outside = tmp_path / "host"
    outside.mkdir()
    (outside / "a.md").write_text(agent("a", "one")["a.md"])
    inside.bind(outside, inside.root)
    inside.start(inside.root, settle=1.0, allow_empty=True, **SOON)  # longer than the removal can take
    shutil.rmtree(outside)
    seen = inside.await_watching("Detached", "deleted outside", REMEDY)
    assert_blind(seen)
    assert (seen["served"], seen["number"]) == ({"a": "one"}, 1)
    assert seen["conditions"]["Loaded"]["status"]


def test_a_directory_without_a_file_that_is_deleted_is_found_by_its_lost_name(inside: Inside, tmp_path: Path) -> None:
    outside = tmp_path / "host"
    outside.mkdir()
    inside.bind(outside, inside.root)
    inside.start(inside.root, allow_empty=True, **SOON)
    outside.rmdir()
    assert_blind(inside.await_watching("Detached", "deleted outside", REMEDY))


def test_a_start_on_a_deleted_mount_fails_with_the_reason(inside: Inside, volume: ConfigMapVolume) -> None:
    inside.bind(volume.path, inside.root)
    rebuild(volume, agent("a", "two"))
    failed = inside.start(inside.root, **SOON)
    assert failed["reason"] == "Detached"
    assert "deleted outside" in failed["error"]


@pytest.mark.parametrize("then", ["gone", "empty", "plain files"])
def test_a_nested_volume_whose_mount_point_the_kubelet_removed_is_detached(
    inside: Inside, volume: ConfigMapVolume, tmp_path: Path, then: str
) -> None:
    volume.write({"CLAUDE.md": "context"})
    inner = ConfigMapVolume(tmp_path / "pods" / "agents")
    inner.write(agent("b", "one"))
    (volume.path / "agents").mkdir()  # the runtime makes it, since it mounts there
    inside.bind(volume.path, inside.root)
    inside.bind(inner.path, inside.root / "agents")
    assert inside.start(inside.root, **SOON)["served"] == {"b": "one"}
    (volume.path / "agents").rmdir()
    if then != "gone":
        (volume.path / "agents").mkdir()
    if then == "plain files":
        (volume.path / "agents" / "b.md").write_text(agent("b", "not the volume's")["b.md"])
    seen = inside.await_watching("Detached", str(inside.root / "agents"), "a mount of its own", REMEDY)
    assert_blind(seen)
    inside.await_unhealthy(0.5)
    inner.write(agent("b", "two"))
    volume.write({"CLAUDE.md": "other context"})
    assert inside.reload() == "failed"
    assert (inside.look()["served"], inside.look()["number"]) == ({"b": "one"}, 1)


def test_a_nested_plain_mount_that_is_gone_is_no_deletion_of_its_files(inside: Inside, tmp_path: Path) -> None:
    outer, claim = tmp_path / "image", tmp_path / "claim"
    (outer / "agents").mkdir(parents=True)
    claim.mkdir()
    (outer / "agents" / "a.md").write_text(agent("a", "of the image")["a.md"])
    (claim / "b.md").write_text(agent("b", "one")["b.md"])
    inside.bind(outer, inside.root)
    inside.bind(claim, inside.root / "agents")
    assert inside.start(inside.root, **SOON)["served"] == {"b": "one"}
    inside.unmount(inside.root / "agents", lazily=True)
    seen = inside.await_watching("Detached", str(inside.root / "agents"), "a mount of its own", REMEDY)
    assert_blind(seen)
    assert seen["served"] == {"b": "one"}
    inside.bind(claim, inside.root / "agents")
    assert inside.await_watching("")["served"] == {"b": "one"}


def test_s13_a_file_by_subpath_is_told_at_the_start_and_is_served_as_it_was(
    inside: Inside, volume: ConfigMapVolume
) -> None:
    (inside.root / "a.md").touch()
    inside.bind(volume.path / "a.md", inside.root / "a.md")
    seen = inside.start(inside.root, **SOON)
    [warning] = seen["diagnostics"]
    assert (warning["code"], warning["severity"], warning["path"]) == ("subpath-mount", "warning", "a.md")
    assert warning["hint"] == "mount the whole volume, without subPath"
    volume.write(agent("a", "two"))  # deletes what is mounted
    assert inside.reload() == "unchanged"
    seen = inside.look()
    assert seen["served"] == {"a": "one"}
    assert all(condition["status"] for condition in seen["conditions"].values())
    assert [d["code"] for d in seen["diagnostics"]] == ["subpath-mount"]
    assert inside.healthy()


def test_s13_a_directory_by_subpath_is_emptied_by_the_first_edit_and_detached(inside: Inside, tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "pods" / "claude")
    volume.write({"sub/a.md": agent("a", "one")["a.md"]})
    inside.bind(volume.path / "sub", inside.root)
    seen = inside.start(inside.root, **SOON)
    assert [(d["code"], d["path"]) for d in seen["diagnostics"]] == [("subpath-mount", "")]
    volume.write({"sub/a.md": agent("a", "two")["a.md"]})
    seen = inside.await_watching("Detached", "deleted outside", REMEDY)
    assert_blind(seen)
    assert seen["served"] == {"a": "one"}


def test_s13_a_subpath_inside_a_volume_is_not_read_and_that_is_told(
    inside: Inside, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    other = ConfigMapVolume(tmp_path / "pods" / "other")
    other.write({"CLAUDE.md": "context"})
    (volume.path / "CLAUDE.md").touch()  # the runtime makes it
    inside.bind(volume.path, inside.root)
    inside.bind(other.path / "CLAUDE.md", inside.root / "CLAUDE.md")
    [warning] = inside.start(inside.root, **SOON)["diagnostics"]
    assert (warning["code"], warning["path"]) == ("subpath-mount", "CLAUDE.md")
    assert "is not read" in warning["message"]


def test_an_unmounted_file_system_is_told_by_the_kernel_and_can_come_back(inside: Inside) -> None:
    inside.memory(inside.root)
    inside.write(inside.root, agent("a", "one"))
    inside.start(inside.root, **NEVER)
    inside.unmount(inside.root)
    seen = inside.await_watching("Detached")  # no resync: IN_UNMOUNT ended the watch
    assert seen["served"] == {"a": "one"}
    inside.memory(inside.root)
    inside.write(inside.root, agent("a", "two"))
    assert inside.reload() == "published"
    seen = inside.look()
    assert seen["served"] == {"a": "two"}
    assert all(condition["status"] for condition in seen["conditions"].values())


def test_an_unmounted_directory_shows_what_lies_below_and_that_is_not_served(inside: Inside, tmp_path: Path) -> None:
    # Of another mount of a file system that stays mounted elsewhere, the kernel tells nothing.
    outside = tmp_path / "host"
    outside.mkdir()
    (outside / "a.md").write_text(agent("a", "one")["a.md"])
    (inside.root / "a.md").write_text(agent("a", "of the image")["a.md"])
    inside.bind(outside, inside.root)
    inside.start(inside.root, **SOON)
    inside.unmount(inside.root, lazily=True)
    seen = inside.await_watching("Detached", str(inside.root), "a mount of its own", REMEDY)
    assert_blind(seen)
    assert seen["served"] == {"a": "one"}
    inside.bind(outside, inside.root)
    (outside / "a.md").write_text(agent("a", "two")["a.md"])
    inside.await_served("a", "two")


def test_what_is_mounted_over_the_root_is_read_and_what_was_below_comes_back(
    inside: Inside, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    inside.bind(volume.path, inside.root)
    inside.start(inside.root, **SOON)
    other = ConfigMapVolume(tmp_path / "pods" / "other")
    other.write(agent("a", "of the other"))
    inside.bind(other.path, inside.root)
    inside.await_served("a", "of the other")
    inside.unmount(inside.root, lazily=True)  # a look may be under way
    inside.await_served("a", "one")
    inside.memory(inside.root)
    seen = inside.await_watching("Detached")
    assert seen["served"] == {"a": "one"}
    inside.unmount(inside.root, lazily=True)
    assert inside.await_watching("")["served"] == {"a": "one"}
    volume.write(agent("a", "two"))
    inside.await_served("a", "two")


def test_a_mount_that_becomes_read_only_is_followed_as_before(inside: Inside, volume: ConfigMapVolume) -> None:
    inside.bind(volume.path, inside.root)
    inside.start(inside.root, **NEVER)
    inside.read_only(inside.root)
    volume.write(agent("a", "two"))
    assert inside.await_served("a", "two")["missed"] == 0
