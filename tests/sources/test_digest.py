"""The digest: its test vectors, and the same value from coreutils."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents import Limits, Memory, Tree
from hotagents.snapshot import digest_of
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ONE_LINER = (
    "find -L . -type f ! -path '*/..*' ! -name hotagents.lock -printf '%P\\n'"
    " | LC_ALL=C sort | xargs -rd '\\n' sha256sum -- | sha256sum"
)
needs_coreutils = pytest.mark.skipif(
    sys.platform != "linux" or not all(map(shutil.which, ("bash", "find", "sort", "xargs", "sha256sum"))),
    reason="needs GNU find and coreutils",
)


def one_liner(root: Path) -> str:
    done = subprocess.run(["bash", "-c", ONE_LINER], cwd=root, capture_output=True, text=True, check=True, timeout=30)
    return "sha256:" + done.stdout.split()[0]


ONE = "ef1b3c923923df6635056acba2efca758e224045809431e7f8b1ff3cff7f1b37"
TWO = "c8b1a036b9cd4b3d326ba9cb1c4c924bb7402a0da0794b2b4268eeca383bf860"


@pytest.mark.parametrize(
    ("hashes", "digest"),
    [
        ({}, EMPTY),
        ({"a.md": EMPTY}, ONE),
        ({"b.md": EMPTY, "a.md": EMPTY}, TWO),
        ({"a.md": EMPTY, "b.md": EMPTY, "hotagents.lock": EMPTY, "sub/hotagents.lock": EMPTY}, TWO),
    ],
)
def test_vectors(hashes: dict[str, str], digest: str) -> None:
    assert digest_of(hashes) == f"sha256:{digest}"


@needs_coreutils
def test_coreutils_get_the_same_value_on_a_nested_mount(tmp_path: Path) -> None:
    outer = ConfigMapVolume(tmp_path / "claude")
    outer.write({"CLAUDE.md": "context", "empty": "", "UPPER.md": "x", "a-b.md": "y", "a.b.md": "z"})
    inner = outer.nested("agents")
    inner.write(
        {
            "a.md": "---\nname: a\n---\n",
            "pdf/SKILL.md": "skill",
            "é.md": "accent",
            "hotagents.lock": "lock",
            "-x.md": "dash",
        }
    )
    outer.update({"CLAUDE.md": "context 2"})
    snapshot = Tree(outer.path).read()
    assert snapshot.digest == one_liner(outer.path)
    assert {part.name for part in snapshot.parts} == {".", "agents"}


@needs_coreutils
def test_each_volume_has_its_own_digest_by_the_same_rule(tmp_path: Path) -> None:
    volume = ConfigMapVolume(tmp_path / "claude")
    volume.write({"a.md": "one", "b.md": "two"})
    [part] = Tree(volume.path).read().parts
    assert digest_of({p: hashlib.sha256(c).hexdigest() for p, c in part.files.items()}) == one_liner(volume.path)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.just(EMPTY)))
def test_code_point_order_is_utf8_byte_order(hashes: dict[str, str]) -> None:
    assert sorted(hashes) == sorted(hashes, key=str.encode)


@pytest.mark.parametrize("path", ["a\nb.md", "a\rb.md", "a\\b.md", "a\udc80.md"])
def test_a_path_that_a_digest_line_cannot_hold_is_an_error(path: str) -> None:
    snapshot = Memory({path: "x", "good.md": "y"}).read()
    [problem] = snapshot.diagnostics
    assert (problem.code, problem.severity, problem.path) == ("bad-path", "error", path)
    assert str(problem).isprintable()
    assert list(snapshot.files) == ["good.md"]


def test_the_default_limits_hold_a_config_map_many_times() -> None:
    assert Limits().file_bytes == 1024 * 1024
