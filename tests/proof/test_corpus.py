"""The small hostile files that fuzzing starts from, each read as every kind of file that there is."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HERE: Final = Path(__file__).parent
FILES: Final = sorted(path for path in (HERE / "corpus").iterdir() if not path.name.startswith("."))


@pytest.fixture(name="try_bytes", scope="module")
def attempt() -> Callable[[bytes, Path], None]:
    found: Any = runpy.run_path(str(HERE / "attempts.py"))["try_bytes"]
    return found  # type: ignore[no-any-return]


def test_the_corpus_is_there_and_each_of_its_files_is_small() -> None:
    assert len(FILES) >= 50
    assert [path.name for path in FILES if path.stat().st_size > 4096] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_bytes_bring_out_anything_but_the_named_errors(
    path: Path, try_bytes: Callable[[bytes, Path], None], tmp_path: Path
) -> None:
    content = path.read_bytes()
    try_bytes(content, tmp_path)
    for end in {len(content) // 3, len(content) // 2, max(0, len(content) - 1)}:  # and cut short
        try_bytes(content[:end], tmp_path)
    for times in (3, 1000):  # and many times over
        try_bytes(content * times, tmp_path)
