"""Every block of README.md and docs/ runs, so no page can grow stale; CONTRIBUTING.md tells the convention to writers.

A page is one story: its blocks run in order in a directory of its own, in which absolute paths below ``/app`` lie too.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[1]
GUIDES: Final = ("README.md", "docs/**/*.md", "examples/*/README.md", "examples/*/docs/*.md")
PAGES: Final = [page for pattern in GUIDES for page in sorted(ROOT.glob(pattern))]
BLOCK: Final = re.compile(
    r"(?:^<!--[ ]*(?P<note>(?:file|with|output|not[ ]run)\b[^\n]*?)[ ]*-->\n\n?)?"
    r"^(?P<fence>```+)(?P<language>\w*)[^\n`]*\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
# What differs from run to run; both sides are rewritten, so a page may show a real value or an ellipsis.
VARYING: Final = [
    (re.compile(r"sha256:[0-9a-f]{6,64}…?"), "sha256:…"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+]00:00)?"), "…"),
    (re.compile(r"(?<![\d.])\d+(?:\.\d+)? ?(?:µs|ms|s)\b"), "…"),
]
COMMANDS: Final = {"hotagents": "hotagents", "k8s-monitor": "hotagents_k8s_monitor"}
PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    "json": json.loads,
    "python": lambda text: compile(text, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT),
    "toml": tomllib.loads,
    "yaml": lambda text: list(yaml.safe_load_all(text)),
}


class Block(NamedTuple):
    line: int
    language: str
    text: str
    verb: str
    argument: str


def blocks(text: str) -> Iterator[Block]:
    for match in BLOCK.finditer(text):
        verb, _, argument = (match["note"] or "").partition(":")
        line = text.count("\n", 0, match.start("fence")) + 1
        yield Block(line, match["language"], match["text"], verb.strip(), argument.strip())


def steady(text: str) -> str:
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def agrees(shown: str, printed: str) -> bool:
    """Whether the output is what the page shows: ``…`` stands for anything in a line, alone in a line for any lines."""
    pattern = re.escape(steady(shown)).replace("\\\n", "\n")
    pattern = re.sub(r"^…$", "(?s:.*)", pattern, flags=re.MULTILINE).replace("…", "[^\n]*")
    return re.fullmatch(pattern, steady(printed)) is not None


class Story:
    """One page being played: its directory, what the last block printed and how the last command ended."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.printed = ""
        self.status = 0

    def place(self, text: str) -> str:
        return text.replace("/app/", f"{self.directory.as_posix()}/app/")

    def path(self, name: str) -> Path:
        return self.directory / name.lstrip("/")

    def execute(self, *arguments: str) -> str:
        environment = os.environ | {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=45,
            check=False,
        )
        self.status = done.returncode
        return done.stdout.replace(str(self.directory), "").replace(self.directory.as_posix(), "")

    def play(self, block: Block) -> None:
        match block.verb, block.language:
            case "not run", language:
                if not block.argument:
                    raise AssertionError("`not run` needs a reason")
                PARSERS.get(language, str)(block.text)
            case "file", _:
                self.path(block.argument).parent.mkdir(parents=True, exist_ok=True)
                self.path(block.argument).write_bytes(block.text.encode())
            case "output", _:
                self.compare(block.text)
            case verb, language:
                if verb == "with":
                    shutil.copytree(ROOT / block.argument, self.directory, dirs_exist_ok=True)
                self.play_plain(language, block.text)

    def play_plain(self, language: str, text: str) -> None:
        if language == "python":
            self.printed = self.execute("-c", self.place(text))
            if self.status != 0:
                raise AssertionError(self.printed)
        elif language == "console":
            self.play_console(text)
        elif language in PARSERS:
            PARSERS[language](text)

    def play_console(self, text: str) -> None:
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = step.replace("\\\n", " ").partition("\n")
            self.printed = self.command(command)
            self.compare(shown, f"$ {command} ended with {self.status}; ")

    def compare(self, shown: str, what: str = "") -> None:
        if not agrees(shown, self.printed):
            raise AssertionError(f"{what}it printed:\n{self.printed}")

    def command(self, line: str) -> str:
        words = shlex.split(self.place(line), comments=True)
        if words == ["echo", "$?"]:
            return str(self.status)
        if words[0] not in COMMANDS:
            raise AssertionError(f"only hotagents commands run; say `<!-- not run: why -->` above: {line}")
        return self.execute("-P", "-m", COMMANDS[words[0]], *words[1:])


