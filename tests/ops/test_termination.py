from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hotagents import Diagnostic, InvalidConfigError, SourceError
from hotagents.ops.termination import LONGEST, default_path, message, terminated

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="there are no pods there")
IN_A_POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


def wrong(path: str, text: str = "expected a string, got 3", severity: str = "error") -> Diagnostic:
    return Diagnostic("wrong-type", severity, path, 4, 8, "model", text, 'write "3"')  # type: ignore[arg-type]  # a severity


def test_the_first_line_is_the_first_error_with_file_line_and_column() -> None:
    error = InvalidConfigError("refused", [wrong("triage.md"), wrong("b.md"), wrong("c.md", severity="warning")])
    error.add_note("no last good set could be served in its place: there is none")
    assert message(error).splitlines() == [
        'triage.md:4:8: wrong-type: model: expected a string, got 3; write "3"',
        'b.md:4:8: wrong-type: model: expected a string, got 3; write "3"',
        "no last good set could be served in its place: there is none",
    ]


@pytest.mark.parametrize("text", ["expected a string", "\N{PILE OF POO}" * 500])
def test_it_never_is_longer_than_the_kubelet_reads_and_says_what_is_left_out(text: str) -> None:
    said = message(InvalidConfigError("refused", [wrong(f"{i}.md", text) for i in range(500)]))
    assert len(said.encode()) <= LONGEST
    *lines, last = said.splitlines()
    assert lines[0].startswith("0.md:4:8: ")
    assert last == f"and {500 - len(lines)} more"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SourceError("/app/.claude: there is no such directory"), "/app/.claude: there is no such directory"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
        (ValueError("a defect\nof ours\x1b[2J"), r"ValueError: a defect\nof ours\x1b[2J"),
        (KeyError(), "KeyError"),
        (OSError(), "OSError"),
    ],
)
def test_what_else_ends_a_process_is_one_line(error: Exception, said: str) -> None:
    assert message(error) == f"{said}\n"
    assert message(ValueError("interval: 0"), expected=(ValueError,)) == "interval: 0\n"


def test_it_is_written_in_place_over_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "termination-log"
    path.write_text("earlier\n" * 1000)
    before = path.stat().st_ino
    terminated(str(path), SourceError("gone"))
    assert (path.read_text(), path.stat().st_ino) == ("gone\n", before)


@posix
def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    for odd in ("/dev/null", str(tmp_path)):
        with pytest.raises(OSError, match=r"regular file|directory"):
            terminated(odd, SourceError("gone"))


@posix
def test_only_in_a_pod_and_where_the_kubelet_mounted_it_is_it_written_unasked(tmp_path: Path) -> None:
    path = tmp_path / "termination-log"
    assert default_path(IN_A_POD, path=str(path)) == ""
    path.touch()
    assert default_path(IN_A_POD, path=str(path)) == str(path)
    assert default_path({}, path=str(path)) == ""
    (tmp_path / "link").symlink_to(path)
    assert default_path(IN_A_POD, path=str(tmp_path / "link")) == ""
    assert default_path(IN_A_POD, path="/dev/null") == ""
