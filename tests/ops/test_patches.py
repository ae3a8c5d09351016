"""A diff is what `patch` and `git apply` make of it: the other content, byte for byte."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents.ops.patches import unified_diff

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = [
    pytest.param(
        ["patch", "-p0", "--quiet"], id="patch", marks=pytest.mark.skipif(not shutil.which("patch"), reason="")
    ),
    pytest.param(["git", "apply", "-p0"], id="git", marks=pytest.mark.skipif(not shutil.which("git"), reason="")),
]
PAIRS = [
    (b"a\nb\nc\n", b"a\nB\nc\n"),
    (b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n"),
    (b"\xef\xbb\xbfa\nb\n", b"\xef\xbb\xbfx\nb\n"),
    (b"a\nb", b"a\nc"),
    (b"a\nb", b"a\nb\n"),
    (b"a\nb\n", b"a\nb"),
    (b"a", b"---\na"),
    (b"a\n", b"a\nb\nc\n"),
    (b"a\nb\nc\n", b"a\n"),
    (b"\xff\xfe\x00\nb\n" * 3, b"\xff\xfe\x00\nb\n" * 2 + b"c\nb\n"),
    (b"x\n" * 20 + b"1\n" + b"x\n" * 20 + b"2\n", b"x\n" * 20 + b"3\n" + b"x\n" * 20 + b"4\n"),
    (b"".join(b"%d\n" % n for n in range(9000)), b"".join(b"%d\n" % (n + (n > 7) + (n > 8000)) for n in range(9000))),
]
NAMES = ["a.md", "sub/a b.md", "\u00fc.md", 'x"y.md', "e\x1b[2J.md"]


def patched(tool: list[str], name: str, before: bytes, after: bytes, directory: Path) -> bytes:
    file = directory / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(before)
    diff = unified_diff(name, before, after)
    done = subprocess.run(tool, cwd=directory, input=diff, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, (diff, done)
    return file.read_bytes()


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_it_turns_one_content_into_the_other(tool: list[str], before: bytes, after: bytes, tmp_path: Path) -> None:
    assert patched(tool, "a.md", before, after, tmp_path) == after


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", NAMES)
def test_it_finds_files_of_any_name(tool: list[str], name: str, tmp_path: Path) -> None:
    assert patched(tool, name, b"a\nb\n", b"a\nc\n", tmp_path) == b"a\nc\n"


def test_equal_contents_have_none() -> None:
    assert unified_diff("a", b"a\n", b"a\n") == b""


def applied(diff: bytes, before: bytes) -> bytes:
    """What a reader of unified diffs makes of it, without fuzz."""
    *rows, last = before.split(b"\n")
    old = [*(row + b"\n" for row in rows), *([last] if last else [])]
    new: list[bytes] = []
    at = 0
    for line in diff.replace(b"\n\\ No newline at end of file\n", b"\x00").split(b"\n")[2:]:
        if line.startswith(b"@@"):
            start, _, count = line.split()[1][1:].partition(b",")
            first = int(start) - (1 if int(count) else 0)
            new += old[at:first]
            at = first
            continue
        for row in [row + b"\x00" for row in line.split(b"\x00")[:-1]] + [line.split(b"\x00")[-1]]:
            text = row[1:-1] if row.endswith(b"\x00") else row[1:] + b"\n"
            if row[:1] in {b" ", b"-"}:
                assert old[at] == text
                at += 1
            if row[:1] in {b" ", b"+"}:
                new.append(text)
    return b"".join([*new, *old[at:]])


_CONTENT = st.lists(st.sampled_from([b"a", b"b", b"", b"c\r"]), max_size=30).map(b"\n".join)


@given(_CONTENT, _CONTENT)
def test_whatever_the_two_are_it_leads_from_one_to_the_other(before: bytes, after: bytes) -> None:
    diff = unified_diff("a", before, after)
    assert (applied(diff, before) if diff else before) == after
