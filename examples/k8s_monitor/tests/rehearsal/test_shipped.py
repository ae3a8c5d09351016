"""The recordings that are shipped are those of the builders, small, and come to what stands beside them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.records import Archive, Recorder
from hotagents_k8s_monitor.rehearsal.candidate import generation_at
from hotagents_k8s_monitor.rehearsal.differing import differences
from hotagents_k8s_monitor.rehearsal.expected import read_expected
from hotagents_k8s_monitor.rehearsal.reading import read_recording
from hotagents_k8s_monitor.rehearsal.recording import FILE
from hotagents_k8s_monitor.rehearsal.replaying import replay
from hotagents_k8s_monitor.shipped import config_dir, recordings_dir
from hotagents_k8s_monitor.testing.incidents import scenes
from hotagents_k8s_monitor.testing.incidents.scene import Scene, write

if TYPE_CHECKING:
    from pathlib import Path

    from hotagents import Generation

SCENES: Final = scenes()
MOST: Final = 2_000_000


@pytest.fixture(scope="module")
def generation() -> Generation[Any]:
    return generation_at(config_dir())


def test_there_are_twelve_incidents_and_four_ordinary_days() -> None:
    kinds = [scene.name.partition("/")[0] for scene in SCENES]
    assert (kinds.count("incidents"), kinds.count("ordinary")) == (12, 4)
    assert {path.parent for path in recordings_dir().glob(f"*/*/{FILE}")} == {
        recordings_dir() / scene.name for scene in SCENES
    }


def test_all_of_them_together_are_small() -> None:
    assert sum(path.stat().st_size for path in recordings_dir().rglob("*") if path.is_file()) < MOST


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_recording_holds_what_its_builder_makes(scene: Scene, tmp_path: Path) -> None:
    write(scene, tmp_path)
    made, kept = read_recording(tmp_path / scene.name), read_recording(recordings_dir() / scene.name)
    assert made.header == kept.header
    assert [(look.snapshot, look.took) for look in made.looks()] == [
        (look.snapshot, look.took) for look in kept.looks()
    ]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_recording_comes_to_what_is_expected(scene: Scene, generation: Generation[Any]) -> None:
    directory = recordings_dir() / scene.name
    outcome = replay(read_recording(directory).looks(), generation)
    expected = read_expected(directory)
    assert expected is not None
    assert [str(each) for each in differences(expected[0], outcome, known=expected[1])] == []
    assert outcome.verdicts == expected[0].verdicts


@pytest.mark.parametrize("scene", [s for s in SCENES if s.name.startswith("ordinary/")], ids=lambda scene: scene.name)
def test_nobody_is_told_anything_of_an_ordinary_day(scene: Scene, generation: Generation[Any]) -> None:
    outcome = replay(scene.looks(), generation)
    assert outcome.told == ()
    assert outcome.faults == ()
    assert outcome.verdicts == {"healthy": outcome.looks}


def test_what_could_not_be_seen_is_never_taken_for_healthy(generation: Generation[Any]) -> None:
    (blind,) = [scene for scene in SCENES if scene.name == "incidents/blind"]
    outcome = replay(blind.looks(), generation)
    assert outcome.verdicts["blind"] >= 11
    assert [telling.kind for telling in outcome.told] == ["alert", "resolved"]


def test_a_replay_gives_the_same_each_time(generation: Generation[Any]) -> None:
    directory = recordings_dir() / "incidents/flapping"
    first, second = (replay(read_recording(directory).looks(), generation) for _ in range(2))
    assert first == second


@pytest.mark.untraced
def test_a_node_that_is_lost_with_two_hundred_pods_is_told_as_one_incident(generation: Generation[Any]) -> None:
    (scene,) = [scene for scene in SCENES if scene.name == "incidents/node-down"]
    outcome = replay(scene.looks(), generation)
    assert len(outcome.faults) > 100
    assert {telling.about for telling in outcome.told} == {"Node node-c"}
    assert [telling.kind for telling in outcome.told].count("alert") == 1


def test_a_replay_leaves_records_that_explain_it(generation: Generation[Any], tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "records", keep=timedelta(days=36_500), most_bytes=1 << 26)
    (scene,) = [scene for scene in SCENES if scene.name == "incidents/crash-loop"]
    replay(scene.looks(), generation, recorder=recorder)
    archive = Archive(tmp_path / "records")
    (incident,) = archive.incidents()
    assert incident["end"] == "resolved"
    assert len(archive.cycles(last=100)) == 33
