"""What a Secret holds is shown by no command: agents, documents and files of one, and the lines where it stands."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Cli = Callable[..., Result]

ROOT = ("--root", "/app/.claude")
POD = """\
---
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      volumeMounts: [{name: v, mountPath: /app/.claude}]
  volumes:
    - name: v
      projected: {sources: [{configMap: {name: plain}}, {secret: {name: hidden}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: plain}
data:
  open.md: |
    ---
    name: open
    description: Anybody may read this.
    ---
    Open.
"""
WORDS = "hunter2 swordfish 48151623"
LOCK = "# hotagents.lock 1\n# release: swordfish\n"


def agent(*lines: str, body: str = "swordfish") -> str:
    return "\n".join(["---", "name: hush", *lines, "---", body, ""])


GOOD = agent("description: hunter2 tells all", "tools: Read, mcp__swordfish__get", "model: claude-hunter2")


def secret(files: dict[str, str], *, plain: bool = False) -> str:
    head = "apiVersion: v1\nkind: Secret\nmetadata: {name: hidden}\n"
    if plain:
        return f"{head}stringData:\n" + "".join(
            f"  {key}: |\n" + "".join(f"    {line}\n" for line in text.splitlines()) for key, text in files.items()
        )
    return f"{head}data:\n" + "".join(
        f"  {key}: {base64.b64encode(text.encode()).decode()}\n" for key, text in files.items()
    )


@pytest.fixture(name="manifest")
def writer(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, name: str = "all.yaml") -> Path:
        (tmp_path / name).write_text(text + POD)
        return tmp_path / name

    return write


def shows_nothing(result: Result) -> None:
    said = result.stdout + result.stderr
    assert said
    for word in WORDS.split():
        assert word not in said
        assert base64.b64encode(word.encode()).decode()[:8] not in said


@pytest.mark.parametrize("plain", [False, True])
def test_an_agent_of_a_secret_is_listed_by_name_path_and_digest(
    cli: Cli, manifest: Callable[..., Path], *, plain: bool
) -> None:
    path = manifest(secret({"hush.md": GOOD, "CLAUDE.md": "swordfish\n"}, plain=plain))
    result = cli("show", path, *ROOT)
    assert result.exit_code == 0
    shows_nothing(result)
    row = next(line for line in result.stdout.splitlines() if line.startswith("hush"))
    assert row.split(maxsplit=4) == ["hush", "(Secret)", "(Secret)", "hush.md", "not shown, since a Secret holds it"]
    result = cli("show", path, *ROOT, "--json")
    shows_nothing(result)
    agents = json.loads(result.stdout)["agents"]
    assert set(agents["hush"]) == {"path", "digest", "withheld"}
    assert agents["open"]["description"] == "Anybody may read this."


@pytest.mark.parametrize("how", ["text", "full", "json", "github", "sarif", "diff"])
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["description: Use when: hunter2 fires."], "recovered"),
        (["description: d", "hunter2: swordfish"], "unknown-key"),
        (["description: d", "permissionMode: hunter2"], "invalid-value"),
        (["description: d", "tools: [Read, {hunter2: swordfish}]"], "wrong-type"),
        (["description: d", "model: hunter2"], "model-unknown"),
        (["description: [hunter2"], "yaml-syntax"),
    ],
)
def test_what_is_wrong_with_one_is_said_by_code_and_place(
    cli: Cli, manifest: Callable[..., Path], lines: list[str], code: str, how: str, *, plain: bool
) -> None:
    path = manifest(secret({"hush.md": agent(*lines)}, plain=plain))
    result = cli("validate", path, *ROOT, "--format", how, "-v")
    shows_nothing(result)
    assert code in result.stdout + result.stderr
    assert "not shown, since a Secret holds it" in result.stdout + result.stderr
    shows_nothing(cli("show", path, *ROOT))
    shows_nothing(cli("show", path, *ROOT, "--json"))


@pytest.mark.parametrize(
    "text",
    [
        "stringData: {hush.md: hunter2, hush.md: swordfish}\n",
        "stringData: hunter2\n",
        "stringData: [hunter2]\n",
        "data: {hush.md: hunter2}\n",
        "stringData: {hush.md: {a: hunter2}}\n",
        "stringData: {hush.md: *hunter2}\n",
        "stringData: {hush.md: 'hunter2}\n",
        'stringData: {"hunter2\\/": "hunter2\\/"}\n',
        "stringData: {hush.md: 48151623}\n",
    ],
)
@pytest.mark.parametrize("how", ["text", "full", "json", "sarif"])
def test_nor_is_a_line_of_a_manifest_where_one_stands(
    cli: Cli, manifest: Callable[..., Path], text: str, how: str
) -> None:
    path = manifest(f"apiVersion: v1\nkind: Secret\nmetadata: {{name: hidden}}\n{text}")
    result = cli("validate", path, *ROOT, "--format", how)
    assert result.exit_code == 1
    shows_nothing(result)


def test_a_list_that_holds_one_shows_the_lines_of_the_others(cli: Cli, manifest: Callable[..., Path]) -> None:
    items = """\
- apiVersion: v1
  kind: Secret
  metadata: {name: hidden}
  stringData: {pin: 48151623}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: plain}
  data:
    n: 42
"""
    pod = POD.partition("---\napiVersion: v1\nkind: ConfigMap")[0]
    path = manifest("")
    path.write_text(f"apiVersion: v1\nkind: List\nitems:\n{items}{pod}")
    result = cli("validate", path, *ROOT, "--format", "full")
    shows_nothing(result)
    assert "  12 |     n: 42\n" in result.stdout


def test_a_difference_of_one_names_it_and_the_keys_of_the_format(cli: Cli, manifest: Callable[..., Path]) -> None:
    other = GOOD.replace("Read, ", "").replace("---\nswordfish", "permissionMode: plan\nhunter2: 7\n---\nhunter2")
    files = {"keys.txt": "hunter2\n", "CLAUDE.md": "hunter2\n"}
    before = manifest(secret({"hush.md": other} | files), "a.yaml")
    after = manifest(secret({"hush.md": GOOD} | dict.fromkeys(files, "swordfish\n")), "b.yaml")
    result = cli("diff", before, after, *ROOT)
    shows_nothing(result)
    not_shown = "not shown, since a Secret holds it"
    lines = result.stdout.splitlines()
    assert lines[:5] == [
        "agent changed: hush (hush.md)",
        f"  WIDENS: may now use {not_shown}",
        f"  REVIEW: permissionMode: ({not_shown}) -> (absent)",
        f"  tools: ({not_shown}) -> ({not_shown})",
        f"  {not_shown}",
    ]
    for changed in ("document changed: CLAUDE.md", "file changed: keys.txt"):
        assert lines[lines.index(changed) + 1] == f"  {not_shown}"
    assert lines[-1] == "this changes what guards agents: see REVIEW above"
    result = cli("diff", before, after, *ROOT, "--json")
    shows_nothing(result)
    assert json.loads(result.stdout)["withheld"] == ["hush"]
    back = cli("diff", after, before, *ROOT)
    shows_nothing(back)
    assert f"  narrows: may no longer use all of {not_shown}" in back.stdout


def test_one_that_came_gains_rights_that_are_not_shown(cli: Cli, manifest: Callable[..., Path]) -> None:
    before = manifest(secret({"keys.txt": "x"}), "a.yaml")
    after = manifest(secret({"hush.md": GOOD}), "b.yaml")
    for arguments in ((before, after), (after, before)):
        for how in ((), ("--json",)):
            shows_nothing(cli("diff", *arguments, *ROOT, *how))
    assert "WIDENS: may use not shown, since a Secret holds it" in cli("diff", before, after, *ROOT).stdout


def test_what_a_lock_of_one_calls_the_set_is_not_shown(cli: Cli, manifest: Callable[..., Path]) -> None:
    path = manifest(secret({"hush.md": GOOD, "hotagents.lock": LOCK}))
    for command in (["show"], ["show", "--json"], ["validate"], ["validate", "--json"], ["digest"]):
        shows_nothing(cli(*command, path, *ROOT))


@pytest.mark.parametrize("how", ["text", "full", "json", "sarif"])
@pytest.mark.parametrize(
    "text",
    [
        "--- {apiVersion: v1, kind: Secret, metadata: {name: hidden}, stringData: {a: hunter2}}\n",
        '{"a": 1}\n{"b": 2}\n{"apiVersion": "v1", "kind": "Secret",\n"stringData": {"a": "hunter2",}}\n',
        '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hidden"}, "stringData": {"a": "hunter2",}}\n',
        "kind: Secret\nstringData: {a: hunter2}\n...\nstringData: {a: hunter2}\n",
    ],
)
def test_nor_is_what_no_client_reads(cli: Cli, manifest: Callable[..., Path], text: str, how: str) -> None:
    result = cli("validate", manifest(text), "--format", how)
    assert "manifest-syntax" in result.stdout
    shows_nothing(result)
