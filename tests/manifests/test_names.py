"""Names that the API server refuses, of whatever is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Snapshot

    Read = Callable[..., Snapshot]
    Make = Callable[..., str]

ROOT = "/app/.claude"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  {}\ndata: {{a.md: x}}\n"


def found(snapshot: Snapshot) -> list[tuple[str, int, int]]:
    return [(d.code, d.line, d.column) for d in snapshot.diagnostics if d.severity == "error"]


@pytest.mark.parametrize(
    "line", ["name: a", "name: a.b-c.9", f"name: {'a' * 253}", "generateName: a-", "generateName: a", "name: '7'"]
)
def test_a_name_that_the_api_server_takes_is_taken(read: Read, line: str) -> None:
    assert read(MAP.format(line)).diagnostics == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Agents", 'got "Agents"'),
        ("a_b", 'got "a_b"'),
        ("-a", 'got "-a"'),
        ("a-", 'got "a-"'),
        ("a..b", 'got "a..b"'),
        ("a-.b", 'got "a-.b"'),
        ("a b", 'got "a b"'),
        ("é", 'got "é"'),
        ('"a\\n"', 'got "a\\n"'),
        ("a" * 254, "got 254 characters"),
    ],
)
def test_a_name_that_it_refuses_is_an_error_at_the_name(read: Read, name: str, said: str) -> None:
    snapshot = read(MAP.format(f"name: {name}"))
    assert found(snapshot) == [("manifest-field", 4, 9)]
    (wrong,) = snapshot.diagnostics
    assert wrong.message.startswith("metadata.name of a ConfigMap: expected at most 253 lower-case letters, digits, ")
    assert wrong.message.endswith(said)


@pytest.mark.parametrize(("name", "hint"), [("Agents_1", "write: name: agents-1"), ("é", ""), ("a" * 254, "")])
def test_the_remedy_is_a_line_to_write(read: Read, name: str, hint: str) -> None:
    (wrong,) = read(MAP.format(f"name: {name}")).diagnostics
    assert wrong.hint == hint


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ("generateName: A-", (4, 17)),
        ("generateName: '-'", (4, 17)),
        ("name: 7", (4, 9)),
        ("name: [a]", (4, 9)),
        ("name: a\n  generateName: A", (5, 17)),
        ("name: a\n  namespace: a.b", (5, 14)),
        (f"name: a\n  namespace: {'a' * 64}", (5, 14)),
        ("labels: {}", (3, 1)),
        ("name: ''", (3, 1)),
        ("generateName: ~", (3, 1)),
    ],
)
def test_each_part_of_it_is_checked_and_blamed_where_it_stands(read: Read, lines: str, place: tuple[int, int]) -> None:
    assert found(read(MAP.format(lines))) == [("manifest-field", *place)]


@pytest.mark.parametrize("metadata", ["[a]", "x"])
def test_metadata_of_another_kind_is_one_error(read: Read, metadata: str) -> None:
    assert found(read(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\n")) == [("manifest-field", 3, 11)]


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("Deployment", "App", 'a Deployment: expected at most 253 lower-case letters, digits, "-" and "."'),
        ("CronJob", "a" * 53, "a CronJob: expected at most 52 "),
        ("Job", "a" * 64, "a Job: expected at most 63 "),
        ("StatefulSet", "a" * 64, 'a StatefulSet: expected at most 63 lower-case letters, digits and "-" that begin'),
        ("StatefulSet", "a.b", 'got "a.b"'),
        ("Deployment", "", "expected a Deployment with metadata.name, got one without"),
    ],
)
def test_a_workload_and_what_it_mounts_are_checked_too(
    read: Read, manifest: Make, workload: Make, kind: str, name: str, said: str
) -> None:
    volumes = {"v": {"configMap": {"name": "one"}}}
    one = manifest("ConfigMap", "one", data={"a.md": "x"})
    (wrong,) = read(one, workload({ROOT: "v"}, volumes, kind=kind, name=name), root=ROOT).diagnostics
    assert (wrong.code, wrong.severity) == ("manifest-field", "error")
    assert said in wrong.message


@pytest.mark.parametrize(("length", "is_taken"), [(47, True), (48, False)])
def test_a_name_that_the_server_completes_has_room_for_what_it_adds(
    read: Read, manifest: Make, workload: Make, length: int, *, is_taken: bool
) -> None:
    volumes, base = {"v": {"configMap": {"name": "one"}}}, f'"generateName": "{"a" * length}"'
    named = workload({ROOT: "v"}, volumes, kind="CronJob", name="x").replace('"name": "x"', base)
    assert (found(read(manifest("ConfigMap", "one", data={"a.md": "x"}), named, root=ROOT)) == []) == is_taken


@pytest.mark.parametrize(("name", "said"), [("a.b", 'got "a.b"'), ("V", 'got "V"'), ("v" * 64, "got 64 characters")])
def test_a_volumes_name_is_one_label(read: Read, manifest: Make, workload: Make, name: str, said: str) -> None:
    volumes: dict[str, Any] = {name: {"configMap": {"name": "one"}}}
    one = manifest("ConfigMap", "one", data={"a.md": "x"})
    (wrong,) = read(one, workload({ROOT: name}, volumes), root=ROOT).diagnostics
    assert (wrong.code, wrong.severity) == ("bad-mount", "error")
    assert wrong.message.startswith("name of a volume: expected at most 63 lower-case letters, digits and ")
    assert wrong.message.endswith(said)
