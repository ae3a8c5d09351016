"""Recorded clusters: what is shipped, what is stored, and how one is moved in time."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest

from hotagents_k8s_monitor.testing import FakeCluster, Frame, Recording
from hotagents_k8s_monitor.testing.kinds import KINDS
from hotagents_k8s_monitor.testing.recording import SHIPPED, names
from hotagents_k8s_monitor.testing.scenarios import scenarios
from hotagents_k8s_monitor.testing.scenarios.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("healthy", "node-drain", "rollout", "trouble")
TODAY = datetime(2031, 2, 3, 4, 5, 6, tzinfo=timezone.utc)


def _frames() -> Iterator[tuple[str, Frame]]:
    for name in NAMES:
        for number, frame in enumerate(Recording.load(name).frames):
            yield f"{name} {number:02}", frame


FRAMES = tuple(_frames())
ADD_ONS = {kind.resource for kind in KINDS if kind.is_optional}
LISTS = sorted(SHIPPED.glob("*/*/*.json"))
each_frame = pytest.mark.parametrize("frame", [frame for _, frame in FRAMES], ids=[name for name, _ in FRAMES])


# --- files ------------------------------------------------------------------------------------------------------------


def test_four_recordings_are_shipped() -> None:
    assert names() == NAMES
    assert {name: len(Recording.load(name).frames) for name in NAMES} == {
        "healthy": 1, "node-drain": 6, "rollout": 6, "trouble": 1,
    }  # fmt: skip
    assert all(Recording.load(name).summary.endswith(".") for name in NAMES)


def test_the_stored_files_are_what_the_scenarios_write(tmp_path: Path) -> None:
    main(tmp_path)
    written, stored = _files(tmp_path), _files(SHIPPED)
    assert sorted(written) == sorted(stored)
    drifted = [name for name, content in written.items() if stored[name] != content]
    assert not drifted, "run: python -m hotagents_k8s_monitor.testing.scenarios"


def test_they_are_small_enough_to_be_shipped() -> None:
    assert sum(len(content) for content in _files(SHIPPED).values()) < 1_600_000


def test_a_loaded_recording_is_the_scenario() -> None:
    for scenario in scenarios():
        loaded = Recording.load(scenario.name)
        assert [frame.at for frame in loaded.frames] == [frame.at for frame in scenario.frames]
        for ours, theirs in zip(loaded.frames, scenario.frames, strict=True):
            assert _sorted(ours.objects) == _sorted(theirs.objects)


def test_a_file_is_a_list_of_the_api_servers_with_an_object_a_line() -> None:
    text = (SHIPPED / "trouble" / "00" / "deployments.apps.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert (found["kind"], found["apiVersion"]) == ("DeploymentList", "apps/v1")
    assert not {"kind", "apiVersion"} & set(found["items"][0])
    assert len(text.splitlines()) == len(found["items"]) + 2


def test_a_recording_of_ones_own_is_saved_and_loaded(tmp_path: Path) -> None:
    (frame,) = Recording.load("trouble").frames
    own = Recording("own", "Ours.", (frame, frame.moved_to(frame.at + timedelta(minutes=1))))
    own.save(tmp_path / "own")
    own.save(tmp_path / "own")
    loaded = Recording.load(tmp_path / "own")
    assert (loaded.name, loaded.summary, len(loaded.frames)) == ("own", "Ours.", 2)
    assert loaded.frames[1].at == frame.at + timedelta(minutes=1)


def test_a_recording_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Recording.load("nowhere")
    with pytest.raises(FileNotFoundError):
        Recording.load(tmp_path)


# --- time -------------------------------------------------------------------------------------------------------------


def test_a_frame_is_moved_with_every_time_in_it() -> None:
    (frame,) = Recording.load("trouble").frames
    moved = frame.moved_to(TODAY)
    assert moved.at == TODAY
    times = list(zip(_times(frame.objects), _times(moved.objects), strict=True))
    assert len(times) > 300
    assert {after - before for before, after in times} == {TODAY - frame.at}
    assert moved.moved_to(frame.at).objects == frame.objects


def test_a_time_keeps_its_form() -> None:
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.123456Z", "at 2026-01-01T00:00:00Z"]
    (item,) = Frame(at, ({"times": times, "count": 7, "none": None},)).moved_to(at + timedelta(days=1)).objects
    assert item == {
        "times": [
            "2026-01-02T00:00:00Z",
            "2026-01-02T00:00:00.5Z",
            "2026-01-02T00:00:00.123456Z",
            "at 2026-01-01T00:00:00Z",
        ],
        "count": 7,
        "none": None,
    }


# --- objects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LISTS, ids=[path.relative_to(SHIPPED).as_posix() for path in LISTS])
def test_what_is_recorded_could_be_in_a_cluster(path: Path) -> None:
    listed = json.loads(path.read_text(encoding="utf-8"))
    if path.stem in ADD_ONS:
        pytest.skip("its schema is an add-on's")
    assert kubernetes_validate.validate(listed, kubernetes_validate.latest_version(), strict=True)


@each_frame
def test_no_two_objects_are_the_same(frame: Frame) -> None:
    uids = [item["metadata"]["uid"] for item in frame.objects]
    assert len(set(uids)) == len(uids)
    with FakeCluster(frame):
        pass


@each_frame
def test_owners_are_there_and_count_their_pods(frame: Frame) -> None:
    pods = [item for item in frame.objects if item["kind"] == "Pod"]
    for item in (one for one in frame.objects if one["kind"] == "ReplicaSet"):
        owned = [pod for pod in pods if _owner(pod) == item["metadata"]["uid"] and _counts(pod)]
        assert len(owned) == item["spec"]["replicas"] == item["status"]["replicas"]
        assert sum(_is_ready(pod) for pod in owned) == item["status"].get("readyReplicas", 0)
    for item in (one for one in frame.objects if one["kind"] == "Deployment"):
        sets = [one for one in frame.objects if one["kind"] == "ReplicaSet" and _owner(one) == item["metadata"]["uid"]]
        assert sum(one["status"]["replicas"] for one in sets) == item["status"].get("replicas", 0)
        assert sum(one["status"].get("readyReplicas", 0) for one in sets) == item["status"].get("readyReplicas", 0)
        assert item["status"].get("availableReplicas", 0) == item["status"].get("readyReplicas", 0)


@each_frame
def test_pods_run_on_nodes_that_are_there(frame: Frame) -> None:
    nodes = {item["metadata"]["name"] for item in frame.objects if item["kind"] == "Node"}
    placed = {item["spec"]["nodeName"] for item in frame.objects if "nodeName" in item.get("spec", {})}
    assert placed <= nodes


@each_frame
def test_nothing_that_has_happened_is_still_to_come(frame: Frame) -> None:
    late = [
        time
        for item in frame.objects
        for time in _times([item["metadata"]["creationTimestamp"], item.get("status", {})])
        if time > frame.at and item["kind"] != "Certificate"
    ]
    assert not late


def test_the_healthy_cluster_has_all_that_only_looks_wrong() -> None:
    (frame,) = Recording.load("healthy").frames
    kinds = Counter(item["kind"] for item in frame.objects)
    pods = [item for item in frame.objects if item["kind"] == "Pod"]
    assert (kinds["Pod"], kinds["Node"], kinds["Deployment"]) == (300, 12, 60)
    assert 14 <= kinds["Namespace"] <= 17
    assert Counter(item["status"]["phase"] for item in pods)["Succeeded"] >= 10
    assert any(_restarts(item) > 200 and _is_ready(item) for item in pods)
    assert any("deletionTimestamp" in item["metadata"] for item in pods)
    assert any("schedulingGates" in item["spec"] for item in pods)
    assert {"ContainerCreating", "PodInitializing"} <= {_waits_for(item) for item in pods}
    assert any(item["spec"].get("unschedulable") for item in frame.objects if item["kind"] == "Node")


def test_the_cluster_in_trouble_has_a_message_that_must_be_escaped() -> None:
    (frame,) = Recording.load("trouble").frames
    text = json.dumps(frame.objects, ensure_ascii=False)
    assert "<!channel>" in text
    assert "\\u001b[31m" in text
    assert "AKIA" in text


def _files(directory: Path) -> dict[str, bytes]:
    found = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in found}


def _sorted(objects: tuple[dict[str, Any], ...]) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in objects)


def _times(value: Any) -> Iterator[datetime]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for inner in value:
            yield from _times(inner)
    elif isinstance(value, str) and value.endswith("Z") and value[:2] == "20":
        yield datetime.fromisoformat(value)


def _owner(item: dict[str, Any]) -> str | None:
    return next((str(one["uid"]) for one in item["metadata"].get("ownerReferences", ()) if one["controller"]), None)


def _counts(pod: dict[str, Any]) -> bool:
    return "deletionTimestamp" not in pod["metadata"]


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"]["conditions"])


def _restarts(pod: dict[str, Any]) -> int:
    return sum(one["restartCount"] for one in pod["status"].get("containerStatuses", ()))


def _waits_for(pod: dict[str, Any]) -> str:
    statuses = pod["status"].get("containerStatuses", ())
    return next((str(one["state"]["waiting"]["reason"]) for one in statuses if "waiting" in one["state"]), "")
