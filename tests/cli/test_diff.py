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


@pytest.mark.parametrize(
    ("before", "after", "how", "shown"),
    [
        (
            "---\nname: x\ndescription: d\n---\nDo it.\n",
            "---\r\nname: x\r\ndescription: d\r\n---\nDo it.\n",
            "line ends",
            "\\r",
        ),
        (agent("x", "model: opus"), agent("x", "# why", "model:  'opus'"), "how it is written: ", "+# why"),
        (agent("x", "color: red"), agent("x").replace("name", "color: red\nname", 1), "how it is written: ", "+color"),
    ],
)
def test_an_edit_of_which_the_agent_is_given_nothing_is_called_so(
    cli: Cli, sides: Callable[..., tuple[Path, Path]], before: str, after: str, how: str, shown: str
) -> None:
    a, b = sides({"x.md": ""}, {"x.md": ""})
    (a / "x.md").write_bytes(before.encode())
    (b / "x.md").write_bytes(after.encode())
    lines = cli("diff", a, b).stdout.splitlines()
    assert lines[0] == "agent changed: x (x.md)"
    assert lines[1].startswith(f"  nothing that the agent is given differs, only {how}")
    assert any(line.startswith("    +") and shown in line for line in lines)
    facts = json.loads(cli("diff", a, b, "--json").stdout)
    assert facts["rewritten"] == {"x": "line-ends" if how == "line ends" else "writing"}


@pytest.mark.parametrize(("old", "new"), [("1", "true"), ("1", "1.0"), ("[0]", "[no]"), ("{a: 1}", "{a: true}")])
def test_values_of_other_types_are_other_values(
    cli: Cli, sides: Callable[..., tuple[Path, Path]], old: str, new: str
) -> None:
    page = "---\nlevel: {}\n---\nText.\n"
    a, b = sides(
        {"x.md": agent("x", f"team: {old}"), "y.md": page.format(old)},
        {"x.md": agent("x", f"team: {new}"), "y.md": page.format(new)},
    )
    out = cli("diff", a, b).stdout
    assert "nothing that" not in out
    assert "  team: " in out
    assert f"    +level: {new}" in out


@pytest.mark.parametrize("prompt", ["Do it.", "Do it.\r\n"])
def test_a_prompt_that_ends_otherwise_is_another_prompt(
    cli: Cli, sides: Callable[..., tuple[Path, Path]], prompt: str
) -> None:
    a, b = sides({"x.md": agent("x")}, {"x.md": ""})
    (b / "x.md").write_bytes(agent("x", prompt=prompt).encode())
    out = cli("diff", a, b).stdout
    assert "nothing that" not in out
    assert ("no line end at the end" in out) == (prompt == "Do it.")
    assert ("+Do it.\\r" in out) == (prompt != "Do it.")


def test_the_frontmatter_of_a_document_is_compared_too(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    page = "---\nregion: {}\n---\nText.\n"
    a, b = sides(
        {"x.md": agent("x"), "CLAUDE.md": page.format("eu"), "other.md": "Text.\n"},
        {"x.md": agent("x"), "CLAUDE.md": page.format("us"), "other.md": "---\n# none\n---\nText.\n"},
    )
    lines = cli("diff", a, b).stdout.splitlines()
    at, other = lines.index("document changed: CLAUDE.md"), lines.index("document changed: other.md")
    assert "    +region: us" in lines[at:other]
    assert lines[other + 1].startswith("  nothing that is read differs, only how it is written")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            ["tools: Read"],
            ["tools: Read, Bash(git *)", "disallowedTools: Bash(git push *), Write"],
            "WIDENS: may now use Bash(git *) (except what is denied: Bash(git push *))",
        ),
        (["tools: Read"], ["disallowedTools: Bash"], "WIDENS: may now use every tool (except what is denied: Bash)"),
        (
            ["tools: Bash(git *)", "disallowedTools: Bash(* --force)"],
            ["tools: Bash(git *)"],
            "WIDENS: may now use Bash(* --force) (as far as it is granted)",
        ),
        (
            ["tools: Bash(git *)", "disallowedTools: Bash(git push *)"],
            ["tools: Bash(git *)"],
            "WIDENS: may now use Bash(git push *)",
        ),
    ],
)
def test_what_stays_denied_of_a_right_that_is_gained_is_said(
    cli: Cli, sides: Callable[..., tuple[Path, Path]], before: list[str], after: list[str], said: str
) -> None:
    a, b = sides({"x.md": agent("x", *before)}, {"x.md": agent("x", *after)})
    assert f"  {said}" in cli("diff", a, b).stdout.splitlines()


