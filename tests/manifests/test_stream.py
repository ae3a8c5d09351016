"""What a stream of manifests may hold, and what is made of what it may not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hotagents import Manifests, SourceError
from hotagents.sources import read_settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents import Snapshot

    Read = Callable[..., Snapshot]

ONE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: one
data:
  a.md: |
    Text.
"""


def files(snapshot: Snapshot) -> dict[str, bytes]:
    return dict(snapshot.files)


def test_a_configmap_becomes_files(read: Read) -> None:
    snapshot = read(ONE)
    assert files(snapshot) == {"a.md": b"Text.\n"}
    assert [(part.name, part.kind, part.prefix) for part in snapshot.parts] == [("one", "volume", "")]
    assert snapshot.diagnostics == ()


def test_what_helm_leaves_behind_is_passed_over(read: Read) -> None:
    chart = f"""\
---
# Source: agents/templates/configmap.yaml
{ONE}
---
# Source: agents/templates/nothing.yaml
---

---
# Source: agents/templates/service.yaml
apiVersion: v1
kind: Service
metadata: {{name: agents}}
...
"""
    assert files(read(chart)) == {"a.md": b"Text.\n"}


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("List", {"kind": "ConfigMap", "apiVersion": "v1"}),
        ("ConfigMapList", {"apiVersion": "v1"}),  # as the API gives them, without a kind each
    ],
)
def test_a_list_is_what_it_holds(read: Read, kind: str, item: dict[str, str]) -> None:
    items = [item | {"metadata": {"name": name}, "data": {f"{name}.md": "x"}} for name in ("b", "a")]
    snapshot = read(json.dumps({"apiVersion": "v1", "kind": kind, "items": items}))
    assert files(snapshot) == {"a.md": b"x", "b.md": b"x"}
    assert snapshot.diagnostics == ()


def test_objects_of_json_may_stand_in_a_row_and_write_an_emoji_in_halves() -> None:
    one = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a.md": "\\u😀\\"}})
    two = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"b.md": 1}})
    snapshot = Manifests(f"{one}\n  {two}\n").read()
    assert files(snapshot) == {"a.md": "\\u😀\\".encode()}
    (wrong,) = snapshot.diagnostics
    assert (wrong.line, wrong.column) == (2, 2 + two.index(": 1") + 3)


def test_a_place_behind_joined_halves_is_the_one_in_the_text() -> None:
    metadata = {"annotations": {"a": "😀😀"}, "name": "a"}
    text = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "😀", "b": 1}})
    (wrong,) = Manifests(text + "\n").read().diagnostics
    assert (wrong.line, wrong.column) == (1, text.index(": 1") + 3)


def test_anchors_aliases_and_merges_mean_what_they_mean_to_kubectl(read: Read) -> None:
    text = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
shared: &shared
  a.md: &text "x"
  b.md: "y"
data:
  <<: *shared
  b.md: "own"
  c.md: *text
