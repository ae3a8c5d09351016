"""What of a call is compared: the readers tell all of it or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from hotagents.adapters.arguments import CLAUDE_CODE, commands, host, path, single_commands, text


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("git log", ("git log",)),
        (" git log ; rm -rf / ", ("git log", "rm -rf /")),
        ("a && b || c | d & e\nf", ("a", "b", "c", "d", "e", "f")),
        ("git commit -m 'a; $b `c`'", ("git commit -m 'a; $b `c`'",)),
        ('git commit -m "a; b | c"', ('git commit -m "a; b | c"',)),
        ('echo "it\'s"', ('echo "it\'s"',)),
    ],
)
def test_a_line_is_parted_where_a_shell_parts_it(line: str, found: tuple[str, ...]) -> None:
    assert single_commands(line) == found


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ; ",
        "git $(rm x)",
        "git `rm x`",
        'git "$(rm x)"',
        'git "\\"; rm x"',
        "git log > /etc/passwd",
        "git log <(rm x)",
        "(rm x)",
        "{rm,x}",
        "git \\; rm",
        "git log # x",
        "git 'log",
        'git "log',
        "git\0log",
        "git\x1blog",
    ],
)
def test_what_a_shell_would_make_more_of_cannot_be_told(line: str) -> None:
    assert single_commands(line) is None


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("/etc/passwd", ("/etc/passwd",)),
        ("//etc//./passwd", ("/etc/passwd",)),
        ("src/a.py", ("src/a.py",)),
        ("src/../../etc/passwd", None),
        ("src\\..\\x", None),
        ("a\0b", None),
        ("", None),
        (None, None),
        (["/etc"], None),
    ],
)
def test_a_path_is_told_as_the_system_reads_it(written: Any, found: tuple[str, ...] | None) -> None:
    assert path("file_path")({"file_path": written}) == found


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("https://user@Example.org:1/x", ("domain:example.org",)),
        ("https://example.org@evil.test/", ("domain:evil.test",)),
        ("example.org", None),
        ("https://[::1/", None),
        (None, None),
        (3, None),
    ],
)
def test_a_url_is_told_by_its_host(written: Any, found: tuple[str, ...] | None) -> None:
    assert host("url")({"url": written}) == found


@pytest.mark.parametrize("call", [{}, {"command": None}, {"command": 3}, {"command": ["ls"]}, {"command": ""}])
def test_a_field_that_is_no_text_tells_nothing(call: dict[str, Any]) -> None:
    assert text("command")(call) is None
    assert commands("command")(call) is None


def test_every_reader_of_claude_code_bears_an_empty_call() -> None:
    assert {reader({}) for reader in CLAUDE_CODE.values()} == {None}