def test_what_stays_denied_of_an_agent_that_came_is_said(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides({"x.md": agent("x")}, {"x.md": agent("x"), "y.md": agent("y", "disallowedTools: Bash, Write")})
    lines = cli("diff", a, b).stdout.splitlines()
    assert lines[:2] == ["agent added: y (y.md)", "  WIDENS: may use every tool (except what is denied: Bash, Write)"]


def test_json_says_what_stays_denied(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides({"x.md": agent("x", "tools: Read")}, {"x.md": agent("x", "disallowedTools: Bash")})
    facts = json.loads(cli("diff", a, b, "--json").stdout)
    assert facts["rights"]["x"]["gained"] == ["*"]
    assert facts["denied"] == {"x": {"*": ["Bash"]}}


def test_long_lists_of_what_is_denied_are_cut(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    denied = ", ".join(f"Bash(x{n} *)" for n in range(30))
    granted = ", ".join(f"T{n}" for n in range(150))
    a, b = sides(
        {"x.md": agent("x", "tools: []"), "y.md": agent("y", "tools: []")},
        {"x.md": agent("x", f"disallowedTools: {denied}"), "y.md": agent("y", f"tools: {granted}")},
    )
    out = cli("diff", a, b).stdout
    assert "every tool (except what is denied: Bash(x0 *), " in out
    assert " and 20 more)" in out
    assert "may now use T0 (as far as it is granted), T1 " in out


def test_other_files_show_their_text_where_they_are_one(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides(
        {
            "x.md": agent("x"),
            "settings.json": '{"a": 1}\n',
            "long.txt": "a\n",
            "image.png": "",
            "big.txt": "0\n" * 3000,
        },
        {
            "x.md": agent("x"),
            "settings.json": '{"a": "\x1b[2J"}\n',
            "long.txt": "b" * 5000,
            "image.png": "",
            "big.txt": "1\n" * 3000,
        },
    )
    (b / "image.png").write_bytes(b"\x89PNG\0")
    result = cli("diff", a, b, "--lines", "3")
    lines = result.stdout.splitlines()
    at = lines.index("file changed: settings.json")
    assert lines[at + 2 : at + 4] == ['    -{"a": 1}', '    +{"a": "\\x1b[2J"}']
    at = lines.index("file changed: image.png")
    assert lines[at + 1] == "  no text: 0 bytes -> 5 bytes"
    assert max(map(len, lines)) < 2100
    at = lines.index("file changed: big.txt")
    assert lines[at + 1 : at + 5] == ["    @@ -1,3000 +1,3000 @@", "    -0", "    -0", "    … and 5998 more lines"]
    assert '+{"a": "\x1b[2J"}' in json.loads(cli("diff", a, b, "--json").stdout)["text"]["settings.json"]


KEYS = """
apiVersion: v1
kind: Secret
metadata: {{name: keys}}
stringData: {{token.txt: {token}}}
---
"""


def test_what_a_secret_holds_is_not_shown(cli: Cli, tmp_path: Path) -> None:
    mounted = "projected: {sources: [{configMap: {name: agents}}, {secret: {name: keys}}]}"
    manifest = MANIFEST.replace("configMap: {name: agents, items: [{key: x.md, path: x.md}]}", mounted)
    for side, token in (("a", "hunter2"), ("b", "hunter3")):
        (tmp_path / f"{side}.yaml").write_text(KEYS.format(token=token) + manifest)
    arguments = ["diff", tmp_path / "a.yaml", tmp_path / "b.yaml", "--root", "/app/agents"]
    result = cli(*arguments)
    assert "file changed: token.txt\n  not shown, since a Secret holds it\n" in result.stdout
    assert "hunter" not in result.stdout + cli(*arguments, "--json").stdout


@pytest.mark.parametrize("how", ["text", "full", "json", "github", "sarif"])
def test_no_value_of_a_secret_is_repeated(cli: Cli, tmp_path: Path, how: str) -> None:
    mounted = "projected: {sources: [{configMap: {name: agents}}, {secret: {name: keys}}]}"
    manifest = MANIFEST.replace("configMap: {name: agents, items: [{key: x.md, path: x.md}]}", mounted)
    values = "stringData:\n  pin: 48151623\n  tok: !vault hvs.SECRET\n"
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\n{values}---\n"
    (tmp_path / "a.yaml").write_text(secret + manifest)
    result = cli("validate", tmp_path / "a.yaml", "--root", "/app/agents", "--format", how)
    assert result.output.count("configmap-value") >= (how != "github")
    assert "Secret keys" in result.output
    assert "48151623" not in result.output
    assert "hvs.SECRET" not in result.output


@pytest.mark.parametrize("name", ["t", "renamed"])
def test_what_guards_an_agent_that_came_is_to_be_reviewed(
    cli: Cli, sides: Callable[..., tuple[Path, Path]], name: str
) -> None:
    guards = ("permissionMode: bypassPermissions", "mcpServers: [{x: {command: sh}}]")
    before = {"other.md": agent("other", "tools: []")}
    if name == "renamed":
        before["t.md"] = agent("t", "tools: []", "permissionMode: plan")
    a, b = sides(before, {"other.md": agent("other", "tools: []"), "t.md": agent(name, "tools: []", *guards)})
    lines = cli("diff", a, b).stdout.splitlines()
    assert '  REVIEW: permissionMode: (absent) -> "bypassPermissions"' in lines
    assert '  REVIEW: mcpServers: (absent) -> [{"x": {"command": "sh"}}]' in lines
    assert lines[-1] == "this changes what guards agents: see REVIEW above"
    facts = json.loads(cli("diff", a, b, "--json").stdout)
    assert facts["fields"][name]["permissionMode"] == [None, "bypassPermissions"]


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("model", "inherit", '"inherit"'),
        ("background", "false", "false"),
        ("skills", "[]", "[]"),
        ("hooks", "{}", "{}"),
    ],
)
def test_a_default_that_is_written_down_changes_nothing(
    cli: Cli, sides: Callable[..., tuple[Path, Path]], key: str, value: str, shown: str
) -> None:
    a, b = sides({"x.md": agent("x", "tools: Read")}, {"x.md": agent("x", "tools: Read", f"{key}: {value}")})
    for before, after, change in ((a, b, f"(absent) -> {shown}"), (b, a, f"{shown} -> (absent)")):
        lines = cli("diff", before, after).stdout.splitlines()
        if key == "hooks":  # none and no hooks are two values to a program
            assert lines[1] == f"  REVIEW: {key}: {change}"
            continue
        assert lines[1] == f"  {key}: {change}, which changes nothing: it is what holds without the key"
        assert lines[2].startswith("  nothing that the agent is given differs")
        assert not any("WIDENS" in line or "REVIEW" in line for line in lines)
        facts = json.loads(cli("diff", before, after, "--json").stdout)
        assert (facts["idle"], facts["rights"]) == ({"x": [key]}, {})


def test_a_default_that_takes_another_values_place_is_shown(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides({"x.md": agent("x", "model: opus")}, {"x.md": agent("x", "model: inherit")})
    assert '  model: "opus" -> "inherit"\n' in cli("diff", a, b).stdout


def test_an_agent_that_came_is_not_said_to_change_nothing(cli: Cli, sides: Callable[..., tuple[Path, Path]]) -> None:
    a, b = sides(
        {"x.md": agent("x")},
        {"x.md": agent("x"), "y.md": agent("y", "model: inherit", "maxTurns: 3", "mcpServers: []")},
    )
    out = cli("diff", a, b).stdout
    assert "  REVIEW: maxTurns: (absent) -> 3\n" in out
    assert "mcpServers" not in out
    assert "changes nothing" not in out


@pytest.mark.parametrize("arguments", [["-", "-"], ["-", "b.yaml", "--workload", "-", "--root", "/app/.claude"]])
def test_standard_input_cannot_be_both_sides(cli: Cli, arguments: list[str]) -> None:
    result = cli("diff", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("hotagents: -: standard input is read once, and here for both sides: ")