def play(page: str, name: str, directory: Path) -> None:
    story = Story(directory)
    for block in blocks(page):
        try:
            story.play(block)
        except Exception as error:  # noqa: BLE001 - whatever it is, the writer needs the place in the page
            pytest.fail(f"{name}:{block.line}: {type(error).__name__}: {error}", pytrace=False)


@pytest.mark.skipif(not PAGES, reason="no checkout: README.md and docs/ are not beside the tests")
@pytest.mark.skipif(sys.platform == "win32", reason="the pages show POSIX paths")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_of_the_page_runs_and_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"^[ \t]+```", text, re.MULTILINE), "an indented fence would not be run"
    play(text, page.relative_to(ROOT).as_posix(), tmp_path)


SAMPLE: Final = """\
<!-- file: /app/agents/a.md -->
```markdown
# A
```
Words between.

```python
print(open("/app/agents/a.md").read(), "sha256:0123456789abcdef", 3 * 7)
```

<!-- output -->
```text
# A
 sha256:fedcba9876543210 …
```
<!-- not run: it would never end -->
```python
async for change in registry.achanges():
    print(change)
```
````console
$ echo $?  # of the block above
0
````
"""


def test_a_page_is_read_as_its_blocks_with_their_notes_and_lines() -> None:
    assert [(block.line, block.language, block.verb, block.argument) for block in blocks(SAMPLE)] == [
        (2, "markdown", "file", "/app/agents/a.md"),
        (7, "python", "", ""),
        (12, "text", "output", ""),
        (17, "python", "not run", "it would never end"),
        (21, "console", "", ""),
    ]


def test_a_page_that_tells_the_truth_passes(tmp_path: Path) -> None:
    play(SAMPLE, "sample.md", tmp_path)


@pytest.mark.parametrize(
    ("true", "false", "message"),
    [
        ("\n# A\n sha", "\n# B\n sha", "sample.md:12: .*it printed:\n# A"),
        ("$ echo $?", "$ rm -r .", "sample.md:21: .*only hotagents commands run"),
        (": it would never end", "", "sample.md:17: .*needs a reason"),
        ("async for", "async fro", "sample.md:17: SyntaxError"),
        ("print(open", "print(opn", "(?s)sample.md:7: .*NameError"),
    ],
)
def test_a_page_that_does_not_is_told_where(true: str, false: str, message: str, tmp_path: Path) -> None:
    assert true in SAMPLE
    with pytest.raises(pytest.fail.Exception, match=message):
        play(SAMPLE.replace(true, false), "sample.md", tmp_path)


@pytest.mark.parametrize(
    ("shown", "printed", "agree"),
    [
        ("a … c", "a b c", True),
        ("a … c", "a b\nc", False),
        ("a\n…\nd", "a\nb\nc\nd", True),
        ("a.c", "abc", False),
        ("in 3 ms at 2026-01-02T03:04:05Z", "in 14.5 ms at 2027-11-12T13:14:15.123456+00:00", True),
        ("generation 1", "generation 2", False),
        (r"C:\new", r"C:\new", True),
    ],
)
def test_an_ellipsis_stands_for_what_differs_and_nothing_else(shown: str, printed: str, agree: bool) -> None:  # noqa: FBT001
    assert agrees(shown, printed) is agree
