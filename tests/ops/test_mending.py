"""What a program may mend: only what is proved, and never a right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotagents.loading import Schema, load
from hotagents.ops.mending import mend, proved
from hotagents.snapshot import Part, Snapshot
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from hotagents.ops.mending import Mending

SCHEMA: Schema[Any] = Schema(AgentSpec)
HEAD = "name: a\ndescription: b\n"


def snapshot(**files: str) -> Snapshot:
    contents = {f"{name}.md": text.encode(errors="surrogateescape") for name, text in files.items()}
    return Snapshot.of([Part(name=".", prefix="", kind="memory", location="", payload="", files=contents)])


def mended(schema: Schema[Any] = SCHEMA, **files: str) -> Mending:
    what = snapshot(**files)
    return mend(what, load(what, schema), schema)


def after(frontmatter: str, body: str = "Prompt.\n") -> str | None:
    """The frontmatter once it is mended; None where nothing was."""
    mending = mended(a=f"---\n{frontmatter}---\n{body}")
    if not mending.files:
        return None
    said = mending.files["a.md"].after.decode(errors="surrogateescape")
    assert said.startswith("---\n")
    assert said.endswith(f"---\n{body}")
    return said.removeprefix("---\n").removesuffix(f"---\n{body}")


@pytest.mark.parametrize(
    ("before", "fixed"),
    [
        ("name: a\ndescription: Use it: now\n", 'name: a\ndescription: "Use it: now"\n'),
        ("name: a\ndescription: one\ntwo\ncolor: red\n", "name: a\ndescription: |\n  one\n  two\ncolor: red\n"),
        ("name: 7\ndescription: b\n", 'name: "7"\ndescription: b\n'),
        ("name: a:b\ndescription: c: d\n", 'name: a-b\ndescription: "c: d"\n'),
        ("name: a\ndescription: 3\n", 'name: a\ndescription: "3"\n'),
        ("name: a\ndescription: b #c\n", 'name: a\ndescription: "b #c"\n'),
        (f"{HEAD}colour: red\nmaxTurn: 3\n", f"{HEAD}color: red\nmaxTurns: 3\n"),
        (f"{HEAD}model: sonett\n", f"{HEAD}model: sonnet\n"),
        (f"{HEAD}memory: 'projet' # ours\n", f"{HEAD}memory: 'project' # ours\n"),
        (f"{HEAD}tools:\n", f"{HEAD}tools: []\n"),
        (f"{HEAD}allowed-tools: Read\n", f"{HEAD}tools: Read\n"),
        (f"{HEAD}allowedTools:\n- Read\n", f"{HEAD}tools:\n- Read\n"),
        (f"{HEAD}tools: Read\nallowedTools: Bash\n", f"{HEAD}tools: Read\n"),
        (f"{HEAD}hooks:\n", HEAD),
        ("name: a\ndescription: b\x1bc\n", "name: a\ndescription: b c\n"),
    ],
)
def test_a_slip_is_mended(before: str, fixed: str) -> None:
    assert after(before) == fixed
    assert mended(a=f"---\n{fixed}---\nPrompt.\n").after.diagnostics == ()


@pytest.mark.parametrize(
    "frontmatter",
    [
        f"{HEAD}permissionMode: acceptEdit\n",  # it would be more than it has
        f"{HEAD}permissionMode: 3\n",
        f"{HEAD}mcp-servers: [git]\n",
        f"{HEAD}tools: read\n",
        f"{HEAD}disallowedTools: bash, Write\n",
        "name: a\ndescription: b\ntools: *all\n",  # nobody knows what it was to be
        "name: a\ndescription: b\ntools: Read: x\n",
        "name: a\ndescription: b\ndisallowedTools: *\n",
        "name: a\ndescription: b\nhooks:\n  Stop:\n    - matcher: 'x\n      hooks: []\n",
        f"{HEAD}tools: Read\ntools: Bash\n",
        "name: My Name\ndescription: b\n",  # others know it by this one
        f"{HEAD}color: '#ff0000'\nbackground: sometimes\nmaxTurns: none\n",  # what is offered is not what was meant
        f"{HEAD}model: [opus, sonnet]\n",
        f"{HEAD}skills: 3\nmcpServers: git\n",
        f"{HEAD}color: red\ncolour: blue\n",
        "name: a\ndescription:\n",
        "description: b\ntools: Read\n",
        "Name: a\ndescription: b\n",  # no agent so far
        HEAD,
    ],
)
def test_what_could_widen_a_right_or_change_an_agent_is_left_to_people(frontmatter: str) -> None:
    assert after(frontmatter) is None


def test_a_limit_below_a_fence_is_not_moved_into_the_frontmatter() -> None:
    assert after(HEAD, "tools: Read\n---\nPrompt.\n") is None
    assert after("name: a\ndescription: b\n", "permissionMode: plan\n---\n") is None


def test_a_limit_is_not_left_behind_a_fence() -> None:
    assert not mended(a=f"---\n{HEAD}\ntools: Read\n").files
    assert not mended(a=f"---\n{HEAD}\nText.\ntools: Read\n").files
    assert mended(a=f"---\n{HEAD}\nText.\n").after.agents["a"].prompt == "\nText.\n"


@pytest.mark.parametrize(
    ("before", "fixed"),
    [
        (f"\n---\n{HEAD}---\nP", f"---\n{HEAD}---\nP"),
        (f"{HEAD}---\nP", f"---\n{HEAD}---\nP"),
        (f"---\n{HEAD}", f"---\n{HEAD}---\n"),
        ("---\nname: a\ndescription: b ---\nP", "---\nname: a\ndescription: b\n---\nP"),
        (
            "\ufeff---\r\nname: a\r\ndescription: b: c\r\n---\r\nP",
            '\ufeff---\r\nname: a\r\ndescription: "b: c"\r\n---\r\nP',
        ),
        ("---\nname: a\ndescription: b: c\n---\n\udcff", '---\nname: a\ndescription: "b: c"\n---\n\udcff'),
    ],
)
def test_fences_line_ends_and_stray_bytes(before: str, fixed: str) -> None:
    mending = mended(a=before)
    assert mending.files["a.md"].after == fixed.encode(errors="surrogateescape")
    assert mending.files["a.md"].before == before.encode(errors="surrogateescape")
    assert "a" in mending.after.agents


def test_a_file_with_several_faults_is_mended_one_by_one_and_what_is_left_is_said() -> None:
    mending = mended(a="---\nname: a:b\ndescription: c: d\ncolour: red\nmodel: gpt 4\nnotes: x: y\n---\n")
    (file,) = mending.files.values()
    assert file.after == b'---\nname: a-b\ndescription: "c: d"\ncolor: red\nmodel: gpt 4\nnotes: "x: y"\n---\n'
    assert [d.code for d in file.done] == ["bad-name", "recovered", "unknown-key", "recovered"]
    assert [(d.code, d.line) for d in mending.after.diagnostics] == [("model-unknown", 5), ("unknown-key", 6)]


def test_a_mended_file_that_would_clash_with_another_one_stays_as_it_was() -> None:
    clash = "---\nname: a\ndescription: 'c: d\n---\n"
    mending = mended(a=f"---\n{HEAD}---\n", b=clash, c="---\nname: 7\ndescription: b\n---\n")
    assert list(mending.files) == ["c.md"]
    assert [(d.code, d.path) for d in mending.after.errors] == [("yaml-syntax", "b.md")]


def test_documents_are_mended_as_what_they_are() -> None:
    schema: Schema[Any] = Schema(AgentSpec, {"CLAUDE.md": None})
    mending = mended(schema, a=f"---\n{HEAD}---\n", CLAUDE="---\nteam: the: best\n---\nText\n")
    assert mending.files["CLAUDE.md"].after == b'---\nteam: "the: best"\n---\nText\n'
    assert mending.after.documents["CLAUDE.md"].body == "Text\n"
    mending = mended(a=f"---\n{HEAD}---\n", SKILL="---\nteam: the: best\n---\nText\n")
    assert mending.after.documents["SKILL.md"].frontmatter == {"team": "the: best"}


def test_thousands_of_slips_cost_a_bounded_time() -> None:
    lines = "".join(f"colour{n}: red\nmaxTurn{n}: 3\n" for n in range(900))
    mending = mended(a=f"---\n{HEAD}{lines}---\n")
    assert len(mending.after.diagnostics) >= 50


HOSTILE = (
    "".join(f"k{n}: [a, {'b' * 200}\n" for n in range(280)),
    "".join(f"k{n}: 'a' b\n" for n in range(5000)),
    "".join(f"k{n}: a: b\n" for n in range(280)),
)


@pytest.mark.untraced
@pytest.mark.parametrize("lines", HOSTILE, ids=["open", "unquoted", "recovered"])
def test_of_a_hostile_file_a_bounded_number_of_remedies_is_tried_and_that_is_said(
    lines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    what = snapshot(a=f"---\n{HEAD}{lines}---\n")
    candidate = load(what, SCHEMA)
    loads: list[int] = []

    def counted(snapshot: Snapshot, *args: Any, **keywords: Any) -> Any:
        loads.append(sum(map(len, snapshot.files.values())))
        return load(snapshot, *args, **keywords)

    monkeypatch.setattr("hotagents.ops.mending.load", counted)
    assert mend(what, candidate, SCHEMA).untried == {"a.md"}
    assert len(loads) <= 102
    assert sum(loads) < 800_000
    loads.clear()
    proved(candidate, SCHEMA)
    assert len(loads) <= 100
    assert sum(loads) < 800_000


def test_of_a_usual_file_every_remedy_is_tried() -> None:
    body = "text\n" * 10_000
    mending = mended(a=f"---\n{HEAD}colour: red\nnotes: a: b\n---\n{body}")
    assert mending.untried == frozenset()
    assert len(mending.files["a.md"].done) == 2


def test_each_remedy_is_proved_alone_against_the_file_as_it_is() -> None:
    what = snapshot(a=f"---\n{HEAD}colour: red\nmaxTurn: 3\nallowedTools: Bash\npermissionMode: pla\n---\n")
    found = proved(load(what, SCHEMA), SCHEMA)
    assert {d.key: edit.lines for d, edit in found.items()} == {
        "colour": ("color: red",),
        "maxTurn": ("maxTurns: 3",),
        "allowedTools": ("tools: Bash",),
    }
