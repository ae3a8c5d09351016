"""What the API server refuses, or a tool drops without a word: fields that nobody knows, and mounts of nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Snapshot

    Read = Callable[..., Snapshot]
    Make = Callable[..., str]

ROOT = "/app/.claude"


def errors(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(d.code, f"{d.message}; {d.hint}") for d in snapshot.diagnostics if d.severity == "error"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"Data": {"a.md": "x"}}, 'got "Data"; did you mean "data"?'), ({"binarydata": {}}, 'did you mean "binaryData"?')],
)
def test_a_slip_in_a_configmap_is_an_error(read: Read, manifest: Make, fields: dict[str, Any], said: str) -> None:
    ((code, text),) = errors(read(manifest("ConfigMap", "one", **fields)))
    assert code == "manifest-field"
    assert text.endswith(said)


def test_a_configmap_of_another_version_is_an_error(read: Read, manifest: Make) -> None:
    text = manifest("ConfigMap", "one", data={"a.md": "x"}).replace('"v1"', '"v2"')
    assert errors(read(text)) == [
        ("manifest-field", 'ConfigMap one: expected apiVersion v1, got "v2"; write: apiVersion: v1')
    ]


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        ({"configmap": {"name": "one"}}, 'volume: expected a field that is known, got "configmap"'),
        (
            {"configMap": {"name": "one", "item": []}},
            'ConfigMap of a volume: expected a field that is known, got "item"',
        ),
        ({"configMap": {"name": "one", "items": [{"key": "a.md", "path": "a.md", "Mode": 1}]}}, 'got "Mode"'),
        ({"projected": {"sources": [{"ConfigMap": {"name": "one"}}]}}, "source of a volume: expected"),
    ],
)
def test_a_slip_in_a_volume_is_an_error(
    read: Read, manifest: Make, workload: Make, volume: dict[str, Any], said: str
) -> None:
    snapshot = read(manifest("ConfigMap", "one", data={"a.md": "x"}), workload({ROOT: "v"}, {"v": volume}), root=ROOT)
    assert any(said in text and "did you mean" in text for _, text in errors(snapshot))


def test_a_field_that_is_no_slip_of_a_known_one_is_somebodys_own(read: Read, manifest: Make) -> None:
    assert errors(read(manifest("ConfigMap", "one", data={"a.md": "x"}, xOwner="team"))) == []


def test_a_mount_without_its_volume_is_an_error_wherever_it_is(read: Read, manifest: Make, workload: Make) -> None:
    volumes = {"v": {"configMap": {"name": "one"}}}
    snapshot = read(
        manifest("ConfigMap", "one", data={"a.md": "x"}), workload({ROOT: "v", "/data": "nosuch"}, volumes), root=ROOT
    )
    ((code, text),) = errors(snapshot)
    assert code == "bad-mount"
    assert 'expected the name of a volume, got "nosuch"' in text


def test_keys_that_a_merge_brings_below_them_are_refused(read: Read) -> None:
    text = """
x: &x {a.md: BASE}
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
data: {DATA}
"""
    ((code, said),) = errors(read(text.replace("DATA", "a.md: OVERRIDE, <<: *x")))
    assert code == "manifest-syntax"
    assert 'expected "<<" above a.md' in said
    assert dict(read(text.replace("DATA", "<<: *x, a.md: OVERRIDE")).files) == {"a.md": b"OVERRIDE"}
