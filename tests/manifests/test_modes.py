"""Permissions of mounted files: what the API server takes for them, however they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Snapshot

    Read = Callable[..., Snapshot]
    Make = Callable[..., str]

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: app}}
spec:
  containers:
    - name: app
      volumeMounts: [{{name: v, mountPath: /app}}]
  volumes:
    - name: v
      {}
"""
PLACES = [
    "configMap: {{name: one, defaultMode: {}}}",
    "configMap: {{name: one, items: [{{key: a.md, path: a.md, mode: {}}}]}}",
    "configMap: {{name: gone, optional: true, items: [{{key: a.md, path: a.md, mode: {}}}]}}",
    "secret: {{secretName: two, defaultMode: {}}}",
    "projected: {{defaultMode: {}}}",
    "projected: {{sources: [{{secret: {{name: two, items: [{{key: s, path: s, mode: {}}}]}}}}]}}",
    "downwardAPI: {{defaultMode: {}}}",
    "downwardAPI: {{items: [{{path: l, mode: {}, fieldRef: {{fieldPath: metadata.labels}}}}]}}",
]


@pytest.fixture(name="lay")
def laying(read: Read, manifest: Make) -> Callable[[str], Snapshot]:
    def lay(volume: str) -> Snapshot:
        one = manifest("ConfigMap", "one", data={"a.md": "x"})
        two = manifest("Secret", "two", stringData={"s": "x"})
        return read(POD.format(volume), one, two, root="/app")

    return lay


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("mode", ["0644", "420", "0", "0777", "511", "0o644", "0x1A4", "420.0", "5e1", "0_6_44", "~"])
def test_a_mode_that_the_api_server_takes_is_taken(lay: Callable[[str], Snapshot], place: str, mode: str) -> None:
    assert [d for d in lay(place.format(mode)).diagnostics if d.severity == "error"] == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "mode",
    [
        "-1",
        "01000",
        "512",
        "644",
        "777",
        "420.5",
        "1e9",
        ".inf",
        '"0644"',
        "'420'",
        "rw",
        "true",
        "[1]",
        "{}",
        "!!int x",
    ],
)
def test_any_other_is_an_error_at_its_place(lay: Callable[[str], Snapshot], place: str, mode: str) -> None:
    (wrong,) = (d for d in lay(place.format(mode)).diagnostics if d.severity == "error")
    assert (wrong.code, wrong.line) == ("manifest-field", 10)
    assert wrong.column == 7 + place.format(mode).rindex(mode)
    assert "ode: expected a whole number from 0 to 0777, which is 511, got " in wrong.message


@pytest.mark.parametrize(
    ("mode", "hint"),
    [
        ("644", "write: defaultMode: 0644, which in JSON is 420"),
        ('"0444"', "write: defaultMode: 0444, which in JSON is 292"),
        ("888", ""),
        ("-1", ""),
    ],
)
def test_a_mode_as_chmod_takes_it_is_told_how_to_write(lay: Callable[[str], Snapshot], mode: str, hint: str) -> None:
    (wrong,) = (d for d in lay(PLACES[0].format(mode)).diagnostics if d.severity == "error")
    assert wrong.hint == hint
