from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Cli = Callable[..., Result]


def agent(name: str, *lines: str, prompt: str = "Do it.\n") -> str:
    return "\n".join(["---", f"name: {name}", "description: d", *lines, "---", prompt])


@pytest.fixture(name="sides")
def two(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    def write(before: dict[str, str], after: dict[str, str]) -> tuple[Path, Path]:
        for side, files in (("a", before), ("b", after)):
            for path, text in files.items():
                file = tmp_path / side / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        return tmp_path / "a", tmp_path / "b"

    return write


def test_rights_come_first_then_fields_then_text(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides(
        {"agents/t.md": agent("t", "tools: Read, Write", "model: haiku", prompt="one\ntwo\n"), "CLAUDE.md": "x\n"},
        {"agents/t.md": agent("t", "tools: Read, Bash(git *)", "model: opus", prompt="one\n2\n"), "CLAUDE.md": "y\n"},
    )
    result = cli("diff", a, b)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:5] == [
        "agent changed: t (agents/t.md)",
        "  WIDENS: may now use Bash(git *)",
        "  narrows: may no longer use all of Write",
        '  tools: ["Read", "Write"] -> ["Read", "Bash(git *)"]',
        '  model: "haiku" -> "opus"',
    ]
    assert "    -two" in lines
    assert "    +2" in lines
    assert lines.index("document changed: CLAUDE.md") < lines.index("    +y")
    assert lines[-1] == "this WIDENS what agents may do: see above"


def test_an_agent_that_came_has_gained_all_that_it_may_do(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides({"x.md": agent("x", "tools: []")}, {"x.md": agent("x", "tools: []"), "y.md": agent("y")})
    assert "agent added: y (y.md)\n  WIDENS: may use every tool\n" in cli("diff", a, b).stdout
    back = cli("diff", b, a).stdout
    assert "agent removed: y (y.md)\n" in back
    assert "WIDENS" not in back


def test_one_that_can_do_nothing_widens_nothing(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides({"x.md": agent("x")}, {"x.md": agent("x"), "y.md": agent("y", "tools: []")})
    assert "WIDENS" not in cli("diff", a, b).stdout


def test_a_file_that_moved_shows_where_to(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides({"x.md": agent("x")}, {"z.md": agent("x")})
    assert cli("diff", a, b).stdout.splitlines()[0] == "agent moved: x: x.md -> z.md"
    assert json.loads(cli("diff", a, b, "--json").stdout)["moved"] == {"x": ["x.md", "z.md"]}


def test_the_exit_code_tells_of_a_difference_only_when_asked(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides({"x.md": agent("x")}, {"x.md": agent("x", "model: opus")})
    assert cli("diff", a, b).exit_code == 0
    assert cli("diff", a, b, "--exit-code").exit_code == 1
    same = cli("diff", a, a, "--exit-code")
    assert same.exit_code == 0
    assert same.stdout.startswith("the same content: sha256:")


def test_an_edit_that_would_be_refused_is_shown_and_said(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides(
        {"x.md": agent("x"), "y.md": agent("y")}, {"x.md": agent("x", "model: opus"), "y.md": "---\nname: y\n---\n"}
    )
    result = cli("diff", a, b)
    assert result.exit_code == 1
    assert 'model: "inherit"' not in result.stdout
    assert 'model: (absent) -> "opus"' in result.stdout
    assert "would be refused" in result.stderr
    assert "y.md:1:1: missing-description" in result.stderr
    assert json.loads(cli("diff", a, b, "--json").stdout)["refused"][0]["path"] == "y.md"


def test_json_says_all_of_it(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides(
        {"x.md": agent("x", "tools: Read", prompt="one\n"), "n.txt": "1"},
        {"x.md": agent("x", "tools: Read, Bash", "team: sre", prompt="two\n"), "n.txt": "2"},
    )
    facts = json.loads(cli("diff", a, b, "--json").stdout)
    assert facts["schema"] == 1
    assert facts["agents"]["changed"] == ["x"]
    assert facts["files"]["changed"] == ["n.txt"]
    assert facts["rights"] == {"x": {"gained": ["Bash"], "lost": []}}
    assert facts["fields"]["x"] == {"tools": [["Read"], ["Read", "Bash"]], "team": [None, "sre"]}
    assert "+two" in facts["text"]["x"]
    assert facts["refused"] == []


def test_long_texts_are_cut_and_hostile_ones_escaped(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    long = "".join(f"line {n}\n" for n in range(200))
    a, b = sides({"x.md": agent("x", prompt="a\n")}, {"x.md": agent("x", prompt="\x1b[2J\n" + long)})
    result = cli("diff", a, b, "--lines", "5")
    assert "\x1b" not in result.stdout
    assert "\\x1b[2J" in result.stdout
    assert " more lines" in result.stdout
    assert "line 199" not in result.stdout
    assert "@@" not in cli("diff", a, b, "--lines", "0").stdout


def test_what_cannot_be_read_is_two(cli: Cli, tmp_path: Path) -> None:
    assert cli("diff", tmp_path / "none", tmp_path / "none").exit_code == 2


MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {name: agents}
data:
  x.md: |
    ---
    name: x
    description: d
    model: opus
    ---
    Do it.
---
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      volumeMounts: [{name: agents, mountPath: /app/agents}]
  volumes:
    - name: agents
      configMap: {name: agents, items: [{key: x.md, path: x.md}]}
"""


def test_a_directory_is_compared_with_what_a_pod_would_see(
    cli: Cli, sides: Callable[..., tuple[Path, Path]], tmp_path: Path
) -> None:
    a, _ = sides({"x.md": agent("x")}, {})
    manifest = tmp_path / "all.yaml"
    manifest.write_text(MANIFEST)
    result = cli("diff", a, manifest, "--root", "/app/agents")
    assert result.exit_code == 0, result.stderr
    assert 'model: (absent) -> "opus"' in result.stdout
    assert cli("diff", a, a, "--root", "/app/agents").exit_code == 2


def test_what_guards_an_agent_beside_its_tools_is_to_be_reviewed(
    cli: Cli, sides: Callable[..., tuple[Path, Path]]
) -> None:
    a, b = sides(
        {"x.md": agent("x", "tools: Read", "permissionMode: plan")},
        {"x.md": agent("x", "tools: Read", "model: opus", "permissionMode: bypassPermissions")},
    )
    lines = cli("diff", a, b).stdout.splitlines()
    assert lines[1] == '  REVIEW: permissionMode: "plan" -> "bypassPermissions"'
    assert lines[2] == '  model: (absent) -> "opus"'
    assert lines[-1] == "this changes what guards agents: see REVIEW above"


def test_a_side_that_is_broken_is_said_first(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides({"x.md": "---\nname: x\n---\n"}, {"x.md": agent("x")})
    result = cli("diff", a, b)
    assert result.exit_code == 0  # what there was is no finding about what there will be
    assert f"{a} would be refused: " in result.stderr
    assert json.loads(cli("diff", a, b, "--json").stdout)["refused_before"]


def test_a_line_separator_in_a_prompt_is_seen(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides({"x.md": agent("x", prompt="a\nb\n")}, {"x.md": agent("x", prompt="a\u2028b\n")})
    assert "+a\\u2028b" in cli("diff", a, b).stdout
