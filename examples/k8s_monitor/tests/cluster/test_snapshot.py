"""What was seen, and what was not."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.cluster import Gap, Resource, Snapshot
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES

NOW = datetime(2026, 11, 2, tzinfo=timezone.utc)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["metadata", "name"]), inner),
    max_leaves=5,
)
OBJECTS = st.dictionaries(st.text() | st.just("metadata"), JSON, max_size=3)


@given(st.dictionaries(st.sampled_from(RESOURCES), st.lists(OBJECTS, max_size=2).map(tuple)), st.text(), st.text())
def test_objects_of_any_shape_can_be_kept_and_looked_for(
    objects: dict[Resource, tuple[dict[str, Any], ...]], namespace: str, name: str
) -> None:
    snapshot = Snapshot(NOW, objects)
    for resource in RESOURCES:
        assert snapshot.all(resource) == objects.get(resource, ())
        snapshot.find(resource, namespace, name)
        assert snapshot.is_whole([resource]) is (resource in objects)


def test_an_object_is_found_by_namespace_and_name() -> None:
    pod = {"metadata": {"namespace": "shop", "name": "cart"}}
    node = {"metadata": {"name": "cart"}}
    snapshot = Snapshot(NOW, {"pods": (pod,), "nodes": (node,)})
    assert snapshot.find("pods", "shop", "cart") is pod
    assert snapshot.find("nodes", "", "cart") is node
    assert snapshot.find("pods", "", "cart") is None


def test_absence_is_believed_only_where_all_was_seen() -> None:
    gap = Gap("pods", "truncated", "only 500 came")
    snapshot = Snapshot(NOW, {"pods": (), "nodes": ()}, {"pods": gap})
    assert snapshot.is_whole(["nodes"])
    assert not snapshot.is_whole(["nodes", "pods"])
    assert not snapshot.is_whole(["jobs.batch"])
    assert str(gap) == "pods: truncated: only 500 came"
