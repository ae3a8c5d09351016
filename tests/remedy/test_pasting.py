"""Every exact remedy is pasted: into real files, into the page's examples, and into good files that a slip has broken.

What is printed is what is pasted: these tests know nothing of how a remedy was found, and nothing is proved beforehand.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hotagents import AgentSpec
from hotagents.authority import widened
from hotagents.diagnostics import errors_in
from hotagents.frontmatter.rights import right_meant
from hotagents.loading import Entry, Schema, load
from hotagents.ops.mending import mend
from hotagents.remedy import edit_of
from hotagents.snapshot import Part, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents.diagnostics import Diagnostic
    from hotagents.remedy import Edit

ROOT: Final = Path(__file__).resolve().parents[2]
REAL: Final = sorted((ROOT.parent / "shared" / "corpus" / "files").glob("*.md"))
HOSTILE: Final = sorted(path for path in (ROOT / "tests" / "proof" / "corpus").glob("*") if path.is_file())
PAGE: Final = ROOT / "docs" / "reference" / "diagnostics.md"
_EXAMPLE: Final = re.compile(r"<!-- file: (bad/\S+) -->\n```markdown\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES: Final = dict(_EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))) if PAGE.is_file() else {}
SCHEMA: Final[Schema[Any]] = Schema(AgentSpec)


def entry_of(content: bytes) -> Entry[Any]:
    part = Part(name=".", prefix="", kind="memory", location="", payload="", files={"a.md": content})
    return load(Snapshot.of([part]), SCHEMA).entries["a.md"]


def text_of(content: bytes) -> str:
    return content.decode(errors="surrogateescape")


def exact(entry: Entry[Any]) -> list[tuple[Diagnostic, Edit]]:
    found = [(d, edit_of(d, text_of(entry.content))) for d in entry.diagnostics]
    return [(d, edit) for d, edit in found if edit is not None and edit.exact]


def is_gone(diagnostic: Diagnostic, edit: Edit, entry: Entry[Any]) -> bool:
    """Whether a fault is not where it was; one that it hid may have come to light below."""
    last = max(edit.first, edit.first + len(edit.lines) - 1, 1 if diagnostic.line < edit.first else 0)
    same = [d for d in entry.diagnostics if (d.code, d.key) == (diagnostic.code, diagnostic.key)]
    return not any(min(edit.first, diagnostic.line) <= d.line <= last for d in same)


def paste_each(content: bytes) -> int:
    before = entry_of(content)
    pasted = exact(before)
    for diagnostic, edit in pasted:
        after = entry_of(edit.applied_to(content))
        assert is_gone(diagnostic, edit, after), (str(diagnostic), edit, [str(d) for d in after.diagnostics])
    return len(pasted)


@pytest.mark.skipif(not REAL, reason="no collection of real agent files beside the project")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_each_exact_remedy_of_a_real_file_makes_its_finding_go(path: Path) -> None:
    paste_each(path.read_bytes())


@pytest.mark.skipif(not REAL, reason="no collection of real agent files beside the project")
def test_most_faults_of_real_files_have_an_exact_remedy() -> None:
    entries = [entry_of(path.read_bytes()) for path in REAL]
    found = [(d, e) for e in entries for d in e.diagnostics if d.severity == "error" or d.code == "recovered"]
    edits = [edit_of(diagnostic, text_of(entry.content)) for diagnostic, entry in found]
    assert sum(edit is not None and edit.exact for edit in edits) >= 0.8 * len(found)


@pytest.mark.skipif(not HOSTILE, reason="no hostile files beside the tests")
@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.name)
def test_each_exact_remedy_of_a_hostile_file_makes_its_finding_go(path: Path) -> None:
    paste_each(path.read_bytes())


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_exact_remedy_of_the_pages_examples_makes_its_finding_go(name: str) -> None:
    paste_each(EXAMPLES[name].encode())


# --- good files, broken by one slip --------------------------------------------------------------------------------
_WORD: Final = st.text("abcdeghiklmnoprstu\u00e9\u6f22", min_size=1, max_size=8).filter(
    lambda word: not right_meant(word)
)
_PROSE: Final = st.lists(_WORD, min_size=2, max_size=12).map(" ".join)
_FILES: Final = st.fixed_dictionaries(
    {"description": _PROSE},
    optional={
        "tools": st.sampled_from(["Read, Grep", "[Read, Bash]", "\n  - Read\n  - Bash(git *)", "[]"]),
        "model": st.sampled_from(["opus", "sonnet", "claude-opus-4-1"]),
        "color": st.sampled_from(["red", "cyan"]),
        "permissionMode": st.just("plan"),
        "maxTurns": st.integers(1, 99).map(str),
    },
)
_HEAD: Final = ("name: triage",)


def written(said: dict[str, str], *, name: str = "name: triage") -> str:
    return "---\n" + "\n".join([name, *(f"{key}: {value}" for key, value in said.items())]) + "\n---\nPrompt.\n"


def colon(said: dict[str, str]) -> str:
    first, _, rest = said["description"].partition(" ")
    return written(said | {"description": f"{first}: {rest}"})


def unclosed(said: dict[str, str]) -> str:
    return written(said | {"description": f'"{said["description"]}'})


def inner_quotes(said: dict[str, str]) -> str:
    first, _, rest = said["description"].partition(" ")
    return written(said | {"description": f"'{first}'s {rest}'"})


def comment(said: dict[str, str]) -> str:
    first, _, rest = said["description"].partition(" ")
    return written(said | {"description": f"{first} #{rest}"})


def sign(said: dict[str, str]) -> str:
    return written(said | {"description": f"@{said['description']}"})


def continued(said: dict[str, str]) -> str:
    first, _, rest = said["description"].partition(" ")
    return written(said | {"description": f"{first}\n{rest}"})


def number_as_name(said: dict[str, str]) -> str:
    return written(said, name="name: 7")


def colon_in_name(said: dict[str, str]) -> str:
    return written(said, name="name: sre:triage")


def number_as_text(said: dict[str, str]) -> str:
    return written(said | {"description": "42"})


def misspelt_key(said: dict[str, str]) -> str:
    return written({key: value for key, value in said.items() if key != "color"} | {"colour": "red"})


def misspelt_value(said: dict[str, str]) -> str:
    return written(said | {"permissionMode": "acceptEdit"})


def misspelt_limit(said: dict[str, str]) -> str:
    return written({key: value for key, value in said.items() if key != "tools"} | {"allowed-tools": "Read, Bash"})


def no_closing_fence(said: dict[str, str]) -> str:
    return written(said).replace("\n---\nPrompt", "\n\nPrompt")


def closing_fence_in_a_line(said: dict[str, str]) -> str:
    return written(said).replace("\n---\nPrompt", " ---\nPrompt")


def no_opening_fence(said: dict[str, str]) -> str:
    return written(said).removeprefix("---\n")


def blank_line_above(said: dict[str, str]) -> str:
    return "\n\n" + written(said)


def control_character(said: dict[str, str]) -> str:
    return written(said | {"description": said["description"].replace(" ", " \x1b", 1)})


def repeated(said: dict[str, str]) -> str:
    return written(said).replace("\n---\nP", "\nname: other\n---\nP")


def no_value(said: dict[str, str]) -> str:
    return written(said | {"description": ""})


MENDED: Final = (
    colon, unclosed, inner_quotes, comment, sign, continued, number_as_name, colon_in_name, number_as_text,
    misspelt_key, misspelt_value, misspelt_limit, no_closing_fence, closing_fence_in_a_line, no_opening_fence,
    blank_line_above, control_character,
)  # fmt: skip
LEFT_TO_PEOPLE: Final = (repeated, no_value)


@pytest.mark.parametrize("slip", MENDED, ids=lambda slip: slip.__name__)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@given(said=_FILES)
def test_what_a_slip_broke_is_whole_again_once_what_is_printed_is_pasted(
    slip: Callable[[dict[str, str]], str], end: str, said: dict[str, str]
) -> None:
    whole = entry_of(written(said).encode()).agent
    assume(whole is not None)
    now = entry_of(slip(said).replace("\n", end).encode())
    assert now.diagnostics
    for _ in range(4):
        if pasted := exact(now):
            now = entry_of(pasted[0][1].applied_to(now.content))
    assert [str(d) for d in now.diagnostics] == []
    assert now.agent is not None
    assert now.agent.prompt.strip() == "Prompt."
    same = {"tools", "model", "color", "permission_mode", "max_turns"} - _TOUCHED.get(slip, set())
    assert {name: getattr(now.agent, name) for name in same} == {name: getattr(whole, name) for name in same}
    assert text_of(now.content).count(end) == text_of(now.content).count("\n")


_TOUCHED: Final[dict[Callable[..., str], set[str]]] = {
    misspelt_key: {"color"},
    misspelt_value: {"permission_mode"},
    misspelt_limit: {"tools"},
}


@pytest.mark.parametrize("slip", LEFT_TO_PEOPLE, ids=lambda slip: slip.__name__)
@given(said=_FILES)
def test_where_two_things_could_be_meant_nothing_is_exact(
    slip: Callable[[dict[str, str]], str], said: dict[str, str]
) -> None:
    now = entry_of(slip(said).encode())
    assert errors_in(now.diagnostics)
    assert exact(now) == []


# --- laws -----------------------------------------------------------------------------------------------------------
_SLIPS: Final = st.lists(st.sampled_from([*MENDED, *LEFT_TO_PEOPLE]), min_size=1, max_size=2)
_LINES: Final = st.lists(
    st.sampled_from(
        ["---", "name: a", "name: A b", "description: x", "description: x: y", "  more", "more: z", "tools: Read",
         "tools:", "- Read", "  - Bash", "Tools: *", "disallowedTools: Bash", "disallowed-tools: [Write]", "", "# x",
         "permissionMode: plann", "hooks:", "mcp-servers: [a]", "colour: red", "model: 3", "\ttab: x", "'open", "{a: b",
         "tools: [Read", "]", "text --- text", "<x>", "skills: - a"]
    ),
    max_size=12,
)  # fmt: skip


@given(_LINES, st.booleans())
def test_mending_never_widens_a_right_and_never_takes_an_agent_away(lines: list[str], fenced: bool) -> None:  # noqa: FBT001
    text = "\n".join(["---", *lines, "---", "Prompt."] if fenced else lines)
    part = Part(name=".", prefix="", kind="memory", location="", payload="", files={"a.md": text.encode()})
    snapshot = Snapshot.of([part])
    candidate = load(snapshot, SCHEMA)
    mending = mend(snapshot, candidate, SCHEMA)
    if not candidate.errors:
        assert not mending.after.errors
    for name, agent in candidate.agents.items():
        if not candidate.errors:
            assert widened(agent.rights, mending.after.agents[name].rights) == ()
            assert mending.after.agents[name].permission_mode == agent.permission_mode
    limits = sorted(line for line in text.split("\n") if re.match(r"(?i)(dis)?.?(allowed.?)?tools", line))
    after = mending.files["a.md"].after.decode() if mending.files else text
    kept = sorted(line for line in after.split("\n") if re.match(r"(?i)(dis)?.?(allowed.?)?tools", line))
    if mending.after.errors:
        assert kept == limits
    elif candidate.errors:  # once it is served, what is left are warnings
        assert len(kept) == len(limits)
