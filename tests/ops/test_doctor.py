"""The doctor: each thing that is wrong with a mount is a finding with a remedy."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from hotagents.limits import Limits
from hotagents.ops import doctor, surroundings
from hotagents.ops.doctor import examine
from hotagents.sources.mounts import parse
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents.ops.finding import Finding

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="volumes are not for Windows")
AGENT = "---\nname: {}\ndescription: d\n---\nDo it.\n"
LINE = "{} 1 8:1 {} {} rw - ext4 /dev/sda1 rw\n"


@pytest.fixture(name="volume")
def mounted(tmp_path: Path) -> ConfigMapVolume:
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": AGENT.format("a")})
    return volume


@pytest.fixture(name="mounts")
def written_table(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def write(text: str) -> None:
        monkeypatch.setattr(doctor, "mounts_now", lambda: parse(LINE.format(1, "/", "/") + text))

    return write


def of(findings: tuple[Finding, ...], check: str) -> list[Finding]:
    return [finding for finding in findings if finding.check == check]


def worst(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.level in {"problem", "warning"}]


def test_a_good_volume_has_nothing_to_mend(volume: ConfigMapVolume, mounts: Callable[[str], None]) -> None:
    mounts("")
    findings = examine(str(volume.path))
    assert worst(findings) == []
    assert "1 agent, digest sha256:" in of(findings, "set")[0].message
    assert volume.payload in of(findings, "layout")[0].message
    assert "a change was heard of after" in of(findings, "events")[0].message
    assert of(findings, "lock")[0].level == "note"
    assert not any("hotagents-doctor" in name for name in os.listdir(volume.path))


def test_a_path_that_is_not_there_says_how_far_the_way_goes(tmp_path: Path) -> None:
    (finding,) = examine(str(tmp_path / "none"))
    assert (finding.level, finding.check) == ("problem", "path")
    assert "its parent is there" in finding.message
    (finding,) = examine(str(tmp_path / "no" / "where"))
    assert "is not there either" in finding.message


def test_a_mount_whose_source_was_deleted(volume: ConfigMapVolume, mounts: Callable[[str], None]) -> None:
    mounts(LINE.format(2, "/pods/x/volume//deleted", volume.path.resolve()))
    (finding,) = of(examine(str(volume.path)), "mount")
    assert finding.level == "problem"
    assert "deleted outside" in finding.message
    assert "delete the pod" in finding.remedy


def test_a_mount_below_that_died(volume: ConfigMapVolume, mounts: Callable[[str], None]) -> None:
    inner = volume.nested("agents")
    inner.write({"b.md": AGENT.format("b")})
    mounts(LINE.format(2, "/pods/x/inner//deleted", inner.path.resolve()))
    assert [f.level for f in of(examine(str(volume.path)), "mount")] == ["ok", "problem"]


def test_a_subpath_mount(tmp_path: Path, mounts: Callable[[str], None]) -> None:
    file = tmp_path / "a.md"
    file.write_text(AGENT.format("a"))
    mounts(LINE.format(2, "/pods/x/..2026_11_24_02_45_00.1815/a.md", file.resolve()))
    (finding,) = of(examine(str(file)), "mount")
    assert finding.level == "problem"
    assert "without subPath" in finding.remedy


def test_a_volume_that_lost_its_link_inside_a_tree(volume: ConfigMapVolume) -> None:
    (volume.path / "..data").unlink()
    (volume.path / "..data").symlink_to("nowhere")
    findings = examine(str(volume.path))
    assert of(findings, "read")[0].level == "problem"
    assert of(findings, "inotify")


def test_a_volume_that_lost_its_link_before_anybody_looked_is_no_plain_directory(volume: ConfigMapVolume) -> None:
    volume.write({"a.md": "---\nname: a\ndescription: d\n---\n"})
    (volume.path / "..data").unlink()
    (found,) = of(examine(str(volume.path)), "volume")
    assert found.level == "problem"
    assert "detached" in found.message
    assert "delete the pod" in found.remedy


def test_stale_payloads_a_dead_kubelet_and_links_to_nowhere(volume: ConfigMapVolume) -> None:
    stale = volume.stale_payload({"b.md": "half"})
    (volume.path / "gone.md").symlink_to("..data/gone.md")
    (volume.path / "..data_tmp").symlink_to(stale)
    findings = of(examine(str(volume.path)), "volume")
    said = {finding.message.split(": ", 1)[1].split(" (")[0]: finding.level for finding in findings}
    assert said == {
        "a ..data_tmp was left behind: the kubelet died while it wrote": "problem",
        "1 payload": "note",
        "1 visible link": "note",
    }


def test_a_plain_directory_with_links_and_odd_names(tmp_path: Path) -> None:
    (tmp_path / "a b.md").write_text(AGENT.format("a"))
    (tmp_path / "link.md").symlink_to("/etc/passwd")
    findings = examine(str(tmp_path))
    assert "1 name (a b.md)" in of(findings, "names")[0].message
    assert "1 link (link.md)" in of(findings, "links")[0].message
    assert "root:" not in str(findings)


def test_what_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text(AGENT.format("a"))
    (tmp_path / "notes.txt").write_text("x")
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("notes.txt") and real(path, mode))
    (finding,) = of(examine(str(tmp_path)), "permissions")
    assert finding.level == "problem"
    assert "1 path (notes.txt) that user" in finding.message


def test_a_lock_that_does_not_fit(volume: ConfigMapVolume) -> None:
    volume.update({"hotagents.lock": f"# hotagents.lock 1\n# release: 1.2\n{'0' * 64}  a.md\n"})
    (finding,) = of(examine(str(volume.path)), "lock")
    assert finding.level == "problem"
    assert "release 1.2" in finding.message
    assert "a.md: lock-mismatch" in finding.message


def test_sets_that_no_registry_would_serve(tmp_path: Path) -> None:
    (finding,) = of(examine(str(tmp_path)), "set")
    assert finding.message.startswith("no agent")
    (tmp_path / "a.md").write_text("---\nname: a\n---\n")
    (finding,) = of(examine(str(tmp_path)), "set")
    assert "a.md:1:1: missing-description" in finding.message


def test_sizes_near_a_limit(volume: ConfigMapVolume) -> None:
    volume.update({"big.txt": "x" * 900_000})
    findings = examine(str(volume.path), limits=Limits(total_bytes=1_000_000))
    assert of(findings, "size")[0].level == "warning"
    assert "split it" in of(findings, "layout")[0].remedy


def test_a_directory_without_events(volume: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(surroundings, "watcher_for", refuse)
    (finding,) = of(examine(str(volume.path)), "events")
    assert finding.level == "warning"
    assert "No space left" in finding.message


def test_an_event_that_does_not_come(volume: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf:
        mode = "deaf"

        def wait(self, _: float | None) -> str:
            return "timeout"

        def close(self) -> None:
            pass

    monkeypatch.setattr(surroundings, "watcher_for", lambda *_: Deaf())
    (finding,) = of(examine(str(volume.path)), "events")
    assert finding.level == "warning"
    assert "found by the resync" in finding.remedy


def test_a_directory_that_cannot_be_written_is_not_tried(
    volume: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "not tried" in of(examine(str(volume.path)), "events")[0].message


def test_limits_of_inotify_that_are_nearly_used_up(volume: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "_in_use", lambda: (127, 5))
    monkeypatch.setattr(surroundings, "_number", lambda path: 128 if path.name == "max_user_instances" else None)
    findings = of(examine(str(volume.path)), "inotify")
    assert findings[0].level == "warning"
    assert "sysctl -w fs.inotify.max_user_instances=512" in findings[0].remedy
    assert [finding.level for finding in findings[1:]] == ["note", "note"]


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_its_own_watches_are_counted(volume: ConfigMapVolume) -> None:
    from hotagents import ConfigRegistry  # noqa: PLC0415

    before = surroundings._in_use()
    with ConfigRegistry(volume.path):
        assert surroundings._in_use()[0] > before[0] - 1
        assert surroundings._in_use()[1] >= 1