"""
    snapshot = read(text)
    assert files(snapshot) == {"a.md": b"x", "b.md": b"own", "c.md": b"x"}
    assert snapshot.diagnostics == ()


@pytest.mark.parametrize("manifest", ["a.md: *a", "&a [*a]", "- &a {b: *a}"])
def test_an_alias_that_leads_nowhere_or_into_itself_is_refused(read: Read, manifest: str) -> None:
    (wrong,) = read(ONE, manifest).diagnostics
    assert (wrong.code, wrong.severity) == ("manifest-syntax", "error")
    assert "alias" in wrong.message


def test_a_bomb_of_aliases_is_refused_and_what_stands_before_it_is_read(read: Read) -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    snapshot = read(ONE, "\n".join(["a0: &a0 [x, x, x, x]", *levels]))
    assert files(snapshot) == {"a.md": b"Text.\n"}
    assert [d.code for d in snapshot.diagnostics] == ["manifest-too-large"]


def test_nesting_is_bounded(read: Read) -> None:
    (wrong,) = read(ONE, "[" * 500).diagnostics
    assert (wrong.code, wrong.line, wrong.column) == ("manifest-too-large", 10, 201)
    (wrong,) = read(ONE, "[" * 100_000).diagnostics
    assert wrong.code == "manifest-too-large"


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['x']", "!Ref x", "!!binary aGk="])
def test_a_tag_is_never_executed_and_is_no_text(read: Read, tag: str) -> None:
    snapshot = read(ONE.replace("|\n    Text.", tag))
    assert files(snapshot) == {}
    assert [d.code for d in snapshot.diagnostics] == ["configmap-value"]


def test_a_syntax_error_has_its_line_and_column_and_hides_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(f"# first\n{ONE}---\na: b: c\n")
    (tmp_path / "good.yaml").write_text(ONE.replace("one", "two").replace("a.md", "b.md"))
    source = Manifests([tmp_path / "bad.yaml", tmp_path / "good.yaml"])
    snapshot = read_settled(source)
    assert files(snapshot) == {"a.md": b"Text.\n", "b.md": b"Text.\n"}
    (wrong,) = snapshot.diagnostics
    assert (wrong.code, wrong.path, wrong.line, wrong.column) == ("manifest-syntax", str(tmp_path / "bad.yaml"), 10, 5)


def test_a_template_that_nobody_rendered_is_called_one(read: Read) -> None:
    (wrong,) = read('metadata:\n  name: {{ include "x" . }}\n').diagnostics
    assert (wrong.code, wrong.line) == ("manifest-syntax", 2)
    assert "helm template" in wrong.hint


@pytest.mark.parametrize("manifest", ["- a\n- b", "just text", "? [a]\n: b", "? {a: b}\n: c", "x: &a [b]\n*a : c"])
def test_what_is_no_object_is_refused(read: Read, manifest: str) -> None:
    (wrong,) = read(ONE, manifest).diagnostics
    assert (wrong.code, wrong.severity) == ("manifest-syntax", "error")
    assert wrong.line in {10, 11}


@pytest.mark.parametrize(
    ("content", "place"), [("é".encode("latin-1"), (2, 7)), ("x\n".encode("utf-16"), (1, 1)), (b"a: \x00", (2, 10))]
)
def test_a_manifest_that_is_not_utf8_is_refused(tmp_path: Path, content: bytes, place: tuple[int, int]) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content if content.startswith(b"\xff") else b"# text\nname: " + content)
    (wrong,) = read_settled(Manifests(path)).diagnostics
    assert (wrong.code, wrong.severity, wrong.path) == ("manifest-syntax", "error", str(path))
    assert (wrong.line, wrong.column) == place


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + ONE.replace("\n", "\r\n").encode())
    assert files(read_settled(Manifests(path))) == {"a.md": b"Text.\n"}


def test_a_key_that_stands_twice_is_an_error_with_both_lines(read: Read) -> None:
    (wrong,) = read(ONE + '  b.md: "x"\n  a.md: "y"\n').diagnostics
    assert (wrong.code, wrong.severity, wrong.line, wrong.column) == ("duplicate-key", "error", 9, 3)
    assert "the first is on line 6" in wrong.message


def test_objects_of_other_kinds_and_groups_are_ignored(read: Read) -> None:
    others = [
        "apiVersion: example.com/v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: 7",
        "apiVersion: example.com/v1\nkind: AllowList\nitems: [a, b]",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {a.md: '!'}",
        "a: 1\na: 2",
        "{}",
    ]
    snapshot = read(ONE, *others)
    assert files(snapshot) == {"a.md": b"Text.\n"}
    assert snapshot.diagnostics == ()


def test_manifests_without_a_configmap_are_no_set(read: Read) -> None:
    with pytest.raises(SourceError, match="no ConfigMap in there"):
        read("kind: Service")
    with pytest.raises(SourceError, match="no ConfigMap of namespace b"):
        read(ONE.replace("name: one", "name: one\n  namespace: a"), namespace="b")
